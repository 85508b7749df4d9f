//! Answers over HTTP/2 that are no streams, and whose windows stay shut: each is given up in time, and its siblings go on.

use std::collections::HashSet;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::client::STREAM;
use crate::http2::{self, Frame};
use crate::hub::{Hub, now, tcp};

const STALL_MS: u64 = 1_000;
const HEADER_TIMEOUT_MS: u64 = 500;
/// All that a connection may ask for at a time.
const ASKED: usize = 256;
const CONNECTIONS: usize = 8;
/// The stall time, and twice the time for a head, until a connection that nobody uses is closed; and room.
const BOUND: Duration = Duration::from_millis(STALL_MS + 2 * HEADER_TIMEOUT_MS + 10_000);

fn hub() -> Hub {
    let settings =
        [("TIDINGS_STREAM_STALL_MS", STALL_MS), ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", HEADER_TIMEOUT_MS)]
            .map(|(name, value)| (name, value.to_string()));
    Hub::start_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// A connection that asks for numbers, so many times, and lets each answer have so many bytes.
fn asked(hub: &Hub, window_bytes: u32, count: usize) -> TcpStream {
    let mut io = tcp(hub.address(), None);
    http2::hello(&mut io, window_bytes).expect("taken");
    for at in 0..count as u32 {
        http2::get(&mut io, STREAM + 2 * at, "localhost", "/metrics").expect("taken");
    }
    io
}

#[test]
fn answers_that_are_never_taken_are_given_up_with_their_sockets() {
    let hub = hub();
    let mut grown = Vec::new();
    let before = hub.rss_bytes();
    for window_bytes in [0, 1, 0, 1, 0] {
        let start = now();
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                let mut io = asked(&hub, window_bytes, ASKED);
                scope.spawn(move || while start.elapsed() < BOUND && http2::next(&mut io).is_ok() {});
            }
        });
        let took = start.elapsed();
        grown.push(hub.rss_bytes().saturating_sub(before));
        println!("window {window_bytes}: given up after {} ms, memory {grown:?}", took.as_millis());
        assert!(took >= Duration::from_millis(STALL_MS), "{took:?}: before its time");
        assert!(took <= BOUND, "{took:?}");
        hub.wait_for_sockets(0);
    }
    // What was given back is used again, once each of the allocator's arenas has had its share.
    let had = grown[..3].iter().max().expect("some");
    assert!(grown[4] <= had + had / 4 + (8 << 20), "{grown:?}");
    hub.assert_books_balance();
}

#[test]
fn a_stream_goes_on_whose_siblings_are_given_up() {
    const SIBLINGS: usize = 20;
    let hub = hub();
    let mut io = tcp(hub.address(), None);
    http2::hello(&mut io, 1).expect("taken");
    http2::get(&mut io, STREAM, "localhost", "/api/sse/stream?channels=a").expect("taken");
    http2::grant_one(&mut io, STREAM, 1 << 20).expect("taken");
    let siblings: Vec<u32> = (0..SIBLINGS as u32).map(|at| STREAM + 2 + 2 * at).collect();
    for sibling in &siblings {
        http2::get(&mut io, *sibling, "localhost", "/metrics").expect("taken");
    }
    let mut left: HashSet<u32> = siblings.iter().copied().collect();
    let start = now();
    while !left.is_empty() {
        assert!(start.elapsed() < BOUND, "{} siblings are left", left.len());
        let frame = next(&mut io);
        left.retain(|sibling| !frame.is_reset_of(*sibling));
    }
    hub.post("/api/sse/publish", r#"{"channel":"a","data":"still there"}"#);
    let mut said = String::new();
    while !said.contains("still there") {
        let frame = next(&mut io);
        if frame.is_data() {
            said.push_str(&String::from_utf8_lossy(&frame.payload));
        }
    }
    drop(io);
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

fn next(io: &mut TcpStream) -> Frame {
    let frame = http2::next(io).expect("a frame");
    assert!(!frame.is_reset_of(STREAM), "the stream itself is given up");
    frame
}

#[test]
fn an_answer_that_is_taken_slowly_is_whole() {
    const EVENTS: usize = 10;
    const STEP_BYTES: u32 = 2 * 1024;
    const PAUSE: Duration = Duration::from_millis(STALL_MS / 4);
    let hub = hub();
    let event = format!(r#"{{"channel":"a","data":"{}"}}"#, "x".repeat(4 * 1024));
    (0..EVENTS).for_each(|_| drop(hub.post("/api/sse/publish", &event)));
    let path = "/api/sse/history?channel=a";
    let whole = hub.get(path).len();
    let mut io = tcp(hub.address(), None);
    http2::hello(&mut io, STEP_BYTES).expect("taken");
    http2::get(&mut io, STREAM, "localhost", path).expect("taken");
    let mut granting = io.try_clone().expect("another");
    let start = now();
    let (mut taken, mut ended) = (0, false);
    thread::scope(|scope| {
        scope.spawn(move || {
            // The pace is what is tried: each step well within the time that a stalled one has.
            for _ in 0..whole / STEP_BYTES as usize {
                thread::sleep(PAUSE);
                http2::grant_one(&mut granting, STREAM, STEP_BYTES).expect("taken");
            }
        });
        while !ended {
            let frame = http2::next(&mut io).expect("a frame");
            assert!(!frame.is_reset_of(STREAM), "given up after {taken} of {whole} bytes");
            taken += if frame.is_data() { frame.payload.len() } else { 0 };
            ended = frame.ends(STREAM);
        }
    });
    assert_eq!(taken, whole);
    assert!(start.elapsed() > Duration::from_millis(2 * STALL_MS), "it was not slow: {:?}", start.elapsed());
    drop(io);
    hub.wait_for_sockets(0);
}
