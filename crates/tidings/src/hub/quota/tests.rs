use std::collections::HashMap;
use std::time::Duration;

use tidings_core::engine::Answer;
use tidings_core::quota::{Beat, Beaten, Incarnation, LeaseEar, Line, Put, PutAnswer, Store};
use tokio::time::sleep;

use super::*;

const BOUND: Duration = Duration::from_secs(30);

/// Stores in memory, of which each hub has a view of its own.
#[derive(Clone)]
struct Memory {
    origin: Instant,
    stores: Arc<Mutex<HashMap<u16, Store>>>,
    ears: Arc<Mutex<HashMap<String, LeaseEar>>>,
    is_stopped: Arc<AtomicBool>,
}

struct View {
    memory: Memory,
    inbox: String,
}

impl Memory {
    fn new() -> Self {
        let (stores, ears, is_stopped) = Default::default();
        Self { origin: Instant::now(), stores, ears, is_stopped }
    }
}

impl View {
    async fn with<T>(&self, shard: u16, call: impl FnOnce(&mut Store, u64) -> T) -> Result<T, LeaseError> {
        tokio::task::yield_now().await;
        while self.memory.is_stopped.load(Relaxed) {
            sleep(Duration::from_millis(10)).await;
        }
        let host_ms = self.memory.origin.elapsed().as_millis() as u64;
        let mut stores = self.memory.stores.lock().expect("whole");
        Ok(call(stores.entry(shard).or_default(), host_ms))
    }
}

impl Leases for View {
    fn inbox(&self) -> &str {
        &self.inbox
    }

    fn beat(&self, shard: u16, beat: Beat) -> Answer<'_, Result<(Line, Beaten), LeaseError>> {
        Box::pin(async move {
            let answer = self.with(shard, |store, host_ms| store.beat(&beat, host_ms));
            let answer = tokio::time::timeout(Duration::from_millis(250), answer).await;
            Ok((1, answer.map_err(|_| LeaseError::Unknown)??))
        })
    }

    fn put(&self, _: Line, put: Put) -> Answer<'_, Result<PutAnswer, LeaseError>> {
        Box::pin(async move {
            let answer = self.with(shard_of(&put.user), |store, host_ms| store.put(&put, host_ms)).await?;
            let PutAnswer::Placed { leaving } = &answer else { return Ok(answer) };
            for leaving in leaving {
                let inbox = leaving.incarnation.as_str().split('-').next().expect("a name");
                let ear = self.memory.ears.lock().expect("whole").get(inbox).cloned();
                if let Some(ear) = ear.filter(|_| inbox != self.inbox) {
                    ear(Told::Leave { user: Arc::clone(&put.user), leaving: leaving.clone() });
                }
            }
            Ok(answer)
        })
    }

    fn leave(&self, shard: u16, incarnation: Incarnation) -> Answer<'_, Result<(), LeaseError>> {
        Box::pin(async move { self.with(shard, |store, _| store.leave(&incarnation)).await })
    }

    fn list(&self, shard: u16) -> Answer<'_, Result<Vec<Lease>, LeaseError>> {
        Box::pin(async move { self.with(shard, |store, host_ms| store.list(host_ms)).await })
    }

    fn follow(&self, ear: LeaseEar) {
        self.memory.ears.lock().expect("whole").insert(self.inbox.clone(), ear);
    }
}

type Places = Arc<Mutex<HashMap<Arc<str>, Place>>>;

/// A hub: its desk, and the connections that it has.
struct Node {
    desk: Desk,
    places: Places,
    name: &'static str,
}

impl Node {
    async fn start(memory: &Memory, name: &'static str, on_full: OnFull) -> Self {
        let view = View { memory: memory.clone(), inbox: name.into() };
        let places = Places::default();
        let here = Arc::downgrade(&places);
        let options = DeskOptions { on_full, ..DeskOptions::new(name) };
        let desk = Desk::open(Arc::new(view), options, move |closing| {
            let Some(places) = here.upgrade() else { return };
            let gone = places.lock().expect("whole").remove(&closing.connection);
            drop(gone);
        });
        let node = Self { desk, places, name };
        until("it is there", async || !node.desk.state().is_away).await;
        node
    }

    async fn connect(&self, connection: &str, client: Option<&str>, limit: u32) -> Result<(), Refusal> {
        let connection: Arc<str> = format!("{}.{connection}", self.name).into();
        let asking = Asking {
            user: "ann".into(),
            client_id: client.map(Arc::from),
            connection: Arc::clone(&connection),
            since_ms: 1,
            limit,
        };
        let place = self.desk.admit(asking).await?;
        self.places.lock().expect("whole").insert(connection, place);
        Ok(())
    }

