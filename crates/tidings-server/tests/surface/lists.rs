//! Lists that are searched, sorted and cut into pages by the hub, and one connection in full.

use serde_json::{Value, json};

use crate::http::{get, post, publish, send};
use crate::server::Server;
use crate::sse::Stream;

fn list(hub: &Server, path: &str) -> Value {
    get(hub, &format!("/api/sse/{path}")).ok()
}

/// A member of each row, in their order.
#[track_caller]
fn column<'a>(page: &'a Value, rows: &str, member: &str) -> Vec<&'a str> {
    let rows = page[rows].as_array().unwrap_or_else(|| panic!("no {rows}: {page}"));
    rows.iter().filter_map(|row| row[member].as_str()).collect()
}

/// All pages of a list, one after the other.
#[track_caller]
fn pages(hub: &Server, path: &str, rows: &str, member: &str) -> Vec<String> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = list(hub, &format!("{path}&after={after}"));
        let part = column(&page, rows, member);
        assert!(!part.is_empty(), "an empty page: {page}");
        seen.extend(part.into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return seen,
        }
    }
}

#[test]
fn connections_are_found_by_a_part_of_whatever_names_them() {
    let hub = Server::start();
    let ada = Stream::open(&hub, "user=Ada&type=display&client_id=Tab-%C3%89t%C3%A9&channels=a");
    let bob = Stream::open(&hub, "user=bob&type=admin&channels=a");
    let port = list(&hub, "connections?user=bob")["connections"][0]["remote"].clone();
    let port = port.as_str().and_then(|remote| remote.split(':').next_back()).expect("a port").to_owned();
    for (q, wanted) in [
        ("aDA", vec![ada.id()]),
        ("%C3%A9T%C3%89", vec![ada.id()]),
        ("ADMIN", vec![bob.id()]),
        ("127.0.0.1", vec![ada.id(), bob.id()]),
        (&format!("127.0.0.1:{port}"), vec![bob.id()]),
        (ada.id(), vec![ada.id()]),
        ("nobody", vec![]),
        ("", vec![ada.id(), bob.id()]),
    ] {
        let page = list(&hub, &format!("connections?q={q}"));
        assert_eq!(column(&page, "connections", "id"), wanted, "{q}");
        assert_eq!(page["total"], wanted.len(), "{q}");
    }
    let page = list(&hub, "connections?q=127&type=admin");
    assert_eq!(column(&page, "connections", "id"), [bob.id()], "and whatever else selects");
}

#[test]
fn connections_are_sorted_by_what_a_row_shows() {
    let hub = Server::with(&[("TIDINGS_STREAM_HEARTBEAT_MS", "50"), ("TIDINGS_STREAM_STALL_MS", "60000")]);
    let mut a = Stream::open(&hub, "channels=a&client_id=z");
    let b = Stream::open(&hub, "channels=a");
    let c = Stream::open(&hub, "channels=b&client_id=y");
    for (sort, wanted) in [
        ("client_id", [b.id(), c.id(), a.id()]),
        ("-client_id", [a.id(), c.id(), b.id()]),
        ("duration_ms", [c.id(), b.id(), a.id()]),
        ("-duration_ms", [a.id(), b.id(), c.id()]),
        ("remote", [a.id(), b.id(), c.id()]),
        ("-remote", [c.id(), b.id(), a.id()]),
    ] {
        let page = list(&hub, &format!("connections?sort={sort}"));
        assert_eq!(column(&page, "connections", "id"), wanted, "{sort}");
        assert_eq!(pages(&hub, &format!("connections?sort={sort}&limit=1"), "connections", "id"), wanted);
    }
    a.item();
    for by in ["last_ping_at", "behind"] {
        let rows = list(&hub, &format!("connections?sort=-{by}"))["connections"].clone();
        let values: Vec<_> = (0..3).map(|at| rows[at][by].as_u64().unwrap_or(0)).collect();
        assert!(values.is_sorted_by(|a, b| a >= b), "{by}: {values:?}");
    }
    get(&hub, "/api/sse/connections?sort=proof").problem_saying(400, "behind");
}

