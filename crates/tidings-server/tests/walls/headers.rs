//! What every answer tells browsers, whatever it answers.

use tidings::ENDPOINTS;

use crate::browser::operators;
use crate::http::{Answer, send, send_at};
use crate::server::Server;
use crate::sse::Stream;

#[track_caller]
fn assert_guarded(answer: &Answer, what: &str) {
    let header =
        |name: &str| answer.header(name).unwrap_or_else(|| panic!("{what} has no {name}: {answer:?}"));
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert!(["no-referrer", "same-origin"].contains(&header("referrer-policy")), "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{what}");
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    let is_page = answer.status < 400
        && (what.contains("/assets/") || what.contains("/monitoring") || what.ends_with(".css"));
    let cached = header("cache-control");
    let held = ["no-store", "no-cache"].iter().any(|word| cached.contains(word));
    assert!(held || is_page && cached.contains("immutable"), "{what}: {cached}");
    if what.contains("/api/") {
        assert!(cached.contains("no-store"), "{what}: {cached}");
    }
    let varies = answer
        .headers
        .iter()
        .any(|(name, value)| name == "vary" && value.to_ascii_lowercase().contains("origin"));
    assert!(varies, "{what}: {answer:?}");
    for never in ["server", "x-powered-by", "strict-transport-security", "etag"] {
        let own = never == "etag" && what.contains("/monitoring");
        assert!(own || answer.header(never).is_none(), "{what} has {never}");
    }
}

fn paths() -> Vec<(&'static str, String)> {
    let operators = ENDPOINTS.iter().filter(|endpoint| endpoint.action != Some("drain")).map(|endpoint| {
        (endpoint.method.as_str(), endpoint.path.replace("{id}", "x-1-1").replace("{user}", "nobody"))
    });
    let others = [
        ("GET", "/"),
        ("GET", "/assets/tidings.css"),
        ("GET", "/assets/live.js"),
        ("GET", "/admin/monitoring"),
        ("GET", "/admin/monitoring/"),
        ("GET", "/admin/login"),
        ("GET", "/admin/login.css"),
        ("POST", "/admin/login"),
        ("POST", "/admin/logout"),
        ("GET", "/admin/session"),
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/metrics"),
        ("HEAD", "/api/sse/stream"),
        ("GET", "/api/sse/stream?channels="),
        ("GET", "/api/sse/stream?lease=x"),
        ("POST", "/api/sse/publish"),
        ("POST", "/api/sse/disconnect"),
        ("POST", "/api/sse/alive"),
        ("POST", "/api/sse/subscriptions"),
        ("POST", "/api/sse/refresh"),
        ("POST", "/api/sse/ticket"),
        ("GET", "/api/sse/history?channel=a"),
        ("GET", "/api/sse/presence?channel=a"),
        ("GET", "/nowhere"),
        ("DELETE", "/api/sse/stats"),
        ("DELETE", "/health"),
        ("DELETE", "/"),
        ("OPTIONS", "/api/sse/publish"),
    ];
    operators.chain(others.map(|(method, path)| (method, path.to_owned()))).collect()
}

#[test]
fn every_answer_of_every_path_has_them() {
    let open = Server::start();
    let guarded = Server::guarded(&[("TIDINGS_SERVER_ADMIN_LISTEN", "127.0.0.1:0")], &operators());
    let addresses =
        [open.address().to_string(), guarded.address().to_string(), guarded.other_address("admin")];
    for (method, path) in paths() {
        for address in &addresses {
            for headers in [&[][..], &[("accept", "text/html")], &[("origin", "https://evil.example")]] {
                // A stream has no end to wait for: its head is looked at below.
                if path.contains("stream?channels=") && method == "GET" {
                    continue;
                }
                let answer = send_at(address, method, &path, headers, "");
                assert_guarded(&answer, &format!("{method} {path}"));
            }
        }
    }
    let stream = Stream::open(&open, "channels=a");
    let head = Answer { status: 200, headers: stream.headers.clone(), body: String::new() };
    assert_guarded(&head, "GET /api/sse/stream");
    let long = send(&open, "GET", &format!("/api/sse/stats?{}", "x".repeat(9_000)), &[], "");
    assert_guarded(&long, "a line that is too long, at /api/");
    assert_guarded(&send(&open, "GET", "/", &[("host", "evil.example")], ""), "a name that is not ours");
}

#[test]
fn what_the_monitor_loads_may_be_kept_since_its_name_changes_with_it() {
    let hub = Server::start();
    let page = send(&hub, "GET", "/admin/monitoring", &[("accept", "text/html")], "").body;
    let names = page.split('"').filter(|word| word.starts_with("./monitoring/app-"));
    let paths: Vec<String> = names.map(|name| format!("/admin/{}", name.trim_start_matches("./"))).collect();
    assert_eq!(paths.len(), 2, "{page}");
    for path in paths {
        let asset = send(&hub, "GET", &path, &[], "");
        assert_guarded(&asset, &format!("GET {path}"));
        assert!(
            asset.header("cache-control").is_some_and(|cached| cached.contains("immutable")),
            "{asset:?}"
        );
    }
}
