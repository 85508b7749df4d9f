//! Rights that change while people are connected.

use serde_json::{Value, json};

use crate::http::{get, post, publish, send};
use crate::server::Server;
use crate::sse::Stream;

fn put(hub: &Server, user: &str, change: &Value) -> Value {
    send(hub, "PUT", &format!("/api/sse/users/{user}/channels"), &[], &change.to_string()).ok()
}

#[test]
fn channels_are_given_and_taken_live_and_on_reconnect() {
    let hub = Server::start();
    let mut one = Stream::open(&hub, "channels=room:1&user=ada");
    let mut two = Stream::open(&hub, "channels=room:1,room:3&user=ada");
    let mut bob = Stream::open(&hub, "channels=room:1&user=bob");
    let answer = put(&hub, "ada", &json!({ "add": ["room:2"], "remove": ["room:1"] }));
    assert_eq!(answer["streams_changed"], 2);
    for stream in [&mut one, &mut two] {
        assert_eq!(stream.expect("unsubscribed")["channels"], json!(["room:1"]));
        assert_eq!(stream.expect("subscribed")["channels"], json!(["room:2"]));
    }
    publish(&hub, &json!({ "channel": "room:1", "data": 1 })).ok();
    publish(&hub, &json!({ "channel": "room:2", "data": 2 })).ok();
    assert_eq!(one.expect("message"), 2, "events of one group never reach another's subscriber");
    assert_eq!(bob.expect("message"), 1);
    get(&hub, "/api/sse/stream?channels=room:1,room:3&user=ada").problem_saying(403, "`room:1`");
    // An `EventSource` comes back with the address that it has.
    let cursor = [("last-event-id", one.cursor.as_str())];
    let back = Stream::open_with(&hub, "channels=room:1,room:3&user=ada", &cursor);
    assert_eq!(back.connected["channels"], json!(["room:3", "room:2"]));
    // What was taken can't be taken back by its reader.
    let body = json!({ "connection_id": back.connection_id(), "add": ["room:1"] }).to_string();
    post(&hub, "/api/sse/subscriptions", &body).problem_saying(403, "room:1");
    get(&hub, "/api/sse/history?channel=room:1&user=ada").problem_saying(403, "room:1");
    get(&hub, "/api/sse/history?channel=room:2&user=ada").ok();
    put(&hub, "ada", &json!({ "add": ["room:1"] }));
    let again = Stream::open(&hub, "channels=room:1&user=ada");
    assert_eq!(again.connected["channels"], json!(["room:1", "room:2"]));
}

#[test]
fn taking_a_pattern_takes_all_that_it_covers() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=room:1,room:*,jobs&user=ada");
    put(&hub, "ada", &json!({ "remove": ["room:*"] }));
    assert_eq!(stream.expect("unsubscribed")["channels"], json!(["room:1", "room:*"]));
    let cursor = [("last-event-id", stream.cursor.as_str())];
    let back = Stream::open_with(&hub, "channels=room:1,jobs&user=ada", &cursor);
    assert_eq!(back.connected["channels"], json!(["jobs"]));
}

#[test]
fn what_is_taken_is_not_read_by_a_pattern_either() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=secr*,*,*:x,jobs&user=bob");
    assert_eq!(put(&hub, "bob", &json!({ "remove": ["secret", "room:*"] }))["streams_changed"], 1);
    assert_eq!(stream.expect("unsubscribed")["channels"], json!(["secr*", "*", "*:x"]));
    for channel in ["secret", "room:x", "jobs"] {
        publish(&hub, &json!({ "channel": channel, "data": channel })).ok();
    }
    assert_eq!(stream.expect("message"), "jobs");
    for pattern in ["secr*", "*", "all", "*:x", "room:*:y"] {
        get(&hub, &format!("/api/sse/stream?channels={pattern}&user=bob")).problem(403);
        let body = json!({ "connection_id": stream.connection_id(), "add": [pattern] }).to_string();
        post(&hub, "/api/sse/subscriptions", &body).problem(403);
    }
    get(&hub, "/api/sse/stream?channels=secr*&user=bob").problem_saying(403, "`secr*`");
    let cursor = [("last-event-id", stream.cursor.as_str())];
    let back = Stream::open_with(&hub, "channels=secr*,jobs&user=bob", &cursor);
    assert_eq!(back.connected["channels"], json!(["jobs"]));
    // Nor by a pattern that an operator gave before; what is said later holds.
    put(&hub, "bob", &json!({ "add": ["secr*"] }));
    assert_eq!(Stream::open(&hub, "channels=secr*&user=bob").connected["channels"], json!(["secr*"]));
    put(&hub, "bob", &json!({ "remove": ["secret"] }));
    get(&hub, "/api/sse/stream?channels=secr*&user=bob").problem(403);
    put(&hub, "bob", &json!({ "add": ["room:1"] }));
    assert_eq!(Stream::open(&hub, "channels=room:1&user=bob").connected["channels"], json!(["room:1"]));
    let contradiction = json!({ "add": ["a*"], "remove": ["ab"] }).to_string();
    send(&hub, "PUT", "/api/sse/users/bob/channels", &[], &contradiction).problem_saying(400, "`ab`");
}

