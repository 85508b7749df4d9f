//! What answers under TLS tell browsers: that there is to be nothing but TLS, and all that they tell in the clear.

use std::io::{Read, Write};

use crate::hub::{Hub, Wire};

const SECONDS: (&str, &str) = ("TIDINGS_SERVER_HSTS_SECONDS", "31536000");
const HSTS: &str = "strict-transport-security";

fn head(hub: &Hub, path: &str) -> String {
    let tls = hub.certificate.as_ref().map(|certificate| certificate.trusted(&["http/1.1"]));
    let mut io = Wire::connect(hub.address(), None, tls);
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    io.write_all(request.as_bytes()).expect("taken");
    let mut seen = String::new();
    while !seen.contains("\r\n\r\n") {
        let mut bytes = [0; 1024];
        let n = io.read(&mut bytes).expect("a head");
        assert!(n > 0, "no whole head: {seen}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
    }
    seen.split("\r\n\r\n").next().expect("a head").to_ascii_lowercase()
}

const PATHS: [&str; 7] = [
    "/",
    "/health",
    "/nowhere",
    "/admin/monitoring",
    "/api/sse/stats",
    "/api/sse/stream?lease=x",
    "/api/sse/stream?channels=a",
];

#[test]
fn answers_under_tls_say_that_there_is_to_be_nothing_else_and_others_do_not() {
    let (sealed, unset, clear) =
        (Hub::start_sealed(&[SECONDS]), Hub::start_sealed(&[]), Hub::start_with(&[SECONDS]));
    for path in PATHS {
        let told = head(&sealed, path);
        assert_eq!(
            told.matches("strict-transport-security: max-age=31536000\r\n").count(),
            1,
            "{path}: {told}"
        );
        assert!(!head(&unset, path).contains(HSTS), "{path}: not set");
        assert!(!head(&clear, path).contains(HSTS), "{path}: in the clear (RFC 6797 \u{a7}7.2)");
    }
    [sealed, unset, clear].iter().for_each(Hub::assert_books_balance);
}

#[test]
fn answers_under_tls_have_what_browsers_are_to_be_told() {
    let hub = Hub::start_sealed(&[]);
    for path in PATHS {
        let told = head(&hub, path);
        for header in [
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: ",
            "content-security-policy: default-src 'none'",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "cache-control: ",
            "vary: ",
        ] {
            assert!(told.contains(&format!("\r\n{header}")), "{path} lacks {header}: {told}");
        }
    }
    hub.assert_books_balance();
}
