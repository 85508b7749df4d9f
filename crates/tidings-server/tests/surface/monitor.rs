//! The hub's own channels, as a monitor reads them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{get, post, publish};
use crate::hub::now;
use crate::server::Server;
use crate::sse::{Item, Stream};

const CONNECTIONS: &str = "$hub/connections";

/// A stream of the hub's own channels, in the name of an operator's page.
fn monitor(hub: &Server, channels: &str) -> Stream {
    Stream::open(hub, &format!("type=admin&user=op&channels={channels}"))
}

/// `$hub/connections?QUERY` as it stands in a request's query.
fn connections(query: &str) -> String {
    let escaped: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("$hub/connections%3F{escaped}")
}

/// Reads until the last told says what is wished.
#[track_caller]
fn until(stream: &mut Stream, ty: &str, wished: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..100 {
        let data = stream.expect(ty);
        if wished(&data) {
            return data;
        }
    }
    panic!("it never came to that");
}

#[test]
fn the_books_come_at_once_and_then_once_a_second() {
    let hub = Server::start();
    let start = now();
    let mut stream = monitor(&hub, "$hub/stats");
    let first = stream.expect("stats");
    assert!(start.elapsed() < Duration::from_millis(500), "at once: {:?}", start.elapsed());
    assert_eq!(
        (&first["connections"]["active"], &first["connections"]["by_type"]["admin"]),
        (&json!(1), &json!(1))
    );
    let polled = hub.stats();
    let members = |stats: &Value| stats.as_object().expect("members").keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&first), members(&polled), "the document is the one that is polled");
    let second = now();
    stream.expect("stats");
    stream.expect("stats");
    let between = second.elapsed();
    assert!(between > Duration::from_millis(1_500), "two in {between:?}: no more than one a second");
    let mut late = monitor(&hub, "$hub/stats");
    let told = late.expect("stats");
    assert!(told["connections"]["active"].is_u64());
    drop(stream);
    until(&mut late, "stats", |stats| stats["connections"]["active"] == 1);
}

#[test]
fn what_is_pushed_is_no_event_of_the_log() {
    let hub = Server::start();
    let mut stream = monitor(&hub, "$hub/stats,jobs");
    let cursor = stream.cursor.clone();
    let Some(Item::Event { ty, id, .. }) = stream.item() else { panic!("an event") };
    assert_eq!((ty.as_str(), id), ("stats", None), "it moves no cursor");
    publish(&hub, &json!({ "channel": "jobs", "type": "news", "data": 1 })).ok();
    stream.expect("news");
    assert_eq!(stream.expect("stats")["channels"], 1, "jobs alone");
    let stats = hub.wait_for_stats(|stats| stats["events"]["delivered_total"] == 1);
    assert_eq!((&stats["events"]["published_total"], &stats["channels"]), (&json!(1), &json!(1)));
    let channels = get(&hub, "/api/sse/channels").ok()["channels"].clone();
    assert_eq!(channels.as_array().map(Vec::len), Some(1), "{channels}");
    drop(stream);
    let resumed = Stream::open(&hub, &format!("channels=$hub/stats,jobs&last_event_id={cursor}"));
    assert_eq!(resumed.connected["resume"], json!({ "$hub/stats": "new", "jobs": "ok" }));
    let lost = Stream::open(&hub, "channels=$hub/stats&last_event_id=lost");
    assert_eq!(lost.connected["resume"], json!({ "$hub/stats": "new" }));
}

