//! Publishers at one hub share calls to the engine, and each has its own answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
    /// Of each id that was given, its place.
    ids: Mutex<HashMap<String, u64>>,
    may_answer: Semaphore,
    error: Mutex<Option<AppendError>>,
}

const BOUND: Duration = Duration::from_secs(10);
/// The data of an event at which the engine panics.
const TERRIBLE: &str = "terrible";

fn epoch() -> Epoch {
    Epoch::from(1)
}

impl Slow {
    fn new() -> Arc<Self> {
        let (calls, seq, ids, error) = Default::default();
        Arc::new(Self { calls, seq, ids, may_answer: Semaphore::new(0), error })
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().expect("not poisoned").clone()
    }

    fn place(&self, offers: &[Offer]) -> Appended {
        let seq = &mut *self.seq.lock().expect("not poisoned");
        let ids = &mut *self.ids.lock().expect("not poisoned");
        let next = |offer: &Offer| {
            if let Some(first) = offer.event.id().and_then(|id| ids.get(id)) {
                return Placed { seq: *first, time_ms: 1, duplicate: true };
            }
            *seq += 1;
            ids.extend(offer.event.id().map(|id| (id.to_owned(), *seq)));
            Placed { seq: *seq, time_ms: 1, duplicate: false }
        };
        Appended { epoch: epoch(), placed: offers.iter().map(next).collect() }
    }
}

