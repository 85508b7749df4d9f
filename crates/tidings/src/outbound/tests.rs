//! Names that a stranger answers for.

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::resolve::Resolve;
use super::{Client, ClientOptions, Target};

/// Answers each question with the next of its answers, and then with the last.
#[derive(Debug)]
struct Told {
    answers: Mutex<Vec<Vec<SocketAddr>>>,
    asked: AtomicUsize,
}

impl Resolve for Told {
    fn resolve(&self, _: &str, _: u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        self.asked.fetch_add(1, SeqCst);
        let mut answers = self.answers.lock().expect("no test panics with it");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(ready(Ok(answer)))
    }
}

fn client(url: &str, allow_private: bool, answers: &[&[&str]]) -> (Client, Arc<Told>) {
    let parse = |answer: &&[&str]| answer.iter().map(|one| one.parse().expect(one)).collect();
    let told = Arc::new(Told {
        answers: Mutex::new(answers.iter().map(parse).collect()),
        asked: AtomicUsize::new(0),
    });
    let options = ClientOptions {
        trust: None,
        timeout: Duration::from_millis(2_000),
        body_bytes_max: 1_024,
        keep_alive: false,
        allow_setting: "some.allow_private",
    };
    let target = Target::new(url.parse().expect(url), allow_private).expect(url);
    (Client::resolving(target, options, Arc::<Told>::clone(&told)), told)
}

/// A server on this machine, which counts who comes.
async fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, SeqCst);
            let _ = socket.read(&mut [0; 1024]).await;
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        }
    });
    (address, count)
}

async fn ask(client: &Client) -> Result<Bytes, String> {
    let answer = client.ask(Method::POST, HeaderMap::new(), Bytes::new()).await;
    let answer = answer.map_err(|error| error.to_string())?;
    answer.body.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_name_that_stands_for_this_machine_is_refused_unless_that_is_said() {
    let (address, count) = server().await;
    let here = address.to_string();
    let mapped = format!("[::ffff:127.0.0.1]:{}", address.port());
    for answer in [&here, &mapped] {
        let (refused, _) = client("http://app.example/", false, &[&[answer]]);
        let error = ask(&refused).await.expect_err("a private address");
        assert!(
            error.contains("which is private") && error.contains("set some.allow_private = true"),
            "{error}"
        );
    }
    let metadata = client("http://app.example/", true, &[&["169.254.169.254:80"]]).0;
    assert!(ask(&metadata).await.expect_err("never").contains("where no application is"));
    let plain = client("http://app.example/", true, &[&["93.184.216.34:80"]]).0;
    assert!(ask(&plain).await.expect_err("in the open").contains("use https://"));
    assert_eq!(count.load(SeqCst), 0);
    let (allowed, _) = client("http://app.example/", true, &[&[&here]]);
    assert_eq!(ask(&allowed).await.as_deref(), Ok(&b"ok"[..]));
    let (mixed, _) = client("http://app.example/", true, &[&["169.254.169.254:80", &here]]);
    assert_eq!(ask(&mixed).await.as_deref(), Ok(&b"ok"[..]), "the one that may be connected to");
    assert_eq!(count.load(SeqCst), 2);
}

#[tokio::test]
async fn the_address_that_was_looked_at_is_the_one_that_is_connected_to() {
    let (first, firsts) = server().await;
    let (second, seconds) = server().await;
    // Whoever answers for the name says something else whenever it is asked again.
    let (first, second) = (first.to_string(), second.to_string());
    let (rebound, told) =
        client("http://app.example/", true, &[&[&first], &[&second], &["169.254.169.254:80"]]);
    assert_eq!(ask(&rebound).await.as_deref(), Ok(&b"ok"[..]));
    assert_eq!((told.asked.load(SeqCst), firsts.load(SeqCst), seconds.load(SeqCst)), (1, 1, 0), "asked once");
    assert_eq!(ask(&rebound).await.as_deref(), Ok(&b"ok"[..]));
    assert_eq!((told.asked.load(SeqCst), firsts.load(SeqCst), seconds.load(SeqCst)), (2, 1, 1));
    assert!(ask(&rebound).await.is_err(), "each connection is looked at");
}
