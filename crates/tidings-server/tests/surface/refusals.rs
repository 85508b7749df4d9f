//! Refusals, and how a browser's own `EventSource` is told.

use serde_json::Value;

use crate::http::{assert_problem, get, post, send};
use crate::server::Server;
use crate::sse::{EVENT_SOURCE, Item, Stream};

const FULL: [(&str, &str); 1] = [("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "1")];

#[track_caller]
fn told_softly(stream: &mut Stream, status: u16) -> Value {
    assert_eq!(stream.status, 200);
    let Some(Item::Retry(retry_ms)) = stream.item() else { panic!("`retry:` comes first") };
    assert!(retry_ms >= 1000, "{retry_ms}");
    let problem = stream.expect("refused");
    assert_problem(&problem, status);
    assert_eq!(stream.item(), None, "then the end");
    problem
}

#[test]
fn a_refusal_is_a_stream_that_ends_to_a_browsers_own_event_source_alone() {
    let hub = Server::with(&FULL);
    let _one = Stream::open(&hub, "channels=a&user=ada");
    let query = "channels=a&user=ada";
    let problem = told_softly(&mut soft(&hub, query), 429);
    assert_eq!(problem["limit_name"], "limits.connections_per_user");
    assert!(problem["held_by"][0]["id"].is_string(), "{problem}");
    let library = [EVENT_SOURCE.as_slice(), &[("tidings-client", "js/1")]].concat();
    assert_eq!(Stream::ask(&hub, query, &library).status, 429);
    assert_eq!(Stream::ask(&hub, query, &EVENT_SOURCE[..1]).status, 429, "no browser");
    assert_eq!(Stream::ask(&hub, query, &EVENT_SOURCE[1..]).status, 429, "no event source");
    // What will not pass is not softened.
    assert_eq!(Stream::ask(&hub, "channels=a,,b", &EVENT_SOURCE).status, 400);
    assert_eq!(hub.active(), 1, "a refusal is no connection");
}

fn soft(hub: &Server, query: &str) -> Stream {
    Stream::ask(hub, query, &EVENT_SOURCE)
}

#[test]
fn softness_can_be_switched_off() {
    let hub = Server::with(&[FULL[0], ("TIDINGS_STREAM_SOFT_REFUSAL", "false")]);
    let _one = Stream::open(&hub, "channels=a&user=ada");
    assert_eq!(Stream::ask(&hub, "channels=a&user=ada", &EVENT_SOURCE).status, 429);
}

#[test]
fn a_bad_query_is_a_400_that_says_what_to_mend() {
    let hub = Server::start();
    let long = "x".repeat(256);
    for (query, part) in [
        ("channels=a,,b", "comma"),
        ("channels=,", "empty"),
        ("channels=a*b", "`*`"),
        ("channels=a%0Ab", "control"),
        ("channels=a%00b", "control"),
        ("channels=a%FFb", "UTF-8"),
        (&format!("channels={long}"), "255"),
        ("channels=a&channels=b", "channels"),
        ("channels=a&client_id=a%0Ab", "client_id"),
        (&format!("channels=a&client_id={long}"), "client_id"),
        ("channels=a&type=a%0Ab", "type"),
        ("channels=a&user=a%0Ab", "user"),
        ("channels=a&user=", "user"),
        ("channels=a&lease=soon", "lease"),
        ("channels=a&envelope=7", "envelope"),
    ] {
        get(&hub, &format!("/api/sse/stream?{query}")).problem_saying(400, part);
    }
    let stats = hub.stats();
    assert_eq!(stats["connections"]["opened_total"], 0);
    assert!(stats["connections"]["refused_total"]["bad_request"].as_u64() >= Some(12), "{stats}");
}

#[test]
fn a_draining_node_takes_no_streams_and_says_so() {
    let hub = Server::with(&[("TIDINGS_DRAIN_WINDOW_MS", "0")]);
    get(&hub, "/ready").ok();
    let mut stream = Stream::open(&hub, "channels=a");
    let answer = post(&hub, "/api/sse/drain", "");
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(stream.expect_closing("draining")["reconnect"], true);
    hub.wait_for_active(0);
    let refused = get(&hub, "/api/sse/stream?channels=a");
    refused.problem_saying(503, "draining");
    assert!(refused.header("retry-after").is_some());
    told_softly(&mut soft(&hub, "channels=a"), 503);
    get(&hub, "/ready").problem(503);
    get(&hub, "/health").ok();
    assert_eq!(post(&hub, "/api/sse/drain", "").json()["already"], true);
    assert!(hub.stats()["connections"]["refused_total"]["draining"].as_u64() >= Some(2));
}

#[test]
fn two_small_pages_are_there_and_no_error_is_one() {
    let hub = Server::start();
    for path in ["/", "/admin/monitoring"] {
        let page = get(&hub, path);
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("'none'")));
    }
    let browser = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    send(&hub, "GET", "/nowhere", &browser, "").problem(404);
    send(&hub, "GET", "/api/sse/history", &browser, "").problem(400);
}

#[test]
fn paths_and_methods_that_are_not_there_are_problems() {
    let hub = Server::start();
    for (method, path) in [
        ("GET", "/nowhere"),
        ("GET", "/api/sse"),
        ("GET", "/api/sse/stream/"),
        ("GET", "/.well-known/mercure?topic=a"),
        ("POST", "/.well-known/mercure"),
        ("GET", "/.well-known/mercure/subscriptions"),
        ("DELETE", "/api/sse/connections/nobody"),
        ("DELETE", "/api/sse/connections/a%2Fb"),
    ] {
        send(&hub, method, path, &[], "").problem(404);
    }
    for (method, path, allowed) in [
        ("POST", "/api/sse/stream", "GET"),
        ("GET", "/api/sse/publish", "POST"),
        ("GET", "/api/sse/disconnect", "POST"),
        ("DELETE", "/api/sse/stats", "GET"),
        ("POST", "/api/sse/users/ada/channels", "PUT"),
        ("POST", "/health", "GET"),
        ("POST", "/", "GET"),
        ("DELETE", "/admin/monitoring", "GET"),
    ] {
        let answer = send(&hub, method, path, &[], "");
        answer.problem(405);
        assert!(answer.header("allow").is_some_and(|allow| allow.contains(allowed)), "{path}: {answer:?}");
    }
    send(&hub, "DELETE", "/api/sse/users/%FF/connections", &[], "").problem_saying(400, "path");
}
