//! Origins, to the letter: those that are allowed, the hub's own, and all that look like one of them.

use crate::http::{Answer, send};
use crate::server::Server;
use crate::sse::Stream;

const ALLOWED: [&str; 4] =
    ["https://app.example", "http://app.example:8080", "https://xn--bcher-kva.example", "http://[::1]:3000"];

/// Each of them is somebody else.
const OTHERS: [&str; 44] = [
    "http://app.example",
    "https://app.example:443",
    "https://app.example:444",
    "https://app.example:8080",
    "https://app.example:",
    "http://app.example:8081",
    "http://app.example:08080",
    "http://app.example:80800",
    "HTTPS://app.example",
    "https://APP.example",
    "https://app.example.",
    "https://app.example..",
    "https://.app.example",
    "https://app.example.evil.example",
    "https://app.example.com",
    "https://app.exampl",
    "https://xapp.example",
    "https://sub.app.example",
    "https://example",
    "https://app.example@evil.example",
    "https://evil.example@app.example",
    "https://user:pass@app.example",
    "https://app.example/",
    "https://app.example/path",
    "https://app.example?x",
    "https://app.example#x",
    "https://app.example\\@evil.example",
    "https://app%2eexample",
    "https://app.example%00.evil.example",
    "https://app_example",
    "wss://app.example",
    "//app.example",
    "app.example",
    "null",
    "*",
    "file://",
    "chrome-extension://app.example",
    "https://b\u{fc}cher.example",
    "https://xn--bcher-kva.example.evil.example",
    "https://XN--bcher-kva.example",
    "http://[::1]",
    "http://[::1]:3001",
    "http://[0:0:0:0:0:0:0:1]:3000",
    "https://app.example https://evil.example",
];

const SITES: [Option<&str>; 4] = [None, Some("cross-site"), Some("same-site"), Some("none")];

struct Asked<'a> {
    hub: &'a Server,
    cookie: String,
    bearer: String,
}

impl Asked<'_> {
    fn ask(
        &self,
        method: &str,
        path: &str,
        origins: &[&str],
        site: Option<&str>,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers: Vec<(&str, &str)> = origins.iter().map(|origin| ("origin", *origin)).collect();
        headers.extend(site.map(|site| ("sec-fetch-site", site)));
        headers.extend(more);
        let body = if method == "POST" { "{\"channel\":\"a\",\"data\":1}" } else { "" };
        send(self.hub, method, path, &headers, body)
    }

    /// What the browser would let a page of that origin read.
    fn readable(answer: &Answer, origin: &str) -> bool {
        let allow = answer.header("access-control-allow-origin");
        assert_ne!(allow, Some("*"), "with credentials, any is none");
        assert!(allow.is_none() || allow == Some(origin), "{origin}: {answer:?}");
        let varies = answer.headers.iter().any(|(name, value)| name == "vary" && value.contains("origin"));
        assert!(varies, "a cache must not give one origin's answer to another: {answer:?}");
        allow.is_some()
    }

    fn preflight(&self, origin: &str) -> Answer {
        let more = [
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        self.ask("OPTIONS", "/api/sse/publish", &[origin], None, &more)
    }

    /// The stream's status, by the cookie that a browser adds for whatever page asks.
    fn stream(&self, origins: &[&str], site: Option<&str>) -> u16 {
        let mut headers: Vec<(&str, &str)> = origins.iter().map(|origin| ("origin", *origin)).collect();
        headers.extend(site.map(|site| ("sec-fetch-site", site)));
        headers.push(("cookie", &self.cookie));
        Stream::ask(self.hub, "channels=a", &headers).status
    }

    fn publish(&self, origins: &[&str], site: Option<&str>, with: (&str, &str)) -> u16 {
        self.ask("POST", "/api/sse/publish", origins, site, &[with]).status
    }
}

fn guarded() -> Server {
    let origins = ALLOWED.map(|origin| format!("\"{origin}\"")).join(",");
    let limits = "[limits]\nconnections_per_user = 0\nconnections_per_ip = 0\n";
    Server::guarded(&[], &format!("{limits}[auth]\ncookie = \"session\"\n[cors]\norigins = [{origins}]\n"))
}

fn asked(hub: &Server) -> Asked<'_> {
    let token = hub.token(&["--user", "ann", "--subscribe", "a", "--publish", "a"]);
    Asked { hub, cookie: format!("session={token}"), bearer: format!("Bearer {token}") }
}