#[test]
fn a_connection_is_told_in_full_with_what_happened_to_it() {
    let hub = Server::start();
    for n in 0..3 {
        publish(&hub, &json!({ "channel": "jobs", "data": n })).ok();
    }
    let mut stream = Stream::open(&hub, "channels=jobs&user=ada&last_event_id=earliest");
    (0..3).for_each(|_| drop(stream.expect("message")));
    let (secret, id) = (stream.connection_id().to_owned(), stream.id().to_owned());
    let change = |add: Value, remove: Value| {
        let body = json!({ "connection_id": secret, "add": add, "remove": remove }).to_string();
        post(&hub, "/api/sse/subscriptions", &body).ok();
    };
    change(json!(["a", "b"]), json!([]));
    change(json!([]), json!(["a"]));
    post(&hub, "/api/sse/refresh?user=ada", &secret).ok();
    let path = format!("connections/{id}");
    let told = list(&hub, &path);
    let row = list(&hub, "connections")["connections"][0].clone();
    let members = |row: &Value| row.as_object().expect("members").keys().cloned().collect::<Vec<_>>();
    assert_eq!((members(&told["connection"]), &told["closed"]), (members(&row), &Value::Null));
    assert_eq!(told["connection"]["channels"], json!(["jobs", "b"]));
    let happened = |told: &Value| -> Vec<Value> {
        let timeline = told["timeline"].as_array().expect("a timeline").clone();
        let times: Vec<_> = timeline.iter().map(|entry| entry["at"].as_u64().expect("a time")).collect();
        assert!(times.is_sorted_by(|a, b| a <= &(b + 1)), "{times:?}");
        let without_time = |mut entry: Value| {
            entry.as_object_mut().expect("an object").remove("at");
            entry
        };
        timeline.into_iter().map(without_time).collect()
    };
    let mut wanted = vec![
        json!({ "what": "opened" }),
        json!({ "what": "replayed", "events": 3 }),
        json!({ "what": "subscribed", "channels": 2 }),
        json!({ "what": "unsubscribed", "channels": 1 }),
        json!({ "what": "refreshed" }),
    ];
    assert_eq!(happened(&told), wanted);
    send(&hub, "DELETE", &format!("/api/sse/{path}"), &[], "").ok();
    let told = list(&hub, &path);
    wanted.push(json!({ "what": "closed", "reason": "kicked" }));
    assert_eq!(happened(&told), wanted);
    assert_eq!((&told["closed"]["reason"], &told["connection"]["id"]), (&json!("kicked"), &json!(id)));
    assert!(told["closed"]["closed_at"].is_u64(), "{told}");
    assert!(!told.to_string().contains(&secret), "{told}");
    get(&hub, "/api/sse/connections/nobody").problem(404);
}

#[test]
fn a_timeline_has_its_first_and_its_latest_entries() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=jobs");
    for n in 0..40 {
        let (add, remove) = if n % 2 == 0 { (json!(["a"]), json!([])) } else { (json!([]), json!(["a"])) };
        let body = json!({ "connection_id": stream.connection_id(), "add": add, "remove": remove });
        post(&hub, "/api/sse/subscriptions", &body.to_string()).ok();
    }
    post(&hub, "/api/sse/disconnect", stream.connection_id());
    let timeline = list(&hub, &format!("connections/{}", stream.id()))["timeline"].clone();
    assert_eq!(timeline.as_array().map(Vec::len), Some(32), "timeline_entries_max");
    assert_eq!((&timeline[0]["what"], &timeline[31]["what"]), (&json!("opened"), &json!("closed")));
    assert_eq!((&timeline[1]["what"], &timeline[1]["entries"]), (&json!("left_out"), &json!(11)));
}

