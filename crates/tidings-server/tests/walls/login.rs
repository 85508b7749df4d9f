//! The login before the monitor, and what its cookie is good for.

use serde_json::json;

use crate::browser::{PASSWORD, by_password, from_monitor, log_in, operators, own_page, submit};
use crate::http::{Answer, send};
use crate::server::Server;
use crate::sse::Stream;

const HTML: (&str, &str) = ("accept", "text/html");

fn open_monitor(hub: &Server, headers: &[(&str, &str)]) -> Answer {
    send(hub, "GET", "/admin/monitoring", &[&[HTML], headers].concat(), "")
}

#[test]
fn who_opens_the_monitor_without_a_session_is_asked_to_log_in() {
    let hub = Server::guarded(&[], &operators());
    let page = open_monitor(&hub, &[]);
    assert_eq!((page.status, page.header("content-type")), (401, Some("text/html; charset=utf-8")));
    assert!(
        page.body.contains("action=\"login\"") && page.body.contains("name=\"password\""),
        "{}",
        page.body
    );
    send(&hub, "GET", "/admin/monitoring", &[], "").problem(401);
    send(&hub, "GET", "/admin/session", &[], "").problem(401);

    let cookie = log_in(&hub, &by_password("ann"));
    let monitor = open_monitor(&hub, &[("cookie", &cookie)]);
    assert!(monitor.status == 200 && monitor.body.contains("<title>Monitor"), "{monitor:?}");
    let session = from_monitor(&hub, &cookie, "GET", "/admin/session", "").ok();
    assert_eq!((&session["user"], &session["role"]), (&json!("ann"), &json!("operator")));
    assert_eq!((&session["by"], &session["logout"]), (&json!("password"), &json!(true)));
    // Whoever is in needs no login.
    let login = send(&hub, "GET", "/admin/login", &[HTML, ("cookie", &cookie)], "");
    assert_eq!((login.status, login.header("location")), (303, Some("monitoring")));
    // From a link elsewhere the cookie, which is strict, does not come: the page asks again by itself.
    let followed = open_monitor(&hub, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]);
    assert_eq!(followed.status, 200);
}

#[test]
fn development_has_no_login() {
    let hub = Server::start();
    assert_eq!(open_monitor(&hub, &[]).status, 200);
    let session = send(&hub, "GET", "/admin/session", &[], "").ok();
    assert_eq!((&session["role"], &session["by"]), (&json!("operator"), &json!("dev")));
}

