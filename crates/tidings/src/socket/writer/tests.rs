//! Streams whose right ends while their readers are slow: in the clear, and under TLS, where a part of what is written
//! is sealed and not yet sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use http::Request;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::grant::Grant;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::*;
use crate::hub::{Hub, Open};
use crate::options::HubOptions;
use crate::socket::door::Door;
use crate::socket::sealed::Sealed;
use crate::tls::{Tls, TlsOptions};

const CHANNEL: &str = "news";
const BUFFER_BYTES: u32 = 4 * 1024;

#[test]
fn a_stream_in_the_clear_keeps_no_room_for_tls() {
    const BEFORE_TLS_BYTES: usize = 232;
    assert!(size_of::<Writer<Door>>() <= BEFORE_TLS_BYTES, "{}", size_of::<Writer<Door>>());
}

#[tokio::test]
async fn a_slow_reader_whose_right_ends_is_told_after_what_was_begun() {
    for event_bytes in [100, 1_000, 3_000, 9_000, 15_000, 40_000] {
        let hub = hub();
        let (door, mut io) = sockets(&hub).await;
        told_after_what_was_begun(&hub, door, &mut io, event_bytes).await;
        let (line, mut io) = sealed(&hub).await;
        told_after_what_was_begun(&hub, line, &mut io, event_bytes).await;
    }
}

async fn told_after_what_was_begun<L: Line>(
    hub: &Hub,
    line: L,
    io: &mut (impl AsyncRead + Unpin),
    event_bytes: usize,
) {
    let mut writer = writer(hub, line);
    // Until a part of something is written, and there is no room for its rest.
    let mut published = 0;
    while published == 0 || writer.chunks.is_empty() {
        publish(hub, published, event_bytes).await;
        published += 1;
        poll_once(&mut writer).await;
    }
    for _ in 0..20 {
        publish(hub, published, event_bytes).await;
        published += 1;
    }
    writer.stream.settle(CloseReason::Revoked);
    let mut said = Vec::new();
    let ((), read) = tokio::join!(writer, io.read_to_end(&mut said));
    read.expect("a clean end");
    let body = body(&said);
    let last = body.rsplit("\n\n").nth(1).expect("an event");
    assert!(last.contains("event: closing") && last.contains("revoked"), "{event_bytes}: {last}");
    let events = body.matches("\"n\":").count();
    assert!(events < published, "{event_bytes}: {events} of {published}: nothing was withheld");
    assert!(hub.books_balance());
}

#[tokio::test]
async fn an_end_between_the_taking_and_the_writing_leaves_nothing_to_write() {
    let hub = hub();
    let (line, _io) = sealed(&hub).await;
    let mut writer = writer(&hub, line);
    poll_once(&mut writer).await;
    assert!(writer.head.is_empty() && writer.chunks.is_empty(), "all is written");
    publish(&hub, 0, 100).await;
    let written = std::future::poll_fn(|cx| {
        let turn = writer.stream.poll_next(cx, &mut writer.chunks);
        assert_eq!((turn, writer.chunks.len()), (Poll::Ready(Turn::Write), 1));
        // As another thread does it.
        writer.stream.settle(CloseReason::Revoked);
        Poll::Ready(writer.poll_write(cx))
    });
    assert_eq!(written.await, Poll::Ready(Ok(())));
}

#[tokio::test]
async fn nothing_to_seal_is_nothing_written() {
    let hub = hub();
    let (mut line, _io) = sealed(&hub).await;
    assert_eq!(line.try_write(&[]).expect("nothing"), 0);
    assert_eq!(line.try_write(&[IoSlice::new(b"")]).expect("nothing"), 0);
}

fn hub() -> Hub {
    let mut options = HubOptions::default();
    options.limits.connections_per_user = 0;
    Hub::open(options).expect("opens")
}

fn writer<L: Line>(hub: &Hub, line: L) -> Writer<L> {
    let (parts, ()) = Request::new(()).into_parts();
    let selectors = vec![Selector::parse(CHANNEL).expect("a selector")];
    let stream = hub.connect(Open::new(Grant::everything("ada"), selectors, hub.client(&parts)));
    Writer::new(line, stream.expect("let in"), b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Framing::Chunked)
}

async fn publish(hub: &Hub, n: usize, bytes: usize) {
    let channel = ChannelName::parse(CHANNEL).expect("a name");
    let data = serde_json::json!({ "n": n, "filler": "x".repeat(bytes) });
    hub.publisher().publish(&channel, "", &data).await.expect("published");
}

async fn poll_once<L: Line>(writer: &mut Writer<L>) {
    // The runtime's own turn, in which it learns what there is room for.
    tokio::task::yield_now().await;
    std::future::poll_fn(|cx| {
        assert!(Pin::new(&mut *writer).poll(cx).is_pending(), "it goes on");
        Poll::Ready(())
    })
    .await;
}

/// Two ends of which neither holds much for the other.
async fn sockets(hub: &Hub) -> (Door, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    socket2::SockRef::from(&listener).set_send_buffer_size(BUFFER_BYTES as usize).expect("a size");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(BUFFER_BYTES).expect("a size");
    let io = socket.connect(listener.local_addr().expect("bound")).await.expect("it listens");
    let (accepted, _) = listener.accept().await.expect("one came");
    (Door::new(accepted, false, hub.clone()).expect("taken in"), io)
}

async fn sealed(hub: &Hub) -> (Box<Sealed>, impl AsyncRead + Unpin) {
    let dir = tempfile::tempdir().expect("a directory");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = certificate.self_signed(&key).expect("a certificate");
    let [certificate_file, key_file] = ["c.pem", "k.pem"].map(|name| dir.path().join(name));
    std::fs::write(&certificate_file, certificate.pem()).expect("a file");
    std::fs::write(&key_file, key.serialize_pem()).expect("a file");
    let tls = Tls::open(TlsOptions::new(certificate_file, key_file)).expect("a pair");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let (door, io) = sockets(hub).await;
    let client = TlsConnector::from(Arc::new(config)).connect(name, io);
    let (line, io) = tokio::join!(Sealed::shake_hands(door, Arc::clone(tls.config())), client);
    (line.expect("hands are shaken"), io.expect("hands are shaken"))
}

/// The body of chunks (RFC 9112 §7.1), which is whole.
fn body(said: &[u8]) -> String {
    let said = std::str::from_utf8(said).expect("UTF-8");
    let (_, mut rest) = said.split_once("\r\n\r\n").expect("a head");
    let mut body = String::new();
    loop {
        let (length, after) = rest.split_once("\r\n").expect("a chunk's length");
        let length = usize::from_str_radix(length, 16).unwrap_or_else(|_| panic!("no length: {length}"));
        let (chunk, after) = after.split_at(length);
        rest = after.strip_prefix("\r\n").expect("a chunk's end");
        if length == 0 {
            assert_eq!(rest, "", "nothing follows");
            return body;
        }
        body.push_str(chunk);
    }
}
