//! What an operator sees: connections, channels, users.

use serde_json::{Value, json};

use crate::http::{get, post, publish};
use crate::server::Server;
use crate::sse::Stream;

fn connections(hub: &Server, query: &str) -> Value {
    get(hub, &format!("/api/sse/connections?{query}")).ok()
}

fn ids(page: &Value) -> Vec<&str> {
    page["connections"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect()
}

#[test]
fn a_row_has_the_contracts_members_and_no_secret() {
    let hub = Server::with(&[("TIDINGS_CLUSTER_NODE", "n1")]);
    let mut stream = Stream::open(&hub, "channels=a,room:*&user=ada&type=display&client_id=tab");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    stream.expect("message");
    let answer = get(&hub, "/api/sse/connections");
    let row = answer.ok()["connections"][0].clone();
    assert_eq!((&row["id"], &row["client_id"]), (&json!(stream.id()), &json!("tab")));
    assert_eq!((&row["user"], &row["type"], &row["node"]), (&json!("ada"), &json!("display"), &json!("n1")));
    assert_eq!(row["channels"], json!(["a", "room:*"]));
    assert!(row["remote"].as_str().is_some_and(|remote| remote.starts_with("127.0.0.1:")), "{row}");
    assert_eq!((&row["proof"]["kind"], &row["proof"]["to"]), (&json!("acked"), &json!("client")));
    for number in ["connected_at", "duration_ms", "last_write_at", "events_sent", "bytes_sent", "behind"] {
        assert!(row[number].is_u64(), "{number}: {row}");
    }
    assert!(row["proof"]["age_ms"].is_u64(), "{row}");
    assert_eq!((&row["lease"], &row["last_ping_at"]), (&json!(null), &json!(null)));
    assert_eq!(row["events_sent"], 1);
    crate::http::post(&hub, "/api/sse/disconnect", Stream::open(&hub, "channels=a").connection_id());
    for path in [
        "/api/sse/connections",
        "/api/sse/connections/closed",
        "/api/sse/channels",
        "/api/sse/users",
        "/api/sse/stats",
        "/api/sse/presence?channel=a",
        "/api/sse/history?channel=a",
        "/metrics",
        "/ready",
    ] {
        let answer = get(&hub, path);
        assert!(
            !answer.body.contains(stream.connection_id()) && !answer.body.contains("connection_id"),
            "{path}"
        );
    }
}

#[test]
fn the_list_is_filtered_and_sorted() {
    let hub = Server::start();
    let a = Stream::open(&hub, "channels=x&user=bob&type=display&client_id=c1");
    let b = Stream::open(&hub, "channels=y&user=ada&type=admin&client_id=c2");
    let mut c = Stream::open(&hub, "channels=*&user=ada&type=client");
    publish(&hub, &json!({ "channel": "z", "data": 1 })).ok();
    c.expect("message");
    let all = [a.id(), b.id(), c.id()];
    assert_eq!(ids(&connections(&hub, "")), all);
    for (query, wanted) in [
        ("user=ada", vec![b.id(), c.id()]),
        ("type=display", vec![a.id()]),
        ("client_id=c2", vec![b.id()]),
        ("channel=x", vec![a.id(), c.id()]),
        ("user=ada&channel=x", vec![c.id()]),
        ("user=nobody", vec![]),
        ("sort=-connected_at", vec![c.id(), b.id(), a.id()]),
        ("sort=user", vec![b.id(), c.id(), a.id()]),
        ("sort=-user", vec![a.id(), c.id(), b.id()]),
        ("sort=-events_sent&limit=1", vec![c.id()]),
        ("sort=type", vec![b.id(), c.id(), a.id()]),
    ] {
        assert_eq!(ids(&connections(&hub, query)), wanted, "{query}");
    }
    for by in ["bytes_sent", "last_write_at"] {
        // When a write is entered is a matter of moments, so that the list itself says what it is sorted by.
        let rows = connections(&hub, &format!("sort=-{by}"))["connections"].clone();
        let values: Vec<_> = (0..3).map(|at| rows[at][by].as_u64().expect("a number")).collect();
        assert!(values.is_sorted_by(|a, b| a >= b), "{by}: {values:?}");
    }
    for query in [
        "sort=shoe",
        "limit=0",
        "limit=9999",
        "limit=x",
        "channel=x*",
        "after=x",
        "after=1",
        "sort=user&after=1.zz",
    ] {
        get(&hub, &format!("/api/sse/connections?{query}")).problem(400);
    }
}

#[test]
fn pages_miss_nobody_and_show_nobody_twice_while_rows_come_and_go() {
    let hub = Server::start();
    let mut streams: Vec<_> =
        (0..9).map(|n| Stream::open(&hub, &format!("channels=a&user=%26%C3%A9%3D{}", n % 3))).collect();
    for sort in ["connected_at", "-connected_at", "user", "-user"] {
        let lasting: Vec<String> = streams.iter().map(|stream| stream.id().to_owned()).collect();
        let passing = Stream::open(&hub, "channels=a&user=%26%C3%A9%3D0");
        let mut seen: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let page = connections(&hub, &format!("sort={sort}&limit=2&after={after}"));
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            // Someone on a page that was read leaves, and the rest must not slip forward.
            post(&hub, "/api/sse/disconnect", passing.connection_id());
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        for id in &lasting {
            assert_eq!(seen.iter().filter(|other| *other == id).count(), 1, "{sort}: {seen:?}");
        }
        let gone = streams.remove(0);
        post(&hub, "/api/sse/disconnect", gone.connection_id());
    }
    let page = connections(&hub, "limit=2");
    assert_eq!(page["total"], 5);
}

#[test]
fn channels_and_users_are_listed() {
    let hub = Server::start();
    let _one = Stream::open(&hub, "channels=a,b&user=ada");
    let _two = Stream::open(&hub, "channels=a&user=bob");
    let _nobody = Stream::open(&hub, "channels=a");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    let channels = get(&hub, "/api/sse/channels").ok()["channels"].clone();
    assert_eq!((&channels[0]["channel"], &channels[1]["channel"]), (&json!("a"), &json!("b")));
    let a = &channels[0];
    assert_eq!((&a["subscribers"], &a["events"]), (&json!(3), &json!(1)));
    assert!(a["rate"].as_f64() > Some(0.0) && a["retention"]["count"].is_u64(), "{a}");
    let users = get(&hub, "/api/sse/users").ok()["users"].clone();
    assert_eq!(
        users,
        json!([
            { "user": "ada", "connections": 1, "limit": 8 },
            { "user": "anonymous", "connections": 1, "limit": 0 },
            { "user": "bob", "connections": 1, "limit": 8 },
        ]),
        "nobody has no limit"
    );
}
