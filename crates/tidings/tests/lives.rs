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
use tidings::{ChannelName, EngineState, GrantEverything, HistoryQuery, HttpOptions, Hub, HubOptions};
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
async fn lose_the_end(engine: &MemoryEngine) {
    let head = engine.append(None, Vec::new()).await.expect("appended");
    let known = Head { epoch: head.epoch, seq: u64::MAX >> 1 };
    let anew = engine.append(Some(known), Vec::new()).await.expect("appended");
    assert_ne!(anew.epoch, head.epoch);
}

#[tokio::test]
async fn a_hub_that_was_away_has_what_is_left_and_is_told_again_what_was_decided() {
    let engines: Vec<_> = {
        let first = MemoryEngine::new(0);
        let others = [first.another(), first.another()];
        std::iter::once(first).chain(others).map(Arc::new).collect()
    };
    let (away, other) = (open(engines[0].clone()), open(engines[1].clone()));
    for hub in [&away, &other] {
        until("it is taken up", || hub.engine_state() == EngineState::Here).await;
    }
    engines[0].set_away(true);
    other.revoke_user(&Label::parse("ann").expect("a user"), 3_600_000).expect("revoked");
    for _ in 0..150 {
        let data = RawValue::from_string("1".to_owned()).expect("JSON");
        other
            .publish(&jobs(), Draft { ty: None, data: &data, id: None, key: None })
            .await
            .expect("published");
    }
    let is_told = async || {
        let read = engines[2].read(0).await.expect("read");
        read.entries.iter().any(|entry| entry.channel.as_str() == "$hub/cluster/users")
    };
    while !is_told().await {
        tokio::time::sleep(PAUSE).await;
    }
    lose_the_end(&engines[2]).await;
    assert_eq!(away.revocation_count().0, 0);
    engines[0].set_away(false);
    until("it has all that is left", || history(&away).events.len() == 150).await;
    until("nobody of that name may come", || away.revocation_count().0 == 1).await;
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
    for back in ["/api/sse/history?channel=jobs", &from("earliest"), &from("2-1"), &from("2-2")] {
        assert_eq!(ask(back).await, StatusCode::SERVICE_UNAVAILABLE, "{back}");
    }
    assert_eq!(ask("/api/sse/stream?channels=jobs").await, StatusCode::OK);
    engine.is_let.send_replace(true);
    assert_eq!(ask("/api/sse/history?channel=jobs").await, StatusCode::OK);
    let page = history(&hub);
    assert_eq!((page.events.len(), page.gap), (3, false));
}
