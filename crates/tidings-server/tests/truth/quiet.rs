//! Sockets that never come to hold a stream: each is given up in time, and none is left.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::client::{Client, Speaks, Target};
use crate::http2;
use crate::hub::{Hub, PATIENCE, now, tcp};

const HEADER_TIMEOUT_MS: u64 = 500;
const HEARTBEAT_MS: u64 = 300;
const USER_TIMEOUT_MS: u64 = 1_000;
const STALL_MS: u64 = 1_000;
const ROOM: Duration = Duration::from_secs(5);

/// What it says before it falls silent, and when it has to be given up.
struct Quiet {
    what: &'static str,
    bound_ms: u64,
    says: fn(&mut TcpStream),
}

const QUIET: [Quiet; 8] = [
    Quiet { what: "nothing", bound_ms: HEADER_TIMEOUT_MS, says: |_| {} },
    Quiet { what: "half a request head", bound_ms: HEADER_TIMEOUT_MS, says: |io| say(io, HALF_A_HEAD) },
    Quiet { what: "a request, then idle", bound_ms: HEADER_TIMEOUT_MS, says: |io| say(io, HEALTH) },
    Quiet { what: "half a request body", bound_ms: STALL_MS, says: |io| say(io, HALF_A_BODY) },
    Quiet { what: "the first letter of HTTP/2", bound_ms: HEADER_TIMEOUT_MS, says: |io| say(io, "P") },
    Quiet {
        what: "half an HTTP/2 preface",
        bound_ms: HEADER_TIMEOUT_MS,
        says: |io| http2::half_a_hello(io).expect("taken"),
    },
    Quiet {
        what: "an HTTP/2 preface, and no answer to a ping",
        bound_ms: HEARTBEAT_MS + USER_TIMEOUT_MS,
        says: |io| http2::hello(io, 0).expect("taken"),
    },
    Quiet {
        what: "an HTTP/2 preface, and answers to pings alone",
        bound_ms: 2 * HEADER_TIMEOUT_MS,
        says: |io| {
            http2::hello(io, 0).expect("taken");
            while http2::next(io).is_ok() {}
        },
    },
];

const HALF_A_HEAD: &str = "GET /api/sse/stream?channels=a HTTP/1.1\r\nhost: ";
const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
const HALF_A_BODY: &str = "POST /api/sse/publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";

#[test]
fn sockets_that_say_too_little_are_given_up() {
    let settings = [
        ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", HEADER_TIMEOUT_MS),
        ("TIDINGS_STREAM_HEARTBEAT_MS", HEARTBEAT_MS),
        ("TIDINGS_STREAM_USER_TIMEOUT_MS", USER_TIMEOUT_MS),
        ("TIDINGS_STREAM_STALL_MS", STALL_MS),
    ]
    .map(|(name, value)| (name, value.to_string()));
    let hub = Hub::start_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    println!("| what a socket says | promised ms | given up after ms |\n| --- | ---: | ---: |");
    thread::scope(|scope| {
        for Quiet { what, bound_ms, says } in QUIET {
            let mut io = tcp(hub.address(), None);
            scope.spawn(move || {
                says(&mut io);
                let start = now();
                read_to_end(&mut io);
                let took = start.elapsed();
                println!("| {what} | {bound_ms} | {} |", took.as_millis());
                assert!(took <= Duration::from_millis(bound_ms) + ROOM, "{what}: {took:?}");
            });
        }
    });
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

#[test]
fn an_http2_connection_stays_for_as_long_as_it_has_a_stream() {
    let timeout = HEADER_TIMEOUT_MS.to_string();
    let hub = Hub::start_with(&[
        ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", &timeout),
        ("TIDINGS_STREAM_MAX_AGE_MS", "2500"),
        ("TIDINGS_STREAM_MAX_AGE_JITTER_PERCENT", "0"),
    ]);
    let target = Target::of(&hub, "ada");
    let mut client = Client::open(Speaks::Http2, &target);
    client.read_to_end();
    let stats = hub.stats();
    assert_eq!(stats["connections"]["closed_total"]["max_age"], 1, "{stats:#}");
    hub.wait_for_sockets(0);
}

#[test]
fn a_connection_that_fails_is_told_of_over_http2_too() {
    let hub = Hub::start();
    let target = Target::of(&hub, "ada");
    Client::open(Speaks::Http2, &target).rst();
    let start = now();
    let line = loop {
        let log = hub.log();
        if let Some(line) = log.lines().find(|line| line.contains("an HTTP/2 connection failed")) {
            break line.to_owned();
        }
        assert!(start.elapsed() < PATIENCE, "no word of it in\n{log}");
        hub.stats();
    };
    assert!(
        line.contains("INFO") && line.contains("connection reset") && line.contains("remote=127.0.0.1:"),
        "{line}"
    );
}

/// Until the hub closes, in whatever way.
pub fn read_to_end(io: &mut TcpStream) {
    let mut scratch = [0; 4096];
    loop {
        match io.read(&mut scratch) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
            Err(error) => panic!("never closed: {error}"),
        }
    }
}

fn say(io: &mut TcpStream, text: &str) {
    io.write_all(text.as_bytes()).expect("taken");
}
