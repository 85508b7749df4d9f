//! The same truth under TLS, and what only TLS has: handshakes that come to nothing, and speakers of something else.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use crate::client::{Client, Speaks, Target};
use crate::http2;
use crate::hub::{Hub, PATIENCE, Wire, now, tcp};
use crate::mass;
use crate::place;
use crate::quiet::read_to_end;
use crate::table::{self, Scene};

const HEADER_TIMEOUT_MS: u64 = 500;
const HANDSHAKE_TIMEOUT_MS: u64 = 700;
const ROOM: Duration = Duration::from_secs(5);

#[test]
fn ghosts_under_tls_are_gone_in_time() {
    let mut rows = table::plain();
    rows.extend(table::sealed());
    Scene::set_sealed(None, &rows).show("Ghosts under TLS", &rows, 1);
}

#[test]
fn netns_the_vanished_under_tls_are_gone_in_time() {
    let Some(place) = place() else { return };
    let rows = table::vanished();
    Scene::set_sealed(Some(place), &rows).show("Vanished under TLS", &rows, 1);
}

#[test]
#[ignore = "prove: all ways of leaving under TLS, five times each"]
fn prove_ghost_table_under_tls() {
    const TIMES: usize = 5;
    let mut rows = table::plain();
    rows.extend(table::sealed());
    let place = place();
    if place.is_some() {
        rows.extend(table::vanished());
    }
    Scene::set_sealed(place, &rows).show("Ghosts under TLS", &rows, TIMES);
}

/// What a socket says before it falls silent, when it has to be given up, and as what it counts.
struct Quiet {
    what: &'static str,
    bound_ms: u64,
    counts_as: Option<&'static str>,
    says: fn(&Hub) -> TcpStream,
}

const QUIET: [Quiet; 7] = [
    Quiet {
        what: "nothing",
        bound_ms: HANDSHAKE_TIMEOUT_MS,
        counts_as: Some("handshake_timeout"),
        says: |hub| tcp(hub.address(), None),
    },
    Quiet {
        what: "half a ClientHello",
        bound_ms: HANDSHAKE_TIMEOUT_MS,
        counts_as: Some("handshake_timeout"),
        says: |hub| half_a_client_hello(hub),
    },
    Quiet {
        what: "a ClientHello, and no more",
        bound_ms: HANDSHAKE_TIMEOUT_MS,
        counts_as: Some("handshake_timeout"),
        says: |hub| say(hub, &client_hello(hub)),
    },
    Quiet {
        what: "a handshake record of nonsense",
        bound_ms: 0,
        counts_as: Some("handshake_failed"),
        says: |hub| say(hub, b"\x16\x03\x01\x00\x04nonsense"),
    },
    Quiet {
        what: "bytes of neither HTTP nor TLS",
        bound_ms: 0,
        counts_as: Some("plain_text"),
        says: |hub| say(hub, b"\x00\x01\x02\x03"),
    },
    Quiet {
        what: "a handshake for HTTP/1.1, and no request",
        bound_ms: HEADER_TIMEOUT_MS,
        counts_as: None,
        says: |hub| shaken(hub, "http/1.1"),
    },
    Quiet {
        what: "a handshake for HTTP/2, and no preface",
        bound_ms: 2 * HEADER_TIMEOUT_MS,
        counts_as: None,
        says: |hub| shaken(hub, "h2"),
    },
];

