//! A hub beside: what it is to be told waits for it, with a bound, and nobody who works waits for anything.

use std::net::SocketAddr;
use std::sync::Arc;

use tidings::{GrantEverything, HttpOptions, Hub, HubOptions};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::harness::{Listener, PATIENCE, TempDir};
use crate::broadcast::{Beside, Broadcaster, Sending, Telling};
use crate::event::{Event, EventType, GroupId, Shown};
use crate::issuer::Issuer;
use crate::secret;
use crate::store::Store;

const EVENTS_WAITING_MAX: usize = 1_000;

#[tokio::test]
async fn what_a_hub_that_was_away_is_told_is_in_order_and_what_was_dropped_is_said() {
    let address = free_address().await;
    let (beside, sending, _dir) = start(address);
    let telling = Instant::now();
    for n in 0..EVENTS_WAITING_MAX + 300 {
        beside.tell(event(if n < EVENTS_WAITING_MAX { 1 } else { 2 }, n));
    }
    assert!(telling.elapsed().as_secs() < 5, "telling waits for nobody");
    // What is under way is no longer waiting, and made room for others.
    assert!(beside.waiting() <= EVENTS_WAITING_MAX);

    let hub = TestHub::open(address).await;
    let mut page = hub.listen_to_all().await;
    let mut heard = Vec::new();
    let stale = loop {
        let next = page.next().await;
        if next.ty == "board_stale" {
            break next.data["active_group_id"].clone();
        }
        heard.push(next.data["timestamp"].as_u64().expect("a number"));
    };
    assert_eq!(stale, 2, "the board that lost something fetches itself anew");
    assert!(heard.is_sorted_by(|one, other| one < other), "in order, and none twice");
    assert!(heard.len() < EVENTS_WAITING_MAX + 300);
    sending.finish().await;
    drop(page);
    hub.close().await;
}

#[tokio::test]
async fn of_a_users_rights_the_last_word_is_told_and_none_is_dropped() {
    let address = free_address().await;
    let (beside, sending, _dir) = start(address);
    for n in 0..EVENTS_WAITING_MAX + 200 {
        beside.tell(event(1, n));
    }
    for groups in [vec![1, 2], vec![], vec![3]] {
        beside.tell(Telling::Rights { user: 7, groups });
    }
    assert!(beside.waiting() <= EVENTS_WAITING_MAX + 1);
    let hub = TestHub::open(address).await;
    let mut page = Listener::open_as(address, "user=7").await;
    page.expect("subscribed").await;
    assert_eq!(hub.hub.stats()["connections"]["active"], 1);
    let row = hub.hub.connections(&Default::default());
    let row = serde_json::to_value(&row).expect("JSON");
    assert!(row.to_string().contains(r#""channels":["group:3"]"#), "{row}");
    sending.finish().await;
    drop(page);
    hub.close().await;
}

#[tokio::test]
async fn a_token_that_is_over_is_told_whatever_else_waits() {
    let address = free_address().await;
    let (beside, sending, _dir) = start(address);
    for n in 0..EVENTS_WAITING_MAX + 200 {
        beside.tell(event(1, n));
    }
    let over = ["one", "another"];
    for id in over {
        beside.tell(Telling::TokenOver { id: id.to_owned() });
    }
    let hub = TestHub::open(address).await;
    hub.hears_of(&over).await;
    sending.finish().await;
    hub.close().await;
}

/// Between what is saved and what is told of it.
#[tokio::test]
async fn a_token_whose_end_was_not_told_before_a_crash_is_told_after_it() {
    let address = free_address().await;
    let (beside, sending, dir) = start(address);
    let store = Store::open(dir.path(), "a password", Broadcaster::Beside(beside)).expect("opens");
    let mut tokens = Vec::new();
    for ends in [true, false] {
        let given = store.change(move |change| {
            let session = secret::digest(&change.begin_session(2, 3_600)?);
            let token = change.grant_token(session, 900)?;
            if ends {
                change.end_session(session)?
            }
            Ok(token.id)
        });
        tokens.push(given.await.expect("saved"));
    }
    sending.crash();
    drop(store);

    let (beside, sending) = start_in(&dir, address);
    let store = Store::open(dir.path(), "a password", Broadcaster::Beside(beside)).expect("opens");
    store.change(|change| change.tell_all()).await.expect("told");
    let hub = TestHub::open(address).await;
    hub.hears_of(&[&tokens[0]]).await;
    sending.finish().await;
    hub.close().await;
}

/// It takes the request, and never answers.
#[tokio::test]
async fn a_hub_that_hangs_blocks_no_change() {
    let address = free_address().await;
    let listener = TcpListener::bind(address).await.expect("free");
    let hung = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut bytes = [0; 64];
            let _ = socket.read(&mut bytes).await;
            held.push(socket);
        }
    });
    let (beside, sending, dir) = start(address);
    let store = Store::open(dir.path(), "a password", Broadcaster::Beside(beside)).expect("opens");
    let begun = Instant::now();
    for _ in 0..20 {
        store.change(|change| change.tell_all()).await.expect("saved");
    }
    assert!(begun.elapsed().as_secs() < 4, "less than one answer's deadline: {:?}", begun.elapsed());
    sending.finish().await;
    hung.abort();
}

