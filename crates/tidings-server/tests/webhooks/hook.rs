//! The hook and the webhooks of the binary: what its settings do, and that its log and `tidings check` keep secrets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::hub::{Hub, SECRET as KEY, within_patience};
use crate::receiver::Receiver;
use crate::{SECRET, toml};

/// An application that answers each question with the same grant, and keeps the questions.
struct Application {
    url: String,
    asked: Arc<Mutex<Vec<Question>>>,
}

#[derive(Clone)]
struct Question {
    head: String,
    body: Value,
}

impl Application {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook?key=canary", listener.local_addr().expect("bound"));
        let asked = Arc::<Mutex<Vec<Question>>>::default();
        let keeps = Arc::clone(&asked);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (head, body, mut socket) = read(socket);
                let body = serde_json::from_str(&body).expect("a question");
                keeps.lock().expect("whole").push(Question { head, body });
                let length = answer.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                let _ = socket.write_all(format!("{head}{answer}").as_bytes());
            }
        });
        Self { url, asked }
    }

    /// What it was asked since it was looked at last.
    fn asked(&self) -> Vec<Question> {
        std::mem::take(&mut *self.asked.lock().expect("whole"))
    }
}

impl Question {
    fn has_field(&self, wanted: &str) -> bool {
        self.head.lines().any(|line| line.eq_ignore_ascii_case(wanted))
    }
}

/// A head, and the body that it says it has.
fn read(socket: TcpStream) -> (String, String, TcpStream) {
    let mut socket = BufReader::new(socket);
    let lines = socket.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let head: Vec<String> = lines.collect();
    let lengths = head.iter().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().expect("a number"))
    });
    let mut body = vec![0; lengths.sum()];
    socket.read_exact(&mut body).expect("a body");
    (head.join("\n"), String::from_utf8(body).expect("text"), socket.into_inner())
}

