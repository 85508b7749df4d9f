//! Streams beside the good ones: some are read, some are not.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::good::CHANNEL;
use crate::running::{Running, connect_from, reset};

/// What a reader that is about to stop leaves the kernel to take for it.
const SMALL_BUFFER_BYTES: usize = 4 * 1024;

/// So many that read nothing more.
pub fn frozen(target: SocketAddr, count: usize, running: &Running) {
    let mut held: Vec<_> = (0..count).map(|place| open(place, target, Some(SMALL_BUFFER_BYTES))).collect();
    running.begun();
    let mut again = 0_u64;
    while running.is_on() {
        // One that was given up is frozen anew, so that there are always so many.
        for (place, io) in held.iter_mut().enumerate() {
            if !running.is_on() {
                break;
            }
            if is_reset(io) {
                *io = open(place, target, Some(SMALL_BUFFER_BYTES));
                again += 1;
            }
        }
        std::thread::yield_now();
    }
    running.say(format!("{again} frozen again after they were given up"), again);
    held.iter().for_each(reset);
}

/// So many that read all they get.
pub fn reading(target: SocketAddr, count: usize, running: &Running) {
    let mut held: Vec<_> = (0..count).map(|place| open(place, target, None)).collect();
    held.iter().for_each(|io| io.set_nonblocking(true).expect("a socket"));
    running.begun();
    let mut scratch = vec![0; 64 * 1024];
    while running.is_on() {
        for io in &mut held {
            match io.read(&mut scratch) {
                Ok(n) => assert!(n > 0, "a stream that is read has ended"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "a stream that is read failed"),
            }
        }
    }
    held.iter().for_each(reset);
}

/// A stream, read until its head is there.
fn open(place: usize, target: SocketAddr, receive_bytes: Option<usize>) -> TcpStream {
    let mut io = connect_from(place, target, receive_bytes).expect("the hub listens");
    let request =
        format!("GET /api/sse/stream?channels={CHANNEL}&user=u{place} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    io.write_all(request.as_bytes()).expect("taken");
    let mut first = [0; 12];
    io.read_exact(&mut first).expect("a head");
    assert_eq!(&first, b"HTTP/1.1 200");
    io
}

/// Without reading a byte of what waits.
fn is_reset(io: &TcpStream) -> bool {
    io.take_error().expect("a socket").is_some()
}
