//! What a connection's own client does with its secret id.

use serde_json::{Value, json};

use crate::http::{Answer, get, post, publish, send};
use crate::server::Server;
use crate::sse::{EVENT_SOURCE, Item, Stream};

fn with_id(stream: &Stream, more: Value) -> String {
    let mut body = more;
    body["connection_id"] = json!(stream.connection_id());
    body.to_string()
}

fn change(hub: &Server, stream: &Stream, more: Value) -> Answer {
    post(hub, "/api/sse/subscriptions", &with_id(stream, more))
}

#[test]
fn a_beacon_ends_its_connection_in_every_form_that_it_can_have() {
    let hub = Server::start();
    let multipart = |id: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"connection_id\"\r\n\r\n{id}\r\n--b--\r\n")
    };
    type Form<'a> = (&'a str, &'a dyn Fn(&str) -> String);
    let forms: [Form<'_>; 5] = [
        ("application/json", &|id| json!({ "connection_id": id }).to_string()),
        ("application/x-www-form-urlencoded", &|id| format!("connection_id={id}")),
        ("multipart/form-data; boundary=b", &multipart),
        ("text/plain;charset=UTF-8", &str::to_owned),
        ("text/plain", &|id| json!({ "connection_id": id }).to_string()),
    ];
    for (content_type, body) in forms {
        let stream = Stream::open(&hub, "channels=jobs");
        let body = body(stream.connection_id());
        let beacon = || send(&hub, "POST", "/api/sse/disconnect", &[("content-type", content_type)], &body);
        let answer = beacon();
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{content_type}");
        assert_eq!(hub.active(), 0, "the books are closed when the beacon is answered");
        beacon().problem(404);
    }
    assert_eq!(hub.stats()["connections"]["closed_total"]["disconnected"], 5);
}

#[test]
fn a_beacon_works_from_any_origin() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=jobs");
    let headers = [
        ("origin", "https://elsewhere.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "no-cors"),
        ("content-type", "text/plain;charset=UTF-8"),
    ];
    assert_eq!(send(&hub, "POST", "/api/sse/alive", &headers, stream.connection_id()).status, 204);
    assert_eq!(send(&hub, "POST", "/api/sse/disconnect", &headers, stream.connection_id()).status, 204);
    // Anything else that changes something is a forgery.
    send(&hub, "POST", "/api/sse/publish", &headers, "{}").problem_saying(403, "cors.origins");
}

#[test]
fn an_id_that_is_unknown_or_malformed_gets_a_clear_answer_and_harms_nobody() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=jobs");
    let public = stream.id().to_owned();
    let mut forged = stream.connection_id().to_owned();
    let last = forged.pop().expect("a digit");
    forged.push(if last == '0' { '1' } else { '0' });
    for path in ["/api/sse/disconnect", "/api/sse/alive"] {
        for unknown in [&public, &forged, "nobody", "a.b"] {
            post(&hub, path, &json!({ "connection_id": unknown }).to_string()).problem(404);
        }
        for malformed in ["", "{", "{}", "{\"connection_id\":7}", "other=1", "two words"] {
            post(&hub, path, malformed).problem(400);
        }
        post(&hub, path, &"x".repeat(20_000)).problem(413);
    }
    assert_eq!(hub.active(), 1);
}

#[test]
fn a_lease_is_kept_by_checking_in_and_ends_without() {
    let hub = Server::with(&[("TIDINGS_CLEANUP_INTERVAL_MS", "50")]);
    let mut stream = Stream::open(&hub, "channels=jobs&lease=1");
    assert_eq!(stream.connected["lease"], 1);
    let row = get(&hub, "/api/sse/connections").ok()["connections"][0].clone();
    assert_eq!(row["lease"]["seconds"], 1, "{row}");
    assert_eq!((&row["proof"]["kind"], &row["proof"]["to"]), (&json!("alive"), &json!("client")), "{row}");
    assert_eq!(post(&hub, "/api/sse/alive", &with_id(&stream, json!({}))).status, 204);
    assert_eq!(stream.expect_closing("lease")["reconnect"], true);
    post(&hub, "/api/sse/alive", &with_id(&stream, json!({}))).problem(404);
    assert_eq!(hub.stats()["connections"]["closed_total"]["lease"], 1);
    for lease in ["0", "-1", "x", "999999", "1.5"] {
        get(&hub, &format!("/api/sse/stream?lease={lease}")).problem_saying(400, "lease");
    }
}

#[test]
fn who_checks_in_outlives_the_lease() {
    let quick = [("TIDINGS_CLEANUP_INTERVAL_MS", "50"), ("TIDINGS_STREAM_HEARTBEAT_MS", "100")];
    let hub = Server::with(&quick);
    let mut stream = Stream::open(&hub, "channels=jobs&lease=1");
    let mut age_ms = 0;
    // The heartbeats are the clock.
    while age_ms < 1_500 {
        assert_eq!(stream.item(), Some(Item::Comment("heartbeat".to_owned())));
        let alive = post(&hub, "/api/sse/alive", stream.connection_id());
        assert_eq!(alive.status, 204, "after {age_ms} ms: {alive:?}");
        let row = &get(&hub, "/api/sse/connections").ok()["connections"][0];
        age_ms = row["duration_ms"].as_u64().expect("an age");
    }
    stream.expect_closing("lease");
}

