//! Users and tokens that are shut out, by the real binary, over whatever ends it.

use serde_json::{Value, json};

use crate::http::{Answer, post, send};
use crate::server::Server;
use crate::sse::Stream;

const REVOCATIONS: &str = "/api/sse/revocations";

#[track_caller]
fn ask(hub: &Server, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(hub, method, path, &[("authorization", &bearer)], &body)
}

fn open(hub: &Server, token: &str, query: &str) -> Stream {
    Stream::open_with(hub, query, &[("authorization", &format!("Bearer {token}"))])
}

fn reader(hub: &Server, user: &str, id: &str) -> String {
    hub.token(&["--user", user, "--subscribe", "news,room:*", "--publish", "news", "--id", id])
}

fn operator(hub: &Server) -> String {
    hub.token(&["--user", "ops", "--admin", "--id", "ops-1"])
}

/// Every endpoint that a token opens.
#[track_caller]
fn refused_everywhere(hub: &Server, token: &str, connection_id: &str) {
    let named = json!({ "connection_id": connection_id, "add": ["room:1"] });
    let event = json!({ "channel": "news", "data": 1 });
    for (method, path, body) in [
        ("GET", "/api/sse/stream?channels=news", &Value::Null),
        ("POST", "/api/sse/publish", &event),
        ("POST", "/api/sse/publish", &json!([event])),
        ("GET", "/api/sse/history?channel=news", &Value::Null),
        ("GET", "/api/sse/presence?channel=news", &Value::Null),
        ("POST", "/api/sse/ticket", &Value::Null),
        ("POST", "/api/sse/subscriptions", &named),
        ("POST", "/api/sse/refresh", &named),
        ("GET", "/api/sse/stats", &Value::Null),
        ("GET", REVOCATIONS, &Value::Null),
    ] {
        ask(hub, token, method, path, body).problem_saying(401, "revoked");
    }
}

#[test]
fn a_token_is_revoked_by_its_id_and_its_user_goes_on_with_another() {
    let hub = Server::guarded(&[], "");
    let (first, second, operator) = (reader(&hub, "ann", "t-1"), reader(&hub, "ann", "t-2"), operator(&hub));
    let mut streams = [open(&hub, &first, "channels=news"), open(&hub, &first, "channels=room:1")];
    let mut other = open(&hub, &second, "channels=news");
    let ticket = ask(&hub, &first, "POST", "/api/sse/ticket", &Value::Null).ok();
    // A stream lives under the token that it was refreshed with last.
    let moved = open(&hub, &first, "channels=room:2");
    let named = json!({ "connection_id": moved.connection_id() });
    ask(&hub, &second, "POST", "/api/sse/refresh", &named).ok();

    let answer = ask(&hub, &operator, "POST", REVOCATIONS, &json!({ "jti": "t-1" })).ok();
    assert_eq!((&answer["jti"], &answer["streams_ended"]), (&json!("t-1"), &json!(2)));
    for stream in &mut streams {
        assert_eq!(stream.expect_closing("revoked")["reconnect"], false);
    }
    refused_everywhere(&hub, &first, other.connection_id());
    let ticket = format!("/api/sse/stream?channels=news&ticket={}", ticket["ticket"].as_str().expect("one"));
    send(&hub, "GET", &ticket, &[], "").problem_saying(401, "revoked");
    ask(&hub, &second, "POST", "/api/sse/publish", &json!({ "channel": "news", "data": 1 })).ok();
    assert_eq!(other.expect("message"), 1);
    assert_eq!(hub.active(), 2);

    let listed = ask(&hub, &operator, "GET", REVOCATIONS, &Value::Null).ok();
    let row = &listed["revocations"][0];
    assert_eq!((&listed["total"], &row["jti"], &row["user"]), (&json!(1), &json!("t-1"), &Value::Null));
    assert_eq!(row["until"], answer["until"]);
    ask(&hub, &operator, "DELETE", "/api/sse/revocations?jti=t-2", &Value::Null).problem(404);
    ask(&hub, &operator, "DELETE", "/api/sse/revocations?jti=t-1", &Value::Null).ok();
    open(&hub, &first, "channels=news");
}

#[test]
fn a_user_and_a_token_are_revoked_at_once_and_what_makes_no_sense_is_refused() {
    let hub = Server::guarded(&[], "");
    let operator = operator(&hub);
    let (ann, bob) = (reader(&hub, "ann", "t-1"), reader(&hub, "bob", "t-2"));
    let _streams = [open(&hub, &ann, "channels=news"), open(&hub, &bob, "channels=news")];
    let both = json!({ "user": "ann", "jti": "t-2", "until": 4_000_000_000_u64 });
    assert_eq!(ask(&hub, &operator, "POST", REVOCATIONS, &both).ok()["streams_ended"], 2);
    for token in [&ann, &bob] {
        ask(&hub, token, "POST", "/api/sse/ticket", &Value::Null).problem_saying(401, "revoked");
    }
    let list =
        |query: &str| ask(&hub, &operator, "GET", &format!("{REVOCATIONS}?{query}"), &Value::Null).ok();
    assert_eq!(list("q=ANN")["revocations"][0]["user"], "ann");
    let page = list("limit=1");
    let next = list(&format!("limit=1&after={}", page["next"].as_str().expect("a second page")));
    assert_ne!(page["revocations"], next["revocations"]);
    assert_eq!((&page["total"], &next["next"]), (&json!(2), &Value::Null));
    for (body, part) in [
        (json!({}), "name a `user`, a `jti`"),
        (json!({ "jti": "" }), "`jti`"),
        (json!({ "jti": "a\nb" }), "`jti`"),
        (json!({ "jti": "x", "until": 1 }), "`until` is past"),
        (json!({ "jti": 7 }), "can't be read"),
        (json!({ "tokens": ["x"] }), "unknown field"),
    ] {
        ask(&hub, &operator, "POST", REVOCATIONS, &body).problem_saying(400, part);
    }
    ask(&hub, &operator, "DELETE", "/api/sse/revocations?user=ann&jti=t-2", &Value::Null).ok();
    assert_eq!(list("")["total"], 0);
    // An operator's own token, too.
    ask(&hub, &operator, "POST", REVOCATIONS, &json!({ "jti": "ops-1" })).ok();
    ask(&hub, &operator, "GET", "/api/sse/stats", &Value::Null).problem_saying(401, "revoked");
}

