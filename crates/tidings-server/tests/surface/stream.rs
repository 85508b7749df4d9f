//! The stream: its head, its first event, its events, its heartbeats, its control events.

use serde_json::json;

use crate::http::{self, get, header, post, publish, send};
use crate::server::Server;
use crate::sse::{Item, Stream};

#[test]
fn the_head_is_exact_and_comes_at_once_with_the_first_event() {
    let hub = Server::start();
    // Nothing was published and no heartbeat is due: what arrives was not waiting for anything.
    let stream = Stream::open(&hub, "channels=jobs");
    let mut names: Vec<&str> = stream.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.retain(|name| *name != "vary" && !name.starts_with("access-control-"));
    assert_eq!(
        names,
        [
            "cache-control",
            "connection",
            "content-security-policy",
            "content-type",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "date",
            "referrer-policy",
            "transfer-encoding",
            "x-accel-buffering",
            "x-content-type-options",
            "x-frame-options",
        ]
    );
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(header(&stream.headers, name), Some(value));
    }
}

#[test]
fn the_first_event_says_what_the_contract_says() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=jobs,room:*&client_id=tab-1&user=ada&type=display&lease=30");
    let c = &stream.connected;
    assert_eq!(c["protocol"], 1);
    assert_eq!(
        (&c["client_id"], &c["user"], &c["type"]),
        (&json!("tab-1"), &json!("ada"), &json!("display"))
    );
    assert_eq!(c["channels"], json!(["jobs", "room:*"]));
    assert_eq!(c["heartbeat_ms"], 15_000);
    assert_eq!(c["resume"], json!({ "jobs": "new", "room:*": "new" }));
    assert_ne!(stream.connection_id(), stream.id());
    assert!(!stream.cursor.is_empty());

    let plain = Stream::open(&hub, "");
    let c = &plain.connected;
    assert_eq!(
        (&c["user"], &c["type"], &c["client_id"]),
        (&json!("anonymous"), &json!("client"), &json!(null))
    );
    assert_eq!(c["channels"], json!(["*"]), "`--dev` gives everything to who asks for nothing");
    assert_ne!(plain.connection_id(), stream.connection_id());
    let all = Stream::open(&hub, "channels=all");
    assert_eq!(all.connected["channels"], json!(["*"]));
}

#[test]
fn what_the_query_has_beyond_is_passed_over() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=jobs&_=1795270825567&token=&client_id=&type=&lease=");
    assert_eq!((&stream.connected["client_id"], &stream.connected["lease"]), (&json!(null), &json!(null)));
    assert_eq!(stream.connected["type"], "client");
}

#[test]
fn an_event_is_an_id_a_type_and_its_data() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=jobs");
    publish(&hub, &json!({ "channel": "jobs", "type": "job_started", "data": { "id": 7 } })).ok();
    publish(&hub, &json!({ "channel": "jobs", "data": "two\nlines" })).ok();
    let Some(Item::Event { ty, id: Some(first), data }) = stream.item() else {
        panic!("an event with an id")
    };
    assert_eq!((ty.as_str(), data), ("job_started", json!({ "id": 7 })));
    let Some(Item::Event { ty, id: Some(second), data }) = stream.item() else { panic!("an event") };
    assert_eq!((ty.as_str(), data), ("message", json!("two\nlines")), "no type, no `event:` field");
    assert_ne!(first, second);
}

#[test]
fn an_envelope_tells_where_an_event_comes_from() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=jobs,room:*&envelope=1");
    let answer = publish(&hub, &json!({ "channel": "room:1", "type": "in", "data": [1], "id": "e1" })).ok();
    let (ty, e) = stream.event();
    assert_eq!(ty, "in");
    assert_eq!((&e["channel"], &e["type"], &e["id"]), (&json!("room:1"), &json!("in"), &json!("e1")));
    assert_eq!((&e["offset"], &e["data"]), (&answer["offset"], &json!([1])));
    assert!(e["time"].as_u64().is_some_and(|time| time > 1_600_000_000_000), "{e}");
    http::get(&hub, "/api/sse/stream?envelope=maybe").problem(400);
}

