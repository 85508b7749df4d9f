//! Slow readers whose right ends: what they had no right to any more is thrown away, and they are told.

use std::io::Read;

use crate::client::{Client, STREAM, Speaks, Target};
use crate::http2;
use crate::hub::Hub;

const EVENTS: usize = 60;

#[test]
fn a_slow_reader_whose_right_ends_is_told() {
    told(&Hub::start_with(&[]));
}

#[test]
fn a_slow_reader_under_tls_whose_right_ends_is_told() {
    told(&Hub::start_sealed(&[]));
}

fn told(hub: &Hub) {
    for speaks in [Speaks::Http11, Speaks::Http2] {
        for event_bytes in [1_000, 5_000, 16_000, 40_000] {
            let user = format!("{}-{event_bytes}", speaks.protocol().replace('/', "-"));
            let mut client = Client::open_small(speaks, &Target::of(hub, &user));
            let filler = "x".repeat(event_bytes);
            for _ in 0..EVENTS {
                hub.post("/api/sse/publish", &format!(r#"{{"channel":"{user}","data":"{filler}"}}"#));
            }
            let revoked = hub.post("/api/sse/revocations", &format!(r#"{{"user":"{user}"}}"#));
            let said = match speaks {
                Speaks::Http2 => data(&mut client),
                _ => text(&mut client),
            };
            let end = &said[said.len().saturating_sub(400)..];
            assert!(end.contains("event: closing") && end.contains("revoked"), "{user}: {revoked} … {end}");
        }
    }
    let stats = hub.stats();
    assert_eq!(stats["connections"]["closed_total"]["revoked"], 8, "{stats:#}");
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

fn text(client: &mut Client) -> String {
    let mut said = String::new();
    client.io.read_to_string(&mut said).expect("a whole end");
    assert!(said.ends_with("\r\n0\r\n\r\n"), "the body's own end");
    said
}

fn data(client: &mut Client) -> String {
    let mut said = String::new();
    loop {
        let frame = http2::next(&mut client.io).expect("a frame");
        assert!(!frame.is_reset_of(STREAM), "it was reset");
        if frame.is_data() {
            said.push_str(&String::from_utf8_lossy(&frame.payload));
        }
        if frame.ends(STREAM) {
            return said;
        }
    }
}