#[test]
fn what_operators_change_has_bounds() {
    let hub = Server::start();
    let long = "x".repeat(256);
    for user in [long.as_str(), "a%0Ab"] {
        let path = format!("/api/sse/users/{user}/channels");
        send(&hub, "PUT", &path, &[], "{\"add\":[\"a\"]}").problem_saying(400, "`user`");
    }
    for user in [long.as_str(), "a\nb", ""] {
        let body = json!({ "user": user }).to_string();
        post(&hub, "/api/sse/revocations", &body).problem_saying(400, "`user`");
    }
    let names = |from: u32| json!({ "add": (from..from + 600).map(|n| n.to_string()).collect::<Vec<_>>() });
    put(&hub, "ada", &names(0));
    let path = "/api/sse/users/ada/channels";
    let problem = send(&hub, "PUT", path, &[], &names(600).to_string()).problem(400);
    assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("amended_channels_max"), &json!(1000)));
    put(&hub, "ada", &names(300));
    put(&hub, "bob", &json!({}));
    assert_eq!(Stream::open(&hub, "channels=a&user=bob").connected["channels"], json!(["a"]));
}

#[test]
fn a_user_with_no_channel_keeps_a_stream_with_heartbeats_only() {
    let hub = Server::with(&[("TIDINGS_STREAM_HEARTBEAT_MS", "50")]);
    put(&hub, "ada", &json!({ "remove": ["all"] }));
    let mut stream = Stream::open(&hub, "user=ada");
    assert_eq!(stream.connected["channels"], json!([]));
    publish(&hub, &json!({ "channel": "jobs", "data": 1 })).ok();
    assert_eq!(stream.item(), Some(crate::sse::Item::Comment("heartbeat".to_owned())));
    assert!(hub.log().contains("no channels granted user=ada"), "{}", hub.log());
}

#[test]
fn what_was_taken_is_not_sent_any_more_also_where_it_was_published_before() {
    const DATA_BYTES: usize = 4_000;
    const EVENTS: usize = 1_500;
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=room:1,jobs&user=ada");
    // It does not read: what the kernel takes is on its way, and the rest waits.
    let event = json!({ "channel": "room:1", "data": "x".repeat(DATA_BYTES) });
    let batch = serde_json::Value::Array(vec![event; 200]).to_string();
    for _ in 0..EVENTS / 200 {
        post(&hub, "/api/sse/publish", &batch).ok();
    }
    put(&hub, "ada", &json!({ "remove": ["room:1"] }));
    publish(&hub, &json!({ "channel": "room:1", "data": "after" })).ok();
    publish(&hub, &json!({ "channel": "jobs", "type": "last", "data": 1 })).ok();
    let (mut had, mut is_told) = (0, false);
    loop {
        match stream.event() {
            (ty, _) if ty == "message" => had += 1,
            (ty, data) if ty == "unsubscribed" => is_told = data["channels"] == json!(["room:1"]),
            (ty, _) => break assert_eq!(ty, "last"),
        }
    }
    assert!(is_told && had < EVENTS / 200 * 200, "{had} came");
    assert!(!hub.log().contains("lagging"), "{}", hub.log());
}

