//! The self-audit, run on a hub with live sockets of every kind: it finds nothing where all is well, and finds a
//! socket that the hub holds and its books don't know.

use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tidings::{GrantEverything, HttpOptions, Hub, HubOptions, audit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A hub that serves, within this process.
struct Served {
    hub: Hub,
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

/// Serves on a listener of the hub's making, after whatever is done to it first.
async fn serve<T>(first: impl AsyncFnOnce(&TcpListener) -> T) -> (Served, T) {
    let hub = Hub::open(HubOptions::default()).expect("opens");
    let listener = tidings::bind(([127, 0, 0, 1], 0).into(), &hub.options().stream).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let done = first(&listener).await;
    let app = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(tidings::serve(listener, app, hub.clone(), stopped));
    (Served { hub, address, _stop: stop }, done)
}

impl Served {
    async fn mismatch(&self) -> usize {
        audit::mismatch(&self.hub, &[self.address]).await.expect("audited")
    }

    fn sockets(&self) -> usize {
        self.hub.readings().sockets
    }

    /// A socket on which this was said and something was answered.
    async fn say(&self, text: &str) -> TcpStream {
        let mut io = TcpStream::connect(self.address).await.expect("accepted");
        io.write_all(text.as_bytes()).await.expect("taken in");
        assert!(io.read(&mut [0; 4096]).await.expect("answered") > 0);
        io
    }

    async fn get(&self, path: &str) -> TcpStream {
        self.say(&format!("GET {path} HTTP/1.1\r\nhost: hub\r\n\r\n")).await
    }

    /// Two streams on one HTTP/2 connection, which lives as long as they are held.
    async fn two_streams(&self) -> Vec<Incoming> {
        let io = TokioIo::new(TcpStream::connect(self.address).await.expect("accepted"));
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("HTTP/2");
        tokio::spawn(connection);
        let mut streams = Vec::new();
        for channel in ["a", "b"] {
            let uri = format!("http://{}/api/sse/stream?channels={channel}", self.address);
            let request = Request::get(uri).body(Empty::<Bytes>::new()).expect("a request");
            let mut body = client.send_request(request).await.expect("answered").into_body();
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()), "greeted");
            streams.push(body);
        }
        streams
    }
}

#[tokio::test]
async fn live_sockets_of_every_kind_are_no_finding() {
    let (served, ()) = serve(async |_| ()).await;
    let http1 = served.get("/api/sse/stream?channels=a").await;
    let http10 = served.say("GET /api/sse/stream?channels=a HTTP/1.0\r\n\r\n").await;
    let idle = served.get("/health").await;
    let http2 = served.two_streams().await;
    let silent = TcpStream::connect(served.address).await.unwrap();
    while served.sockets() < 5 {
        tokio::task::yield_now().await;
    }
    assert_eq!(served.mismatch().await, 0);
    assert_eq!(served.hub.truth().mismatch, 0);
    drop((http1, http10, idle, http2, silent));
    while served.sockets() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(served.mismatch().await, 0);
    assert_eq!((served.hub.truth().mismatch, served.hub.truth().audits), (0, 2));
    assert!(served.hub.books_balance());
}

#[tokio::test]
async fn a_socket_that_the_books_do_not_know_is_found() {
    let (served, hidden) = serve(async |listener| {
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        // Taken from under the hub's nose: on its port, in its process, and not in its books.
        (client, listener.accept().await.unwrap())
    })
    .await;
    let _stream = served.get("/api/sse/stream?channels=a").await;
    assert_eq!(served.mismatch().await, 1);
    assert_eq!(served.hub.truth().mismatch, 1);
    drop(hidden);
    assert_eq!(served.mismatch().await, 0);
    assert_eq!(served.hub.truth().mismatch, 0);
}

#[tokio::test]
async fn a_finding_is_told_in_the_metrics() {
    use tower::ServiceExt;
    let (served, _hidden) = serve(async |listener| {
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap())
    })
    .await;
    for (audits, expected) in [(0, "tidings_truth_mismatch 0"), (1, "tidings_truth_mismatch 1")] {
        if audits > 0 {
            served.mismatch().await;
        }
        let app = tidings::router(served.hub.clone(), GrantEverything, &HttpOptions::default());
        let answer = app.oneshot(Request::get("/metrics").body(Body::empty()).unwrap()).await.unwrap();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&text);
        assert!(text.lines().any(|line| line == expected), "{expected} is not in {text}");
    }
}
