//! Those who connect and do not say what they want.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::running::{Running, connect_from, reset};

/// Half a head on so many sockets, and another on each that is given up.
pub fn half(target: SocketAddr, count: usize, running: &Running) {
    let mut held: Vec<_> = (0..count).map(|place| half_head(place, target)).collect();
    running.begun();
    let mut again = 0_u64;
    while running.is_on() {
        for (place, io) in held.iter_mut().enumerate() {
            if !running.is_on() {
                break;
            }
            if io.as_ref().is_none_or(is_over) {
                *io = half_head(place, target);
                again += 1;
            }
        }
    }
    running.say(format!("{again} sockets opened again after they were given up"));
    held.iter().flatten().for_each(reset);
}

fn half_head(place: usize, target: SocketAddr) -> Option<TcpStream> {
    let mut io = connect_from(place, target, None)?;
    io.write_all(b"GET /api/sse/stream?channels=shared HTTP/1.1\r\nhost: loc").ok()?;
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
    running.say(format!("{opened} connects, {failed} failed"));
}
