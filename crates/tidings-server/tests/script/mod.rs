//! A hub that says what the test tells it to, so that every answer a real one gives only in distress can be had.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long a handshake may take on a busy machine before the test calls it lost.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct Request {
    /// `GET /path?query`
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub at: Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub fn is(&self, start: &str) -> bool {
        self.line.starts_with(start)
    }

    /// The value of a query's field, as it was written.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.line.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

pub enum Reply {
    /// Status, further header lines, body.
    Whole(u16, &'static str, String),
    /// An event stream that says this and then ends.
    Stream(String),
    /// An event stream that goes on with what the test sends, until the test drops the sender.
    Open(String, Receiver<String>),
    /// The connection goes away without a word.
    Cut,
}

type Handler = dyn Fn(&Request, usize) -> Reply + Send + Sync;

pub struct Script {
    address: std::net::SocketAddr,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    requests: Mutex<Vec<Request>>,
    news: Condvar,
}

impl Script {
    /// `handler` is told the request and how many with the same method and path came before it.
    pub fn start(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let heard = Arc::new(Heard::default());
        let handler: Arc<Handler> = Arc::new(handler);
        let ears = Arc::clone(&heard);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (ears, handler) = (Arc::clone(&ears), Arc::clone(&handler));
                std::thread::spawn(move || serve(stream, &ears, &*handler));
            }
        });
        Self { address, heard }
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The verb, pointed here.
    pub fn tidings(&self, args: &[&str]) -> Command {
        let mut command = tidings(args);
        command.env("TIDINGS_URL", self.url());
        command
    }

    pub fn requests(&self, start: &str) -> Vec<Request> {
        let requests = self.heard.requests.lock().expect("not poisoned");
        requests.iter().filter(|request| request.is(start)).cloned().collect()
    }

    /// Waits until so many requests of this kind have come.
    pub fn wait_for(&self, start: &str, count: usize) -> Vec<Request> {
        let requests = self.heard.requests.lock().expect("not poisoned");
        let enough = |requests: &mut Vec<Request>| requests.iter().filter(|r| r.is(start)).count() < count;
        let (requests, waited) =
            self.heard.news.wait_timeout_while(requests, PATIENCE, enough).expect("not poisoned");
        assert!(!waited.timed_out(), "waited in vain for {count} × {start}; came: {requests:#?}");
        requests.iter().filter(|request| request.is(start)).cloned().collect()
    }
}

fn serve(mut stream: TcpStream, heard: &Heard, handler: &Handler) {
    // A reply is written in pieces, and none is to wait until the one before it is acknowledged.
    let _ = stream.set_nodelay(true);
    let Ok(reader) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reader);
    while let Some(request) = read_request(&mut reader) {
        let mut requests = heard.requests.lock().expect("not poisoned");
        let kind = |request: &Request| request.line.split('?').next().unwrap_or_default().to_owned();
        let before = requests.iter().filter(|earlier| kind(earlier) == kind(&request)).count();
        requests.push(request.clone());
        drop(requests);
        heard.news.notify_all();
        if !reply(&mut stream, handler(&request, before)) {
            return;
        }
    }
}

/// Whether the connection goes on.
fn reply(stream: &mut TcpStream, reply: Reply) -> bool {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    match reply {
        Reply::Whole(204, headers, _) => write!(stream, "HTTP/1.1 204 x\r\n{headers}\r\n").is_ok(),
        Reply::Whole(status, headers, body) => {
            write!(stream, "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
                .is_ok()
        }
        Reply::Stream(events) => {
            let _ = write!(stream, "{HEAD}{events}");
            false
        }
        Reply::Open(events, more) => {
            let _ = write!(stream, "{HEAD}{events}");
            for events in more {
                let _ = write!(stream, "{events}");
            }
            false
        }
        Reply::Cut => false,
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|length| *length > 0)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    #[expect(clippy::disallowed_methods, reason = "the test looks at when a request came")]
    let at = Instant::now();
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Some(Request { line, headers, body: String::from_utf8(body).ok()?, at })
}

/// The binary under test, in an environment that says nothing of its own.
pub fn tidings(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(args).env_remove("TIDINGS_URL").env_remove("TIDINGS_TOKEN").stdin(Stdio::null());
    command
}

/// Runs to the end with this on the standard input.
pub fn fed(mut command: Command, input: &str) -> Output {
    let mut verb = piped(&mut command);
    let mut stdin = verb.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("taken in");
    drop(stdin);
    verb.finish()
}

/// A verb that runs beside the test, and never longer.
pub struct Running(Option<Child>);

pub fn piped(command: &mut Command) -> Running {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running(Some(command.spawn().expect("starts")))
}

impl Running {
    pub fn finish(mut self) -> Output {
        self.0.take().expect("runs").wait_with_output().expect("ends")
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().expect("runs")
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().expect("runs")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal by the name that `kill` knows.
pub fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().expect("kill runs").success());
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[track_caller]
pub fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "stdout: {}\nstderr: {}", stdout(output), stderr(output));
}
