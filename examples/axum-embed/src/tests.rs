//! The shop on a free port, by plain sockets: under `tidings::serve`, and under `axum::serve` beside it.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use tidings::{Hub, HubOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::shop;

/// How long a handshake may take on a busy machine before the test calls it lost.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_order_reaches_its_user_and_a_page_that_is_left_is_gone_from_the_books() {
    let shop = Shop::open();
    let mut ada = Page::open(&shop, "ada").await;
    let mut bob = Page::open(&shop, "bob").await;
    assert_eq!(shop.active(), 2);

    shop.order("ada").await;
    shop.order("bob").await;
    for page in [&mut ada, &mut bob] {
        page.until("event: order_placed\ndata: [\"tea\",\"milk\"]\n\n").await;
    }
    assert_eq!(bob.seen.matches("order_placed").count(), 1, "what is Ada's is not for Bob: {}", bob.seen);

    drop(ada);
    shop.until_active(1).await;
    drop(bob);
    shop.until_active(0).await;
    assert_eq!(shop.closed("client_left"), 2);
    assert!(shop.hub.books_balance());
}

#[tokio::test]
async fn who_is_not_signed_in_is_refused_and_an_order_without_readers_is_not() {
    let shop = Shop::open();
    let refused = shop.ask("GET /api/sse/stream HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("sign in first"), "{refused}");
    let page = shop.ask("GET /no-page HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 404 ") && !page.contains("problem"), "the shop's own 404: {page}");
    shop.order("nobody-is-listening").await;
    assert_eq!(shop.active(), 0);
}

/// What the crate's documentation says of the two guarantees, side by side.
#[tokio::test]
async fn a_byte_too_many_hides_a_departure_from_axum_until_a_write_and_from_tidings_not_at_all() {
    let (full, weaker) = (Shop::open(), Shop::open_under_axum().await);
    for shop in [&full, &weaker] {
        let mut page = Page::open(shop, "ada").await;
        page.socket.write_all(b"x").await.expect("taken");
        assert_eq!(shop.active(), 1);
        // Everything was read, so that this is a FIN and not a reset.
        drop(page);
    }
    full.until_active(0).await;
    for _ in 0..20 {
        weaker.order("somebody-else").await;
    }
    assert_eq!(weaker.active(), 1, "nothing was written to it, so nothing was noticed");
    let mut writes = 0;
    while weaker.active() > 0 {
        weaker.order("ada").await;
        writes += 1;
    }
    assert!(writes > 0);
    for shop in [&full, &weaker] {
        assert_eq!(shop.closed("client_left"), 1);
        assert!(shop.hub.books_balance());
    }
}

/// The application, served.
struct Shop {
    hub: Hub,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Shop {
    fn open() -> Self {
        let hub = Hub::open(HubOptions::default()).expect("opens");
        let listener = tidings::bind(([127, 0, 0, 1], 0).into(), &hub.options().stream).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(tidings::serve(listener, shop(&hub), hub.clone(), pending::<()>()));
        Self { hub, address, server }
    }

    async fn open_under_axum() -> Self {
        let hub = Hub::open(HubOptions::default()).expect("opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let app = shop(&hub).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self { hub, address, server }
    }

    fn active(&self) -> u64 {
        self.hub.stats()["connections"]["active"].as_u64().expect("a count")
    }

    fn closed(&self, reason: &str) -> u64 {
        self.hub.stats()["connections"]["closed_total"][reason].as_u64().expect("a count")
    }

    /// Requests are the clock.
    async fn until_active(&self, wished: u64) {
        let waiting = async {
            while self.active() != wished {
                self.ask("GET /health HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await;
            }
        };
        let active = || format!("{} are active, and not {wished}", self.active());
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{}", active()));
    }

    async fn order(&self, user: &str) {
        let request = format!(
            "POST /users/{user}/orders HTTP/1.1\r\nhost: shop\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answer = self.ask(&request).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    async fn ask(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.expect("it listens");
        socket.write_all(request.as_bytes()).await.expect("taken");
        let mut answer = String::new();
        let answered = timeout(PATIENCE, socket.read_to_string(&mut answer)).await;
        answered.expect("an answer in time").expect("a whole answer");
        answer
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A page with its stream open, as its socket sees it.
struct Page {
    socket: TcpStream,
    seen: String,
}

impl Page {
    async fn open(shop: &Shop, user: &str) -> Self {
        let mut socket = TcpStream::connect(shop.address).await.expect("it listens");
        let request = format!("GET /api/sse/stream HTTP/1.1\r\nhost: shop\r\nx-user: {user}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.expect("taken");
        let mut page = Self { socket, seen: String::new() };
        page.until("event: connected").await;
        page.until("\n\n\r\n").await;
        page
    }

    async fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let mut bytes = [0; 4096];
            let read = timeout(PATIENCE, self.socket.read(&mut bytes)).await;
            let read = read.unwrap_or_else(|_| panic!("{text:?} never came: {}", self.seen));
            let read = read.expect("it is open");
            assert!(read > 0, "it ended before {text:?}: {}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}
