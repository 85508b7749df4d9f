//! The PROXY protocol by hand: whose word is taken, and what becomes of those who don't say it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::hub::{Hub, LOCAL, Wire, tcp, within_patience};

const TRUSTED: [(&str, &str); 2] =
    [("TIDINGS_SERVER_PROXY_PROTOCOL", "v2"), ("TIDINGS_SERVER_TRUSTED_PROXIES", "127.0.0.1")];
const STREAM: &[u8] = b"GET /api/sse/stream?channels=a HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The header of a client's connection, as HAProxy writes it.
fn header(client: SocketAddrV4) -> Vec<u8> {
    const PROXY: u8 = 0x21;
    const TCP_OVER_IPV4: u8 = 0x11;
    const ADDRESS_BYTES: u8 = 12;
    let mut header = LOCAL[..12].to_vec();
    header.extend([PROXY, TCP_OVER_IPV4, 0, ADDRESS_BYTES]);
    header.extend(client.ip().octets());
    header.extend([127, 0, 0, 1]);
    header.extend(client.port().to_be_bytes());
    header.extend(3000_u16.to_be_bytes());
    header
}

fn client(last: u8) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, last), 5_000)
}

/// A stream that a proxy passes on for somebody; what it was answered, as far as that came at once.
fn open(hub: &Hub, client: SocketAddrV4) -> (Wire, String) {
    let mut io = tcp(hub.address(), None);
    io.write_all(&header(client)).expect("taken");
    let tls = hub.certificate.as_ref().map(|certificate| certificate.trusted(&["http/1.1"]));
    let mut wire = Wire::over(io, hub.address(), tls);
    wire.write_all(STREAM).expect("taken");
    let mut answer = String::new();
    while !answer.contains("event: connected") && !answer.contains("\"status\"") {
        let mut bytes = [0; 4096];
        let n = wire.read(&mut bytes).expect("an answer");
        assert!(n > 0, "closed after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&bytes[..n]));
    }
    (wire, answer)
}

fn listed(hub: &Hub) -> Value {
    let listed: Value = serde_json::from_str(&hub.get("/api/sse/connections")).expect("JSON");
    listed["connections"][0].clone()
}

#[test]
fn the_address_that_a_proxy_tells_is_the_clients_everywhere() {
    for hub in [Hub::start_with(&TRUSTED), Hub::start_sealed(&TRUSTED)] {
        let (_stream, _) = open(&hub, client(7));
        let row = listed(&hub);
        assert_eq!(row["remote"], "192.0.2.7:5000");
        assert_eq!(row["proof"]["to"], "proxy", "what the kernel acknowledges is the proxy's: {row:#}");
        hub.assert_books_balance();
    }
}

#[test]
fn limits_are_held_by_the_address_that_was_told() {
    let hub = Hub::start_with(&[TRUSTED[0], TRUSTED[1], ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1")]);
    let (_first, answer) = open(&hub, client(7));
    assert!(answer.contains("event: connected"), "{answer}");
    let (_second, answer) = open(&hub, client(7));
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    let (_third, answer) = open(&hub, client(8));
    assert!(answer.contains("event: connected"), "{answer}");
    hub.assert_books_balance();
}

#[test]
fn an_address_that_was_told_has_a_bounded_number_of_sockets() {
    // Twice the streams, and 64.
    const MOST: usize = 66;
    let hub = Hub::start_with(&[TRUSTED[0], TRUSTED[1], ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "1")]);
    let introduce = || {
        let mut io = tcp(hub.address(), None);
        io.write_all(&header(client(7))).expect("taken");
        io
    };
    let held: Vec<TcpStream> = (0..MOST).map(|_| introduce()).collect();
    hub.wait_for_sockets(MOST as u64);
    assert_eq!(introduce().read(&mut [0; 1]).expect("closed"), 0, "one too many");
    drop(held);
    hub.wait_for_sockets(0);
}

#[test]
fn a_socket_that_is_not_introduced_is_closed_and_counted() {
    let hub = Hub::start_with(&[TRUSTED[0], TRUSTED[1], ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", "300")]);
    let whole = header(client(7));
    let version1: &[u8] = b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 3000\r\n";
    for said in [STREAM, version1, &whole[..10], &whole[..20], &[], b"\x16\x03\x01\x00\x04nonsense"] {
        let mut io = tcp(hub.address(), None);
        io.write_all(said).expect("taken");
        let mut answer = Vec::new();
        // The kernel resets where something of it was not read.
        let _ = io.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(counted(&hub, "proxy_header"), 6);
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

#[test]
fn nobody_but_a_trusted_proxy_gets_in() {
    let hub = Hub::start_with(&TRUSTED);
    let mut stranger = Wire::tcp_from([127, 0, 0, 9], hub.address());
    let _ = stranger.write_all(&header(client(7)));
    let mut answer = Vec::new();
    let _ = stranger.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{answer:?}");
    assert_eq!(counted(&hub, "proxy_untrusted"), 1);
    hub.wait_for_sockets(0);
}

#[test]
fn without_proxies_to_trust_it_is_a_configuration_error() {
    let dir = tempfile::tempdir().expect("a place");
    let mut verb = Command::new(env!("CARGO_BIN_EXE_tidings"));
    verb.args(["check", "--dev"]).env("TIDINGS_SERVER_PROXY_PROTOCOL", "v2").current_dir(dir.path());
    let output = within_patience(verb.stdout(Stdio::piped()).stderr(Stdio::piped()));
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("server.proxy_protocol") && error.contains("server.trusted_proxies"), "{error}");
}

fn counted(hub: &Hub, reason: &str) -> u64 {
    let metrics = hub.get("/metrics");
    let start = format!("tidings_sockets_refused_total{{reason=\"{reason}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
    line.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no {reason} in {metrics}"))
}
