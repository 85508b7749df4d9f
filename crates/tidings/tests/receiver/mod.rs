//! An application that hubs ask and tell: it writes down what it is sent, and answers as a test wishes, also badly.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Receiver {
    pub address: String,
    /// What a client has to trust, where it is asked over TLS.
    pub authority: Option<String>,
    requests: watch::Sender<Vec<Request>>,
    connections: Arc<AtomicUsize>,
    answer: Arc<Mutex<Answer>>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

#[derive(Clone)]
pub enum Answer {
    /// A status, further fields, a body.
    Says(u16, &'static str, String),
    /// Nothing, for as long as the other side waits.
    Silence,
    /// Zeroes without end.
    Endless,
    /// The connection is closed.
    HangUp,
    /// As one of the others, after so long.
    Late(Duration, Box<Answer>),
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }
}

pub fn says(status: u16, body: impl ToString) -> Answer {
    Answer::Says(status, "", body.to_string())
}

impl Receiver {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::on(listener, answer, None, None)
    }

    /// Over TLS, vouched for by nobody but itself.
    pub async fn start_tls(answer: Answer) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a key that fits");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::on(listener, answer, Some(cert.pem()), Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn on(
        listener: TcpListener,
        answer: Answer,
        authority: Option<String>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let receiver = Self {
            address: listener.local_addr().expect("bound").to_string(),
            authority,
            requests: watch::Sender::new(Vec::new()),
            connections: Arc::default(),
            answer: Arc::new(Mutex::new(answer)),
        };
        tokio::spawn(receiver.clone().serve(listener, tls));
        receiver
    }

    async fn serve(self, listener: TcpListener, tls: Option<TlsAcceptor>) {
        while let Ok((socket, _)) = listener.accept().await {
            self.connections.fetch_add(1, SeqCst);
            let (one, tls) = (self.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => one.converse(socket).await,
                    Some(tls) => {
                        let Ok(socket) = tls.accept(socket).await else { return None };
                        one.converse(socket).await
                    }
                }
            });
        }
    }

    /// Request after request on one connection.
    async fn converse(&self, socket: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut socket = BufReader::new(socket);
        loop {
            let request = read(&mut socket).await?;
            let mut answer = self.answer.lock().expect("no test panics with it").clone();
            self.requests.send_modify(|requests| requests.push(request));
            while let Answer::Late(late, then) = answer {
                tokio::time::sleep(late).await;
                answer = *then;
            }
            match answer {
                Answer::Says(status, fields, body) => {
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{fields}\r\n");
                    socket.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
                    socket.flush().await.ok()?;
                }
                Answer::Endless => {
                    socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
                    loop {
                        socket.write_all(&[b'0'; 4096]).await.ok()?;
                    }
                }
                Answer::Silence => std::future::pending::<()>().await,
                Answer::HangUp | Answer::Late(..) => return None,
            }
        }
    }

    pub fn url(&self, path: &str) -> http::Uri {
        let (scheme, port) = match &self.authority {
            None => ("http", &self.address["127.0.0.1:".len()..]),
            Some(_) => ("https", &self.address["127.0.0.1:".len()..]),
        };
        let host = if self.authority.is_some() { "localhost" } else { "127.0.0.1" };
        format!("{scheme}://{host}:{port}{path}").parse().expect("a URL")
    }

    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().expect("no test panics with it") = answer;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }

    pub fn count(&self) -> usize {
        self.requests.borrow().len()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Waits until what came is as wished.
    pub async fn until(&self, wished: impl FnMut(&Vec<Request>) -> bool) -> Vec<Request> {
        let mut requests = self.requests.subscribe();
        let all = timeout(PATIENCE, requests.wait_for(wished)).await;
        all.expect("in time").expect("it is there").clone()
    }
}

async fn read(socket: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Request> {
    let mut line = String::new();
    if socket.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let mut headers = HashMap::new();
    loop {
        let mut field = String::new();
        socket.read_line(&mut field).await.ok()?;
        let Some((name, value)) = field.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some(Request { line: line.trim_end().to_owned(), headers, body: String::from_utf8(body).ok()? })
}
