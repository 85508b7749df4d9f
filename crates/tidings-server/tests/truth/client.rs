//! Clients that hold a stream by nothing but a socket, and leave in every way that there is.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::http2;
use crate::hub::PATIENCE;

/// The stream's number on an HTTP/2 connection.
pub const STREAM: u32 = 1;
const WINDOW_BYTES: u32 = 1 << 30;
/// What a reader that is about to stop leaves the kernel to take for it.
const SMALL_BUFFER_BYTES: usize = 4 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Http10,
    Http11,
    Http2,
}

impl Speaks {
    pub fn name(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// Where a stream is asked for, and for whom.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub user: String,
    /// More of the query, as `&lease=1`.
    pub query: &'static str,
}

impl Target {
    pub fn path(&self) -> String {
        format!("/api/sse/stream?channels={0}&user={0}{1}", self.user, self.query)
    }
}

/// A live stream's client.
pub struct Client {
    pub io: TcpStream,
    speaks: Speaks,
    authority: String,
}

impl Client {
    /// Opens a stream and reads it until `connected`, and no byte of it further.
    pub fn open(speaks: Speaks, target: &Target) -> Self {
        Self::open_on(connect(target.address, None), speaks, target, WINDOW_BYTES)
    }

    /// One whose kernel takes next to nothing for it.
    pub fn open_small(speaks: Speaks, target: &Target) -> Self {
        Self::open_on(connect(target.address, Some(SMALL_BUFFER_BYTES)), speaks, target, WINDOW_BYTES)
    }

    /// One on HTTP/2 that grants its streams so many bytes in all.
    pub fn open_with_window(target: &Target, window_bytes: u32) -> Self {
        Self::open_on(connect(target.address, None), Speaks::Http2, target, window_bytes)
    }

    /// One on HTTP/2 whose window is such that it never gets to read `connected`.
    pub fn ask_with_window(target: &Target, window_bytes: u32) -> Self {
        let io = connect(target.address, None);
        let mut client = Self { io, speaks: Speaks::Http2, authority: target.address.to_string() };
        client.ask(target, window_bytes);
        client
    }

    fn open_on(io: TcpStream, speaks: Speaks, target: &Target, window_bytes: u32) -> Self {
        let mut client = Self { io, speaks, authority: target.address.to_string() };
        client.ask(target, window_bytes);
        client.read_to_connected();
        client
    }

    fn ask(&mut self, target: &Target, window_bytes: u32) {
        let path = target.path();
        let version = match self.speaks {
            Speaks::Http2 => {
                http2::hello(&mut self.io, window_bytes).expect("taken");
                http2::grant(&mut self.io, WINDOW_BYTES).expect("taken");
                return http2::get(&mut self.io, STREAM, &self.authority, &path).expect("taken");
            }
            Speaks::Http11 => "HTTP/1.1",
            Speaks::Http10 => "HTTP/1.0",
        };
        write!(self.io, "GET {path} {version}\r\nhost: {}\r\n\r\n", self.authority).expect("taken");
    }

    fn read_to_connected(&mut self) {
        let mut seen = String::new();
        while !has_connected(&seen) {
            if self.speaks == Speaks::Http2 {
                let frame = http2::next(&mut self.io).unwrap_or_else(|error| panic!("{error} after {seen}"));
                if frame.is_data() {
                    seen.push_str(&String::from_utf8_lossy(&frame.payload));
                }
                continue;
            }
            let mut bytes = [0; 4096];
            match self.io.read(&mut bytes) {
                Ok(n) if n > 0 => seen.push_str(&String::from_utf8_lossy(&bytes[..n])),
                end => panic!("no stream: {end:?} after {seen}"),
            }
        }
    }

    /// Sends another request, which nobody asked for on this connection.
    pub fn pipeline(&mut self) {
        if self.speaks == Speaks::Http2 {
            return http2::get(&mut self.io, STREAM + 2, &self.authority, "/health").expect("taken");
        }
        write!(self.io, "GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", self.authority).expect("taken");
    }

    pub fn stray_byte(&mut self) {
        self.io.write_all(b"x").expect("taken");
    }

    pub fn reset_stream(&mut self) {
        http2::reset(&mut self.io, STREAM).expect("taken");
    }

    /// Closes as one does who has read everything: with unread bytes, the kernel would send RST.
    pub fn fin(mut self) {
        self.io.set_nonblocking(true).expect("a socket");
        let mut scratch = [0; 4096];
        while self.io.read(&mut scratch).is_ok_and(|n| n > 0) {}
    }

    pub fn rst(self) {
        SockRef::from(&self.io).set_linger(Some(Duration::ZERO)).expect("a socket");
    }

    pub fn half_close(&self) {
        self.io.shutdown(Shutdown::Write).expect("a socket");
    }

    /// Reads on, as a client does that is all right, until the far end is done with the stream. Answers whether it
    /// was an HTTP/2 stream that was reset, its connection left standing.
    pub fn read_to_end(&mut self) -> bool {
        if self.speaks == Speaks::Http2 {
            while let Ok(frame) = http2::next(&mut self.io) {
                if frame.is_reset_of(STREAM) {
                    return true;
                }
            }
            return false;
        }
        let mut scratch = [0; 4096];
        loop {
            match self.io.read(&mut scratch) {
                Ok(n) if n > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return false,
            }
        }
    }
}

/// A stream held by `curl`, to be killed.
pub struct Curl(Child);

impl Curl {
    pub fn open(speaks: Speaks, target: &Target) -> Self {
        let version = match speaks {
            Speaks::Http10 => "--http1.0",
            Speaks::Http11 => "--http1.1",
            Speaks::Http2 => "--http2-prior-knowledge",
        };
        let mut child = Command::new("curl")
            .args(["--silent", "--no-buffer", "--noproxy", "*", version])
            .arg(format!("http://{}{}", target.address, target.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl is there");
        let mut seen = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        while !has_connected(&seen) {
            assert!(lines.read_line(&mut seen).expect("readable") > 0, "curl ended after {seen}");
        }
        child.stdout = Some(lines.into_inner());
        Self(child)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.0.kill().expect("was alive");
    }
}

impl Drop for Curl {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn connect(address: SocketAddr, buffer_bytes: Option<usize>) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    if let Some(bytes) = buffer_bytes {
        socket.set_recv_buffer_size(bytes).expect("a size");
    }
    socket.connect_timeout(&address.into(), PATIENCE).expect("somebody listens");
    socket.set_tcp_nodelay(true).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.into()
}

fn has_connected(seen: &str) -> bool {
    seen.find("event: connected").is_some_and(|at| seen[at..].contains("\n\n"))
}