/// An answer that was lost: the same is sent again, and the boards have it once.
#[tokio::test]
async fn what_is_sent_twice_is_heard_once() {
    let address = free_address().await;
    let hub = TestHub::open(address).await;
    let mut page = hub.listen_to_all().await;
    let (beside, sending, _dir) = start(address);
    for n in [1, 1, 2] {
        beside.tell(event(1, n));
    }
    for n in [1, 2] {
        assert_eq!(page.next().await.data["timestamp"], n);
    }
    sending.finish().await;
    assert_eq!(hub.hub.stats()["events"]["published_total"], 2);
    drop(page);
    hub.close().await;
}

fn start(address: SocketAddr) -> (Beside, Sending, TempDir) {
    let dir = TempDir::new();
    let (beside, sending) = start_in(&dir, address);
    (beside, sending, dir)
}

fn start_in(dir: &TempDir, address: SocketAddr) -> (Beside, Sending) {
    let issuer = Arc::new(Issuer::open(dir.path()).expect("a key"));
    let hub = format!("http://{address}").parse().expect("an address");
    Beside::start(hub, issuer, 900_000)
}

fn event(group: GroupId, timestamp: usize) -> Telling {
    let data = Shown::Student { student_id: 1, student_name: "Amir Haddad".to_owned() };
    let (ty, timestamp) = (EventType::StudentCheckin, timestamp as u64);
    Telling::Event(Event { ty, active_group_id: group, data, timestamp })
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

/// A hub of its own, which lets everybody do everything.
struct TestHub {
    hub: Hub,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<()>,
}

impl TestHub {
    async fn open(address: SocketAddr) -> Self {
        let options = HubOptions { drain_window_ms: 1, all_by_default: true, ..HubOptions::default() };
        let hub = Hub::open(options).expect("opens");
        let router = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
        let listener = tidings::bind(address, &hub.options().stream).expect("free");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(tidings::serve(listener, router, hub.clone(), stopped));
        Self { hub, address, stop, server }
    }

    async fn listen_to_all(&self) -> Listener {
        Listener::open_as(self.address, "last_event_id=earliest").await
    }

    /// Waits until these tokens, and no others, are shut out.
    async fn hears_of(&self, tokens: &[&str]) {
        let told = async {
            while self.hub.revocation_count().1 < tokens.len() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, told).await.expect("in time");
        let all = self.hub.revocations(&Default::default()).revocations;
        let mut names: Vec<_> = all.iter().filter_map(|row| row.token_id.as_deref()).collect();
        names.sort_unstable();
        let mut expected = tokens.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    async fn close(self) {
        self.hub.drain().await;
        let _ = self.stop.send(());
        timeout(PATIENCE, self.server).await.expect("an end in time").expect("no panic");
        assert!(self.hub.books_balance());
        assert_eq!(self.hub.stats()["connections"]["active"], 0);
    }
}
