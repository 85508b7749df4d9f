//! Plain requests over a socket, so that a test says exactly what goes over the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::hub::{Hub, PATIENCE};

pub(crate) type Headers = Vec<(String, String)>;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// A problem as RFC 9457 has it, of this status.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_problem(&problem, status);
        problem
    }

    /// The problem, whose detail says this.
    #[track_caller]
    pub(crate) fn problem_saying(&self, status: u16, part: &str) -> Value {
        let problem = self.problem(status);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{part}: {problem}");
        problem
    }
}

#[track_caller]
pub(crate) fn assert_problem(problem: &Value, status: u16) {
    assert_eq!(problem["status"], status, "{problem}");
    for member in ["type", "title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
    }
}

#[track_caller]
pub(crate) fn get(hub: &Hub, path: &str) -> Answer {
    send(hub, "GET", path, &[], "")
}

#[track_caller]
pub(crate) fn post(hub: &Hub, path: &str, body: &str) -> Answer {
    send(hub, "POST", path, &[("content-type", "application/json")], body)
}

#[track_caller]
pub(crate) fn publish(hub: &Hub, body: &Value) -> Answer {
    post(hub, "/api/sse/publish", &body.to_string())
}

#[track_caller]
pub(crate) fn send(hub: &Hub, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    answer(ask(hub, method, path, headers, body))
}

/// At another address than the hub's first.
#[allow(dead_code, reason = "these tests' hubs have one address")]
#[track_caller]
pub(crate) fn send_at(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    answer(ask_at(address, method, path, headers, body))
}

fn answer(socket: TcpStream) -> Answer {
    let mut socket = BufReader::new(socket);
    let (status, headers) = read_head(&mut socket);
    let mut body = String::new();
    match header(&headers, "transfer-encoding") {
        Some("chunked") => BufReader::new(Chunked::new(socket)).read_to_string(&mut body),
        _ => socket.read_to_string(&mut body),
    }
    .expect("a body of text");
    Answer { status, headers, body }
}

/// Sends a request and leaves the answer on the socket.
#[track_caller]
pub(crate) fn ask(hub: &Hub, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    ask_at(&hub.address().to_string(), method, path, headers, body)
}

#[track_caller]
pub(crate) fn ask_at(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> TcpStream {
    let mut socket = TcpStream::connect(address).expect("the hub listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if headers.iter().all(|(name, _)| *name != "host") {
        head.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    socket.write_all(format!("{head}\r\n{body}").as_bytes()).expect("taken in");
    socket
}

pub(crate) fn read_head(socket: &mut impl BufRead) -> (u16, Headers) {
    let line = read_line(socket);
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {line:?}"));
    let mut headers = Vec::new();
    loop {
        let line = read_line(socket);
        let Some((name, value)) = line.split_once(':') else { return (status, headers) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_line(socket: &mut impl BufRead) -> String {
    let mut line = String::new();
    socket.read_line(&mut line).expect("a line");
    line.trim_end_matches(['\r', '\n']).to_owned()
}

pub(crate) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// A chunked body (RFC 9112 §7.1), read as it comes.
pub(crate) struct Chunked<R> {
    inner: R,
    left: usize,
    over: bool,
}

impl<R: BufRead> Chunked<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, left: 0, over: false }
    }
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.over {
            return Ok(0);
        }
        if self.left == 0 {
            let mut line = String::new();
            if self.inner.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.left = usize::from_str_radix(line.trim(), 16).expect("a chunk's size");
            if self.left == 0 {
                self.over = true;
                return Ok(0);
            }
        }
        let most = self.left.min(into.len());
        let n = self.inner.read(&mut into[..most])?;
        self.left -= n;
        if self.left == 0 {
            self.inner.read_line(&mut String::new())?;
        }
        Ok(n)
    }
}