/// With a cookie alone: the status, and the body where its length is told.
fn ask(hub: &Hub, request: &str, cookie: &str, body: &str) -> (String, Value) {
    let mut socket = TcpStream::connect(hub.address()).expect("the hub listens");
    let (host, length) = (hub.address(), body.len());
    let fields = format!("host: {host}\r\ncookie: {cookie}\r\ncontent-length: {length}");
    let kind = "content-type: application/json\r\nconnection: close";
    let request = format!("{request} HTTP/1.1\r\n{fields}\r\n{kind}\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).expect("taken in");
    let (head, body, _) = read(socket);
    (head.lines().next().unwrap_or_default().to_owned(), serde_json::from_str(&body).unwrap_or_default())
}

/// A stream of a cookie's, and its secret id.
fn stream(hub: &Hub, query: &str, cookie: &str) -> (TcpStream, Value) {
    let mut socket = TcpStream::connect(hub.address()).expect("the hub listens");
    let host = hub.address();
    let request = format!("GET /api/sse/stream?{query} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("taken in");
    let lines = BufReader::new(socket.try_clone().expect("another handle")).lines();
    let mut told = lines.map(|line| line.expect("a line"));
    let data = told.find_map(|line| line.strip_prefix("data: ").map(str::to_owned)).expect("an event");
    let connected: Value = serde_json::from_str(&data).expect("JSON");
    (socket, connected["connection_id"].clone())
}

#[test]
fn the_application_is_told_what_is_asked_and_no_operators_cookie() {
    const GRANT: &str = r#"{"sub":"ann","ttl":600,"subscribe":["news","room:7"],"publish":["news"]}"#;
    let application = Application::start(GRANT);
    let hub = Hub::start_guarded(
        &[("TIDINGS_AUTH_HOOK_URL", &application.url), ("TIDINGS_AUTH_HOOK_EVENTS", "subscribe,publish")],
        "",
    );
    let cookie = "tidings-admin=canary; sid=ann; __Host-tidings-admin=canary";
    let asked = |expected: Value| {
        let all = application.asked();
        let bodies: Vec<&Value> = all.iter().map(|question| &question.body).collect();
        assert_eq!(bodies, [&expected]);
        assert!(all[0].has_field("cookie: sid=ann") && !all[0].head.contains("admin"), "{}", all[0].head);
    };
    let (socket, id) = stream(&hub, "channels=news&client_id=tab&type=board&lang=de", cookie);
    asked(
        json!({ "version": 1, "action": "connect", "channels": ["news"], "type": "board", "client_id": "tab",
                  "remote": "127.0.0.1", "query": "lang=de" }),
    );
    let of_stream = json!({ "connection_id": id });
    let refreshed = ask(&hub, "POST /api/sse/refresh", cookie, &of_stream.to_string());
    assert!(refreshed.0.contains(" 200 "), "{refreshed:?}");
    asked(json!({ "version": 1, "action": "refresh", "user": "ann", "remote": "127.0.0.1", "query": "" }));
    let change = json!({ "connection_id": id, "add": ["room:7"] }).to_string();
    let changed = ask(&hub, "POST /api/sse/subscriptions", cookie, &change);
    assert!(changed.0.contains(" 200 "), "{changed:?}");
    asked(json!({ "version": 1, "action": "subscribe", "channels": ["room:7"], "user": "ann",
                  "remote": "127.0.0.1", "query": "" }));
    let event = json!({ "channel": "news", "data": 1 }).to_string();
    let published = ask(&hub, "POST /api/sse/publish", cookie, &event);
    assert!(published.0.contains(" 200 "), "{published:?}");
    asked(json!({ "version": 1, "action": "publish", "remote": "127.0.0.1", "query": "" }));
    assert!(ask(&hub, "GET /api/sse/stats", cookie, "").0.contains(" 403 "), "who is nobody's operator");
    asked(json!({ "version": 1, "action": "connect", "remote": "127.0.0.1", "query": "" }));

    let metrics = hub.get("/metrics");
    assert!(metrics.contains("tidings_hook_questions_total{outcome=\"granted\"} 5\n"), "{metrics}");
    for outcome in ["denied", "failed", "kept", "shared", "paused", "crowded"] {
        let line = format!("tidings_hook_questions_total{{outcome=\"{outcome}\"}} 0\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    drop(socket);
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    assert!(!hub.log().contains("canary"), "{}", hub.log());
    hub.assert_books_balance();
}

fn status(hub: &Hub, headers: &str) -> String {
    let mut socket = TcpStream::connect(hub.address()).expect("the hub listens");
    let request =
        format!("GET /api/sse/stream?channels=news HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", hub.address());
    socket.write_all(request.as_bytes()).expect("taken in");
    let mut status = String::new();
    BufReader::new(socket).read_line(&mut status).expect("an answer");
    status
}

#[test]
fn a_hub_asks_its_application_and_tells_it_and_no_secret_is_in_its_log() {
    let receiver = Receiver::start(1);
    let Application { url, .. } = Application::start(r#"{"sub":"ann","ttl":600,"subscribe":["news"]}"#);
    let hub = Hub::start_guarded(
        &[("TIDINGS_AUTH_HOOK_URL", &url), ("TIDINGS_LOG_LEVEL", "trace")],
        &toml(&[&receiver], ""),
    );
    assert!(status(&hub, "cookie: sid=canary\r\n").contains(" 200 "));
    receiver.until(|state| state.taken >= 2);
    receiver.with(|state| assert!(state.wrong.is_empty(), "{:?}", state.wrong));
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    let log = hub.log();
    assert!(log.contains("user=ann"), "{log}");
    for secret in ["canary", SECRET, &SECRET["whsec_".len()..], KEY] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
    hub.assert_books_balance();
}

#[test]
fn what_can_not_be_meant_is_told_before_anything_starts_and_without_a_secret() {
    let run = |verb: &str, toml: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("tidings.toml"), toml).expect("written");
        let mut program = Command::new(env!("CARGO_BIN_EXE_tidings"));
        let program = program.arg(verb).current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = within_patience(program);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), said)
    };
    let hook = "auth.hook_url = \"http://127.0.0.1:1/canary\"\nserver.listen = \"127.0.0.1:0\"\n";
    let webhook = format!("[[webhook]]\nurl = \"http://127.0.0.1/canary\"\nsecret = \"{SECRET}\"\n");
    for (toml, part) in [
        (
            "auth.hook_url = \"http://169.254.169.254/canary\"\n".to_owned(),
            "auth.hook_url: its address is link-local",
        ),
        ("auth.hook_url = \"http://1.1.1.1/canary\"\n".to_owned(), "auth.hook_url: plain http://"),
        (
            "auth.hook_url = \"https://u:canary@a.example/\"\n".to_owned(),
            "auth.hook_url: a name and password",
        ),
        (format!("{hook}auth.hook_headers = [\"connection\"]\n"), "auth.hook_headers: `connection`"),
        (format!("{hook}auth.hook_ca_file = \"none.pem\"\n"), "auth.hook_ca_file: cannot read"),
        (format!("{hook}cors.origins = [\"*\"]\n"), "cors.origins: with auth.cookie or auth.hook_url"),
        (format!("{hook}[[webhook]]\nurl = \"http://127.0.0.1/canary\"\n"), "webhook[0].secret: is required"),
        (
            format!("{hook}[[webhook]]\nurl = \"http://127.0.0.1/\"\nsecret = \"canary\"\n"),
            "webhook[0].secret: has to be whsec_",
        ),
        (
            format!("{hook}[[webhook]]\nurl = \"http://8.8.8.8/canary\"\nsecret = \"{SECRET}\"\n"),
            "webhook[0].url: plain http://",
        ),
        (
            format!("{hook}{webhook}{webhook}"),
            "webhook[1].url: webhook 0 has the same URL and the same events",
        ),
        (
            format!(
                "{hook}{webhook}events = [\"connected\", \"disconnected\"]\n{webhook}{webhook}events = [\"disconnected\", \"connected\"]\n"
            ),
            "webhook[2].url: webhook 0 has the same URL and the same events",
        ),
    ] {
        for verb in ["check", "serve"] {
            let (succeeded, said) = run(verb, &toml);
            assert!(!succeeded && said.contains(part) && !said.contains("canary"), "{verb} {toml}\n{said}");
        }
    }
    let (sound, said) = run(
        "check",
        &format!("{hook}[[webhook]]\nurl = \"http://127.0.0.1/canary\"\nsecret = \"{SECRET}\"\n"),
    );
    assert!(sound && said.contains("webhook[0].secret = \"***\""), "{said}");
    assert!(!said.contains("canary") && !said.contains(SECRET), "{said}");
}
