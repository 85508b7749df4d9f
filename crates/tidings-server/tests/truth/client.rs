//! Clients that hold a stream by nothing but a socket, and leave in every way that there is.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use socket2::SockRef;

use crate::http2;
use crate::hub::{Hub, Wire};

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

    /// What a client offers by ALPN who speaks this.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Http10 => "http/1.0",
            Self::Http11 => "http/1.1",
            Self::Http2 => "h2",
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
    /// How to speak TLS there, if that is spoken: each protocol's, and the file for curl.
    pub sealed: Option<Sealed>,
}

/// How a client speaks TLS.
#[derive(Clone, Debug)]
pub struct Sealed {
    configs: [(Speaks, Arc<ClientConfig>); 3],
    ca_file: PathBuf,
}

impl Sealed {
    /// With a hub, if that speaks it.
    pub fn with(hub: &Hub) -> Option<Self> {
        let certificate = hub.certificate.as_ref()?;
        let configs = [Speaks::Http10, Speaks::Http11, Speaks::Http2]
            .map(|speaks| (speaks, certificate.trusted(&[speaks.protocol()])));
        Some(Self { configs, ca_file: certificate.certificate_file() })
    }

    fn config(&self, speaks: Speaks) -> Arc<ClientConfig> {
        let config = self.configs.iter().find(|(known, _)| *known == speaks);
        Arc::clone(&config.expect("each has one").1)
    }
}

impl Target {
    /// A stream of a hub itself.
    pub fn of(hub: &Hub, user: &str) -> Self {
        Self { address: hub.address(), user: user.to_owned(), query: "", sealed: Sealed::with(hub) }
    }

    fn connect(&self, speaks: Speaks, buffer_bytes: Option<usize>) -> Wire {
        let tls = self.sealed.as_ref().map(|sealed| sealed.config(speaks));
        Wire::connect(self.address, buffer_bytes, tls)
    }

    pub fn path(&self) -> String {
        format!("/api/sse/stream?channels={0}&user={0}{1}", self.user, self.query)
    }
}

/// A live stream's client.
pub struct Client {
    pub io: Wire,
    speaks: Speaks,
    authority: String,
}

impl Client {
    /// Opens a stream and reads it until `connected`, and no byte of it further.
    pub fn open(speaks: Speaks, target: &Target) -> Self {
        Self::open_on(target.connect(speaks, None), speaks, target, WINDOW_BYTES)
    }

    /// One whose kernel takes next to nothing for it.
    pub fn open_small(speaks: Speaks, target: &Target) -> Self {
        Self::open_on(target.connect(speaks, Some(SMALL_BUFFER_BYTES)), speaks, target, WINDOW_BYTES)
    }

    /// One on HTTP/2 that grants its streams so many bytes in all.
    pub fn open_with_window(target: &Target, window_bytes: u32) -> Self {
        Self::open_on(target.connect(Speaks::Http2, None), Speaks::Http2, target, window_bytes)
    }

    /// One on HTTP/2 whose window is such that it never gets to read `connected`.
    pub fn ask_with_window(target: &Target, window_bytes: u32) -> Self {
        let io = target.connect(Speaks::Http2, None);
        let mut client = Self { io, speaks: Speaks::Http2, authority: target.address.to_string() };
        client.ask(target, window_bytes);
        client
    }

    fn open_on(io: Wire, speaks: Speaks, target: &Target, window_bytes: u32) -> Self {
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
        let request = format!("GET {path} {version}\r\nhost: {}\r\n\r\n", self.authority);
        self.io.write_all(request.as_bytes()).expect("taken");
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
        let request = format!("GET /health HTTP/1.1\r\nhost: {}\r\n\r\n", self.authority);
        self.io.write_all(request.as_bytes()).expect("taken");
    }

    pub fn stray_byte(&mut self) {
        self.io.write_all(b"x").expect("taken");
    }

    /// Says goodbye as TLS wants it, and nothing else.
    pub fn say_goodbye(&mut self) {
        let session = self.io.tls.as_mut().expect("under TLS");
        session.send_close_notify();
        session.complete_io(&mut self.io.tcp).expect("taken");
    }

    /// Sends what is no TLS.
    pub fn break_seal(&mut self) {
        self.io.tcp.write_all(b"this is no record of TLS").expect("taken");
    }

    pub fn reset_stream(&mut self) {
        http2::reset(&mut self.io, STREAM).expect("taken");
    }

    /// Closes as one does who has read everything: with unread bytes, the kernel would send RST.
    pub fn fin(mut self) {
        self.io.tcp.set_nonblocking(true).expect("a socket");
        let mut scratch = [0; 4096];
        while self.io.tcp.read(&mut scratch).is_ok_and(|n| n > 0) {}
    }

    pub fn rst(self) {
        SockRef::from(&self.io.tcp).set_linger(Some(Duration::ZERO)).expect("a socket");
    }

    pub fn half_close(&self) {
        self.io.tcp.shutdown(Shutdown::Write).expect("a socket");
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
            Speaks::Http2 if target.sealed.is_some() => "--http2",
            Speaks::Http2 => "--http2-prior-knowledge",
        };
        let scheme = if target.sealed.is_some() { "https" } else { "http" };
        let trust = target.sealed.as_ref().map(|sealed| [PathBuf::from("--cacert"), sealed.ca_file.clone()]);
        let mut child = Command::new("curl")
            .args(["--silent", "--no-buffer", "--noproxy", "*", version])
            .args(trust.iter().flatten())
            .arg(format!("{scheme}://{}{}", target.address, target.path()))
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

fn has_connected(seen: &str) -> bool {
    seen.find("event: connected").is_some_and(|at| seen[at..].contains("\n\n"))
}