#[test]
fn channels_change_on_a_live_stream() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a");
    let answer = change(&hub, &stream, json!({ "add": ["b", "room:*"], "remove": ["a"] })).ok();
    assert_eq!(answer["added"], json!(["b", "room:*"]));
    assert_eq!(answer["removed"], json!(["a"]));
    assert_eq!(answer["channels"], json!(["b", "room:*"]));
    for (channel, data) in [("a", 1), ("b", 2), ("room:7", 3)] {
        publish(&hub, &json!({ "channel": channel, "data": data })).ok();
    }
    let events = stream.drain(&hub, "b");
    let told: Vec<_> = events.iter().map(|(ty, _)| ty.as_str()).collect();
    assert_eq!(told, ["unsubscribed", "subscribed", "message", "message"], "{events:?}");
    assert_eq!(events[0].1["channels"], json!(["a"]));
    assert_eq!(events[1].1["channels"], json!(["b", "room:*"]));
    assert_eq!((&events[2].1, &events[3].1), (&json!(2), &json!(3)));
    let nothing = change(&hub, &stream, json!({ "add": ["b"], "remove": ["zzz"] })).ok();
    assert_eq!((&nothing["added"], &nothing["removed"]), (&json!([]), &json!([])));
    assert!(stream.drain(&hub, "b").is_empty(), "no change, no word");
}

#[test]
fn a_change_beyond_the_limit_or_without_sense_is_refused() {
    let hub = Server::with(&[("TIDINGS_LIMITS_CHANNELS_PER_CONNECTION", "2")]);
    let stream = Stream::open(&hub, "channels=a,b");
    let problem = change(&hub, &stream, json!({ "add": ["c"] })).problem(400);
    let named = (&problem["limit_name"], &problem["limit"]);
    assert_eq!(named, (&json!("limits.channels_per_connection"), &json!(2)));
    let answer = change(&hub, &stream, json!({ "add": ["c", "c"], "remove": ["a"] })).ok();
    assert_eq!(answer["channels"], json!(["b", "c"]), "one channel, however often it is named");
    change(&hub, &stream, json!({ "add": ["a,b"] })).problem_saying(400, "comma");
    change(&hub, &stream, json!({ "add": "a" })).problem(400);
    post(&hub, "/api/sse/subscriptions", "{\"connection_id\":\"nobody\",\"add\":[\"a\"]}").problem(404);
    post(&hub, "/api/sse/subscriptions", "{\"add\":[\"a\"]}").problem_saying(400, "connection_id");
    let other = send(
        &hub,
        "POST",
        "/api/sse/subscriptions?user=bob",
        &[],
        &with_id(&stream, json!({ "add": ["d"], "remove": ["b"] })),
    );
    other.problem_saying(403, "another user");
}

#[test]
fn a_refresh_keeps_the_stream_and_its_channels() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a&user=ada");
    let answer = post(&hub, "/api/sse/refresh", &with_id(&stream, json!({}))).ok();
    assert_eq!((&answer["channels"], &answer["removed"]), (&json!(["a"]), &json!([])));
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    assert_eq!(stream.expect("message"), 1);
    let other = send(&hub, "POST", "/api/sse/refresh?user=bob", &[], &with_id(&stream, json!({})));
    other.problem_saying(403, "another user");
    post(&hub, "/api/sse/refresh", "{\"connection_id\":\"nobody\"}").problem(404);
}

#[test]
fn a_ticket_is_good_once() {
    let hub = Server::start();
    let ticket = send(&hub, "POST", "/api/sse/ticket?user=ada", &[], "").ok();
    assert_eq!(ticket["expires_in"], 30);
    let query = format!("channels=a&ticket={}", ticket["ticket"].as_str().expect("a ticket"));
    // Nothing that opens no stream uses it up.
    assert_eq!(send(&hub, "HEAD", &format!("/api/sse/stream?{query}"), &[], "").status, 200);
    get(&hub, &format!("/api/sse/stream?{query}&lease=soon")).problem(400);
    let stream = Stream::open(&hub, &query);
    assert_eq!(stream.connected["user"], "ada", "the ticket says who");
    get(&hub, &format!("/api/sse/stream?{query}")).problem_saying(401, "ticket");
    get(&hub, "/api/sse/stream?ticket=guess").problem(401);
}

#[test]
fn a_ticket_that_meets_a_full_hub_is_good_for_the_retry() {
    let hub = Server::with(&[("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "1")]);
    let holder = Stream::open(&hub, "channels=a&user=ada");
    let ticket = send(&hub, "POST", "/api/sse/ticket?user=ada", &[], "").ok();
    let query = format!("channels=a&ticket={}", ticket["ticket"].as_str().expect("a ticket"));
    let mut refused = Stream::ask(&hub, &query, &EVENT_SOURCE);
    assert!(matches!(refused.item(), Some(Item::Retry(_))));
    assert_eq!(refused.expect("refused")["status"], 429);
    post(&hub, "/api/sse/disconnect", holder.connection_id());
    assert_eq!(Stream::open(&hub, &query).connected["user"], "ada");
    get(&hub, &format!("/api/sse/stream?{query}")).problem(401);
}
