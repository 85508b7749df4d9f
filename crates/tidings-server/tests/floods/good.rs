//! Clients that behave: readers, a publisher, and those who come and go. They are served, or the test fails.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::hub::{Hub, PATIENCE, now};
use crate::running::connect_well;

pub const CHANNEL: &str = "shared";
pub const EVENT_BYTES: usize = 4_000;
const READERS: usize = 10;

/// How long they waited.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    delivery_p99: Duration,
    delivery_worst: Duration,
    connect_p99: Duration,
    connect_worst: Duration,
}

impl Served {
    pub fn worst_ms(&self) -> u128 {
        self.delivery_worst.max(self.connect_worst).as_millis()
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "delivery p99 {:.1} ms, connect p99 {:.1} ms", ms(self.delivery_p99), ms(self.connect_p99))
    }
}

/// Publishes so many events, each when all have the one before, and has somebody come and go between them.
pub fn served(hub: &Hub, events: usize) -> Served {
    let (arrived, arrivals) = mpsc::channel();
    let readers: Vec<_> = (0..READERS).map(|_| stream(hub)).collect();
    let handles: Vec<_> =
        readers.iter().map(|reader| reader.get_ref().try_clone().expect("a socket")).collect();
    let threads: Vec<_> = readers
        .into_iter()
        .map(|reader| {
            let arrived = arrived.clone();
            thread::spawn(move || read(reader, &arrived))
        })
        .collect();
    let mut publisher = Publisher::new(hub);
    let (mut delivered, mut connected) = (Vec::new(), Vec::new());
    let first = publisher.published(hub);
    for n in first..first + events {
        let start = now();
        publisher.publish(n);
        for _ in 0..READERS {
            assert_eq!(
                arrivals.recv_timeout(PATIENCE).expect("in time"),
                n,
                "in order, none twice, none missing"
            );
            delivered.push(start.elapsed());
        }
        let start = now();
        drop(stream(hub));
        connected.push(start.elapsed());
    }
    for handle in handles {
        handle.shutdown(std::net::Shutdown::Both).expect("it was open to the end");
    }
    threads.into_iter().for_each(|thread| thread.join().expect("read to the end"));
    Served {
        delivery_p99: p99(&mut delivered),
        delivery_worst: delivered[delivered.len() - 1],
        connect_p99: p99(&mut connected),
        connect_worst: connected[connected.len() - 1],
    }
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

/// An open stream, read until `connected`.
fn stream(hub: &Hub) -> BufReader<TcpStream> {
    let io = connect_well(hub.address()).expect("the hub listens");
    io.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut io = BufReader::new(io);
    let path = format!("/api/sse/stream?channels={CHANNEL}");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    io.get_mut().write_all(request.as_bytes()).expect("taken");
    let mut line = String::new();
    while !line.starts_with("event: connected") {
        line.clear();
        assert!(io.read_line(&mut line).expect("in time") > 0, "no stream");
    }
    io
}

/// Tells the number of each event, until the stream is shut.
fn read(mut io: BufReader<TcpStream>, arrived: &mpsc::Sender<usize>) {
    let mut line = String::new();
    while io.read_line(&mut line).is_ok_and(|n| n > 0) {
        if let Some((_, number)) = line.trim_end().split_once("data: {\"n\":")
            && let Some((number, _)) = number.split_once(',')
        {
            let _ = arrived.send(number.parse().expect("a number"));
        }
        line.clear();
    }
}

/// One connection that is kept, as a service's would be.
struct Publisher(BufReader<TcpStream>);

impl Publisher {
    fn new(hub: &Hub) -> Self {
        let io = TcpStream::connect(hub.address()).expect("the hub listens");
        io.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self(BufReader::new(io))
    }

    /// How many there were before.
    fn published(&mut self, hub: &Hub) -> usize {
        let stats = hub.stats();
        stats["events"]["published_total"].as_u64().and_then(|n| n.try_into().ok()).expect("a count")
    }

    fn publish(&mut self, n: usize) {
        let filler = "x".repeat(EVENT_BYTES);
        let body = format!("{{\"channel\":\"{CHANNEL}\",\"data\":{{\"n\":{n},\"filler\":\"{filler}\"}}}}");
        let length = body.len();
        // In one piece: the rest of several would wait for the first one's acknowledgement.
        let request = format!(
            "POST /api/sse/publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).expect("taken");
        let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
        self.0.read_line(&mut status).expect("in time");
        while line != "\r\n" {
            line.clear();
            self.0.read_line(&mut line).expect("in time");
            if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse().expect("a number");
            }
        }
        self.0.read_exact(&mut vec![0; length]).expect("in time");
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    }
}