    fn disconnect(&self, connection: &str) {
        let gone = self.places.lock().expect("whole").remove(&*format!("{}.{connection}", self.name));
        drop(gone.expect("it is here"));
    }

    fn count(&self) -> usize {
        self.places.lock().expect("whole").len()
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < BOUND, "{what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_over_two_hubs_and_a_refusal_says_who_holds_it() {
    let memory = Memory::new();
    let (a, b) =
        (Node::start(&memory, "a", OnFull::Refuse).await, Node::start(&memory, "b", OnFull::Refuse).await);
    a.connect("1", Some("tab"), 2).await.expect("a place");
    sleep(Duration::from_millis(50)).await;
    b.connect("2", None, 2).await.expect("a place");
    let Err(Refusal::Limit { limit: 2, held_by }) = b.connect("3", None, 2).await else { panic!("refused") };
    let told: Vec<_> = held_by.iter().map(|held| (&*held.node, &*held.connection)).collect();
    assert_eq!(told, [("a", "a.1"), ("b", "b.2")]);
    a.disconnect("1");
    until("the place is free", async || b.connect("3", None, 2).await.is_ok()).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_elsewhere_is_not_refused_and_its_ghost_goes() {
    let memory = Memory::new();
    let (a, b) =
        (Node::start(&memory, "a", OnFull::Refuse).await, Node::start(&memory, "b", OnFull::Refuse).await);
    a.connect("1", Some("tab"), 1).await.expect("a place");
    b.connect("2", Some("tab"), 1).await.expect("a place");
    until("the ghost is gone", async || a.count() == 0).await;
    assert_eq!(b.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room_wherever_it_is() {
    let memory = Memory::new();
    let policy = OnFull::ReplaceOldest;
    let (a, b) = (Node::start(&memory, "a", policy).await, Node::start(&memory, "b", policy).await);
    for (node, connection) in [(&a, "1"), (&b, "2"), (&b, "3")] {
        node.connect(connection, None, 2).await.expect("a place");
        sleep(Duration::from_millis(50)).await;
    }
    until("the oldest is gone", async || a.count() == 0).await;
    assert_eq!(b.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_hangs_each_hub_judges_in_time_and_what_is_too_much_goes_later() {
    let memory = Memory::new();
    let (a, b) =
        (Node::start(&memory, "a", OnFull::Refuse).await, Node::start(&memory, "b", OnFull::Refuse).await);
    memory.is_stopped.store(true, Relaxed);
    for node in [&a, &b] {
        for connection in ["1", "2"] {
            let since = Instant::now();
            node.connect(connection, None, 2).await.expect("a place");
            assert!(since.elapsed() <= Duration::from_millis(260), "{:?}", since.elapsed());
        }
        let Err(Refusal::Limit { held_by, .. }) = node.connect("3", None, 2).await else { panic!("refused") };
        assert!(held_by.iter().all(|held| *held.node == *node.name), "only by what is surely there");
    }
    memory.is_stopped.store(false, Relaxed);
    sleep(Duration::from_secs(90)).await;
    assert_eq!(a.count() + b.count(), 2);
    assert_eq!(a.desk.state().connections + b.desk.state().connections, 2);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_leaves_or_dies_holds_no_place_any_more() {
    let memory = Memory::new();
    let (a, b) =
        (Node::start(&memory, "a", OnFull::Refuse).await, Node::start(&memory, "b", OnFull::Refuse).await);
    let c = Node::start(&memory, "c", OnFull::Refuse).await;
    a.connect("1", None, 2).await.expect("a place");
    b.connect("2", None, 2).await.expect("a place");
    assert!(c.connect("3", None, 2).await.is_err());
    assert_eq!(c.desk.nodes().await.expect("told").len(), 3);
    assert!(a.desk.leave().await);
    c.connect("3", None, 2).await.expect("a place");
    // Without a word: its rounds end, and nobody gives anything back.
    let Node { desk, places, .. } = b;
    drop(desk);
    let _kept = places;
    assert!(c.connect("4", None, 2).await.is_err(), "it may yet be there");
    sleep(Duration::from_secs(16)).await;
    c.connect("4", None, 2).await.expect("a place");
    assert_eq!(c.desk.nodes().await.expect("told").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_asking_has_no_place() {
    let memory = Memory::new();
    let a = Node::start(&memory, "a", OnFull::Refuse).await;
    memory.is_stopped.store(true, Relaxed);
    let given_up = tokio::time::timeout(Duration::from_millis(100), a.connect("1", None, 1)).await;
    assert!(given_up.is_err());
    memory.is_stopped.store(false, Relaxed);
    sleep(Duration::from_secs(1)).await;
    a.connect("2", None, 1).await.expect("a place");
}
