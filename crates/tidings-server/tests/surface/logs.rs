//! What an operator reads in the log, and what nobody reads there.

use serde_json::{Value, json};

use crate::http::{get, post, publish, send};
use crate::server::Server;
use crate::sse::Stream;

#[track_caller]
fn assert_line(hub: &Server, level: &str, line: &str) {
    let log = hub.log();
    let found = log.lines().any(|text| text.ends_with(line) && text.contains(level));
    assert!(found, "no line `{level} … {line}` in\n{log}");
}

#[test]
fn the_lines_of_a_connections_life() {
    let hub = Server::with(&[("TIDINGS_LOG_LEVEL", "debug")]);
    publish(&hub, &json!({ "channel": "room:1", "type": "student_checkin", "data": 1 })).ok();
    assert_line(&hub, "DEBUG", "no subscribers channel=room:1 type=student_checkin");
    let stream = Stream::open(&hub, "channels=room:1,room:2&user=1");
    assert_line(&hub, "INFO", "client connected user=1 channels=room:1,room:2 total=1");
    publish(&hub, &json!({ "channel": "room:1", "type": "student_checkin", "data": 1 })).ok();
    assert_line(&hub, "DEBUG", "event published channel=room:1 type=student_checkin recipients=1");
    post(&hub, "/api/sse/disconnect", stream.connection_id());
    assert_line(&hub, "INFO", "client disconnected user=1 reason=disconnected total=0");
    send(&hub, "PUT", "/api/sse/users/2/channels", &[], "{\"remove\":[\"all\"]}").ok();
    let _without = Stream::open(&hub, "user=2");
    assert_line(&hub, "INFO", "no channels granted user=2");
}

#[test]
fn a_name_is_told_from_the_line_that_it_stands_in() {
    let hub = Server::start();
    let forged = "ada%20reason%3Dkicked%20total%3D0%E2%80%A8INFO%20%E2%80%AEx";
    let _stream = Stream::open(&hub, &format!("channels=a%22b,c&user={forged}"));
    assert_line(
        &hub,
        "INFO",
        "client connected user=\"ada reason=kicked total=0\\u{2028}INFO \\u{202e}x\" channels=\"a\\\"b,c\" total=1",
    );
    let plain = Server::with(&[("TIDINGS_LOG_FORMAT", "json")]);
    let _stream = Stream::open(&plain, "channels=a&user=ada%20b");
    assert!(plain.log().contains("\"user\":\"ada b\""), "{}", plain.log());
}

#[test]
fn a_reader_that_lags_is_a_warning_and_learns_of_its_gap() {
    let hub = Server::configured("[[channel]]\nmatch = \"busy\"\nhistory.count = 4\n");
    let mut slow = Stream::open(&hub, "channels=busy&user=ada");
    let mut quick = Stream::open(&hub, "channels=busy");
    // It reads nothing meanwhile: far more than the kernel holds for it goes past.
    let big = "x".repeat(16_000);
    for n in 0..200 {
        publish(&hub, &json!({ "channel": "busy", "data": { "n": n, "big": big } })).ok();
        assert_eq!(quick.expect("message")["n"], n, "others lose nothing");
    }
    let mut told = 0;
    loop {
        let (ty, data) = slow.event();
        if ty == "gap" {
            assert_eq!(data, json!({ "channel": "busy", "reason": "slow" }));
            told += 1;
        } else if data["n"] == 199 {
            break;
        }
    }
    assert!(told > 0);
    assert_line(&hub, "WARN", "client lagging user=ada channel=busy");
}