#[test]
fn what_operators_decided_holds_over_a_restart_and_over_a_kill() {
    let mut hub = Server::guarded(&[], "");
    let operator = operator(&hub);
    let (ann, bob, cid) =
        (reader(&hub, "ann", "t-1"), reader(&hub, "bob", "t-2"), reader(&hub, "cid", "t-3"));
    ask(&hub, &operator, "POST", REVOCATIONS, &json!({ "user": "ann" })).ok();
    ask(&hub, &operator, "POST", REVOCATIONS, &json!({ "jti": "t-2" })).ok();
    let change = json!({ "add": ["extra"], "remove": ["room:1"] });
    ask(&hub, &operator, "PUT", "/api/sse/users/cid/channels", &change).ok();
    for killed in [true, false, true] {
        match killed {
            true => hub.hub_mut().kill(),
            false => assert!(hub.hub_mut().stop().success()),
        }
        hub.hub_mut().start_again();
        for token in [&ann, &bob] {
            ask(&hub, token, "GET", "/api/sse/history?channel=news", &Value::Null)
                .problem_saying(401, "revoked");
        }
        let room = "/api/sse/stream?channels=room:1";
        ask(&hub, &cid, "GET", room, &Value::Null).problem_saying(403, "`room:1`");
        let back = open(&hub, &cid, "channels=news");
        assert_eq!(back.connected["channels"], json!(["news", "extra"]), "killed: {killed}");
    }
    let amended = ask(&hub, &operator, "GET", "/api/sse/users/cid/channels", &Value::Null).ok();
    let names = |what: &str| amended[what][0]["channel"].clone();
    assert_eq!((names("added"), names("removed")), (json!("extra"), json!("room:1")));
    // What was lifted is so over a restart too.
    ask(&hub, &operator, "DELETE", "/api/sse/revocations?user=ann", &Value::Null).ok();
    hub.hub_mut().kill();
    hub.hub_mut().start_again();
    open(&hub, &ann, "channels=news");
}

#[test]
fn a_file_that_was_cut_short_is_read_to_there_and_a_broken_one_is_not_passed_over() {
    let mut hub = Server::start();
    post(&hub, REVOCATIONS, "{\"user\":\"ada\"}").ok();
    hub.hub_mut().kill();
    let file = hub.data_dir().join("decisions.jsonl");
    let whole = std::fs::read_to_string(&file).expect("kept");
    std::fs::write(&file, format!("{whole}{{\"user\":{{\"na")).expect("written");
    hub.hub_mut().start_again();
    send(&hub, "GET", "/api/sse/history?channel=a&user=ada", &[], "").problem(401);
    post(&hub, REVOCATIONS, "{\"user\":\"bob\"}").ok();
    hub.hub_mut().kill();
    hub.hub_mut().start_again();
    for user in ["ada", "bob"] {
        send(&hub, "GET", &format!("/api/sse/history?channel=a&user={user}"), &[], "").problem(401);
    }
    hub.hub_mut().kill();
    let whole = std::fs::read_to_string(&file).expect("kept");
    std::fs::write(&file, whole.replace("\"ada\"", "ada")).expect("written");
    let refused = hub.hub_mut().refused_start();
    assert!(refused.contains("decisions.jsonl: line "), "{refused}");
    std::fs::remove_file(&file).expect("removed");
    hub.hub_mut().start_again();
}

#[test]
fn where_the_disk_is_full_it_is_in_force_and_the_answer_says_what_is_not() {
    let hub = Server::with(&[("TIDINGS_FAULTS", "journal.ENOSPC=#1")]);
    let mut stream = Stream::open(&hub, "channels=a&user=ada");
    post(&hub, REVOCATIONS, "{\"user\":\"ada\"}").problem_saying(503, "in force, but could not be written");
    stream.expect_closing("revoked");
    send(&hub, "GET", "/api/sse/history?channel=a&user=ada", &[], "").problem(401);
    let told = hub.get("/api/sse/audit");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let line = &told["entries"][0];
    assert_eq!((&line["action"], &line["target"]), (&json!("revoke"), &json!("ada")), "whom it hit: {line}");
    post(&hub, REVOCATIONS, "{\"user\":\"ada\"}").ok();
}