impl Engine for Slow {
    fn append(&self, _: Option<Head>, offers: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>> {
        self.calls.lock().expect("not poisoned").push(offers.len());
        assert!(offers.iter().all(|offer| !offer.event.data().contains(TERRIBLE)));
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
        let stretch =
            Stretch { head, through, entries: Vec::new(), lost: Vec::new(), forgotten_through: 0, began: 0 };
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
    let taken_up = async {
        while hub.engine_state() != EngineState::Here {
            yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, taken_up).await.expect("taken up");
    hub
}

/// A hub, and somebody's publishing of `0` that the engine has not answered.
async fn with_a_call_under_way() -> (Arc<Slow>, Hub, Publishing) {
    let engine = Slow::new();
    let hub = open(&engine).await;
    let first = begin(&hub, "0".to_owned());
    until_asked(&engine, 1).await;
    (engine, hub, first)
}

fn jobs() -> ChannelName {
    ChannelName::parse("jobs").expect("a name")
}

type Publishing = JoinHandle<Result<Published, PublishError>>;

fn begin(hub: &Hub, data: String) -> Publishing {
    begin_as(hub, data, None)
}

fn begin_as(hub: &Hub, data: String, id: Option<&'static str>) -> Publishing {
    let hub = hub.clone();
    tokio::spawn(async move {
        let data = to_raw_value(&data).expect("JSON");
        hub.publish(&jobs(), Draft { ty: None, data: &data, id, key: None }).await
    })
}

/// Somebody who publishes this, and has come as far as they do without the engine.
async fn publish(hub: &Hub, data: &str) -> Publishing {
    let publishing = begin(hub, data.to_owned());
    yield_now().await;
    publishing
}

/// Until so many events were asked for, in whatever calls.
async fn until_asked(engine: &Slow, events: usize) {
    let asked = async {
        while engine.calls().iter().sum::<usize>() < events {
            yield_now().await;
        }
    };
    let asked = tokio::time::timeout(BOUND, asked).await;
    assert!(asked.is_ok(), "{events} events of {:?}", engine.calls());
}

async fn within_bound(publishing: Publishing) -> Result<Published, PublishError> {
    tokio::time::timeout(BOUND, publishing).await.expect("answered").expect("done")
}

/// The data of each event that the hub has, by its place.
fn held(hub: &Hub) -> Vec<(u64, String)> {
    let events = hub.history(&jobs(), HistoryQuery { since: None, limit: 1_000 }).events;
    let held = events.iter().map(|frame| (frame.seq, frame.data().trim_matches('"').to_owned()));
    held.collect()
}

#[tokio::test]
async fn whoever_publishes_at_the_same_moment_goes_in_one_call_and_has_an_answer_of_its_own() {
    let (engine, hub, first) = with_a_call_under_way().await;
    let mut publishing = vec![first];
    publishing.extend((1..300).map(|n| begin(&hub, n.to_string())));
    until_asked(&engine, 300).await;
    let calls = engine.calls();
    assert_eq!(calls[0], 1, "the first waits for nobody");
    assert!(calls.len() < 30 && calls.iter().all(|events| *events <= 128), "nor for its answer: {calls:?}");
    engine.may_answer.add_permits(calls.len());
    for (n, publishing) in publishing.into_iter().enumerate() {
        let place = publishing.await.expect("done").expect("published").offset;
        assert!(held(&hub).contains(&(place, n.to_string())), "{n} is at {place}");
    }
    assert_eq!(held(&hub).len(), 300);
}

#[tokio::test]
async fn large_events_are_divided_and_none_is_left_behind() {
    let (engine, hub, first) = with_a_call_under_way().await;
    let large: Vec<_> = (0..5).map(|_| begin(&hub, "x".repeat(400 * 1024))).collect();
    until_asked(&engine, 6).await;
    let calls = engine.calls();
    assert!(calls.iter().all(|events| *events <= 2), "1 MiB at most: {calls:?}");
    engine.may_answer.add_permits(calls.len());
    for publishing in [first].into_iter().chain(large) {
        publishing.await.expect("done").expect("published");
    }
}

#[tokio::test]
async fn an_id_that_comes_twice_in_one_call_is_one_event_and_channels_are_told_apart() {
    let (engine, hub, first) = with_a_call_under_way().await;
    let twice = [0, 1].map(|_| begin_as(&hub, "once".to_owned(), Some("order-7")));
    let both = tokio::spawn({
        let hub = hub.clone();
        async move {
            let data = to_raw_value("both").expect("JSON");
            let draft = Draft { ty: None, data: &data, id: None, key: None };
            let others = ChannelName::parse("others").expect("a name");
            let checked = hub.check(vec![jobs(), others], draft).expect("an event");
            hub.publish_all(vec![checked]).await
        }
    });
    let last = begin(&hub, "last".to_owned());
    until_asked(&engine, 6).await;
    assert_eq!(engine.calls(), [1, 5]);
    engine.may_answer.add_permits(2);
    assert_eq!(first.await.expect("done").expect("published").offset, 1);
    let mut places = Vec::new();
    for publishing in twice {
        let published = publishing.await.expect("done").expect("published");
        places.push((published.offset, published.duplicate));
    }
    places.sort_unstable();
    let both = both.await.expect("done").remove(0).expect("published");
    let last = last.await.expect("done").expect("published").offset;
    assert_eq!(places, [(2, false), (2, true)]);
    assert_eq!(both.iter().map(|published| published.offset).collect::<Vec<_>>(), [3, 4]);
    let held: Vec<_> = held(&hub).into_iter().map(|(place, _)| place).collect();
    assert_eq!((held, last), (vec![1, 2, 3, 5], 5));
}

#[tokio::test]
async fn who_goes_away_takes_nobody_along() {
    let (engine, hub, first) = with_a_call_under_way().await;
    // The one before its call, the other while it is under way.
    let leaves = publish(&hub, "leaves").await;
    let (leaves_late, stays) = (begin(&hub, "leaves late".to_owned()), begin(&hub, "stays".to_owned()));
    leaves.abort();
    until_asked(&engine, 4).await;
    leaves_late.abort();
    engine.may_answer.add_permits(4);
    first.await.expect("done").expect("published");
    stays.await.expect("done").expect("published");
    let names: Vec<_> = held(&hub).into_iter().map(|(_, data)| data).collect();
    assert_eq!(names, ["0", "leaves", "leaves late", "stays"], "what was asked is done");
}

#[tokio::test]
async fn a_failure_is_told_to_all_of_its_call_and_who_comes_after_is_served() {
    let engine = Slow::new();
    let hub = open(&engine).await;
    for error in [AppendError::Unknown, AppendError::Away { retry_ms: 7 }] {
        *engine.error.lock().expect("not poisoned") = Some(error.clone());
        let before = engine.calls().iter().sum::<usize>();
        let one = publish(&hub, "one").await;
        until_asked(&engine, before + 1).await;
        let (two, three) = (begin(&hub, "two".to_owned()), begin(&hub, "three".to_owned()));
        until_asked(&engine, before + 3).await;
        assert!(engine.calls().ends_with(&[1, 2]));
        engine.may_answer.add_permits(2);
        for publishing in [one, two, three] {
            let refused = publishing.await.expect("done").expect_err("refused");
            assert_eq!(refused.to_string(), PublishError::from(error.clone()).to_string());
        }
    }
    *engine.error.lock().expect("not poisoned") = None;
    engine.may_answer.add_permits(10);
    // What does not fit beside it is left for another call.
    let terrible = begin(&hub, TERRIBLE.repeat(100_000));
    let behind = begin(&hub, "x".repeat(900 * 1024));
    let refused = terrible.await.expect("done").expect_err("nobody knows");
    assert!(matches!(refused, PublishError::Unknown), "{refused}");
    within_bound(behind).await.expect("published");
    within_bound(publish(&hub, "last").await).await.expect("published");
    assert_eq!(held(&hub).len(), 2);
}

#[test]
fn where_the_hub_s_runtime_has_ended_nobody_waits_for_it() {
    let engine = Slow::new();
    let hubs = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let hub = hubs.block_on(open(&engine));
    drop(hubs);
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    here.block_on(async {
        for _ in 0..3 {
            let refused = tokio::time::timeout(BOUND, begin(&hub, "late".to_owned())).await;
            let refused = refused.expect("answered").expect("done").expect_err("refused");
            assert!(matches!(refused, PublishError::Away { .. }), "{refused}");
        }
    });
}