#[test]
fn a_channel_can_end_those_that_fall_behind() {
    let rule = "[[channel]]\nmatch = \"busy\"\nhistory.count = 4\nslow = \"disconnect\"\n";
    let hub = Server::configured(rule);
    let mut slow = Stream::open(&hub, "channels=busy");
    let big = "x".repeat(16_000);
    for _ in 0..200 {
        publish(&hub, &json!({ "channel": "busy", "data": big })).ok();
    }
    loop {
        let (ty, data) = slow.event();
        if ty == "closing" {
            assert_eq!((&data["reason"], &data["reconnect"]), (&json!("slow"), &json!(true)));
            break;
        }
    }
    hub.wait_for_stats(|stats| stats["connections"]["closed_total"]["slow"] == 1);
}

#[test]
fn a_stream_that_fails_is_logged_with_its_user_and_ends_alone() {
    let hub = Server::start();
    let failing = Stream::open(&hub, "channels=a&user=ada");
    let _other = Stream::open(&hub, "channels=b&user=bob");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    hub.wait_for_stats(|stats| stats["events"]["delivered_total"] == 1);
    // A socket that is closed over what it has not read says RST.
    drop(failing);
    hub.wait_for_active(1);
    let log = hub.log();
    let line = log.lines().find(|line| line.contains("a stream's socket failed"));
    let line = line.unwrap_or_else(|| panic!("no word of it in\n{log}"));
    assert!(line.contains("user=ada") && line.contains("reason=client_left"), "{line}");
}

#[test]
fn as_json_a_line_is_an_object() {
    let hub = Server::with(&[("TIDINGS_LOG_FORMAT", "json"), ("TIDINGS_LOG_LEVEL", "debug")]);
    let _stream = Stream::open(&hub, "channels=a&user=ada");
    publish(&hub, &json!({ "channel": "a", "type": "t", "data": 1 })).ok();
    let log = hub.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let saying = |message: &str| {
        lines
            .iter()
            .find(|line| line["message"] == message)
            .unwrap_or_else(|| panic!("no {message} in\n{log}"))
    };
    let connected = saying("client connected");
    assert_eq!((&connected["level"], &connected["user"]), (&json!("INFO"), &json!("ada")));
    assert_eq!((&connected["channels"], &connected["total"]), (&json!("a"), &json!(1)));
    let published = saying("event published");
    assert_eq!((&published["channel"], &published["type"]), (&json!("a"), &json!("t")));
    assert_eq!(published["recipients"], 1);
}

#[test]
fn no_payload_and_no_secret_is_in_any_log() {
    let hub = Server::with(&[("TIDINGS_LOG_LEVEL", "trace"), ("TIDINGS_CLEANUP_INTERVAL_MS", "50")]);
    let ticket = send(&hub, "POST", "/api/sse/ticket?user=ada", &[], "").ok();
    let ticket = ticket["ticket"].as_str().expect("a ticket").to_owned();
    let mut stream = Stream::open(&hub, &format!("channels=a&ticket={ticket}&client_id=canary-client"));
    let secret = stream.connection_id().to_owned();
    publish(&hub, &json!({ "channel": "a", "type": "t", "data": { "name": "canary-payload" } })).ok();
    publish(&hub, &json!({ "channel": "a", "type": "canary\npayload", "data": "canary-payload" }))
        .problem(400);
    stream.expect("t");
    get(&hub, &format!("/api/sse/stream?ticket={ticket}&token=canary-token")).problem(401);
    let bearer = [("authorization", "Bearer canary-token"), ("cookie", "session=canary-cookie")];
    send(&hub, "GET", "/api/sse/stats?token=canary-token", &bearer, "");
    let change = json!({ "connection_id": secret, "add": ["b"] }).to_string();
    post(&hub, "/api/sse/subscriptions", &change).ok();
    post(&hub, "/api/sse/disconnect", &secret);
    post(&hub, "/api/sse/disconnect", &secret).problem(404);
    let log = hub.log();
    let code = secret.split_once('.').expect("a public part and a code").1;
    for canary in ["canary-payload", "canary-token", "canary-cookie", code, &ticket] {
        assert!(!log.contains(canary), "{canary} is in the log:\n{log}");
    }
    assert!(log.contains("client connected"), "the log was looked at");
}
