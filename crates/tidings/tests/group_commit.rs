//! Publishers at one hub share calls to the engine, and each has its own answer.

use std::sync::{Arc, Mutex};

use serde_json::value::to_raw_value;
use tidings::{ChannelName, EngineState, HistoryQuery, Hub, HubOptions, PublishError, Published};
use tidings_core::engine::{
    Answer, AppendError, Appended, Ear, Engine, Head, Offer, Placed, ReadError, Stretch,
};
use tidings_core::event::Draft;
use tidings_core::position::Epoch;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, yield_now};

/// An engine that answers each call when it is let, in turn.
struct Slow {
    /// Of each call that came: how many events.
    calls: Mutex<Vec<usize>>,
    /// The newest place.
    seq: Mutex<u64>,
    may_answer: Semaphore,
    error: Mutex<Option<AppendError>>,
}

fn epoch() -> Epoch {
    Epoch::from(1)
}

impl Slow {
    fn new() -> Arc<Self> {
        let (calls, seq, error) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { calls, seq, may_answer: Semaphore::new(0), error })
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().expect("not poisoned").clone()
    }

    fn place(&self, offers: &[Offer]) -> Appended {
        let seq = &mut *self.seq.lock().expect("not poisoned");
        let next = |_: &Offer| {
            *seq += 1;
            Placed { seq: *seq, time_ms: 1, duplicate: false }
        };
        Appended { epoch: epoch(), placed: offers.iter().map(next).collect() }
    }
}

impl Engine for Slow {
    fn append(&self, _: Option<Head>, offers: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>> {
        self.calls.lock().expect("not poisoned").push(offers.len());
        Box::pin(async move {
            self.may_answer.acquire().await.expect("not closed").forget();
            match self.error.lock().expect("not poisoned").clone() {
                Some(error) => Err(error),
                None => Ok(self.place(&offers)),
            }
        })
    }

    fn read(&self, through: u64) -> Answer<'_, Result<Stretch, ReadError>> {
        let head = Head { epoch: epoch(), seq: through };
        let stretch = Stretch { head, through, entries: Vec::new(), lost: Vec::new(), forgotten_through: 0 };
        Box::pin(async { Ok(stretch) })
    }

    fn follow(&self, _: Ear) -> Answer<'_, Result<Head, ReadError>> {
        Box::pin(async { Ok(Head { epoch: epoch(), seq: 0 }) })
    }
}

async fn open(engine: &Arc<Slow>) -> Hub {
    let mut options = HubOptions::default();
    options.rules.default.retention.age_ms = 0;
    options.bounds.event_bytes = 1024 * 1024;
    let hub = Hub::open_shared(options, Arc::clone(engine) as Arc<dyn Engine>).expect("opens");
    while hub.engine_state() != EngineState::Here {
        yield_now().await;
    }
    hub
}

fn jobs() -> ChannelName {
    ChannelName::parse("jobs").expect("a name")
}

type Publishing = JoinHandle<Result<Published, PublishError>>;

fn begin(hub: &Hub, data: String) -> Publishing {
    let hub = hub.clone();
    tokio::spawn(async move {
        let data = to_raw_value(&data).expect("JSON");
        hub.publish(&jobs(), Draft { ty: None, data: &data, id: None, key: None }).await
    })
}

/// Somebody who publishes this, and has come as far as they do without the engine.
async fn publish(hub: &Hub, data: &str) -> Publishing {
    let publishing = begin(hub, data.to_owned());
    yield_now().await;
    publishing
}

async fn until_called(engine: &Slow, calls: usize) {
    while engine.calls().len() < calls {
        yield_now().await;
    }
}

/// The data of each event that the hub has, by its place.
fn held(hub: &Hub) -> Vec<(u64, String)> {
    let events = hub.history(&jobs(), HistoryQuery { since: None, limit: 1_000 }).events;
    let held = events.iter().map(|frame| (frame.seq, frame.data().trim_matches('"').to_owned()));
    held.collect()
}

#[tokio::test]
async fn whoever_publishes_at_the_same_moment_goes_in_one_call_and_has_an_answer_of_its_own() {
    let engine = Slow::new();
    let hub = open(&engine).await;
    let mut publishing = vec![publish(&hub, "0").await];
    until_called(&engine, 1).await;
    // All of them before the turn of whoever is first of them.
    publishing.extend((1..300).map(|n| begin(&hub, n.to_string())));
    until_called(&engine, 4).await;
    assert_eq!(engine.calls(), [1, 128, 128, 43], "the first waits for nobody, and nobody for its answer");
    engine.may_answer.add_permits(4);
    for (n, publishing) in publishing.into_iter().enumerate() {
        let published = publishing.await.expect("done").expect("published");
        let place = published.offset;
        assert!(held(&hub).contains(&(place, n.to_string())), "{n} is at {place}");
    }
    assert_eq!(held(&hub).len(), 300);
}

#[tokio::test]
async fn large_events_are_divided_and_none_is_left_behind() {
    let engine = Slow::new();
    let hub = open(&engine).await;
    let first = publish(&hub, "first").await;
    until_called(&engine, 1).await;
    let large: Vec<_> = (0..5).map(|_| begin(&hub, "x".repeat(400 * 1024))).collect();
    until_called(&engine, 4).await;
    assert_eq!(engine.calls(), [1, 2, 2, 1], "1 MiB at most");
    engine.may_answer.add_permits(4);
    for publishing in [first].into_iter().chain(large) {
        publishing.await.expect("done").expect("published");
    }
}

#[tokio::test]
async fn who_goes_away_takes_nobody_along_and_who_comes_after_a_failure_is_served() {
    let engine = Slow::new();
    let hub = open(&engine).await;
    let first = publish(&hub, "first").await;
    until_called(&engine, 1).await;
    let (leaves, stays) = (begin(&hub, "leaves".to_owned()), begin(&hub, "stays".to_owned()));
    until_called(&engine, 2).await;
    leaves.abort();
    assert_eq!(engine.calls(), [1, 2]);
    engine.may_answer.add_permits(2);
    first.await.expect("done").expect("published");
    stays.await.expect("done").expect("published");
    let names: Vec<_> = held(&hub).into_iter().map(|(_, data)| data).collect();
    assert_eq!(names, ["first", "leaves", "stays"], "what was asked is done");

    for error in [AppendError::Unknown, AppendError::Away { retry_ms: 7 }] {
        *engine.error.lock().expect("not poisoned") = Some(error.clone());
        let before = engine.calls().len();
        let one = publish(&hub, "one").await;
        until_called(&engine, before + 1).await;
        let (two, three) = (begin(&hub, "two".to_owned()), begin(&hub, "three".to_owned()));
        until_called(&engine, before + 2).await;
        engine.may_answer.add_permits(2);
        for publishing in [one, two, three] {
            let refused = publishing.await.expect("done").expect_err("refused");
            assert_eq!(
                std::mem::discriminant(&refused),
                std::mem::discriminant(&PublishError::from(error.clone())),
                "{refused}"
            );
        }
    }
    *engine.error.lock().expect("not poisoned") = None;
    engine.may_answer.add_permits(1);
    publish(&hub, "last").await.await.expect("done").expect("published");
    assert_eq!(held(&hub).len(), 4);
}