#[test]
fn of_all_that_look_like_it_only_the_origin_itself_is_allowed() {
    let hub = guarded();
    let asked = asked(&hub);
    let (by_cookie, by_header) = (("cookie", &*asked.cookie), ("authorization", &*asked.bearer));
    for origin in ALLOWED {
        assert!(Asked::readable(&asked.preflight(origin), origin), "{origin}");
        for site in SITES {
            assert_eq!(asked.stream(&[origin], site), 200, "{origin} {site:?}");
            for with in [by_cookie, by_header] {
                let answer = asked.ask("POST", "/api/sse/publish", &[origin], site, &[with]);
                assert!(
                    answer.status == 200 && Asked::readable(&answer, origin),
                    "{origin} {site:?}: {answer:?}"
                );
            }
        }
    }
    for origin in OTHERS {
        assert!(!Asked::readable(&asked.preflight(origin), origin), "{origin}");
        for site in SITES {
            assert_eq!(asked.stream(&[origin], site), 403, "{origin} {site:?}");
            for with in [by_cookie, by_header] {
                let answer = asked.ask("POST", "/api/sse/publish", &[origin], site, &[with]);
                assert!(
                    answer.status == 403 && !Asked::readable(&answer, origin),
                    "{origin} {site:?}: {answer:?}"
                );
            }
            // What it showed itself, it may use; what it may not is read the answer.
            let read = asked.ask("GET", "/api/sse/history?channel=a", &[origin], site, &[by_header]);
            assert!(read.status == 200 && !Asked::readable(&read, origin), "{origin} {site:?}: {read:?}");
        }
        // Only the secret id counts for a beacon, which any page may send.
        let beacon = send(&hub, "POST", "/api/sse/disconnect", &[("origin", origin)], "x-1-1.00");
        beacon.problem(404);
    }
    assert!(
        hub.stats()["connections"]["opened_total"].as_u64() == Some((ALLOWED.len() * SITES.len()) as u64)
    );
}

#[test]
fn without_an_origin_the_browsers_word_on_the_site_counts() {
    let hub = guarded();
    let asked = asked(&hub);
    for (site, status) in [
        (None, 200),
        (Some("same-origin"), 200),
        (Some("none"), 200),
        (Some("same-site"), 403),
        (Some("cross-site"), 403),
    ] {
        assert_eq!(asked.stream(&[], site), status, "{site:?}");
        assert_eq!(asked.publish(&[], site, ("cookie", &asked.cookie)), status, "{site:?}");
    }
}

#[test]
fn the_hubs_own_pages_are_known_by_host_and_port() {
    let hub = guarded();
    let asked = asked(&hub);
    let (own, port) = (hub.address().to_string(), hub.address().port());
    for origin in [format!("http://{own}"), format!("https://{own}")] {
        assert_eq!(asked.stream(&[&origin], Some("same-origin")), 200, "{origin}");
        assert_eq!(asked.stream(&[&origin], None), 200, "{origin}");
        // Of another scheme the browser calls the same host another site.
        assert_eq!(asked.stream(&[&origin], Some("cross-site")), 403, "{origin}");
    }
    for origin in [
        "http://127.0.0.1".to_owned(),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://127.0.0.1.:{port}"),
        format!("http://{own}.evil.example"),
        format!("http://evil.example@{own}"),
    ] {
        assert_eq!(asked.stream(&[&origin], None), 403, "{origin}");
        assert_eq!(asked.publish(&[&origin], None, ("cookie", &asked.cookie)), 403, "{origin}");
    }
}

#[test]
fn of_two_origins_neither_counts() {
    let hub = guarded();
    let asked = asked(&hub);
    let [allowed, other, ..] = ALLOWED;
    for origins in [
        [allowed, "https://evil.example"],
        ["https://evil.example", allowed],
        [allowed, allowed],
        [allowed, other],
    ] {
        assert_eq!(asked.stream(&origins, None), 403, "{origins:?}");
        assert_eq!(asked.publish(&origins, None, ("cookie", &asked.cookie)), 403, "{origins:?}");
    }
    let listed = format!("{allowed}, {allowed}");
    assert_eq!(asked.stream(&[&listed], None), 403);
    assert_eq!(asked.stream(&[&format!("{allowed}\t")], None), 200, "white space around is no part of it");
    let both =
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site"), ("cookie", &*asked.cookie)];
    assert_eq!(Stream::ask(&hub, "channels=a", &both).status, 403);
    assert_eq!(Stream::ask(&hub, "channels=a", &[both[1], both[0], both[2]]).status, 403);
}
