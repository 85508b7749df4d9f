//! A stream that is refreshed a thousand times in the middle of publishing, over HTTP/1.1 and HTTP/2.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tidings::auth::SigningKey;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::hub::{PATIENCE, SECRET};
use crate::server::Server;

const REFRESHES: usize = 1_000;
/// A token of this lifetime would have ended the stream before the last refresh.
const TOKEN_SECONDS: u64 = 4;
const PACE: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    Http1,
    Http2,
}

/// A connection that requests go out on.
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    async fn open(protocol: Protocol, address: std::net::SocketAddr) -> Self {
        let io = TokioIo::new(TcpStream::connect(address).await.expect("the hub listens"));
        match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await.expect("HTTP/1.1");
                tokio::spawn(connection);
                Self::Http1(sender)
            }
            Protocol::Http2 => {
                let handshake = http2::handshake(TokioExecutor::new(), io).await;
                let (sender, connection) = handshake.expect("HTTP/2");
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        }
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> http::Response<Incoming> {
        let answer = match self {
            Self::Http1(sender) => {
                sender.ready().await.expect("open");
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await.expect("open");
                sender.send_request(request).await
            }
        };
        answer.expect("an answer")
    }

    /// Its answer's JSON, which must be a good one.
    async fn json(&mut self, request: Request<Full<Bytes>>) -> Value {
        let answer = self.ask(request).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }
}

struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    /// The next event's type and data; nothing at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let told = field("data: ").map(|data| {
                    (field("event: ").unwrap_or_default(), serde_json::from_str(&data).expect("JSON"))
                });
                self.text = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    None => continue,
                }
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("something comes")?;
            let bytes = frame.expect("whole").into_data().expect("no trailers");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a token's end is told in real time")]
fn token(number: usize) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let claims = json!({
        "sub": "ann", "jti": format!("t-{number}"), "exp": now + TOKEN_SECONDS,
        "tidings": { "subscribe": ["news"], "publish": ["news"] },
    });
    SigningKey::secret(SECRET.as_bytes(), None).expect("a secret").sign(&claims)
}

fn request(hub: &Server, method: &str, path: &str, token: &str, body: &Value) -> Request<Full<Bytes>> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Request::builder()
        .method(method)
        .uri(format!("{}{path}", hub.url()))
        .header("host", hub.address().to_string())
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(body.into()))
        .expect("a request")
}

#[test]
fn a_thousand_refreshes_lose_and_double_nothing_over_http1() {
    refreshed_under_publishing(Protocol::Http1);
}

#[test]
fn a_thousand_refreshes_lose_and_double_nothing_over_http2() {
    refreshed_under_publishing(Protocol::Http2);
}

fn refreshed_under_publishing(protocol: Protocol) {
    let hub = Server::guarded(&[("TIDINGS_AUTH_LEEWAY_MS", "0")], "");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut asks = Sender::open(protocol, hub.address()).await;
        let opening = request(&hub, "GET", "/api/sse/stream?channels=news", &token(0), &Value::Null);
        // Over HTTP/2 all go over one connection; over HTTP/1.1 a stream is one of its own.
        let stream = match protocol {
            Protocol::Http1 => Sender::open(protocol, hub.address()).await.ask(opening).await,
            Protocol::Http2 => asks.ask(opening).await,
        };
        let mut events = Events { body: stream.into_body(), text: String::new() };
        let (_, connected) = events.next().await.expect("connected");
        let named = json!({ "connection_id": connected["connection_id"] });
        let (done, is_done) = watch::channel(false);
        let refreshing = async {
            let mut pace = tokio::time::interval(PACE);
            for number in 1..=REFRESHES {
                pace.tick().await;
                let answer =
                    asks.json(request(&hub, "POST", "/api/sse/refresh", &token(number), &named)).await;
                assert_eq!((&answer["removed"], &answer["channels"]), (&json!([]), &json!(["news"])));
            }
            done.send_replace(true);
        };
        let publishing = async {
            let mut publisher = Sender::open(protocol, hub.address()).await;
            let (mut number, mut last) = (0_u64, false);
            while !last {
                last = *is_done.borrow();
                let event =
                    json!({ "channel": "news", "type": if last { "last" } else { "n" }, "data": number });
                publisher.json(request(&hub, "POST", "/api/sse/publish", &token(0), &event)).await;
                number += 1;
            }
        };
        let reading = async {
            let mut expected = 0_u64;
            loop {
                let (ty, data) = events.next().await.expect("it goes on");
                match ty.as_str() {
                    "expiring" => continue,
                    "n" | "last" => assert_eq!(data, expected, "{ty}"),
                    _ => panic!("{ty}: {data}"),
                }
                expected += 1;
                if ty == "last" {
                    break expected;
                }
            }
        };
        let ((), (), events) = tokio::join!(refreshing, publishing, reading);
        println!("{events} events, {REFRESHES} refreshes");
        assert!(events > 100, "{events}");
    });
    assert_eq!(hub.stats()["connections"]["opened_total"], 1, "one stream, that never broke");
}
