//! Pages of other origins: those that are named, and no others.

use crate::http::{Answer, send};
use crate::server::Server;

const ALLOWED: &str = "https://app.example";

fn ask(hub: &Server, method: &str, path: &str, origin: &str) -> Answer {
    send(
        hub,
        method,
        path,
        &[("origin", origin), ("sec-fetch-site", "cross-site")],
        "{\"channel\":\"a\",\"data\":1}",
    )
}

fn preflight(hub: &Server, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,last-event-id,tidings-client"),
    ];
    send(hub, "OPTIONS", "/api/sse/publish", &headers, "")
}

#[test]
fn an_origin_is_allowed_exactly_as_it_is_named() {
    let hub = Server::with(&[("TIDINGS_CORS_ORIGINS", ALLOWED)]);
    let allow = |answer: &Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    let answer = preflight(&hub, ALLOWED);
    assert_eq!((answer.status, allow(&answer).as_deref()), (200, Some(ALLOWED)));
    let listed = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
    for method in ["get", "post", "put", "delete"] {
        assert!(listed("access-control-allow-methods").contains(method), "{answer:?}");
    }
    for header in ["authorization", "content-type", "last-event-id", "tidings-client"] {
        assert!(listed("access-control-allow-headers").contains(header), "{answer:?}");
    }
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    let answer = ask(&hub, "POST", "/api/sse/publish", ALLOWED);
    assert_eq!((answer.status, allow(&answer).as_deref()), (200, Some(ALLOWED)));
    for other in [
        "https://app.example.evil",
        "http://app.example",
        "https://app.example:444",
        "https://sub.app.example",
        "null",
    ] {
        assert_eq!(allow(&preflight(&hub, other)), None, "{other}");
        ask(&hub, "POST", "/api/sse/publish", other).problem_saying(403, "cors.origins");
        let read = ask(&hub, "GET", "/api/sse/stats", other);
        assert_eq!(allow(&read), None, "{other}: the browser keeps the answer from the page");
    }
}

#[test]
fn development_allows_the_pages_of_this_machine() {
    let hub = Server::start();
    for origin in ["http://localhost:5173", "http://127.0.0.1:8080", "http://[::1]:3000"] {
        assert_eq!(preflight(&hub, origin).header("access-control-allow-origin"), Some(origin));
    }
    for origin in ["https://app.example", "http://localhost.evil.example"] {
        assert_eq!(preflight(&hub, origin).header("access-control-allow-origin"), None);
    }
}

#[test]
fn an_error_is_readable_by_the_page_that_may_ask() {
    let hub = Server::with(&[("TIDINGS_CORS_ORIGINS", ALLOWED)]);
    let answer = send(&hub, "GET", "/api/sse/stream?lease=x", &[("origin", ALLOWED)], "");
    answer.problem(400);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ALLOWED));
    let long = format!("/api/sse/stats?{}", "x".repeat(9_000));
    let answer = send(&hub, "GET", &long, &[("origin", ALLOWED)], "");
    answer.problem(414);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ALLOWED));
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_owned();
    assert!(exposed.contains("retry-after"), "{exposed}");
}
