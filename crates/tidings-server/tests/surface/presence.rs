//! Who is on a channel, and how the channel is told.

use serde_json::{Value, json};

use crate::http::{get, post, send};
use crate::server::Server;
use crate::sse::Stream;

const RULE: &str = "[[channel]]\nmatch = \"room:*\"\npresence = true\n";

fn on(hub: &Server, channel: &str) -> Value {
    get(hub, &format!("/api/sse/presence?channel={channel}")).ok()["users"].clone()
}

#[test]
fn users_are_listed_with_their_connections() {
    let hub = Server::start();
    let _ada = Stream::open(&hub, "channels=jobs&user=ada");
    let _ada_again = Stream::open(&hub, "channels=jobs,other&user=ada");
    let bob = Stream::open(&hub, "channels=jobs&user=bob");
    let _watcher = Stream::open(&hub, "channels=j*&user=eve");
    let expected = json!([{ "user": "ada", "connections": 2 }, { "user": "bob", "connections": 1 }]);
    assert_eq!(on(&hub, "jobs"), expected, "a pattern's reader watches, and is not there");
    post(&hub, "/api/sse/disconnect", &bob.connected.to_string());
    assert_eq!(on(&hub, "jobs"), json!([{ "user": "ada", "connections": 2 }]));
    assert_eq!(on(&hub, "nobody"), json!([]));
    get(&hub, "/api/sse/presence").problem_saying(400, "channel");
    get(&hub, "/api/sse/presence?channel=j*").problem(400);
}

#[test]
fn joined_and_left_are_told_once_a_user() {
    let hub = Server::configured(RULE);
    let mut watcher = Stream::open(&hub, "channels=room:*&user=eve");
    let first = Stream::open(&hub, "channels=room:1,jobs&user=ada");
    assert_eq!(watcher.expect("joined"), json!({ "channel": "room:1", "user": "ada" }));
    let second = Stream::open(&hub, "channels=room:1&user=ada");
    post(&hub, "/api/sse/disconnect", first.connection_id());
    assert!(watcher.drain(&hub, "room:9").is_empty(), "one of two tabs is no news");
    post(&hub, "/api/sse/disconnect", second.connection_id());
    assert_eq!(watcher.expect("left"), json!({ "channel": "room:1", "user": "ada" }));
    // By changing a live stream too.
    let third = Stream::open(&hub, "channels=jobs&user=ada");
    let change = |change: Value| {
        let mut body = change;
        body["connection_id"] = json!(third.connection_id());
        post(&hub, "/api/sse/subscriptions", &body.to_string()).ok();
    };
    change(json!({ "add": ["room:2"] }));
    assert_eq!(watcher.expect("joined"), json!({ "channel": "room:2", "user": "ada" }));
    change(json!({ "remove": ["room:2"] }));
    assert_eq!(watcher.expect("left"), json!({ "channel": "room:2", "user": "ada" }));
}

#[test]
fn a_pattern_joins_nothing_and_does_not_hide_who_does() {
    let hub = Server::configured(RULE);
    let mut watcher = Stream::open(&hub, "channels=room:*&user=ada");
    let by_name = Stream::open(&hub, "channels=room:1&user=ada");
    assert_eq!(watcher.expect("joined"), json!({ "channel": "room:1", "user": "ada" }));
    post(&hub, "/api/sse/disconnect", by_name.connection_id());
    assert_eq!(watcher.expect("left"), json!({ "channel": "room:1", "user": "ada" }));
}

#[test]
fn who_comes_and_goes_in_a_crowd_is_told_in_turn() {
    let hub = Server::configured(RULE);
    let mut watcher = Stream::open(&hub, "channels=room:*&user=eve");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let stream = Stream::open(&hub, "channels=room:1&user=ada");
                    post(&hub, "/api/sse/disconnect", stream.connection_id());
                }
            });
        }
    });
    let told: Vec<String> = watcher.drain(&hub, "room:1").into_iter().map(|(ty, _)| ty).collect();
    assert!(told.len() >= 2 && told.len().is_multiple_of(2), "{told:?}");
    for (n, ty) in told.iter().enumerate() {
        assert_eq!(ty, if n % 2 == 0 { "joined" } else { "left" }, "{told:?}");
    }
}

#[test]
fn where_it_is_off_who_is_there_is_for_operators_to_know() {
    let hub = Server::guarded(&[], "[[channel]]\nmatch = \"ward:*\"\npresence = false\n");
    let ask = |channel: &str, more: &[&str]| {
        let token = hub.token(&[&["--user", "ann", "--subscribe", "*"], more].concat());
        let bearer = format!("Bearer {token}");
        send(&hub, "GET", &format!("/api/sse/presence?channel={channel}"), &[("authorization", &bearer)], "")
    };
    ask("ward:7", &[]).problem_saying(403, "operators");
    assert_eq!(ask("ward:7", &["--admin"]).ok()["users"], json!([]));
    assert_eq!(ask("room:7", &[]).ok()["users"], json!([]), "where no rule says");
}