#[test]
fn what_was_given_begins_where_it_was_given() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=jobs,room:1&user=ada");
    let before = stream.cursor.clone();
    let event = |channel: &str, data: &str| {
        publish(&hub, &json!({ "channel": channel, "data": data })).ok();
    };
    event("room:1", "had");
    assert_eq!(stream.expect("message"), "had");
    put(&hub, "ada", &json!({ "remove": ["room:1"] }));
    event("room:1", "meanwhile");
    put(&hub, "ada", &json!({ "add": ["room:1"] }));
    event("room:1", "after");
    event("jobs", "job");
    let mut back = Stream::open_with(&hub, "channels=jobs,room:1&user=ada", &[("last-event-id", &before)]);
    assert_eq!(back.connected["resume"], json!({ "jobs": "ok", "room:1": "gap" }));
    assert_eq!(back.expect("gap"), json!({ "channel": "room:1", "reason": "granted" }));
    assert_eq!((back.expect("message"), back.expect("message")), (json!("after"), json!("job")));
    let history = get(&hub, &format!("/api/sse/history?channel=room:1&user=ada&since={before}")).ok();
    assert_eq!((history["events"].as_array().map(Vec::len), &history["gap"]), (Some(1), &json!(true)));
    // For others it is all theirs.
    let others = get(&hub, "/api/sse/history?channel=room:1&user=bob").ok();
    assert_eq!(others["events"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_change_holds_until_it_is_said_to_and_live_streams_lose_what_it_gave() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=jobs&user=ada");
    let now = std::time::Duration::from_millis(hub.stats()["now"].as_u64().expect("a time")).as_secs();
    put(&hub, "ada", &json!({ "add": ["extra"], "remove": ["room:1"], "until": now + 2 }));
    stream.expect("subscribed");
    get(&hub, "/api/sse/history?channel=room:1&user=ada").problem(403);
    // In development everything is granted: what was given stays, and what was taken is there again.
    let start = crate::hub::now();
    while get(&hub, "/api/sse/history?channel=room:1&user=ada").status != 200 {
        assert!(start.elapsed() < crate::hub::PATIENCE, "it never ends");
    }
    let shown = get(&hub, "/api/sse/users/ada/channels").ok();
    assert_eq!((&shown["added"], &shown["removed"]), (&json!([]), &json!([])));
    let past = json!({ "add": ["a"], "until": 1 }).to_string();
    send(&hub, "PUT", "/api/sse/users/ada/channels", &[], &past).problem_saying(400, "`until` is past");
}

#[test]
fn a_change_that_makes_no_sense_is_refused() {
    let hub = Server::start();
    let path = "/api/sse/users/ada/channels";
    send(&hub, "PUT", path, &[], "{\"add\":[\"a,b\"]}").problem_saying(400, "comma");
    send(&hub, "PUT", path, &[], "{\"set\":[\"a\"]}").problem_saying(400, "set");
    send(&hub, "PUT", path, &[], "{").problem(400);
}

#[test]
fn a_revoked_user_is_out_and_stays_out_until_then() {
    let hub = Server::start();
    let mut streams = [(); 2].map(|()| Stream::open(&hub, "channels=a&user=ada"));
    let _bob = Stream::open(&hub, "channels=a&user=bob");
    assert_eq!(post(&hub, "/api/sse/revocations", "{\"user\":\"ada\"}").ok()["streams_ended"], 2);
    for stream in &mut streams {
        assert_eq!(stream.expect_closing("revoked")["reconnect"], false);
    }
    get(&hub, "/api/sse/stream?channels=a&user=ada").problem_saying(401, "revoked");
    get(&hub, "/api/sse/history?channel=a&user=ada").problem(401);
    send(&hub, "POST", "/api/sse/publish?user=ada", &[], "{\"channel\":\"a\",\"data\":1}").problem(401);
    assert_eq!(hub.active(), 1);
    assert_eq!(hub.stats()["connections"]["refused_total"]["unauthorized"], 1);
    post(&hub, "/api/sse/revocations", "{\"user\":\"bob\",\"until\":1}")
        .problem_saying(400, "`until` is past");
    assert_eq!(hub.active(), 1, "a time that is over ends nothing");
    post(&hub, "/api/sse/revocations", "{}").problem_saying(400, "user");
    post(&hub, "/api/sse/revocations", "{\"user\":7}").problem(400);
}

#[test]
fn a_ticket_of_a_revoked_user_is_void() {
    let hub = Server::start();
    let ticket = send(&hub, "POST", "/api/sse/ticket?user=ada", &[], "").ok();
    post(&hub, "/api/sse/revocations", "{\"user\":\"ada\"}").ok();
    let ticket = ticket["ticket"].as_str().expect("a ticket");
    get(&hub, &format!("/api/sse/stream?channels=a&ticket={ticket}")).problem(401);
}
