//! A school with a data directory of its own, asked in HTTP/1.0, whose answers have no chunks and end with the socket.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tidings::Hub;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http::{App, School};
use crate::settings::{Lifetimes, Settings};

/// How long a handshake may take on a busy machine before the test calls it lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const PASSWORD: &str = "a long password";

pub(super) struct Server {
    pub(super) app: App,
    pub(super) hub: Hub,
    pub(super) address: SocketAddr,
    pub(super) data_dir: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl Server {
    pub(super) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let data_dir = Arc::new(TempDir::new());
        let mut settings = settings(data_dir.path());
        change(&mut settings);
        let school = School::open(settings).expect("opens");
        let listener = school.listen().await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (app, hub) = (school.app.clone(), school.hub.clone().expect("it lives in here"));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(school.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { app, hub, address, data_dir, stop: Some(stop), server: Some(server) }
    }

    /// An orderly end, with books that balance and nobody in them.
    pub(super) async fn close(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            timeout(PATIENCE, server).await.expect("an end in time").expect("no panic").expect("a clean end");
        }
        assert!(self.hub.books_balance());
        assert_eq!(self.active(), 0);
    }

    pub(super) async fn ask(&self, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        let mut socket = TcpStream::connect(self.address).await.expect("it listens");
        socket.write_all(request.as_bytes()).await.expect("taken");
        let mut answer = Vec::new();
        let answered = timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
        answered.expect("an answer in time").expect("a whole answer");
        Answer::parse(&answer)
    }

    pub(super) async fn sign_in(&self, login: &str, password: &str) -> Answer {
        self.ask("POST", "/api/session", "", &json!({ "login": login, "password": password })).await
    }

    /// Somebody who is signed in.
    pub(super) async fn enter(&self, login: &str) -> Person<'_> {
        let answer = self.sign_in(login, PASSWORD).await;
        assert_eq!(answer.status, 204, "{}", answer.head);
        let cookie =
            answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        let secret = cookie.split(';').next().unwrap_or_default();
        Person { server: self, cookie: format!("cookie: {secret}\r\n") }
    }

    pub(super) async fn scan(&self, key: &str, what: &str, tag: &str) -> Answer {
        let key = format!("authorization: Reader {key}\r\n");
        self.ask("POST", &format!("/api/reader/{what}"), &key, &json!({ "tag": tag })).await
    }

    pub(super) async fn listen(&self, token: &str) -> Listener {
        Listener::open(self.address, token).await
    }

    /// The status of the answer, where that is no stream.
    pub(super) async fn asks_for_a_stream(&self, token: &str) -> u16 {
        let bearer = format!("authorization: Bearer {token}\r\n");
        self.ask("GET", "/api/sse/stream", &bearer, &Value::Null).await.status
    }

    pub(super) fn active(&self) -> u64 {
        self.hub.stats()["connections"]["active"].as_u64().expect("a count")
    }
}

pub(super) struct Person<'a> {
    server: &'a Server,
    pub(super) cookie: String,
}

impl Person<'_> {
    pub(super) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.server.ask(method, path, &self.cookie, body).await
    }

    pub(super) async fn start(&self, room: i64) -> i64 {
        let answer =
            self.ask("POST", "/api/groups", &json!({ "room_id": room, "activity": "Free play" })).await;
        assert_eq!(answer.status, 201);
        answer.json()["active_group_id"].as_i64().expect("a number")
    }

    pub(super) async fn token(&self) -> String {
        let answer = self.ask("POST", "/api/token", &Value::Null).await;
        answer.json()["token"].as_str().expect("a token").to_owned()
    }

    pub(super) async fn board(&self) -> Value {
        self.ask("GET", "/api/board", &Value::Null).await.json()
    }
}

pub(super) fn settings(data_dir: &Path) -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        hub: None,
        data_dir: data_dir.to_owned(),
        page_dir: data_dir.join("no-page"),
        first_password: PASSWORD.to_owned(),
        https: false,
        attempts_max: 5,
        connections_per_ip: 0,
        heartbeat_ms: 15_000,
        history_count: 1_000,
        lifetimes: Lifetimes { token_seconds: 900, session_seconds: 3_600, leeway_ms: 5_000 },
    }
}

/// A directory that goes with its server.
pub(super) struct TempDir(PathBuf);

impl TempDir {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("checkin-board-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a directory of its own");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

/// An event as it came.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) ty: String,
    pub(super) data: Value,
}

pub(super) struct Listener {
    pub(super) socket: TcpStream,
    text: String,
}

impl Listener {
    pub(super) async fn open(address: SocketAddr, token: &str) -> Self {
        Self::ask(address, "", &format!("authorization: Bearer {token}\r\n")).await
    }

    /// Where everybody may do everything.
    pub(super) async fn open_as(address: SocketAddr, query: &str) -> Self {
        Self::ask(address, query, "").await
    }

    async fn ask(address: SocketAddr, query: &str, headers: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("it listens");
        let head = format!("GET /api/sse/stream?{query} HTTP/1.0\r\nhost: localhost\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).await.expect("taken");
        let mut listener = Self { socket, text: String::new() };
        let head = timeout(PATIENCE, listener.until("\r\n\r\n")).await.expect("an answer in time");
        assert!(head.contains(" 200 "), "{head}");
        assert_eq!(listener.next().await.ty, "connected");
        listener
    }

    /// In time: heartbeats are no events.
    pub(super) async fn next(&mut self) -> Heard {
        timeout(PATIENCE, self.following()).await.expect("an event in time")
    }

    async fn following(&mut self) -> Heard {
        loop {
            let block = self.until("\n\n").await;
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let (Some(ty), Some(data)) = (field("event: "), field("data: ")) {
                return Heard { ty, data: serde_json::from_str(&data).expect("JSON") };
            }
        }
    }

    /// The next one of a type; what comes before is passed over.
    pub(super) async fn expect(&mut self, ty: &str) -> Value {
        loop {
            let heard = self.next().await;
            if heard.ty == ty {
                return heard.data;
            }
        }
    }

    async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.text.find(end) {
                let rest = self.text.split_off(at + end.len());
                return std::mem::replace(&mut self.text, rest);
            }
            let mut bytes = [0; 16_384];
            let read =
                timeout(PATIENCE, self.socket.read(&mut bytes)).await.expect("something comes in time");
            let read = read.expect("it is open");
            assert!(read > 0, "it ended after {:?}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}