#[test]
fn a_cookie_is_the_browsers_alone_and_over_https_the_hosts_own() {
    let hub = Server::guarded(&[], &operators());
    let own = submit(&hub, "/admin/login", &[], &by_password("ann"));
    let cookie = own.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("tidings-admin=") && !cookie.contains("Secure"), "{cookie}");
    let host = hub.address().to_string();
    let https = [
        ("origin", &*format!("https://{host}")),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let secure = send(&hub, "POST", "/admin/login", &https, &by_password("ann"));
    let cookie = secure.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-tidings-admin="), "{cookie}");
    for part in ["; Path=/;", "; HttpOnly", "; SameSite=Strict", "; Secure", "; Max-Age=2"] {
        assert!(cookie.contains(part), "{cookie} lacks {part}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[test]
fn a_wrong_login_tells_nothing_and_begins_no_session() {
    let hub = Server::guarded(&[("TIDINGS_ADMIN_LOGINS_PER_MINUTE", "0")], &operators());
    let reader = hub.token(&["--user", "x", "--subscribe", "*"]);
    let told = |form: &str, status: u16| {
        let answer = submit(&hub, "/admin/login", &[], form);
        assert_eq!((answer.status, answer.header("set-cookie")), (status, None), "{form}: {answer:?}");
        let (_, rest) = answer.body.split_once("role=\"alert\">").unwrap_or_else(|| panic!("{answer:?}"));
        rest.split_once('<').expect("text").0.to_owned()
    };
    let unknown = told("name=nobody&password=x", 401);
    assert_eq!(told("name=ann&password=x", 401), unknown, "no word of who exists");
    assert_eq!(told(&format!("name=ann&password={}x", PASSWORD.replace(' ', "+")), 401), unknown);
    assert_eq!(told("name=ann", 401), unknown);
    assert_eq!(told("", 401), unknown);
    assert!(told("token=a.b.c", 401).contains("not good"));
    assert!(told("token=%0d%0aSet-Cookie:x", 401).contains("not good"));
    assert!(told(&format!("token={reader}"), 403).contains("no operator"));
    assert!(told(&"x".repeat(40_000), 400).contains("could not be read"));
}

#[test]
fn logging_in_is_for_the_hubs_own_page() {
    let hub = Server::guarded(&[], &(operators() + "[cors]\norigins = [\"https://app.example\"]\n"));
    let form = by_password("ann");
    let own = hub.url();
    for headers in [
        &[][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://app.example")],
        &[("origin", &*own), ("sec-fetch-site", "cross-site")],
        &[("origin", &*own), ("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        let all = [headers, &[("content-type", "application/x-www-form-urlencoded")]].concat();
        let answer = send(&hub, "POST", "/admin/login", &all, &form);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{headers:?}: {answer:?}");
    }
    log_in(&hub, &form);
}

#[test]
fn an_address_tries_so_often_and_then_waits() {
    let hub = Server::guarded(&[("TIDINGS_ADMIN_LOGINS_PER_MINUTE", "3")], &operators());
    for _ in 0..3 {
        assert_eq!(submit(&hub, "/admin/login", &[], "name=ann&password=x").status, 401);
    }
    let refused = submit(&hub, "/admin/login", &[], &by_password("ann"));
    assert_eq!((refused.status, refused.header("set-cookie")), (429, None), "also with the right one");
    let seconds: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    // A token in the header is no login.
    hub.stats();
}

#[test]
fn a_change_by_cookie_needs_what_no_form_can_send() {
    let hub = Server::guarded(&[], &operators());
    let cookie = log_in(&hub, &by_password("ann"));
    let own = own_page(&hub);
    let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let post = |more: &[(&str, &str)]| {
        let headers = [&own[..], &[("cookie", cookie.as_str())], more].concat();
        send(&hub, "POST", "/api/sse/cleanup", &headers, "{}")
    };
    for simple in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        post(&[("content-type", simple)]).problem_saying(403, "Tidings-Client");
    }
    post(&[]).problem_saying(403, "Tidings-Client");
    post(&[("content-type", "application/json")]).ok();
    post(&[("tidings-client", "js/1")]).ok();
    // Without proof that the page is the hub's own, the cookie is not looked at.
    let headers = [("cookie", &*cookie), ("content-type", "application/json")];
    send(&hub, "POST", "/api/sse/cleanup", &headers, "{}").problem(401);
    for site in ["cross-site", "same-site"] {
        let headers = [("cookie", &*cookie), ("sec-fetch-site", site)];
        send(&hub, "GET", "/api/sse/stats", &headers, "").problem(401);
    }
    send(&hub, "GET", "/api/sse/stats", &[("cookie", &cookie), ("sec-fetch-site", "none")], "").ok();
}

/// Why a stream says that it ends.
fn closing(stream: &mut Stream) -> String {
    loop {
        let (ty, data) = stream.event();
        if ty == "closing" {
            return data["reason"].as_str().expect("a reason").to_owned();
        }
    }
}

#[test]
fn a_session_ends_by_logging_out_by_time_and_with_its_user() {
    let hub = Server::guarded(&[("TIDINGS_ADMIN_SESSION_MS", "2000")], &operators());
    let stats = |cookie: &str| from_monitor(&hub, cookie, "GET", "/api/sse/stats", "").status;
    let ann = log_in(&hub, &by_password("ann"));
    let other = log_in(&hub, &by_password("ann"));
    assert_eq!(stats(&ann), 200);
    let watching = |cookie: &str| Stream::open_with(&hub, "channels=$hub/stats", &[("cookie", cookie)]);
    let (mut left, stays) = (watching(&ann), watching(&other));
    let out = submit(&hub, "/admin/logout", &[("cookie", &ann)], "");
    assert_eq!((out.status, out.header("location")), (303, Some("login")));
    assert!(out.headers.iter().any(|(name, value)| name == "set-cookie" && value.contains("Max-Age=0")));
    assert_eq!((stats(&ann), stats(&other)), (401, 200), "the other one stays");
    assert_eq!(closing(&mut left), "expired", "a stream ends with the login that it was opened by");
    assert_eq!(hub.stats()["connections"]["active"], 1, "the other login's stays");
    drop(stays);

    let mut stream = watching(&log_in(&hub, &by_password("bob")));
    assert_eq!(closing(&mut stream), "expired", "a stream by a session ends with it");
    assert_eq!(stats(&other), 401, "they lasted as long");
}

#[test]
fn a_login_by_token_ends_with_the_token_and_when_its_user_is_revoked() {
    let hub = Server::guarded(&[("TIDINGS_AUTH_LEEWAY_MS", "0")], "");
    let token = |user: &str, time: &str| hub.token(&["--user", user, "--admin", "--expires-in", time]);
    let stats = |cookie: &str| from_monitor(&hub, cookie, "GET", "/api/sse/stats", "").status;
    let long = log_in(&hub, &format!("token={}", token("ann", "1h")));
    let answer = submit(&hub, "/admin/login", &[], &format!("token={}", token("bob", "3s")));
    let cookie = answer.header("set-cookie").expect("a cookie");
    let seconds =
        cookie.split_once("Max-Age=").and_then(|(_, rest)| rest.split(';').next()?.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds <= 3), "{cookie}");
    let short = cookie.split(';').next().expect("a pair").to_owned();
    let begun = crate::hub::now();
    while stats(&short) == 200 {
        assert!(begun.elapsed() < crate::hub::PATIENCE, "it goes on");
    }
    assert_eq!((stats(&short), stats(&long)), (401, 200));
    hub.post("/api/sse/revocations", "{\"user\":\"ann\"}");
    assert_eq!(stats(&long), 401);
    let again = submit(&hub, "/admin/login", &[], &format!("token={}", token("ann", "1h")));
    assert_eq!((again.status, again.header("set-cookie")), (401, None));
}

#[test]
fn a_reader_who_logged_in_sees_no_events_and_publishes_none() {
    let hub = Server::guarded(&[], &operators());
    let (ann, bob) = (log_in(&hub, &by_password("ann")), log_in(&hub, &by_password("bob")));
    let open = |cookie: &str| Stream::ask(&hub, "channels=room:1", &[("cookie", cookie)]).status;
    let publish = |cookie: &str| {
        from_monitor(&hub, cookie, "POST", "/api/sse/publish", "{\"channel\":\"a\",\"data\":1}").status
    };
    assert_eq!((open(&bob), publish(&bob)), (403, 403));
    assert_eq!((open(&ann), publish(&ann)), (200, 200));
}
