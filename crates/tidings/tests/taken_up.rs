//! A hub takes up a log that others write to meanwhile.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::value::RawValue;
use tidings::{ChannelName, EngineState, HistoryQuery, Hub, HubOptions};
use tidings_core::engine::{
    Answer, AppendError, Appended, Ear, Engine, Entry, Head, Heard, Offer, ReadError, Stretch,
};
use tidings_core::event::{Draft, Event};
use tidings_core::position::Epoch;

const BOUND: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// A log of three events, of which one comes in the first answer; while the others are read, they are told.
#[derive(Default)]
struct Told {
    ear: Mutex<Option<Ear>>,
}

fn head() -> Head {
    Head { epoch: Epoch::from(1), seq: 3 }
}

fn channel() -> ChannelName {
    ChannelName::parse("jobs").expect("a name")
}

fn entries(seqs: impl Iterator<Item = u64>) -> Vec<Entry> {
    let data = RawValue::from_string("1".to_owned()).expect("JSON");
    let event = Event::new(Draft { ty: None, data: &data, id: None, key: None }, 100).expect("an event");
    seqs.map(|seq| Entry { seq, time_ms: 1, channel: channel(), event: event.clone() }).collect()
}

impl Engine for Told {
    fn append(&self, _: Option<Head>, _: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>> {
        Box::pin(async { Err(AppendError::Unknown) })
    }

    fn read(&self, after: u64) -> Answer<'_, Result<Stretch, ReadError>> {
        Box::pin(async move {
            let through = if after == 0 { 1 } else { head().seq };
            if let Some(ear) = self.ear.lock().expect("not poisoned").as_ref().filter(|_| after > 0) {
                ear(Heard::Entries(head().epoch, entries(after + 1..=through)));
            }
            let entries = entries(after + 1..=through);
            Ok(Stretch { head: head(), through, entries, lost: Vec::new(), forgotten_through: 0, began: 0 })
        })
    }

    fn follow(&self, ear: Ear) -> Answer<'_, Result<Head, ReadError>> {
        *self.ear.lock().expect("not poisoned") = Some(ear);
        Box::pin(async { Ok(head()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_whose_last_events_are_told_rather_than_read_is_taken_up() {
    let mut options = HubOptions::default();
    options.rules.default.retention.age_ms = 0;
    let hub = Hub::open_shared(options, Arc::new(Told::default())).expect("opens");
    let taken_up = async {
        while hub.engine_state() != EngineState::Here {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let taken_up = tokio::time::timeout(BOUND, taken_up).await;
    let held = hub.history(&channel(), HistoryQuery { since: None, limit: 10 }).events.len();
    assert!(taken_up.is_ok(), "it has {held} of 3 events, and is not ready");
    assert_eq!(held, 3);
}
