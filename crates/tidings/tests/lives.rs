//! Hubs whose log lost something and begins anew: what is left of it is theirs, and what was decided is told again.

#[path = "../src/engine/memory.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a module of the library's own tests")]
mod memory;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use memory::MemoryEngine;
use serde_json::value::RawValue;
use tidings::{
    ChannelName, EngineState, GrantEverything, HistoryQuery, HttpOptions, Hub, HubOptions, RevocationQuery,
};
use tidings_core::engine::{
    Answer, AppendError, Appended, Ear, Engine, Entry, Head, Heard, Offer, ReadError, Stretch,
};
use tidings_core::event::{Draft, Event};
use tidings_core::label::Label;
use tidings_core::log::Page;
use tidings_core::position::Epoch;
use tokio::sync::watch;
use tower::ServiceExt;

const BOUND: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);

fn jobs() -> ChannelName {
    ChannelName::parse("jobs").expect("a name")
}

fn open(engine: Arc<dyn Engine>) -> Hub {
    let mut options = HubOptions::default();
    options.rules.default.retention.age_ms = 0;
    options.rules.default.retention.count = 1_000;
    Hub::open_shared(options, engine).expect("opens")
}

fn history(hub: &Hub) -> Page {
    hub.history(&jobs(), HistoryQuery { since: None, limit: 1_000 })
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    assert!(tokio::time::timeout(BOUND, held).await.is_ok(), "never: {what}");
}

/// The log has less than what is known of it: another life begins.
async fn lose_the_end(engine: &MemoryEngine) -> Epoch {
    let head = engine.append(None, Vec::new()).await.expect("appended");
    let known = Head { epoch: head.epoch, seq: u64::MAX >> 1 };
    let anew = engine.append(Some(known), Vec::new()).await.expect("appended");
    assert_ne!(anew.epoch, head.epoch);
    anew.epoch
}

fn label(user: &str) -> Label {
    Label::parse(user).expect("a user")
}

fn revoke(hub: &Hub, user: &str) {
    hub.revoke_user(&label(user), 3_600_000).expect("revoked");
}

/// More than is read in one part.
const EVENTS: usize = 150;

async fn publish_many(hub: &Hub) {
    for _ in 0..EVENTS {
        let data = RawValue::from_string("1".to_owned()).expect("JSON");
        let draft = Draft { ty: None, data: &data, id: None, key: None };
        hub.publish(&jobs(), draft).await.expect("published");
    }
}

/// Two hubs, and three engines of their log.
async fn two_hubs() -> ([Hub; 2], Vec<Arc<MemoryEngine>>) {
    let first = MemoryEngine::new(0);
    let others = [first.another(), first.another()];
    let engines: Vec<_> = std::iter::once(first).chain(others).map(Arc::new).collect();
    let hubs = [0, 1].map(|hub| open(engines[hub].clone()));
    for hub in &hubs {
        until("it is taken up", || hub.engine_state() == EngineState::Here).await;
    }
    (hubs, engines)
}

fn revoked(hub: &Hub) -> Vec<String> {
    let page = hub.revocations(&RevocationQuery::default());
    let mut users: Vec<_> =
        page.revocations.iter().filter_map(|row| row.user.as_deref().map(str::to_owned)).collect();
    users.sort_unstable();
    users
}

#[tokio::test]
async fn what_is_left_is_whole_and_what_was_decided_is_told_again_rather_than_obeyed_again() {
    let ([away, other], engines) = two_hubs().await;
    engines[0].set_away(true);
    revoke(&other, "ann");
    publish_many(&other).await;
    let is_told = async || {
        let read = engines[2].read(0).await.expect("read");
        read.entries.iter().any(|entry| entry.channel.as_str() == "$hub/cluster/users")
    };
    while !is_told().await {
        tokio::time::sleep(PAUSE).await;
    }
    engines[1].set_away(true);
    lose_the_end(&engines[2]).await;
    // Nobody who knows it is there to say whether it holds.
    let new = open(engines[2].clone());
    engines[0].set_away(false);
    for hub in [&new, &away] {
        until("it has all that is left", || history(hub).events.len() == EVENTS).await;
        assert!(revoked(hub).is_empty());
    }
    engines[1].set_away(false);
    for hub in [&new, &away] {
        until("it is told", || revoked(hub) == ["ann"]).await;
    }
}

