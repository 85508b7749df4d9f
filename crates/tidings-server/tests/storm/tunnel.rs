//! Streams on HTTP/2: several on one connection, which leave one by one or all at once.

use std::io::{ErrorKind, Result};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use crate::api::connected;
use crate::http2;

const FRAME_HEAD_BYTES: usize = 9;
const ALL_WINDOW_BYTES: u32 = 1 << 30;

pub(crate) struct Tunnel {
    io: TcpStream,
    authority: String,
    next_stream: u32,
}

impl Tunnel {
    /// One whose streams may each be sent so many bytes in all.
    pub(crate) fn new(address: SocketAddr, window_bytes: u32) -> Result<Self> {
        let mut io = connected(address)?;
        http2::hello(&mut io, window_bytes)?;
        http2::grant(&mut io, ALL_WINDOW_BYTES)?;
        Ok(Self { io, authority: address.to_string(), next_stream: 1 })
    }

    pub(crate) fn open(&mut self, query: &str) -> Result<()> {
        let path = format!("/api/sse/stream?{query}");
        http2::get(&mut self.io, self.next_stream, &self.authority, &path)?;
        self.next_stream += 2;
        Ok(())
    }

    /// Resets one of the streams that it opened, or once more one that is long over.
    pub(crate) fn reset_stream(&mut self, nth: usize) -> Result<()> {
        let opened = (self.next_stream / 2) as usize;
        match opened {
            0 => Ok(()),
            _ => http2::reset(&mut self.io, 2 * (nth % opened) as u32 + 1),
        }
    }

    /// Reads what is there. Answers the secret and public ids of those who were greeted.
    pub(crate) fn read_some(&mut self) -> Result<Vec<(String, String)>> {
        let mut greeted = Vec::new();
        while self.has_frame()? {
            let frame = http2::next(&mut self.io)?;
            let text = String::from_utf8_lossy(&frame.payload);
            if frame.is_data() && text.contains("event: connected") {
                greeted.extend(field(&text, "connection_id").zip(field(&text, "id")));
            }
        }
        Ok(greeted)
    }

    /// Leaves with all its streams, by a reset.
    pub(crate) fn reset(self) {
        let _ = SockRef::from(&self.io).set_linger(Some(Duration::ZERO));
    }

    fn has_frame(&mut self) -> Result<bool> {
        let mut head = [0; FRAME_HEAD_BYTES];
        self.io.set_nonblocking(true)?;
        let peeked = self.io.peek(&mut head);
        self.io.set_nonblocking(false)?;
        match peeked {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => Ok(n == FRAME_HEAD_BYTES),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A text of a flat JSON object.
fn field(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("\"{name}\":\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}
