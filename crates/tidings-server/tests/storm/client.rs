//! A stream held by nothing but a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use socket2::SockRef;

use crate::api::connected;

pub(crate) struct Client {
    from: BufReader<TcpStream>,
    pub(crate) connection_id: String,
    pub(crate) id: String,
    /// The last cursor that it read.
    pub(crate) cursor: String,
}

/// An event, as far as a test looks.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) ty: String,
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Client {
    /// Asks for a stream and reads nothing.
    pub(crate) fn ask(address: SocketAddr, query: &str) -> std::io::Result<Self> {
        let mut io = connected(address)?;
        let request = format!(
            "GET /api/sse/stream?{query} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n"
        );
        io.write_all(request.as_bytes())?;
        let none = String::new;
        Ok(Self { from: BufReader::new(io), connection_id: none(), id: none(), cursor: none() })
    }

    /// Reads until `connected`. `None` where there is none: refused, thrown out at once, or struck by a fault.
    pub(crate) fn greeted(mut self) -> Option<Self> {
        let mut line = String::new();
        self.from.read_line(&mut line).ok()?;
        if !line.starts_with("HTTP/1.1 200") {
            return None;
        }
        let first = self.next_event()?;
        if first.ty != "connected" {
            return None;
        }
        let greeting: Value = serde_json::from_str(&first.data).expect("JSON");
        let text = |name: &str| greeting[name].as_str().expect("a text").to_owned();
        (self.connection_id, self.id, self.cursor) = (text("connection_id"), text("id"), first.id);
        Some(self)
    }

    /// The next event, without the chunks that it came in. `None` at the stream's end, however that comes.
    pub(crate) fn next_event(&mut self) -> Option<Seen> {
        let mut seen = Seen::default();
        loop {
            let mut line = String::new();
            if self.from.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches(['\r', '\n']);
            match line.split_once(": ") {
                Some(("event", ty)) => seen.ty = ty.to_owned(),
                Some(("id", id)) => seen.id = id.to_owned(),
                Some(("data", data)) => seen.data = data.to_owned(),
                _ if line.is_empty() && !seen.data.is_empty() => return Some(seen),
                _ => {}
            }
        }
    }

    /// Reads what is there, so that the hub has room; remembers how far.
    pub(crate) fn read_some(&mut self) {
        let io = self.from.get_ref();
        let _ = io.set_nonblocking(true);
        let mut bytes = [0; 4096];
        while matches!(self.from.read(&mut bytes), Ok(n) if n > 0) {}
        let _ = self.from.get_ref().set_nonblocking(false);
    }

    /// Reads until the stream ends.
    pub(crate) fn read_to_end(&mut self, patience: Duration) -> bool {
        let _ = self.from.get_ref().set_read_timeout(Some(patience));
        while self.next_event().is_some() {}
        let mut rest = [0; 1];
        !matches!(self.from.read(&mut rest), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    pub(crate) fn reset(self) {
        let _ = SockRef::from(self.from.get_ref()).set_linger(Some(Duration::ZERO));
    }

    pub(crate) fn half_close(&self) {
        let _ = self.from.get_ref().shutdown(Shutdown::Write);
    }

    /// Says something that nobody asked for.
    pub(crate) fn blurt(&mut self) {
        let _ = self.from.get_mut().write_all(b"x");
    }
}
