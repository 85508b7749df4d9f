//! As much as a flood, from clients that mean it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::http2;
use crate::running::{Running, connect_from, reset};

/// Requests one after the other, each on a socket of its own.
pub fn requests(target: SocketAddr, running: &Running) {
    running.begun();
    let (mut answered, mut refused) = (0_u64, 0_u64);
    while running.is_on() {
        let io = connect_from(0, target, None);
        match io.is_some_and(ask) {
            true => answered += 1,
            false => refused += 1,
        }
    }
    running.say(format!("{answered} answered, {refused} refused"), refused);
}

fn ask(mut io: TcpStream) -> bool {
    let mut answer = [0; 12];
    let asked = io.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let answered = asked.and_then(|()| io.read_exact(&mut answer)).is_ok();
    reset(&io);
    answered && &answer == b"HTTP/1.1 200"
}

/// Requests on so many HTTP/2 connections, one at a time on each.
pub fn http2(target: SocketAddr, count: usize, running: &Running) {
    const WINDOW_BYTES: u32 = 1 << 20;
    let mut held: Vec<_> = (0..count)
        .map(|place| {
            let mut io = connect_from(place, target, None).expect("the hub listens");
            http2::hello(&mut io, WINDOW_BYTES).expect("taken");
            (io, 1)
        })
        .collect();
    running.begun();
    let mut answered = 0_u64;
    while running.is_on() {
        for (io, stream) in &mut held {
            http2::get(io, *stream, "localhost", "/health").expect("taken");
            while !http2::next(io).expect("an answer").ends(*stream) {}
            *stream += 2;
            answered += 1;
        }
    }
    running.say(format!("{answered} answered"), 0);
    held.iter().for_each(|(io, _)| reset(io));
}
