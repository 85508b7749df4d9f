//! A reader that falls off the log: told of the gap, or ended, as its channel's rule says.

use http::Method;
use serde_json::{Value, json};

use crate::hub::{Hub, PATIENCE};
use crate::streams::{Manner, SseEvent, Stream, Version, request};

const HELD_EVENTS: u64 = 8;
const EVENTS: u64 = 120;
const EVENT_BYTES: usize = 50_000;

fn hub() -> Hub {
    Hub::start_with_file(
        &[],
        &format!(
            "[[channel]]\nmatch = \"strict:*\"\nslow = \"disconnect\"\nhistory.count = {HELD_EVENTS}\n\n\
             [[channel]]\nmatch = \"*\"\nhistory.count = {HELD_EVENTS}\n"
        ),
    )
}

/// What a reader gets that looks away while far more is published than its channel keeps.
async fn told(hub: &Hub, version: Version, channel: &str) -> (Vec<SseEvent>, Stream) {
    let manner = Manner { version, rst: false, small_buffer: true };
    let path = format!("/api/sse/stream?channels={channel}");
    let mut stream = Stream::open(hub.address(), manner, &path, &[]).await.expect("a stream");
    assert_eq!(stream.expect().await.ty, "connected");
    for n in 1..=EVENTS {
        let event = json!({ "channel": channel, "data": { "n": n, "pad": "x".repeat(EVENT_BYTES) } });
        let answer = request(hub.address(), Method::POST, "/api/sse/publish", &event.to_string()).await;
        assert_eq!(answer.expect("an answer").status, 200);
    }
    let mut told = Vec::new();
    while let Some(event) = tokio::time::timeout(PATIENCE, stream.next()).await.expect("in time") {
        let is_last = number(&event) == Some(EVENTS);
        told.push(event);
        if is_last {
            break;
        }
    }
    (told, stream)
}

fn data(event: &SseEvent) -> Value {
    serde_json::from_str(&event.data).expect("JSON")
}

fn number(event: &SseEvent) -> Option<u64> {
    data(event)["n"].as_u64()
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

#[test]
fn by_default_a_reader_that_fell_off_is_told_of_the_gap_and_goes_on() {
    for version in [Version::Http1, Version::Http2] {
        let hub = hub();
        run(async {
            let (told, _stream) = told(&hub, version, "loose:1").await;
            let at = told.iter().position(|event| event.ty == "gap").expect("a gap");
            assert_eq!(data(&told[at]), json!({ "channel": "loose:1", "reason": "slow" }));
            let before: Vec<_> = told[..at].iter().filter_map(number).collect();
            let after: Vec<_> = told[at + 1..].iter().filter_map(number).collect();
            assert!(before.iter().copied().eq(1..=before.len() as u64), "{before:?}");
            assert!(after.iter().copied().eq(EVENTS + 1 - HELD_EVENTS..=EVENTS), "{after:?}");
        });
    }
}

#[test]
fn where_the_rule_says_disconnect_its_stream_ends_as_slow() {
    for version in [Version::Http1, Version::Http2] {
        let hub = hub();
        run(async {
            let (told, _) = told(&hub, version, "strict:1").await;
            let (closing, before) = told.split_last().expect("something");
            let before: Vec<_> = before.iter().map(|event| number(event).unwrap_or(0)).collect();
            assert!(before.iter().copied().eq(1..=before.len() as u64), "{before:?}");
            assert_eq!(closing.ty, "closing");
            assert_eq!(
                (&data(closing)["reason"], &data(closing)["reconnect"]),
                (&json!("slow"), &json!(true))
            );
            comes_back(&hub, version, &closing.id).await;
        });
        hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
        assert_eq!(hub.stats()["connections"]["closed_total"]["slow"], 1);
        hub.assert_books_balance();
    }
}

/// Whoever comes back has its gap, and what is held.
async fn comes_back(hub: &Hub, version: Version, cursor: &str) {
    let path = "/api/sse/stream?channels=strict:1";
    let headers = [("last-event-id", cursor)];
    let mut stream =
        Stream::open(hub.address(), Manner::polite(version), path, &headers).await.expect("a stream");
    assert_eq!(data(&stream.expect().await)["resume"], json!({ "strict:1": "gap" }));
    assert_eq!(data(&stream.expect().await), json!({ "channel": "strict:1", "reason": "trimmed" }));
    for n in EVENTS + 1 - HELD_EVENTS..=EVENTS {
        assert_eq!(number(&stream.expect().await), Some(n));
    }
}
