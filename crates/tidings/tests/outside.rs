//! A hub's calls come from threads of the application too, which know no runtime.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tidings::core::grant::{ANONYMOUS, Label};
use tidings::{GrantEverything, HttpOptions, Hub, HubOptions, KickOrder};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

#[test]
fn an_http2_stream_is_ended_from_a_thread_without_a_runtime() {
    let runtime = Runtime::new().expect("a runtime");
    let (hub, mut streams) = runtime.block_on(three_streams());
    let id = hub.connections(&tidings::ConnectionQuery::default()).connections[0].id.clone();
    let ended = hub.clone();
    std::thread::spawn(move || {
        ended.kick(&id, &KickOrder::default()).expect("there");
        let everyone = Label::parse(ANONYMOUS).expect("a name");
        assert_eq!(ended.revoke_user(&everyone, 1).expect("room for it"), 2);
    })
    .join()
    .expect("no panic: the connections are out of the books, and must be told so");
    runtime.block_on(async {
        for stream in &mut streams {
            let mut told = String::new();
            while let Some(Ok(frame)) = stream.frame().await {
                told.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
            }
            assert!(told.contains("event: closing"), "{told}");
        }
    });
    assert!(hub.books_balance());
    assert_eq!(hub.readings().closed.iter().map(|(_, n)| n).sum::<u64>(), 3);
}

async fn three_streams() -> (Hub, Vec<Incoming>) {
    let hub = Hub::open(HubOptions::default()).expect("opens");
    let listener = tidings::bind(([127, 0, 0, 1], 0).into(), &hub.options().stream).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let app = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
    tokio::spawn(tidings::serve(listener, app, hub.clone(), std::future::pending::<()>()));
    let io = TokioIo::new(TcpStream::connect(address).await.expect("accepted"));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut streams = Vec::new();
    for _ in 0..3 {
        let request = Request::get(format!("http://{address}/api/sse/stream?channels=a"));
        let request = request.body(Body::empty()).expect("a request");
        let mut stream = client.send_request(request).await.expect("answered").into_body();
        assert!(stream.frame().await.is_some_and(|frame| frame.is_ok()), "greeted");
        streams.push(stream);
    }
    (hub, streams)
}
