//! A client of one socket: a request, and a body in chunks as it comes.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    socket: BufReader<TcpStream>,
    text: String,
}

/// An event: its cursor, its type, its data.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: Option<String>,
    pub(crate) ty: String,
    pub(crate) data: Value,
}

pub(crate) async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut socket = TcpStream::connect(address).await.expect("the hub listens");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n{body}"
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
