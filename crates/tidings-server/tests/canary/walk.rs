//! One hub at its most talkative is asked everything, rightly and wrongly, with marked secrets in every place where one
//! can stand; then all that it said and kept is searched.

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tidings::ENDPOINTS;

use crate::browser::{PASSWORD, by_password, from_monitor, operators, submit};
use crate::http::{Answer, send};
use crate::hub::SECRET;
use crate::kept::files_below;
use crate::marks::Marks;
use crate::server::Server;
use crate::sse::Stream;

/// What it takes for a fault to be tripped that panics, in a request and in a stream.
#[cfg(feature = "fault-points")]
const FAULTS: &str = "connect.admitted@panics=1,stream.next@trips=#2,write.EPIPE@breaks=#2";

const HOOK_KEY: &str = "canary-hook-2c81f0aa";
const HOOK_URL: &str = "http://127.0.0.1:1/who?key=canary-hook-2c81f0aa";
const WEBHOOK_KEY: &str = "canary-webhook-7be1";
/// 32 bytes as base64.
const WEBHOOK_SECRET: &str = "Y2FuYXJ5LXdlYmhvb2stc2VjcmV0LTAxMjM0NTY3ODk=";

struct Walk {
    hub: Server,
    marks: Marks,
    /// All answers, in which no secret may be that it doesn't hand out.
    said: Vec<(String, Answer)>,
}

fn settings(format: &str) -> Vec<(&str, &str)> {
    let mut settings = vec![
        ("TIDINGS_LOG_LEVEL", "trace"),
        ("TIDINGS_LOG_FORMAT", format),
        ("TIDINGS_ADMIN_AUDIT_FILE", "audit.jsonl"),
        ("TIDINGS_ADMIN_LOGINS_PER_MINUTE", "0"),
        ("TIDINGS_DRAIN_WINDOW_MS", "100"),
        ("RUST_BACKTRACE", "full"),
    ];
    #[cfg(feature = "fault-points")]
    settings.push(("TIDINGS_FAULTS", FAULTS));
    settings.push(("TIDINGS_AUTH_QUERY_TOKEN", "true"));
    settings.push(("TIDINGS_AUTH_HOOK_URL", HOOK_URL));
    settings
}

/// An application that is away: what fails is told of.
fn outward() -> String {
    format!(
        "[[webhook]]\nurl = \"http://127.0.0.1:1/hook?key={WEBHOOK_KEY}\"\nsecret = \"whsec_{WEBHOOK_SECRET}\"\n\
         [outbox]\nretry_ms = 10\nretry_max_ms = 100\n"
    )
}

impl Walk {
    fn begin(format: &str) -> Self {
        let file = operators()
            + "[auth]\ncookie = \"session\"\n[cors]\norigins = [\"https://app.example\"]\n"
            + &outward();
        let hub = Server::guarded(&settings(format), &file);
        let mut marks = Marks::default();
        marks.add("the key", SECRET);
        marks.add("the password", PASSWORD);
        marks.add("the hook's key", HOOK_KEY);
        marks.add("a webhook's key", WEBHOOK_KEY);
        marks.add("a webhook's secret", WEBHOOK_SECRET);
        let hash = file.lines().find_map(|line| line.strip_prefix("password = ")).expect("a hash");
        marks.add("the password's hash", hash.trim_matches('"'));
        Self { hub, marks, said: Vec::new() }
    }

    fn token(&mut self, arguments: &[&str]) -> String {
        let token = self.hub.token(&[arguments, &["--id", "canary-jti-5b1e9c"]].concat());
        let signature = token.rsplit('.').next().expect("three parts").to_owned();
        self.marks.add("a token", &token);
        self.marks.add("a token's signature", &signature);
        token
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = send(&self.hub, method, path, headers, body);
        let copy =
            Answer { status: answer.status, headers: answer.headers.clone(), body: answer.body.clone() };
        self.said.push((format!("the answer to {method} {}", path.split('?').next().unwrap_or(path)), copy));
        answer
    }

    /// Every endpoint, with this to show in every way.
    fn everywhere(&mut self, secret: &str) {
        let bearer = format!("Bearer {secret}");
        let cookie = format!("session={secret}; tidings-admin={secret}; __Host-tidings-admin={secret}");
        let body =
            json!({ "connection_id": secret, "channel": "a", "data": 1, "user": "nobody", "token": secret });
        let body = body.to_string();
        for (method, path) in endpoints() {
            let queried = format!(
                "{path}{}token={secret}&ticket={secret}&access_token={secret}",
                if path.contains('?') { "&" } else { "?" }
            );
            let body = if method == "GET" { "" } else { &*body };
            self.ask(method, &path, &[("authorization", &bearer)], body);
            self.ask(method, &path, &[("cookie", &cookie)], body);
            self.ask(method, &queried, &[], body);
            let foreign =
                [("origin", "https://evil.example"), ("cookie", &*cookie), ("authorization", &*bearer)];
            self.ask(method, &queried, &foreign, body);
            self.ask(
                method,
                &path,
                &[("authorization", &format!("Basic {secret}")), ("x-api-key", secret)],
                secret,
            );
        }
    }
}

