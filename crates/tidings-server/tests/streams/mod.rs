//! A reader of streams over HTTP/1.1 and HTTP/2 that leaves as rudely as it is told to, and requests beside it.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

mod parser;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

pub use self::parser::{Parser, SseEvent};
use crate::hub::PATIENCE;

/// What the kernel takes for a reader that does not read, where the reader is to fall behind.
const SMALL_BUFFER_BYTES: u32 = 4 * 1024;
/// What an HTTP/2 stream may have on its way to such a reader.
const SMALL_WINDOW_BYTES: u32 = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http1,
    Http2,
}

/// How a reader opens and, in the end, leaves.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub version: Version,
    /// Closing the socket is a reset.
    pub rst: bool,
    pub small_buffer: bool,
}

impl Manner {
    pub fn polite(version: Version) -> Self {
        Self { version, rst: false, small_buffer: false }
    }
}

/// Why there is no stream.
#[derive(Debug)]
pub enum Refused {
    Io(String),
    Status(u16, HeaderMap, String),
}

/// A live stream. Dropping it closes its socket.
pub struct Stream {
    body: Incoming,
    parser: Parser,
    ready: std::collections::VecDeque<SseEvent>,
    connection: Connection,
}

/// A request's answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Stream {
    pub async fn open(
        address: SocketAddr,
        manner: Manner,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Refused> {
        let mut connection = Connection::open(address, manner).await.map_err(io_refusal)?;
        let mut request = Request::get(uri(address, path)).header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).expect("a request");
        let response = connection.send(request).await.map_err(Refused::Io)?;
        if response.status() != 200 {
            let (head, body) = response.into_parts();
            let body = body.collect().await.map(|all| all.to_bytes()).unwrap_or_default();
            let body = String::from_utf8_lossy(&body).into_owned();
            return Err(Refused::Status(head.status.as_u16(), head.headers, body));
        }
        let body = response.into_body();
        Ok(Self { body, parser: Parser::default(), ready: std::collections::VecDeque::new(), connection })
    }

    /// The next event; `None` when the stream is over, in whatever way.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let chunk = self.chunk().await?;
            self.ready.extend(self.parser.feed(&chunk));
        }
    }

    /// An event that must come.
    pub async fn expect(&mut self) -> SseEvent {
        let next = tokio::time::timeout(PATIENCE, self.next()).await;
        next.expect("an event in time").expect("an event, not the end")
    }

    /// What is there of the next bytes, but only a part: the rest is lost with the connection. Events that were whole.
    pub async fn half(mut self, part: f64) -> Vec<SseEvent> {
        let mut events: Vec<_> = self.ready.drain(..).collect();
        // A stream that has nothing to say has no half of it.
        let chunk = tokio::time::timeout(Duration::from_millis(20), self.chunk()).await.ok().flatten();
        if let Some(chunk) = chunk {
            let part = (chunk.len() as f64 * part) as usize;
            events.extend(self.parser.feed(&chunk[..part]));
        }
        events
    }

    /// `retry:` as last told.
    pub fn retry_ms(&self) -> Option<u64> {
        self.parser.retry_ms()
    }

    /// Leaves in the way that was chosen when it was opened. On HTTP/2 without a reset of the socket, the stream alone
    /// is reset.
    pub fn leave(self) {}

    async fn chunk(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                return Some(data);
            }
        }
    }
}

/// A connection for requests, one after another.
pub struct Connection {
    sender: Sender,
    driver: JoinHandle<()>,
}

enum Sender {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    pub async fn open(address: SocketAddr, manner: Manner) -> io::Result<Self> {
        let io = TokioIo::new(connect(address, manner).await?);
        let other = |error: hyper::Error| io::Error::other(error);
        Ok(match manner.version {
            Version::Http1 => {
                let (sender, driver) = hyper::client::conn::http1::handshake(io).await.map_err(other)?;
                let driver = tokio::spawn(async move { drop(driver.await) });
                Self { sender: Sender::Http1(sender), driver }
            }
            Version::Http2 => {
                let mut http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
                if manner.small_buffer {
                    http2.initial_stream_window_size(SMALL_WINDOW_BYTES);
                }
                let (sender, driver) = http2.handshake(io).await.map_err(other)?;
                let driver = tokio::spawn(async move { drop(driver.await) });
                Self { sender: Sender::Http2(sender), driver }
            }
        })
    }

    pub async fn request(
        &mut self,
        address: SocketAddr,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Answer, String> {
        let request = Request::builder()
            .method(method)
            .uri(uri(address, path))
            .header("host", address.to_string())
            .header("content-type", "application/json");
        let request = request.body(Full::from(body)).expect("a request");
        let response = self.send(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<hyper::Response<Incoming>, String> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
                *request.uri_mut() = path.parse().expect("a path");
                request.headers_mut().insert("host", host.parse().expect("a host"));
                sender.ready().await.map_err(|error| error.to_string())?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await.map_err(|error| error.to_string())?;
                sender.send_request(request).await
            }
        }
        .map_err(|error| error.to_string())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// One request on a connection of its own.
pub async fn request(address: SocketAddr, method: Method, path: &str, body: &str) -> Result<Answer, String> {
    let manner = Manner::polite(Version::Http1);
    let mut connection = Connection::open(address, manner).await.map_err(|error| error.to_string())?;
    connection.request(address, method, path, body.to_owned()).await
}

async fn connect(address: SocketAddr, manner: Manner) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if manner.small_buffer {
        socket.set_recv_buffer_size(SMALL_BUFFER_BYTES)?;
    }
    let io = socket.connect(address).await?;
    io.set_nodelay(true)?;
    if manner.rst {
        socket2::SockRef::from(&io).set_linger(Some(Duration::ZERO))?;
    }
    Ok(io)
}

fn uri(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}

fn io_refusal(error: io::Error) -> Refused {
    Refused::Io(error.to_string())
}
