//! All streams of a load, on one thread over epoll.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use hdrhistogram::Histogram;
use socket2::{Domain, Socket, Type};

use super::link::Link;
use super::publisher::{Content, Publisher};
use super::wire::Wire;
use super::{Fed, Target};
use crate::sys::{self, Epoll};

const PUBLISHER: u64 = u64::MAX;
const OPENING_MAX: u64 = 256;
const SOURCE_ADDRESSES: usize = 64;
const READ_BYTES_MAX: usize = 256 * 1024;
const OPEN_TIMEOUT_NS: u64 = 90_000_000_000;
const ROUND_TIMEOUT_NS: u64 = 30_000_000_000;
const LATENCY_NS_MAX: u64 = 60_000_000_000;
const POLL: Duration = Duration::from_millis(100);

/// What one round of publishing measured, in nanoseconds from just before the request was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// To the publisher's answer.
    pub(crate) answered_ns: u64,
    /// To the last event read by the last stream.
    pub(crate) last_read_ns: u64,
    /// Events delivered, over all streams.
    pub(crate) deliveries: u64,
}

struct Connection {
    stream: Link,
    wire: Wire,
    /// Events published before it opened.
    published_before: u32,
    stalled: bool,
}

/// The streams, their publisher, and what was counted.
pub(crate) struct Engine {
    target: Target,
    content: Content,
    epoll: Epoll,
    connections: Vec<Connection>,
    publisher: Option<Publisher>,
    answered_at: Option<u64>,
    buffer: Box<[u8]>,
    answer: Vec<u8>,
    ready: Vec<u64>,
    opened_streams: u64,
    reading_streams: u64,
    published: u32,
    delivered: u64,
    round_began: u64,
    last_read_at: u64,
    latencies: Histogram<u64>,
}

