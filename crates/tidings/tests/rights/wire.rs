//! A client of one socket, in the clear or under TLS: a request, and a body in chunks as it comes.

use std::net::SocketAddr;

use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

/// Little is on its way to a reader that is slow: the hub sees that it is.
const RECEIVE_BUFFER_BYTES: u32 = 4 * 1024;

/// Where the hub listens, and how TLS is spoken there, if it is.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsConnector>,
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Io for T {}

impl Door {
    async fn connect(&self) -> Box<dyn Io> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("a size");
        let socket = socket.connect(self.address).await.expect("the hub listens");
        let Some(tls) = &self.tls else { return Box::new(socket) };
        let name = ServerName::try_from("localhost").expect("a name");
        Box::new(tls.connect(name, socket).await.expect("hands are shaken"))
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    socket: BufReader<Box<dyn Io>>,
    text: String,
}

/// An event: its cursor, its type, its data.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: Option<String>,
    pub(crate) ty: String,
    pub(crate) data: Value,
}

pub(crate) async fn ask(door: &Door, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut socket = door.connect().await;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.expect("taken in");
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(socket.read_line(&mut head).await.expect("a head"), 0, "a whole head: {head}");
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, socket, text: String::new() }
}

impl Answer {
    /// The next event, past comments; nothing at the end.
    pub(crate) async fn told(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let told = field("data: ").map(|data| Told {
                    id: field("id: "),
                    ty: field("event: ").unwrap_or_default(),
                    data: serde_json::from_str(&data).expect("JSON"),
                });
                self.text = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    None => continue,
                }
            }
            self.chunk().await?;
        }
    }

    /// One chunk of the body (RFC 9112 §7.1). Cut anywhere, it is the end.
    async fn chunk(&mut self) -> Option<()> {
        let mut line = String::new();
        self.socket.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let length = usize::from_str_radix(line.trim_end(), 16).ok().filter(|length| *length > 0)?;
        let mut bytes = vec![0; length + 2];
        self.socket.read_exact(&mut bytes).await.ok()?;
        self.text.push_str(std::str::from_utf8(&bytes[..length]).expect("UTF-8"));
        Some(())
    }
}