#[test]
fn one_listener_gets_all_where_the_envelope_is_the_message() {
    let hub = Server::configured("[[channel]]\nmatch = \"jobs\"\npresence = true\n");
    let mut stream = Stream::open(&hub, "channels=jobs&envelope=message");
    let mut typed = Stream::open(&hub, "channels=jobs&envelope=1");
    publish(&hub, &json!({ "channel": "jobs", "type": "job_started", "data": { "id": 7 } })).ok();
    let _ada = Stream::open(&hub, "channels=jobs&user=ada");
    for wanted in ["joined", "job_started", "joined"] {
        let (ty, e) = stream.event();
        assert_eq!((ty.as_str(), &e["type"], &e["channel"]), ("message", &json!(wanted), &json!("jobs")));
        assert!(e["offset"].is_u64() && !e["data"].is_null(), "{e}");
        if wanted == "job_started" {
            assert_eq!(typed.expect("job_started"), e, "the same but for `event:`");
        }
    }
    post(
        &hub,
        "/api/sse/subscriptions",
        &json!({ "connection_id": stream.connection_id(), "add": ["logs"] }).to_string(),
    )
    .ok();
    assert_eq!(
        stream.expect("subscribed"),
        json!({ "channels": ["logs"] }),
        "control events keep their names"
    );
}

#[test]
fn heartbeats_come_while_idle_and_not_between_events() {
    let hub = Server::with(&[("TIDINGS_STREAM_HEARTBEAT_MS", "50")]);
    let mut stream = Stream::open(&hub, "channels=jobs");
    assert_eq!(stream.connected["heartbeat_ms"], 50);
    for _ in 0..3 {
        assert_eq!(stream.item(), Some(Item::Comment("heartbeat".to_owned())));
    }
    let row = &get(&hub, "/api/sse/connections").ok()["connections"][0];
    assert!(row["last_ping_at"].is_u64(), "{row}");
}

#[test]
fn a_stream_gets_its_channels_and_no_others_in_order() {
    let hub = Server::start();
    let mut rooms = Stream::open(&hub, "channels=room:*");
    let mut one = Stream::open(&hub, "channels=room:1,jobs");
    for (n, channel) in ["room:1", "jobs", "room:2", "room:1", "jobs"].into_iter().enumerate() {
        publish(&hub, &json!({ "channel": channel, "data": n })).ok();
    }
    let seen = |stream: &mut Stream| -> Vec<u64> {
        stream.drain(&hub, "room:1").iter().map(|(_, data)| data.as_u64().expect("a number")).collect()
    };
    assert_eq!(seen(&mut rooms), [0, 2, 3]);
    assert_eq!(seen(&mut one), [0, 1, 3, 4]);
}

#[test]
fn a_head_request_opens_nothing() {
    let hub = Server::start();
    let answer = send(&hub, "HEAD", "/api/sse/stream?channels=jobs", &[], "");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store, no-transform"));
    assert_eq!(hub.stats()["connections"]["opened_total"], 0);
    assert_eq!(send(&hub, "HEAD", "/api/sse/stream?channels=a,,b", &[], "").status, 400);
}

#[test]
fn a_stream_over_http_1_0_ends_with_its_connection() {
    use std::io::{BufRead, BufReader, Write};
    let hub = Server::start();
    let address = hub.url().trim_start_matches("http://").to_owned();
    let mut socket = std::net::TcpStream::connect(address).expect("listens");
    socket.write_all(b"GET /api/sse/stream?channels=jobs HTTP/1.0\r\n\r\n").expect("taken");
    let mut reader = BufReader::new(socket);
    let (status, headers) = http::read_head(&mut reader);
    assert_eq!((status, header(&headers, "transfer-encoding")), (200, None));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    assert!(line.starts_with("id: "), "{line:?}");
}

#[test]
fn the_oldest_streams_end_at_their_age_and_are_told_to_come_back() {
    let hub = Server::with(&[
        ("TIDINGS_STREAM_MAX_AGE_MS", "60"),
        ("TIDINGS_STREAM_MAX_AGE_JITTER_PERCENT", "0"),
        ("TIDINGS_CLEANUP_INTERVAL_MS", "20"),
    ]);
    let mut stream = Stream::open(&hub, "channels=jobs");
    assert!(matches!(stream.item(), Some(Item::Retry(_))), "the library of the browser is told when");
    assert_eq!(stream.expect_closing("max_age")["reconnect"], true);
}