/// All but the stream, which has no end to wait for, and the drain, which is the end.
fn endpoints() -> Vec<(&'static str, String)> {
    let operators = ENDPOINTS.iter().filter(|endpoint| endpoint.action != Some("drain")).map(|endpoint| {
        (endpoint.method.as_str(), endpoint.path.replace("{id}", "x-1-1").replace("{user}", "nobody"))
    });
    let others = [
        ("HEAD", "/api/sse/stream?channels=a"),
        ("POST", "/api/sse/disconnect"),
        ("POST", "/api/sse/alive"),
        ("POST", "/api/sse/subscriptions"),
        ("POST", "/api/sse/refresh"),
        ("POST", "/api/sse/publish"),
        ("GET", "/api/sse/history?channel=a"),
        ("GET", "/api/sse/presence?channel=a"),
        ("GET", "/admin/monitoring"),
        ("GET", "/admin/session"),
        ("POST", "/admin/login"),
        ("POST", "/admin/logout"),
        ("GET", "/"),
        ("GET", "/metrics"),
        ("GET", "/health"),
        ("GET", "/nowhere"),
        ("PATCH", "/api/sse/stats"),
    ];
    operators.chain(others.map(|(method, path)| (method, path.to_owned()))).collect()
}

#[test]
fn no_secret_is_in_anything_that_a_hub_says_or_keeps() {
    for format in ["text", "json"] {
        let mut walk = Walk::begin(format);
        talk(&mut walk);
        search(walk, format);
    }
}

/// Everything that has a secret in it, done as it is meant, and then anew as it is not.
fn talk(walk: &mut Walk) {
    let user = walk.token(&["--user", "ada", "--subscribe", "*", "--publish", "*"]);
    let operator = walk.token(&["--user", "ops", "--admin", "--subscribe", "*", "--publish", "*"]);
    let bearer = format!("Bearer {user}");
    let shown = [("authorization", bearer.as_str())];
    let mut streams = Vec::new();
    for n in 0..3 {
        let stream = Stream::open_with(&walk.hub, &format!("channels=a&client_id=tab-{n}&lease=30"), &shown);
        let id = stream.connection_id().to_owned();
        walk.marks.add("a connection's secret id", &id);
        walk.marks.add("its code", id.split_once('.').expect("two parts").1);
        streams.push((stream, id));
    }
    let queried = Stream::open_with(&walk.hub, &format!("channels=a&token={user}"), &[]);
    let cookie = Stream::open_with(&walk.hub, "channels=a", &[("cookie", &format!("session={user}"))]);
    let ticket = send(&walk.hub, "POST", "/api/sse/ticket", &shown, "").ok()["ticket"].clone();
    let ticket = ticket.as_str().expect("a ticket").to_owned();
    walk.marks.add("a ticket", &ticket);
    let ticketed = Stream::open_with(&walk.hub, &format!("channels=a&ticket={ticket}"), &[]);
    drop((queried, cookie));
    over_http2(&walk.hub, &user, &streams[0].1);
    for user in ["panics", "trips", "breaks"] {
        let token = walk.token(&["--user", user, "--subscribe", "a"]);
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        provoke(&walk.hub, &headers);
    }

    let login = submit(&walk.hub, "/admin/login", &[], &by_password("ann"));
    let session =
        login.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    walk.marks.add("a session", session.split_once('=').expect("a pair").1);
    for (method, path) in endpoints() {
        let body = if path.ends_with("publish") { "{\"channel\":\"a\",\"data\":1}" } else { "" };
        let answer = from_monitor(&walk.hub, &session, method, &path, body);
        walk.said.push((format!("the monitor's {method} {path}"), answer));
    }
    let again = submit(&walk.hub, "/admin/login", &[], &format!("token={operator}"));
    let session =
        again.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    walk.marks.add("a session by token", session.split_once('=').expect("a pair").1);

    let typed = "canary-typed-0d9a77c1";
    walk.marks.add("what somebody typed", typed);
    for form in [
        format!("name={typed}&password={typed}"),
        format!("name=ann&password={typed}"),
        format!("token={typed}"),
    ] {
        let answer = submit(&walk.hub, "/admin/login", &[], &form);
        walk.said.push(("a wrong login".to_owned(), answer));
    }
    let broken = user.replace('.', ".x");
    walk.marks.add("a broken token", &broken);
    let forged = format!("{}AAAA", &user[..user.len() - 4]);
    for secret in [&operator, &user, &broken, &forged, &streams[0].1.clone(), &ticket, &typed.to_owned()] {
        walk.everywhere(secret);
    }
    for (stream, id) in streams {
        let body = json!({ "connection_id": id, "add": ["b"], "remove": ["a"] }).to_string();
        for path in ["alive", "subscriptions", "refresh", "disconnect", "disconnect"] {
            walk.ask("POST", &format!("/api/sse/{path}"), &shown, &body);
        }
        drop(stream);
    }
    let rings = json!({ "channel": "kept", "data": "no secret" }).to_string();
    walk.ask("POST", "/api/sse/publish", &shown, &rings);
    drop(ticketed);
}

