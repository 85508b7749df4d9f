//! Bounds on a request's head, whatever the endpoint.

use serde_json::json;

use crate::http::{get, publish, send};
use crate::server::Server;
use crate::sse::Stream;

const BOUNDS: [(&str, &str); 2] =
    [("TIDINGS_LIMITS_REQUEST_LINE_BYTES", "300"), ("TIDINGS_LIMITS_HEAD_BYTES", "1024")];

#[test]
fn a_request_line_has_a_bound() {
    let hub = Server::with(&BOUNDS);
    let around = "GET /api/sse/stats? HTTP/1.1".len();
    get(&hub, &format!("/api/sse/stats?{}", "x".repeat(300 - around))).ok();
    let problem = get(&hub, &format!("/api/sse/stats?{}", "x".repeat(301 - around))).problem(414);
    assert_eq!(
        (&problem["limit_name"], &problem["limit"]),
        (&json!("limits.request_line_bytes"), &json!(300))
    );
}

#[test]
fn a_head_has_a_bound() {
    let hub = Server::with(&BOUNDS);
    let long = "x".repeat(1000);
    let problem = send(&hub, "GET", "/api/sse/stats", &[("x-long", &long)], "").problem(431);
    assert_eq!((&problem["limit_name"], &problem["limit"]), (&json!("limits.head_bytes"), &json!(1024)));
    send(&hub, "GET", "/api/sse/stats", &[("x-fits", &long[..800])], "").ok();
    assert_eq!(Stream::ask(&hub, "channels=a", &[("cookie", &long)]).status, 431);
}

#[test]
fn the_bounds_by_default_hold_too() {
    let hub = Server::start();
    get(&hub, &format!("/api/sse/stats?{}", "x".repeat(8_192))).problem(414);
    send(&hub, "GET", "/api/sse/stats", &[("x-long", &"x".repeat(16_384))], "").problem(431);
    publish(&hub, &json!({ "channel": "a", "data": "x".repeat(65_535) })).problem(413);
    publish(&hub, &json!({ "channel": "a", "data": "x".repeat(1_048_576) })).problem(413);
}
