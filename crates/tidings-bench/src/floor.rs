//! The floor: the least that a server can do to hand the same bytes to the same sockets.
//!
//! It reads each request's head, answers a `GET` with a fixed head of an event stream, and for a `POST` writes
//! the body, as it came, to every stream: one `write` a socket, in a plain loop. No history, no books, no
//! limits, no timers. What a hub costs beyond this is the hub's own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use crate::http::Request;
use crate::sys::{self, Epoll};

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Cache-Control: no-cache, no-store, no-transform\r\nTransfer-Encoding: chunked\r\n\r\n";
const EMPTY_OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const NOT_TAKEN: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
const REQUEST_BYTES_MAX: usize = 1 << 20;
const LISTENER: u64 = u64::MAX;
const POLL: Duration = Duration::from_millis(200);

/// `tidings-bench floor`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Address to listen on, of the loopback; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

struct Peer {
    stream: TcpStream,
    request: Vec<u8>,
    streams: bool,
}

struct Floor {
    epoll: Epoll,
    listener: TcpListener,
    /// By file descriptor.
    peers: Vec<Option<Peer>>,
}

/// Serves until a signal comes.
pub(crate) fn run(args: &Args) -> io::Result<()> {
    if !args.listen.ip().is_loopback() {
        return Err(io::Error::other(format!("{} is not on this machine's loopback", args.listen)));
    }
    let listener = TcpListener::bind(args.listen)?;
    listener.set_nonblocking(true)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let mut floor = Floor { epoll: Epoll::new()?, listener, peers: Vec::new() };
    floor.epoll.watch_reads(floor.listener.as_raw_fd(), LISTENER)?;
    let mut ready = Vec::new();
    while !sys::interrupted() {
        floor.epoll.wait(POLL, &mut ready)?;
        for token in &ready {
            match *token {
                LISTENER => floor.accept()?,
                fd => floor.serve(fd as usize),
            }
        }
    }
    Ok(())
}

impl Floor {
    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let fd = stream.as_raw_fd();
            self.epoll.watch_reads(fd, fd as u64)?;
            let index = fd as usize;
            if self.peers.len() <= index {
                self.peers.resize_with(index + 1, || None);
            }
            self.peers[index] = Some(Peer { stream, request: Vec::new(), streams: false });
        }
    }

    fn serve(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index).and_then(Option::as_mut) else { return };
        let keep = match peer.read() {
            Ok(Some(body)) => self.publish(index, &body),
            Ok(None) => true,
            Err(_) => false,
        };
        if !keep {
            self.peers[index] = None;
        }
    }

    /// The loop that all is measured against.
    fn publish(&self, publisher: usize, body: &[u8]) -> bool {
        let mut all_taken = true;
        for peer in self.peers.iter().flatten() {
            if peer.streams {
                let written = (&peer.stream).write(body);
                all_taken &= written.is_ok_and(|written| written == body.len());
            }
        }
        let Some(Some(peer)) = self.peers.get(publisher) else { return false };
        (&peer.stream).write_all(if all_taken { EMPTY_OK } else { NOT_TAKEN }).is_ok()
    }
}

impl Peer {
    /// The body of a complete `POST`, if that is what came. An error ends the peer.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = [0; 16 * 1024];
        let read = match self.stream.read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        if self.streams {
            return Ok(None);
        }
        self.request.extend_from_slice(&piece[..read]);
        if self.request.len() > REQUEST_BYTES_MAX {
            return Err(io::Error::other("request too large"));
        }
        self.complete_request()
    }

    fn complete_request(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(request) = Request::parse(&self.request).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let (head_bytes, body_bytes) = (request.head_bytes, request.body_bytes);
        if request.is_post {
            if self.request.len() < head_bytes + body_bytes {
                return Ok(None);
            }
            let body = self.request[head_bytes..head_bytes + body_bytes].to_vec();
            self.request.drain(..head_bytes + body_bytes);
            return Ok(Some(body));
        }
        if request.path.starts_with("/api/sse/stream") {
            self.request = Vec::new();
            self.streams = true;
            self.stream.write_all(STREAM_HEAD)?;
        } else {
            self.request.clear();
            self.stream.write_all(EMPTY_OK)?;
        }
        Ok(None)
    }
}