/// HTTP/2 is read by another library, which has a log of its own.
fn over_http2(hub: &Server, token: &str, connection_id: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    for (method, path, body) in [
        ("GET", format!("/api/sse/history?channel=a&token={token}"), String::new()),
        ("POST", "/api/sse/alive".to_owned(), connection_id.to_owned()),
    ] {
        let request = ::http::Request::builder().method(method).uri(format!("{}{path}", hub.url()));
        let request = request
            .header("authorization", format!("Bearer {token}"))
            .header("cookie", format!("session={token}"))
            .body(Full::from(body))
            .expect("a request");
        let answer = runtime.block_on(client.request(request)).expect("an answer");
        assert!(answer.status().is_success() && answer.version() == ::http::Version::HTTP_2, "{answer:?}");
    }
}

/// Streams until the fault was tripped that ends them.
fn provoke(hub: &Server, headers: &[(&str, &str)]) {
    let asked = std::panic::catch_unwind(|| {
        let mut stream = Stream::ask(hub, "channels=a", headers);
        for n in 0..3 {
            hub.post("/api/sse/publish", &json!({ "channel": "a", "data": n }).to_string());
            stream.item();
        }
    });
    // Cut in the middle is what a fault makes of it.
    drop(asked);
}

fn search(mut walk: Walk, format: &str) {
    for path in [
        "/metrics",
        "/api/sse/stats",
        "/api/sse/connections",
        "/api/sse/connections/closed",
        "/api/sse/users",
        "/api/sse/channels",
        "/api/sse/audit",
        "/api/sse/stats/series",
    ] {
        let text = walk.hub.get(path);
        walk.marks.assert_absent(path, &text);
    }
    // As it was told to its own browser, a cookie is no leak.
    for (what, answer) in &walk.said {
        let told = answer.headers.iter().filter(|(name, _)| name != "set-cookie");
        let head: String = told.map(|(name, value)| format!("{name}: {value}\n")).collect();
        walk.marks.assert_absent(what, &format!("{head}{}", answer.body));
    }
    walk.hub.assert_books_balance();
    let ended = walk.hub.hub_mut().stop();
    assert!(ended.success(), "{ended}");
    let log = walk.hub.log();
    assert!(
        log.contains("TRACE") || log.contains("\"TRACE\"") || log.contains("DEBUG"),
        "{format}: it was to say all"
    );
    #[cfg(feature = "fault-points")]
    assert!(log.contains("panicked"), "no fault was tripped");
    assert!(log.contains("hpack"), "{format}: also what reads HTTP/2");
    assert!(log.contains("the hook did not decide"), "{format}: nobody asked the hook");
    walk.marks.assert_absent("the log", &log);
    let mut searched = 0;
    for place in [walk.hub.dir().join("audit.jsonl"), walk.hub.data_dir()] {
        let files = if place.is_dir() { files_below(&place) } else { vec![place] };
        for file in files {
            let text = String::from_utf8_lossy(&std::fs::read(&file).expect("a file")).into_owned();
            walk.marks.assert_absent(&file.display().to_string(), &text);
            searched += 1;
        }
    }
    assert!(searched >= 3 && walk.marks.len() >= 20, "{searched} files, {} secrets", walk.marks.len());
    // So that its books can be looked at once more.
    walk.hub.hub_mut().start_again();
}

#[test]
fn a_leak_would_be_found() {
    let mut walk = Walk::begin("text");
    let leaked: Value = serde_json::from_str(&walk.hub.get("/api/sse/stats")).expect("JSON");
    let node = leaked["node"].as_str().expect("a name").to_owned();
    // The name of the node is in the log and the data directory: called a secret, it is found in both.
    walk.marks = Marks::default();
    walk.marks.add("the node's name", &node);
    assert!(walk.marks.found_in(&walk.hub.log()).is_some());
    let kept = std::fs::read_dir(walk.hub.data_dir())
        .expect("a directory")
        .filter_map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).ok());
    assert!(kept.into_iter().any(|text| walk.marks.found_in(&text).is_some()));
}
