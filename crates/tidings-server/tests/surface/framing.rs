//! Where one request ends and the next begins: whatever could be read in two ways is read in one, or refused.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::hub::PATIENCE;
use crate::server::Server;

const EVENT: &str = r#"{"channel":"a","data":1}"#;
const NEXT: &str = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// All that comes back for a publish with these fields and this body, and for what follows it.
fn answers(hub: &Server, fields: &str, body: &str) -> String {
    let mut io = TcpStream::connect(hub.address()).expect("the hub listens");
    io.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let head = "POST /api/sse/publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    io.write_all(format!("{head}{fields}\r\n{body}{NEXT}").as_bytes()).expect("taken");
    let mut said = Vec::new();
    // What is closed with bytes unread ends in a reset.
    let _ = io.read_to_end(&mut said);
    String::from_utf8(said).expect("text")
}

fn published(hub: &Server) -> u64 {
    hub.stats()["events"]["published_total"].as_u64().expect("a count")
}

#[test]
fn with_a_length_and_chunks_the_chunks_count() {
    let hub = Server::start();
    let chunks = format!("{:x}\r\n{EVENT}\r\n0\r\n\r\n", EVENT.len());
    for fields in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4000\r\n",
    ] {
        let before = published(&hub);
        let said = answers(&hub, fields, &chunks);
        assert!(said.starts_with("HTTP/1.1 200"), "{fields}: {said}");
        assert_eq!(published(&hub), before + 1, "{fields}");
        // RFC 9112 §6.3: nothing of such a connection is trusted any further.
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{fields}: {said}");
    }
}

#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused_and_nothing_that_follows_is_heard() {
    let hub = Server::start();
    let chunks = format!("{:x}\r\n{EVENT}\r\n0\r\n\r\n", EVENT.len());
    for (fields, body) in [
        ("content-length: 24\r\ncontent-length: 4\r\n", EVENT),
        ("content-length: 24, 4\r\n", EVENT),
        ("content-length: +24\r\n", EVENT),
        ("content-length: -1\r\n", EVENT),
        ("content-length: 0x18\r\n", EVENT),
        ("content-length: 99999999999999999999\r\n", EVENT),
        ("content-length : 24\r\n", EVENT),
        ("content-length\r\n", EVENT),
        ("transfer-encoding: chunked, identity\r\n", &*chunks),
        ("transfer-encoding: xchunked\r\n", &*chunks),
        ("transfer-encoding: identity\r\ncontent-length: 24\r\n", EVENT),
        ("transfer-encoding : chunked\r\n", &*chunks),
    ] {
        let said = answers(&hub, fields, body);
        assert!(said.starts_with("HTTP/1.1 400"), "{fields}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{fields}: {said}");
    }
    assert_eq!(published(&hub), 0);
    // Twice the same is no two ways.
    let said = answers(&hub, "content-length: 24\r\ncontent-length: 24\r\n", EVENT);
    assert_eq!(said.matches("HTTP/1.1 200").count(), 2, "{said}");
}

#[test]
fn chunks_that_are_none_end_the_connection() {
    let hub = Server::start();
    for body in ["18 \u{b}\r\n", "-18\r\n", "0x18\r\n", "g\r\n", "18;\nx\r\n", "fffffffffffffffff\r\n"] {
        let body = format!("{body}{EVENT}\r\n0\r\n\r\n");
        let said = answers(&hub, "transfer-encoding: chunked\r\n", &body);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{body}: {said}");
        assert!(said.matches("HTTP/1.1").count() <= 1, "{body}: {said}");
    }
    assert_eq!(published(&hub), 0);
}