#[test]
fn handshakes_that_come_to_nothing_are_given_up_and_counted() {
    let timeouts = [HEADER_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS].map(|ms| ms.to_string());
    let hub = Hub::start_sealed(&[
        ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", &timeouts[0]),
        ("TIDINGS_TLS_HANDSHAKE_TIMEOUT_MS", &timeouts[1]),
    ]);
    println!("| what a socket says | promised ms | given up after ms |\n| --- | ---: | ---: |");
    thread::scope(|scope| {
        for Quiet { what, bound_ms, says, .. } in QUIET {
            let mut io = says(&hub);
            scope.spawn(move || {
                let start = now();
                read_to_end(&mut io);
                let took = start.elapsed();
                println!("| {what} | {bound_ms} | {} |", took.as_millis());
                assert!(took <= Duration::from_millis(bound_ms) + ROOM, "{what}: {took:?}");
            });
        }
    });
    for reason in ["handshake_timeout", "handshake_failed", "plain_text"] {
        let expected = QUIET.iter().filter(|quiet| quiet.counts_as == Some(reason)).count();
        assert_eq!(turned_away(&hub, reason), expected, "{reason}");
    }
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

#[test]
fn whatever_is_sent_as_tls_breaks_nothing() {
    let hub = Hub::start_sealed(&[("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0")]);
    let hello = client_hello(&hub);
    for at in 0..hello.len() {
        let mut changed = hello.clone();
        changed[at] ^= 0xff;
        drop(say(&hub, &changed));
    }
    for at in (0..hello.len()).step_by(7) {
        // Cut into two records, with something else in between.
        let (first, rest) = hello[5..].split_at(at.min(hello.len() - 6));
        let record =
            |content: &[u8]| [&[22, 3, 1][..], &(content.len() as u16).to_be_bytes(), content].concat();
        let alert = [21, 3, 3, 0, 2, 1, 0];
        drop(say(&hub, &[record(first), alert.to_vec(), record(rest)].concat()));
        drop(say(&hub, &[record(first), record(rest), hello.clone(), alert.to_vec()].concat()));
    }
    let certificate = hub.certificate.as_ref().expect("it speaks TLS");
    for protocol in ["h2", "http/1.1"] {
        for kind in 0..=30 {
            let mut wire = Wire::connect(hub.address(), None, Some(certificate.trusted(&[protocol])));
            let _ = wire.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
            let _ = wire.tcp.write_all(&[kind, 3, 3, 0, 4, 1, 2, 3, 4]);
            read_to_end(&mut wire.tcp);
        }
    }
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
    assert!(!hub.log().contains("panicked"), "{}", hub.log());
}

#[test]
fn a_socket_that_shakes_hands_is_held_and_counts() {
    let hub = Hub::start_sealed(&[("TIDINGS_TLS_HANDSHAKE_TIMEOUT_MS", "600000")]);
    let half: Vec<_> = (0..20).map(|_| half_a_client_hello(&hub)).collect();
    hub.wait_for_sockets(half.len() as u64);
    drop(half);
    hub.wait_for_sockets(0);
}

#[test]
fn http_in_the_clear_is_told_that_tls_is_spoken() {
    let hub = Hub::start_sealed(&[]);
    let requests =
        [&b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
    for request in requests {
        let mut answer = String::new();
        let mut io = say(&hub, request);
        io.read_to_string(&mut answer).expect("an answer, and then the end");
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        assert!(answer.contains("https://"), "{answer}");
    }
    hub.wait_for_sockets(0);
}

#[test]
fn tls_in_the_clear_is_refused_at_once() {
    let sealed = Hub::start_sealed(&[]);
    let hub = Hub::start();
    let start = now();
    let mut answer = Vec::new();
    let _ = say(&hub, &client_hello(&sealed)).read_to_end(&mut answer);
    assert!(start.elapsed() < PATIENCE / 2, "it hung");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "{answer:?}");
    hub.wait_for_sockets(0);
}

#[test]
fn a_protocol_that_nobody_speaks_is_refused_and_none_is_http_1() {
    let hub = Hub::start_sealed(&[]);
    let certificate = hub.certificate.as_ref().expect("it speaks TLS");
    let mut tcp = tcp(hub.address(), None);
    let mut session =
        ClientConnection::new(certificate.trusted(&["spdy/3"]), ServerName::from(hub.address().ip()))
            .unwrap();
    let mut refused = Ok(());
    while session.is_handshaking() && refused.is_ok() {
        refused = session.complete_io(&mut tcp).map(|_| ());
    }
    assert!(refused.is_err(), "no protocol is shared");
    let mut wire = Wire::connect(hub.address(), None, Some(certificate.trusted(&[])));
    wire.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    // A clean end, with TLS's own goodbye: nobody cut it.
    wire.read_to_string(&mut answer).expect("the answer, and a goodbye");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_drain_under_tls_says_goodbye_to_everybody() {
    const EACH: usize = 30;
    let mut hub = Hub::start_sealed(&[
        ("TIDINGS_DRAIN_WINDOW_MS", "500"),
        ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"),
        ("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "0"),
    ]);
    let mut http1 = mass::open(&hub, EACH);
    let target = Target::of(&hub, "ada");
    let http2: Vec<_> = (0..EACH).map(|_| Client::open(Speaks::Http2, &target)).collect();
    hub.terminate();
    for client in &mut http1 {
        let mut rest = String::new();
        // An end without TLS's goodbye would be an error here: it could be anybody's who cut the line.
        client.io.read_to_string(&mut rest).expect("a whole end");
        assert!(rest.contains("event: closing") && rest.contains("draining"), "{rest}");
        assert!(rest.ends_with("0\r\n\r\n"), "the body's own end: {rest}");
    }
    for mut client in http2 {
        let mut said = String::new();
        while let Ok(frame) = http2::next(&mut client.io) {
            if frame.is_data() {
                said.push_str(&String::from_utf8_lossy(&frame.payload));
            }
        }
        assert!(said.contains("event: closing") && said.contains("draining"), "{said}");
    }
    assert!(hub.wait().success());
    assert!(hub.log().contains(&format!("cleaned={} connections", 2 * EACH)), "{}", hub.log());
}

#[test]
fn a_thousand_who_leave_at_once_under_tls_are_gone() {
    let hub = Hub::start_sealed(&[("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0"), ("TIDINGS_LOG_LEVEL", "warn")]);
    let clients = mass::open(&hub, 1_000);
    assert_eq!(hub.stats()["connections"]["active"], 1_000);
    clients.into_iter().for_each(Client::rst);
    let stats = hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    assert_eq!(stats["connections"]["closed_total"]["client_left"], 1_000);
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

fn turned_away(hub: &Hub, reason: &str) -> usize {
    let metrics = hub.get("/metrics");
    let start = format!("tidings_sockets_refused_total{{reason=\"{reason}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
    line.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no {reason} in {metrics}"))
}

fn say(hub: &Hub, bytes: &[u8]) -> TcpStream {
    let mut io = tcp(hub.address(), None);
    match io.write_all(bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    io
}

fn half_a_client_hello(hub: &Hub) -> TcpStream {
    let hello = client_hello(hub);
    say(hub, &hello[..hello.len() / 2])
}

fn client_hello(hub: &Hub) -> Vec<u8> {
    let config = hub.certificate.as_ref().expect("it speaks TLS").trusted(&["http/1.1"]);
    let mut session = ClientConnection::new(config, ServerName::from(hub.address().ip())).expect("a session");
    let mut hello = Vec::new();
    session.write_tls(&mut hello).expect("room");
    hello
}

/// A socket with hands shaken, on which nothing more is said.
fn shaken(hub: &Hub, protocol: &str) -> TcpStream {
    let config = hub.certificate.as_ref().expect("it speaks TLS").trusted(&[protocol]);
    Wire::connect(hub.address(), None, Some(config)).tcp
}