#[test]
fn all_rows_come_first_and_then_what_changed() {
    let hub = Server::start();
    let mut quiet = Stream::open(&hub, "channels=jobs&user=ada&type=display");
    let board = connections("type=display&sort=user");
    let mut stream = monitor(&hub, &board);
    let first = stream.expect("connections");
    assert_eq!((&first["full"], &first["total"], &first["next"]), (&json!(true), &json!(1), &json!(null)));
    assert_eq!(first["order"], json!([quiet.id()]));
    let polled = get(&hub, "/api/sse/connections?type=display").ok()["connections"][0].clone();
    let members = |row: &Value| row.as_object().expect("members").keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&first["rows"][0]), members(&polled), "the rows are those that are polled");
    // Nothing is told of what is as it was, and only the newcomer of what comes.
    let bob = Stream::open(&hub, "channels=jobs&user=bob&type=display");
    let told = stream.expect("connections");
    assert_eq!((&told["full"], &told["total"]), (&json!(false), &json!(2)));
    assert_eq!(told["order"], json!([quiet.id(), bob.id()]));
    assert_eq!(told["rows"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["rows"][0]["id"], bob.id());
    publish(&hub, &json!({ "channel": "jobs", "data": 1 })).ok();
    quiet.expect("message");
    let told = until(&mut stream, "connections", |told| told["rows"][0]["id"] == quiet.id());
    assert!(told["rows"][0]["events_sent"] == 1 && told["full"] == false, "{told}");
    let mut late = monitor(&hub, &board);
    let whole = late.expect("connections");
    assert_eq!((&whole["full"], whole["rows"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    assert_eq!(whole["order"], told["order"]);
    drop(bob);
    let told = until(&mut stream, "connections", |told| told["total"] == 1);
    assert_eq!((&told["order"], &told["full"]), (&json!([quiet.id()]), &json!(false)));
}

#[test]
fn a_live_stream_takes_a_page_up_and_changes_it() {
    let hub = Server::start();
    let mut stream = monitor(&hub, "$hub/stats&envelope=message");
    stream.expect("message");
    let (_ada, _bob) = (Stream::open(&hub, "user=ada"), Stream::open(&hub, "user=bob"));
    let change = |add: &str, remove: &[&str]| {
        let body = json!({ "connection_id": stream.connection_id(), "add": [add], "remove": remove });
        post(&hub, "/api/sse/subscriptions", &body.to_string()).ok()
    };
    let (first, second) = (format!("{CONNECTIONS}?sort=-user"), format!("{CONNECTIONS}?user=ada"));
    change(&first, &["$hub/stats"]);
    change(&second, &[&first]);
    let page = loop {
        let Some(Item::Event { ty, data, .. }) = stream.item() else { panic!("the stream ended") };
        if ty == "message" && data["channel"] == second.as_str() {
            break data;
        }
    };
    assert_eq!((&page["type"], &page["data"]["total"]), (&json!("connections"), &json!(1)));
    assert!(page["offset"].is_u64() && page["id"].is_string() && page["time"].is_u64(), "{page}");
}

#[test]
fn only_the_hub_publishes_there_and_only_what_there_is_can_be_read() {
    let hub = Server::start();
    for body in [
        json!({ "channel": "$hub/stats", "data": 1 }),
        json!({ "channels": ["jobs", "$hub/anything"], "data": 1 }),
    ] {
        publish(&hub, &body).problem_saying(400, "hub's own");
    }
    let answers = publish(&hub, &json!([{ "channel": "$hub/stats", "data": 1 }])).ok();
    assert_eq!(answers[0]["status"], 400);
    assert_eq!(hub.stats()["events"]["published_total"], 0);
    for (channels, says) in [
        ("$hub/*", "exact names"),
        ("$hub/connections%3Fq=*", "exact names"),
        ("$hub/shoes", "$hub/stats"),
        ("$hub/stats%3Fx", "no channel"),
        ("$hub/connections%3Fsort%3Dshoe", "sort is one of"),
        ("$hub/connections%3Flimit%3D0", "limit is from 1"),
        ("$hub/connections%3Fuser%3D%25ff", "not UTF-8"),
    ] {
        get(&hub, &format!("/api/sse/stream?channels={channels}")).problem_saying(400, says);
    }
    let stream = Stream::open(&hub, "channels=*");
    let body = json!({ "connection_id": stream.connection_id(), "add": ["$hub/shoes"] }).to_string();
    post(&hub, "/api/sse/subscriptions", &body).problem_saying(400, "$hub/stats");
    let body = json!({ "add": ["$hub/stats"] }).to_string();
    let answer = crate::http::send(&hub, "PUT", "/api/sse/users/ada/channels", &[], &body);
    answer.problem_saying(400, "operators");
}

#[test]
fn a_reader_of_everything_is_told_nothing_of_them() {
    let hub = Server::start();
    let mut all = Stream::open(&hub, "channels=all");
    let mut stream = monitor(&hub, &format!("$hub/stats,{}", connections("")));
    stream.event();
    stream.event();
    assert_eq!(all.drain(&hub, "jobs"), [], "neither pushes nor who reads them");
}

#[test]
fn presence_by_default_is_not_told_there() {
    let hub = Server::configured("[[channel]]\nmatch = \"*\"\npresence = true\n");
    let mut stream = monitor(&hub, "$hub/stats");
    let _other = Stream::open(&hub, "channels=$hub/stats&user=ada");
    stream.expect("stats");
    stream.expect("stats");
}

#[test]
fn so_many_are_read_at_a_time_and_no_more() {
    let hub = Server::start();
    let list = |from: usize, to: usize| {
        (from..to).map(|n| connections(&format!("user=u{n}"))).collect::<Vec<_>>().join(",")
    };
    let _many = monitor(&hub, &list(0, 32));
    let _more = monitor(&hub, &list(32, 64));
    let problem = get(&hub, &format!("/api/sse/stream?channels={}", list(64, 65))).problem(503);
    assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("hub_channels_max"), &json!(64)));
    // What somebody reads already costs nothing more.
    monitor(&hub, &list(63, 64));
}
