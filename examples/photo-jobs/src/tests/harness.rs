//! A server with a data directory of its own, asked in HTTP/1.0, whose answers have no chunks and end with the socket.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tidings::{Hub, HubOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::settings::Settings;
use crate::studio::Studio;

/// How long a handshake may take on a busy machine before the test calls it lost.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Server {
    pub(super) hub: Hub,
    pub(super) address: SocketAddr,
    pub(super) data_dir: TempDir,
    studio: Studio,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Server {
    pub(super) async fn open() -> Self {
        Self::open_slowly(Duration::ZERO).await
    }

    /// With a pause after each step of a job.
    pub(super) async fn open_slowly(step_pause: Duration) -> Self {
        Self::open_in(TempDir::new(), step_pause).await
    }

    async fn open_in(data_dir: TempDir, step_pause: Duration) -> Self {
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            data_dir: data_dir.path().to_owned(),
            page_dir: data_dir.path().join("no-page"),
            workers: 1,
            step_pause,
        };
        let options = HubOptions { drain_window_ms: 1, ..crate::hub_options(&settings) };
        let hub = Hub::open(options).expect("opens");
        let studio = Studio::open(&settings, hub.publisher()).expect("opens");
        let app = crate::http::router(&settings, studio.clone(), hub.clone());
        let listener = tidings::bind(settings.listen, &hub.options().stream).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(tidings::serve(listener, app, hub.clone(), stopped));
        Self { hub, address, data_dir, studio, stop, server }
    }

    /// An orderly stop, as `main` makes it, and a start on the same directory.
    pub(super) async fn restart(self) -> Self {
        let Self { hub, data_dir, studio, stop, server, .. } = self;
        hub.drain().await;
        let _ = stop.send(());
        server.await.expect("no panic");
        studio.stop().await;
        hub.farewells_said().await;
        hub.put_away();
        assert!(hub.books_balance());
        // Whoever holds the hub holds its directory.
        drop((hub, studio));
        Self::open_in(data_dir, Duration::ZERO).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").as_bytes()).await
    }

    pub(super) async fn upload(&self, folder: &str, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, bytes) in files {
            let head = format!(
                "--edge\r\ncontent-disposition: form-data; name=\"photos\"; filename=\"{name}\"\r\n\
                 content-type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--edge--\r\n");
        let mut request = format!(
            "POST /api/folders/{folder}/photos HTTP/1.0\r\nhost: localhost\r\n\
             content-type: multipart/form-data; boundary=edge\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(&body);
        self.ask(&request).await
    }

    pub(super) async fn ask(&self, request: &[u8]) -> Answer {
        let mut socket = TcpStream::connect(self.address).await.expect("it listens");
        socket.write_all(request).await.expect("taken");
        let mut answer = Vec::new();
        let answered = timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
        answered.expect("an answer in time").expect("a whole answer");
        Answer::parse(&answer)
    }

    pub(super) async fn listen(&self, query: &str) -> Listener {
        self.resume(query, "").await
    }

    /// A stream that goes on from a cursor.
    pub(super) async fn resume(&self, query: &str, cursor: &str) -> Listener {
        let mut socket = TcpStream::connect(self.address).await.expect("it listens");
        let request = format!(
            "GET /api/sse/stream?{query}&last_event_id={cursor} HTTP/1.0\r\nhost: localhost\r\n\r\n",
        );
        socket.write_all(request.as_bytes()).await.expect("taken");
        let mut listener = Listener { socket, text: String::new(), cursor: String::new() };
        let head = listener.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.0 200"), "{head}");
        listener
    }

    pub(super) fn active(&self) -> u64 {
        self.hub.stats()["connections"]["active"].as_u64().expect("a count")
    }

    /// Requests are the clock.
    pub(super) async fn until_active(&self, wished: u64) {
        let waiting = async {
            while self.active() != wished {
                self.get("/health").await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("the books come to it");
        assert!(self.hub.books_balance());
    }
}

/// A directory that goes with its server.
pub(super) struct TempDir(PathBuf);

impl TempDir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("photo-jobs-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
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
    pub(super) body: Vec<u8>,
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
    socket: TcpStream,
    text: String,
    /// Where the stream is.
    pub(super) cursor: String,
}

impl Listener {
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            let block = self.until("\n\n").await;
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            if let Some(cursor) = field("id: ") {
                self.cursor = cursor;
            }
            if let (Some(ty), Some(data)) = (field("event: "), field("data: ")) {
                return Heard { ty, data: serde_json::from_str(&data).expect("JSON") };
            }
        }
    }

    /// All up to the end of a number of jobs, that one included.
    pub(super) async fn until_jobs_completed(&mut self, count: usize) -> Vec<Heard> {
        let mut heard: Vec<Heard> = Vec::new();
        while heard.iter().filter(|event| event.ty == "job_completed").count() < count {
            heard.push(self.next().await);
        }
        heard
    }

    async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.text.find(end) {
                let rest = self.text.split_off(at + end.len());
                return std::mem::replace(&mut self.text, rest);
            }
            let mut bytes = [0; 4096];
            let read =
                timeout(PATIENCE, self.socket.read(&mut bytes)).await.expect("something comes in time");
            let read = read.expect("it is open");
            assert!(read > 0, "it ended after {:?}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}
