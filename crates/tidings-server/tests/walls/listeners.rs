//! Addresses of their own for operators and for metrics.

use tidings::ENDPOINTS;

use crate::http::{Answer, send_at};
use crate::server::Server;
use crate::sse::Stream;

const ANY: &str = "127.0.0.1:0";

fn bearer(hub: &Server, arguments: &[&str]) -> String {
    format!("Bearer {}", hub.token(arguments))
}

fn get(address: &str, path: &str, token: &str) -> Answer {
    send_at(address, "GET", path, &[("authorization", token), ("accept", "text/html")], "")
}

#[test]
fn with_an_address_of_their_own_operators_are_there_and_nowhere_else() {
    let hub = Server::guarded(&[("TIDINGS_SERVER_ADMIN_LISTEN", ANY)], "");
    let (public, admin) = (hub.address().to_string(), hub.other_address("admin"));
    let operator = bearer(&hub, &["--user", "o", "--admin", "--subscribe", "a"]);
    for endpoint in &ENDPOINTS {
        let path = endpoint.path.replace("{id}", "x-1-1").replace("{user}", "nobody");
        let at_public =
            send_at(&public, endpoint.method.as_str(), &path, &[("authorization", &operator)], "");
        at_public.problem_saying(404, "nothing by that path");
    }
    for path in ["/admin/monitoring", "/admin/login", "/admin/session", "/metrics"] {
        get(&public, path, &operator).problem(404);
        assert_eq!(
            get(&admin, path, &operator).status,
            if path == "/admin/login" { 303 } else { 200 },
            "{path}"
        );
    }
    for address in [&public, &admin] {
        for path in ["/health", "/ready"] {
            assert_eq!(get(address, path, "").status, 200, "{path}");
        }
        assert_eq!(Stream::ask_at(address, "channels=a", &[("authorization", &operator)]).status, 200);
    }
    get(&admin, "/api/sse/stats", &operator).ok();
    // A right that a token has is none where operators are not heard, whatever brings it there.
    let hubs_own = |address: &str, with: &str| {
        Stream::ask_at(address, &format!("channels=$hub/stats{with}"), &[("authorization", &operator)]).status
    };
    assert_eq!((hubs_own(&public, ""), hubs_own(&admin, "")), (403, 200));
    let ticket = send_at(&admin, "POST", "/api/sse/ticket", &[("authorization", &operator)], "").ok();
    let ticket = format!("&ticket={}", ticket["ticket"].as_str().expect("a ticket"));
    assert_eq!(hubs_own(&public, &ticket), 403);
}

#[test]
fn metrics_can_have_an_address_that_has_nothing_else() {
    let settings = [("TIDINGS_SERVER_ADMIN_LISTEN", ANY), ("TIDINGS_SERVER_METRICS_LISTEN", ANY)];
    let hub = Server::with(&settings);
    let (admin, metrics) = (hub.other_address("admin"), hub.other_address("metrics"));
    let status = |address: &str, path: &str| send_at(address, "GET", path, &[], "").status;
    for (path, at_metrics) in [
        ("/metrics", 200),
        ("/health", 200),
        ("/ready", 200),
        ("/", 404),
        ("/admin/monitoring", 404),
        ("/api/sse/stats", 404),
        ("/api/sse/stream", 404),
    ] {
        assert_eq!(status(&metrics, path), at_metrics, "{path}");
    }
    assert_eq!((status(&admin, "/metrics"), status(&hub.address().to_string(), "/metrics")), (404, 404));
}

#[cfg(feature = "fault-points")]
#[test]
fn what_is_connected_at_any_address_is_in_the_books_and_the_audit_finds_it() {
    let settings = [("TIDINGS_SERVER_ADMIN_LISTEN", ANY), ("TIDINGS_FAULTS", "audit.wait_ms=100")];
    let hub = Server::with(&settings);
    let admin = hub.other_address("admin");
    let _streams =
        [hub.address().to_string(), admin.clone()].map(|address| Stream::ask_at(&address, "channels=a", &[]));
    let stats = || send_at(&admin, "GET", "/api/sse/stats", &[], "").ok();
    let begun = crate::hub::now();
    while stats()["truth"]["audits"].as_u64() < Some(2) {
        assert!(begun.elapsed() < crate::hub::PATIENCE, "no audit came");
    }
    let stats = stats();
    assert_eq!((&stats["connections"]["active"], &stats["truth"]["mismatch"]), (&2.into(), &0.into()));
}