#[test]
fn those_that_left_are_paged_and_counted_by_reason() {
    let hub = Server::start();
    let mut left = Vec::new();
    for n in 0..5 {
        let stream = Stream::open(&hub, &format!("user=u{n}&channels=a"));
        left.insert(0, stream.id().to_owned());
        if n == 0 {
            send(&hub, "DELETE", &format!("/api/sse/connections/{}", stream.id()), &[], "").ok();
        } else {
            post(&hub, "/api/sse/disconnect", stream.connection_id());
        }
    }
    let page = list(&hub, "connections/closed?limit=2");
    assert_eq!((&page["total"], column(&page, "connections", "id")), (&json!(5), vec![&*left[0], &*left[1]]));
    let reasons = page["by_reason"].as_object().expect("reasons");
    let counted: u64 = reasons.values().filter_map(Value::as_u64).sum();
    assert_eq!((&reasons["disconnected"], &reasons["kicked"], counted), (&json!(4), &json!(1), 5));
    assert_eq!(
        reasons.len(),
        hub.stats()["connections"]["closed_total"].as_object().map_or(0, |all| all.len())
    );
    assert_eq!(pages(&hub, "connections/closed?limit=2", "connections", "id"), left);
    // Others leave between two pages, and the rest stays where it is.
    let next = page["next"].as_str().expect("more").to_owned();
    post(&hub, "/api/sse/disconnect", Stream::open(&hub, "channels=a").connection_id());
    let second = list(&hub, &format!("connections/closed?limit=2&after={next}"));
    assert_eq!(column(&second, "connections", "id"), [&*left[2], &*left[3]]);
    let found = list(&hub, "connections/closed?q=U3");
    assert_eq!((&found["total"], column(&found, "connections", "user")), (&json!(1), vec!["u3"]));
    assert_eq!(found["by_reason"]["disconnected"], 5, "of all, whatever was asked for");
    for query in ["after=x", "limit=10001", "reason=shoe"] {
        get(&hub, &format!("/api/sse/connections/closed?{query}")).problem(400);
    }
}

#[test]
fn channels_are_searched_sorted_and_paged() {
    let hub = Server::start();
    let _one = Stream::open(&hub, "channels=room:1,room:2,*");
    let _two = Stream::open(&hub, "channels=room:2");
    for (channel, events) in [("room:1", 3), ("jobs", 2), ("logs", 1)] {
        (0..events).for_each(|n| drop(publish(&hub, &json!({ "channel": channel, "data": n })).ok()));
    }
    publish(&hub, &json!({ "channel": "logs", "data": "x".repeat(5_000) })).ok();
    for (query, wanted) in [
        ("", vec!["jobs", "logs", "room:1", "room:2"]),
        ("sort=-channel", vec!["room:2", "room:1", "logs", "jobs"]),
        ("q=ROOM", vec!["room:1", "room:2"]),
        ("sort=-subscribers&limit=1", vec!["room:2"]),
        ("sort=-events&limit=1", vec!["room:1"]),
        ("sort=-bytes&limit=1", vec!["logs"]),
        ("sort=rate&limit=1", vec!["room:2"]),
    ] {
        let page = list(&hub, &format!("channels?{query}"));
        assert_eq!(column(&page, "channels", "channel"), wanted, "{query}");
        assert_eq!(page["total"], if query.starts_with('q') { 2 } else { 4 }, "{query}");
    }
    for sort in ["channel", "-channel", "-subscribers", "events", "-rate", "bytes"] {
        let whole = list(&hub, &format!("channels?sort={sort}"));
        let paged = pages(&hub, &format!("channels?sort={sort}&limit=1"), "channels", "channel");
        assert_eq!(paged, column(&whole, "channels", "channel"), "{sort}");
    }
    get(&hub, "/api/sse/channels?sort=shoe").problem_saying(400, "subscribers");
    get(&hub, "/api/sse/channels?limit=1001").problem(400);
}

#[test]
fn users_are_searched_sorted_and_paged() {
    let hub = Server::start();
    let _streams: Vec<_> = ["ada", "bob", "bob", "cyd", "cyd", "cyd"]
        .map(|user| Stream::open(&hub, &format!("channels=a&user={user}")))
        .into();
    for (query, wanted) in [
        ("", vec!["ada", "bob", "cyd"]),
        ("sort=-user", vec!["cyd", "bob", "ada"]),
        ("sort=-connections", vec!["cyd", "bob", "ada"]),
        ("q=D", vec!["ada", "cyd"]),
    ] {
        let page = list(&hub, &format!("users?{query}"));
        assert_eq!(column(&page, "users", "user"), wanted, "{query}");
        assert_eq!((&page["total"], &page["next"]), (&json!(wanted.len()), &Value::Null));
        assert_eq!(pages(&hub, &format!("users?{query}&limit=1"), "users", "user"), wanted, "{query}");
    }
    let row = &list(&hub, "users?q=bob")["users"][0];
    assert_eq!(*row, json!({ "user": "bob", "connections": 2, "limit": 8 }));
    get(&hub, "/api/sse/users?sort=limit").problem_saying(400, "connections");
}
