//! An operator ends connections, and who may come back.

use serde_json::json;

use crate::http::{get, send};
use crate::server::Server;
use crate::sse::{EVENT_SOURCE, Item, Stream};

#[test]
fn a_connection_is_kicked_by_its_public_id() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a");
    let path = format!("/api/sse/connections/{}", stream.id());
    let body = "{\"reason\":\"maintenance\",\"reconnect\":true}";
    assert_eq!(send(&hub, "DELETE", &path, &[], body).ok()["kicked"], 1);
    let closing = stream.expect_closing("kicked");
    assert_eq!((&closing["detail"], &closing["reconnect"]), (&json!("maintenance"), &json!(true)));
    send(&hub, "DELETE", &path, &[], "").problem(404);
    // The secret id is the client's right, and no name that an operator knows.
    let other = Stream::open(&hub, "channels=a");
    send(&hub, "DELETE", &format!("/api/sse/connections/{}", other.connection_id()), &[], "").problem(404);
    send(&hub, "DELETE", &path, &[], "{\"forever\":true}").problem_saying(400, "forever");
    assert_eq!(hub.active(), 1);
}

#[test]
fn a_user_is_kicked_from_all_connections_and_no_other_is() {
    let hub = Server::start();
    let mut streams = [(); 3].map(|()| Stream::open(&hub, "channels=a&user=a%2Fb"));
    let _bob = Stream::open(&hub, "channels=a&user=bob");
    assert_eq!(send(&hub, "DELETE", "/api/sse/users/a%2Fb/connections", &[], "").ok()["kicked"], 3);
    for stream in &mut streams {
        assert_eq!(stream.expect_closing("kicked")["reconnect"], false);
    }
    assert_eq!(hub.active(), 1);
    assert_eq!(send(&hub, "DELETE", "/api/sse/users/nobody/connections", &[], "").ok()["kicked"], 0);
}

#[test]
fn a_kicked_browser_is_stopped_by_a_204_and_nobody_else_is() {
    let hub = Server::start();
    let come = |user: &str, client: &str, headers: &[(&str, &str)]| {
        let query = format!("channels=a&user={user}&client_id={client}");
        Stream::ask(&hub, &query, headers).status
    };
    let stream = Stream::open(&hub, "channels=a&user=ada&client_id=tab");
    send(&hub, "DELETE", &format!("/api/sse/connections/{}", stream.id()), &[], "").ok();
    assert_eq!(come("ada", "tab", &EVENT_SOURCE), 204);
    assert_eq!(come("ada", "tab", &EVENT_SOURCE), 204, "for a minute, not once");
    assert_eq!(come("ada", "other-tab", &EVENT_SOURCE), 200);
    assert_eq!(come("bob", "tab", &EVENT_SOURCE), 200);
    assert_eq!(come("ada", "tab", &[]), 200, "a library reads `reconnect` for itself");
}

#[test]
fn who_was_superseded_or_may_come_back_is_not_stopped() {
    let hub = Server::start();
    let _ghost = Stream::open(&hub, "channels=a&user=ada&client_id=tab");
    let heir = Stream::open(&hub, "channels=a&user=ada&client_id=tab");
    assert_eq!(Stream::ask(&hub, "channels=a&user=ada&client_id=tab", &EVENT_SOURCE).status, 200);
    drop(heir);
    let kicked = Stream::open(&hub, "channels=a&user=bob&client_id=tab");
    let path = format!("/api/sse/connections/{}", kicked.id());
    send(&hub, "DELETE", &path, &[], "{\"reconnect\":true}").ok();
    assert_eq!(Stream::ask(&hub, "channels=a&user=bob&client_id=tab", &EVENT_SOURCE).status, 200);
}

#[test]
fn who_may_come_back_is_told_when_and_not_all_at_once() {
    let hub = Server::start();
    let mut streams = [(); 6].map(|()| Stream::open(&hub, "channels=a&user=ada"));
    send(&hub, "DELETE", "/api/sse/users/ada/connections", &[], "{\"reconnect\":true}").ok();
    let mut times: Vec<u64> = Vec::new();
    for stream in &mut streams {
        let Some(Item::Retry(retry_ms)) = stream.item() else { panic!("`retry:` stands before `closing`") };
        assert_eq!(stream.expect_closing("kicked")["retry_ms"], retry_ms, "the same, for libraries");
        times.push(retry_ms);
    }
    times.sort_unstable();
    times.dedup();
    assert!(times.len() > 1, "all six at {times:?} ms");
}

#[test]
fn the_closed_are_listed_with_their_reasons_newest_first() {
    let hub = Server::start();
    let first = Stream::open(&hub, "channels=a&user=ada&type=display&client_id=tab");
    crate::http::post(&hub, "/api/sse/disconnect", first.connection_id());
    let second = Stream::open(&hub, "channels=a&user=bob");
    send(&hub, "DELETE", &format!("/api/sse/connections/{}", second.id()), &[], "").ok();
    let answer = get(&hub, "/api/sse/connections/closed");
    let closed = &answer.ok()["connections"];
    assert_eq!((&closed[0]["reason"], &closed[1]["reason"]), (&json!("kicked"), &json!("disconnected")));
    let row = &closed[1];
    assert_eq!((&row["id"], &row["user"]), (&json!(first.id()), &json!("ada")));
    assert_eq!((&row["type"], &row["client_id"]), (&json!("display"), &json!("tab")));
    for number in ["connected_at", "closed_at", "duration_ms", "events_sent", "bytes_sent"] {
        assert!(row[number].is_u64(), "{number}: {row}");
    }
    assert!(!answer.body.contains("connection_id") && !answer.body.contains(first.connection_id()));
    assert_eq!(
        get(&hub, "/api/sse/connections/closed?limit=1").ok()["connections"].as_array().map(Vec::len),
        Some(1)
    );
    for (query, wanted) in [
        ("user=bob", vec![second.id()]),
        ("type=display", vec![first.id()]),
        ("client_id=tab", vec![first.id()]),
        ("reason=kicked", vec![second.id()]),
        ("reason=kicked&user=ada", vec![]),
        ("reason=&limit=10000", vec![second.id(), first.id()]),
    ] {
        let page = get(&hub, &format!("/api/sse/connections/closed?{query}")).ok();
        let rows = page["connections"].as_array().expect("rows");
        let ids: Vec<_> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
        assert_eq!(ids, wanted, "{query}");
    }
    get(&hub, "/api/sse/connections/closed?limit=0").problem(400);
    get(&hub, "/api/sse/connections/closed?reason=bored").problem_saying(400, "client_left, disconnected");
}
