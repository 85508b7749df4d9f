//! An issuer's server of keys on loopback, which counts who comes.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct KeyServer {
    address: String,
    connections: Arc<AtomicUsize>,
    answer: Arc<Mutex<Answer>>,
}

#[derive(Clone)]
pub(crate) enum Answer {
    /// A whole response, head and all.
    Text(String),
    /// Nothing, for as long as the other side waits.
    Silence,
    /// Zeroes without end.
    Endless,
}

impl KeyServer {
    pub(crate) async fn start(keys: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let server = Self {
            address,
            connections: Arc::default(),
            answer: Arc::new(Mutex::new(Answer::Text(document(keys)))),
        };
        tokio::spawn(server.clone().serve(listener));
        server
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((mut socket, _)) = listener.accept().await {
            self.connections.fetch_add(1, SeqCst);
            let answer = self.answer.lock().expect("no test panics with it").clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = socket.read_u8().await else { return };
                    head.push(byte);
                }
                match answer {
                    Answer::Text(text) => drop(socket.write_all(text.as_bytes()).await),
                    Answer::Silence => std::future::pending().await,
                    Answer::Endless => {
                        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                        while socket.write_all(&[b'0'; 4096]).await.is_ok() {}
                    }
                }
            });
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.answer.lock().expect("no test panics with it") = answer;
    }

    pub(crate) fn has(&self, keys: &[Value]) {
        self.answers(Answer::Text(document(keys)));
    }

    /// How many came, whatever they were told.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

fn document(keys: &[Value]) -> String {
    response("200 OK", &json!({ "keys": keys }).to_string())
}

pub(crate) fn response(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