impl Engine {
    pub(crate) fn new(target: Target, content: Content) -> io::Result<Self> {
        if !target.addr.ip().is_loopback() {
            return Err(io::Error::other(format!("{} is not on this machine's loopback", target.addr)));
        }
        Ok(Self {
            target,
            content,
            epoll: Epoll::new()?,
            connections: Vec::new(),
            publisher: None,
            answered_at: None,
            buffer: vec![0; READ_BYTES_MAX].into_boxed_slice(),
            answer: Vec::new(),
            ready: Vec::new(),
            opened_streams: 0,
            reading_streams: 0,
            published: 0,
            delivered: 0,
            round_began: 0,
            last_read_at: 0,
            latencies: Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).map_err(io::Error::other)?,
        })
    }

    /// Opens connections until `streams` more streams stand open.
    pub(crate) fn open(&mut self, streams: usize) -> io::Result<()> {
        let per_connection = self.target.streams() as u64;
        let wanted = self.opened_streams + streams as u64;
        let mut requested = self.opened_streams;
        let deadline = sys::now_ns() + OPEN_TIMEOUT_NS;
        while self.opened_streams < wanted {
            while requested < wanted && requested < self.opened_streams + OPENING_MAX.max(per_connection) {
                self.connect()?;
                requested += per_connection;
            }
            self.poll(POLL)?;
            let open = self.opened_streams;
            in_time(deadline, || format!("only {open} of {wanted} streams opened"))?;
        }
        self.reading_streams += self.opened_streams - (wanted - streams as u64);
        Ok(())
    }

    fn connect(&mut self) -> io::Result<()> {
        let index = self.connections.len();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // Many sources, so that ports don't run out while earlier connections linger in TIME_WAIT.
        let source = Ipv4Addr::new(127, 0, 0, 2 + (index % SOURCE_ADDRESSES) as u8);
        sys::choose_port_at_connect(socket.as_raw_fd())?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        socket.connect(&self.target.addr.into())?;
        socket.set_tcp_nodelay(true)?;
        let tcp = TcpStream::from(socket);
        let trust = self.target.tls.as_ref().map(|trust| &trust.streams);
        let mut stream = Link::new(tcp, self.target.addr, trust)?;
        let (wire, request) = Wire::new(&self.target, index == 0);
        stream.write_all(&request)?;
        stream.set_nonblocking()?;
        self.epoll.watch_reads(stream.as_raw_fd(), index as u64)?;
        self.connections.push(Connection { stream, wire, published_before: self.published, stalled: false });
        Ok(())
    }

    /// Publishes `events` at once and reads until every stream that reads has them all; then checks each count.
    pub(crate) fn round(&mut self, events: u32, data_bytes: usize) -> io::Result<Round> {
        self.catch_up()?;
        self.ensure_publisher()?;
        let body = self.content.body(u64::from(self.published), events, data_bytes);
        let deliveries = self.reading_streams * u64::from(events);
        let due = self.delivered + deliveries;
        self.published += events;
        self.answered_at = None;
        self.round_began = sys::now_ns();
        if let Some(publisher) = &mut self.publisher {
            publisher.send(&body)?;
        }
        let deadline = self.round_began + ROUND_TIMEOUT_NS;
        while self.delivered < due || self.answered_at.is_none() {
            self.poll(POLL)?;
            let missing = due.saturating_sub(self.delivered);
            in_time(deadline, || format!("{missing} of {deliveries} deliveries never came"))?;
        }
        self.verify()?;
        let began = self.round_began;
        let since = |at: u64| at.saturating_sub(began);
        Ok(Round {
            answered_ns: self.answered_at.map_or(0, since),
            last_read_ns: since(self.last_read_at),
            deliveries,
        })
    }

    fn ensure_publisher(&mut self) -> io::Result<()> {
        if self.publisher.is_some() {
            return Ok(());
        }
        let publisher = Publisher::connect(&self.target)?;
        self.epoll.watch_reads(publisher.fd(), PUBLISHER)?;
        self.publisher = Some(publisher);
        Ok(())
    }

    /// Reads what waits (heartbeats), so that it isn't read within a measurement.
    pub(crate) fn catch_up(&mut self) -> io::Result<()> {
        const POLLS_MAX: usize = 1_000;
        for _ in 0..POLLS_MAX {
            if self.poll(Duration::ZERO)? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn poll(&mut self, timeout: Duration) -> io::Result<usize> {
        if sys::interrupted() {
            return Err(io::Error::other("interrupted"));
        }
        let mut ready = std::mem::take(&mut self.ready);
        self.epoll.wait(timeout, &mut ready)?;
        for token in &ready {
            if *token == PUBLISHER {
                self.answer_of_publish()?;
            } else {
                self.read(*token as usize)?;
            }
        }
        let count = ready.len();
        self.ready = ready;
        Ok(count)
    }

    fn answer_of_publish(&mut self) -> io::Result<()> {
        if let Some(idle) = self.publisher.take_if(|publisher| !publisher.awaits_answer()) {
            return self.epoll.forget(idle.fd());
        }
        if let Some(publisher) = &mut self.publisher
            && publisher.receive()?
        {
            self.answered_at = Some(sys::now_ns());
        }
        Ok(())
    }

    fn read(&mut self, index: usize) -> io::Result<()> {
        while self.read_once(index)? {}
        Ok(())
    }

    /// Answers whether there may be more that epoll will not tell of.
    fn read_once(&mut self, index: usize) -> io::Result<bool> {
        let Some(connection) = self.connections.get_mut(index) else { return Ok(false) };
        let failed = |what: String| io::Error::other(format!("connection {index}: {what}"));
        let read = match connection.stream.read(&mut self.buffer) {
            Ok(0) => return Err(failed("the server ended it".into())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(failed(error.to_string())),
        };
        let Fed { opened, events } =
            connection.wire.feed(&self.buffer[..read], &mut self.answer).map_err(failed)?;
        if !self.answer.is_empty() {
            connection.stream.write_all(&self.answer)?;
            self.answer.clear();
        }
        let reads_on = connection.stream.reads_on();
        self.opened_streams += u64::from(opened);
        if events > 0 {
            self.last_read_at = sys::now_ns();
            self.delivered += u64::from(events);
            let latency = self.last_read_at.saturating_sub(self.round_began);
            self.latencies.saturating_record_n(latency, u64::from(events));
        }
        Ok(reads_on)
    }

    /// Every stream that reads has had exactly what was published since it opened, and the witness agrees.
    pub(crate) fn verify(&self) -> io::Result<()> {
        for connection in self.connections.iter().filter(|connection| !connection.stalled) {
            let expected = self.published - connection.published_before;
            connection.wire.verify(expected).map_err(io::Error::other)?;
            if let Some(witness) = connection.wire.witness()
                && witness.events() != expected
            {
                let read = witness.events();
                return Err(io::Error::other(format!("the witness read {read} events, not {expected}")));
            }
        }
        Ok(())
    }

    /// The last event's bytes without chunk framing, as the witness read them.
    pub(crate) fn sample(&self) -> Option<String> {
        let witness = self.connections.first()?.wire.witness()?;
        String::from_utf8(witness.sample().to_vec()).ok().filter(|sample| !sample.is_empty())
    }

    /// From now on the publisher sends this event's bytes.
    pub(crate) fn use_frame(&mut self, frame: String) {
        self.content = Content::Frame(frame);
    }

    /// The latest `count` connections that read stop reading, for good.
    pub(crate) fn stall(&mut self, count: usize) -> io::Result<()> {
        let reading = self.connections.iter_mut().rev().filter(|connection| !connection.stalled);
        for connection in reading.take(count) {
            self.epoll.forget(connection.stream.as_raw_fd())?;
            connection.stalled = true;
            self.reading_streams -= connection.wire.streams() as u64;
        }
        Ok(())
    }

    /// Closes the latest `count` connections; answers when the first and the last close were made.
    pub(crate) fn close(&mut self, count: usize) -> io::Result<(u64, u64)> {
        // Unread bytes would turn the FIN into a RST.
        self.catch_up()?;
        let began = sys::now_ns();
        for _ in 0..count {
            let Some(connection) = self.connections.pop() else { break };
            let streams = connection.wire.streams() as u64;
            self.opened_streams -= streams;
            self.reading_streams -= if connection.stalled { 0 } else { streams };
            drop(connection);
        }
        Ok((began, sys::now_ns()))
    }

    /// Median and 99th percentile of every delivery since the last call, in nanoseconds.
    pub(crate) fn take_latencies(&mut self) -> (u64, u64) {
        let quantiles = (self.latencies.value_at_quantile(0.5), self.latencies.value_at_quantile(0.99));
        self.latencies.reset();
        quantiles
    }
}

fn in_time(deadline_ns: u64, what: impl FnOnce() -> String) -> io::Result<()> {
    if sys::now_ns() > deadline_ns {
        return Err(io::Error::new(io::ErrorKind::TimedOut, what()));
    }
    Ok(())
}