#[tokio::test]
async fn who_comes_late_to_a_life_hears_what_was_decided_in_it_before_telling_what_it_knows() {
    let ([late, other], engines) = two_hubs().await;
    revoke(&other, "bob");
    until("both know", || revoked(&late) == ["bob"]).await;
    engines[0].set_away(true);
    publish_many(&other).await;
    let anew = lose_the_end(&engines[2]).await;
    until("it has begun anew", || history(&other).next.epoch == anew && !history(&other).gap).await;
    other.lift_revocation(Some(&label("bob")), None).expect("lifted");
    revoke(&other, "ann");
    let new = open(engines[2].clone());
    until("it is in the log", || revoked(&new) == ["ann"]).await;
    engines[0].set_away(false);
    until("it has all", || history(&late).events.len() == EVENTS).await;
    // Behind all that it tells again.
    revoke(&late, "carl");
    for hub in [&late, &other, &new] {
        until("all know the same", || revoked(hub) == ["ann", "carl"]).await;
    }
}

/// A log of nothing, which then begins anew with two events of a life before and one in this: the second is read when it
/// is let.
#[derive(Default)]
struct InParts {
    ear: watch::Sender<Option<Ear>>,
    is_anew: watch::Sender<bool>,
    is_let: watch::Sender<bool>,
}

impl InParts {
    fn head(&self) -> Head {
        let (epoch, seq) = if *self.is_anew.borrow() { (2, 3) } else { (1, 0) };
        Head { epoch: Epoch::from(epoch), seq }
    }

    fn begin_anew(&self) {
        self.is_anew.send_replace(true);
        let ear = self.ear.borrow().clone().expect("somebody follows");
        ear(Heard::Head(self.head()));
    }
}

fn entry(seq: u64) -> Entry {
    let data = RawValue::from_string("1".to_owned()).expect("JSON");
    let event = Event::new(Draft { ty: None, data: &data, id: None, key: None }, 100).expect("an event");
    Entry { seq, time_ms: 1, channel: jobs(), event }
}

fn stretch(head: Head, through: u64, entries: Vec<Entry>, began: u64) -> Stretch {
    Stretch { head, through, entries, lost: Vec::new(), forgotten_through: 0, began }
}

impl Engine for InParts {
    fn append(&self, _: Option<Head>, _: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>> {
        Box::pin(async { Err(AppendError::Unknown) })
    }

    fn read(&self, after: u64) -> Answer<'_, Result<Stretch, ReadError>> {
        Box::pin(async move {
            if !*self.is_anew.borrow() {
                return Ok(stretch(self.head(), 0, Vec::new(), 0));
            }
            if after > 0 {
                self.is_let.subscribe().wait_for(|is_let| *is_let).await.expect("it is held");
            }
            let through = if after == 0 { 1 } else { 3 };
            let entries = (after + 1..=through).map(entry).collect();
            Ok(stretch(self.head(), through, entries, 2))
        })
    }

    fn follow(&self, ear: Ear) -> Answer<'_, Result<Head, ReadError>> {
        self.ear.send_replace(Some(ear));
        Box::pin(async { Ok(self.head()) })
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_waited_for_by_whoever_asks_for_it_and_by_nobody_else() {
    let engine = Arc::new(InParts::default());
    let hub = open(engine.clone());
    until("it is taken up", || hub.engine_state() == EngineState::Here).await;
    engine.begin_anew();
    until("it has begun anew", || history(&hub).gap).await;
    let router = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        router.clone().oneshot(request).await.expect("an answer").status()
    };
    let from = |cursor: &str| format!("/api/sse/stream?channels=jobs&last_event_id={cursor}");
    for back in ["/api/sse/history?channel=jobs", &from("earliest"), &from("2-1")] {
        assert_eq!(ask(back).await, StatusCode::SERVICE_UNAVAILABLE, "{back}");
    }
    for on in ["/api/sse/stream?channels=jobs", &from("2-2")] {
        assert_eq!(ask(on).await, StatusCode::OK, "{on}");
    }
    engine.is_let.send_replace(true);
    assert_eq!(ask("/api/sse/history?channel=jobs").await, StatusCode::OK);
    let page = history(&hub);
    assert_eq!((page.events.len(), page.gap), (3, false));
}
