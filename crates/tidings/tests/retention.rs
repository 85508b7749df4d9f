//! Events grow old by a clock that no one can set.

use std::time::Duration;

use serde_json::value::RawValue;
use tidings::{ChannelName, HistoryQuery, Hub, HubOptions};
use tidings_core::event::Draft;

const AGE_MS: u64 = 3_600_000;

/// The wall clock moves by next to nothing in this test, and the clock that ages events by an hour: as far apart as
/// they are after somebody set the former.
#[tokio::test(start_paused = true)]
async fn events_grow_old_and_are_dated_by_the_time_that_passes_whatever_the_wall_clock_says() {
    let mut options = HubOptions::default();
    options.rules.default.retention.age_ms = AGE_MS;
    let hub = Hub::open(options).expect("opens");
    let name = ChannelName::parse("jobs").expect("a name");
    let publish = async || {
        let data = RawValue::from_string("1".to_owned()).expect("JSON");
        hub.publish(&name, Draft { ty: None, data: &data, id: None, key: None }).await.expect("published");
    };
    let held = || {
        let page = hub.history(&name, HistoryQuery { since: None, limit: 10 });
        page.events.iter().map(|event| event.time_ms).collect::<Vec<_>>()
    };
    publish().await;
    let first = held()[0];
    // The sweep that lets go of old events runs by the same clock, so that it has run when these have passed.
    tokio::time::sleep(Duration::from_millis(AGE_MS - 10_000)).await;
    publish().await;
    assert_eq!(held(), [first, first + AGE_MS - 10_000]);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(held(), [first + AGE_MS - 10_000]);
}
