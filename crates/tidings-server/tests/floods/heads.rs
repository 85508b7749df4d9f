//! Those who connect and do not say what they want.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::running::{Running, connect_from, reset};

/// What comes of a head, and what never follows.
#[derive(Clone, Copy, Debug)]
pub enum Half {
    /// A line, and the beginning of another.
    Short,
    /// More than any head may have.
    Long,
    /// The first letter of HTTP/2, and of some methods of HTTP/1.
    Letter,
}

impl Half {
    pub const ALL: [Self; 3] = [Self::Short, Self::Long, Self::Letter];

    fn text(self) -> String {
        const LONG_BYTES: usize = 100_000;
        match self {
            Self::Short => "GET /api/sse/stream?channels=shared HTTP/1.1\r\nhost: loc".to_owned(),
            Self::Long => format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}", "x".repeat(LONG_BYTES)),
            Self::Letter => "P".to_owned(),
        }
    }
}

/// Half a head on so many sockets, and another on each that is given up.
pub fn half(target: SocketAddr, half: Half, count: usize, running: &Running) {
    let text = half.text();
    let mut held: Vec<_> = (0..count).map(|place| half_head(place, target, &text)).collect();
    running.begun();
    let mut again = 0_u64;
    while running.is_on_after(again) {
        for (place, io) in held.iter_mut().enumerate() {
            if !running.is_on_after(again) {
                break;
            }
            if io.as_ref().is_none_or(is_over) {
                *io = half_head(place, target, &text);
                again += 1;
            }
        }
    }
    running.say(format!("{again} sockets opened again after they were given up"), again);
    held.iter().flatten().for_each(reset);
}

fn half_head(place: usize, target: SocketAddr, text: &str) -> Option<TcpStream> {
    let mut io = connect_from(place, target, None)?;
    io.write_all(text.as_bytes()).ok()?;
    io.set_nonblocking(true).ok()?;
    Some(io)
}

fn is_over(mut io: &TcpStream) -> bool {
    match io.read(&mut [0; 256]) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// Connects and leaves, as fast as the machine does it.
pub fn knocks(target: SocketAddr, running: &Running) {
    running.begun();
    let (mut opened, mut failed) = (0_u64, 0_u64);
    while running.is_on() {
        match connect_from(0, target, None) {
            Some(io) => {
                reset(&io);
                opened += 1;
            }
            None => failed += 1,
        }
    }
    running.say(format!("{opened} connects, {failed} failed"), failed);
}
