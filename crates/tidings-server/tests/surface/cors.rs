//! Pages of other origins: those that are named, and no others.

use std::io::{BufReader, Write};

use serde_json::json;

use crate::http::{Answer, read_head, send};
use crate::server::Server;
use crate::sse::Stream;

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
    for origin in
        ["http://localhost:5173", "http://app.localhost", "http://127.0.0.1:8080", "http://[::1]:3000"]
    {
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

/// What a browser sends from a page of this origin over plain HTTP that is not loopback: no Fetch Metadata.
fn from_page(hub: &Server, host: &str, origin: &str) -> Answer {
    let headers = [("host", host), ("origin", origin), ("content-type", "text/plain")];
    send(hub, "POST", "/api/sse/publish", &headers, "{\"channel\":\"a\",\"data\":1}")
}

#[test]
fn a_forged_request_is_refused_by_its_origin_alone() {
    let hub = Server::with(&[("TIDINGS_CORS_ORIGINS", ALLOWED)]);
    let own = hub.address().to_string();
    for origin in [format!("http://{own}"), format!("https://{own}"), ALLOWED.to_owned()] {
        from_page(&hub, &own, &origin).ok();
    }
    from_page(&hub, "app.localhost:8080", "http://app.localhost:8080").ok();
    for origin in ["http://evil.example", "null", &format!("http://{own}.evil.example"), "file://"] {
        from_page(&hub, &own, origin).problem_saying(403, "cors.origins");
    }
    let body = "{\"channel\":\"a\",\"data\":1}";
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
        let answer = send(&hub, "POST", "/api/sse/publish", &[("sec-fetch-site", site)], body);
        assert_eq!(answer.status, status, "{site}");
    }
    // Behind a proxy that changes Host: what the browser says of its own page holds.
    let behind = [("origin", "https://app.example"), ("sec-fetch-site", "same-origin")];
    send(&hub, "POST", "/api/sse/publish", &behind, body).ok();
}

#[test]
fn development_answers_to_this_machines_own_names_alone() {
    let hub = Server::start();
    let port = hub.address().port();
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "10.0.0.7", ""] {
        for (method, path) in
            [("GET", "/api/sse/stats"), ("GET", "/api/sse/stream"), ("POST", "/api/sse/publish")]
        {
            // The page's own origin, which a rebound name makes the request's.
            let origin = format!("http://{host}");
            send(&hub, method, path, &[("host", host), ("origin", &origin)], "{}")
                .problem_saying(421, "localhost");
        }
    }
    for host in
        ["localhost", &format!("localhost:{port}"), "app.localhost", "127.0.0.9:80", &format!("[::1]:{port}")]
    {
        send(&hub, "GET", "/api/sse/stats", &[("host", host)], "").ok();
    }
    let mut old = std::net::TcpStream::connect(hub.address()).expect("the hub listens");
    old.write_all(b"GET /api/sse/stats HTTP/1.0\r\n\r\n").expect("taken in");
    assert_eq!(read_head(&mut BufReader::new(old)).0, 200, "HTTP/1.0 knows no Host");
}

#[test]
fn a_beacon_of_json_comes_from_any_page() {
    let hub = Server::with(&[("TIDINGS_CORS_ORIGINS", ALLOWED)]);
    let stream = Stream::open(&hub, "channels=a");
    let body = json!({ "connection_id": stream.connection_id() }).to_string();
    for (path, status) in
        [("/api/sse/alive", 204), ("/api/sse/disconnect", 204), ("/api/sse/disconnect", 404)]
    {
        let asks = [
            ("origin", "https://shop.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let preflight = send(&hub, "OPTIONS", path, &asks, "");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("https://shop.example"), "{path}");
        assert_eq!(preflight.header("access-control-allow-credentials"), Some("true"), "{path}");
        assert!(preflight.header("access-control-allow-headers").is_some_and(|h| h.contains("content-type")));
        let beacon = [("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")];
        assert_eq!(send(&hub, "POST", path, &beacon, &body).status, status, "{path}");
    }
    assert_eq!(preflight(&hub, "https://shop.example").header("access-control-allow-origin"), None);
}
