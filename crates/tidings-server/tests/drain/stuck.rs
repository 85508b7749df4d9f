//! Readers that take nothing, or are gone without a word, don't hold up the exit.

use std::time::Duration;

use crate::client::{Client, Speaks, Target};
use crate::hub::{Hub, now};
use crate::place::Place;
use crate::{last_summary, numbers};

const WINDOW: Duration = Duration::from_millis(200);
/// Promised are 5 s after the window.
const SLACK: Duration = Duration::from_secs(5);
const EVENT_BYTES: usize = 60_000;
const EVENTS: usize = 40;

#[test]
fn those_who_stopped_reading_do_not_hold_the_exit() {
    let mut hub = hub();
    let target = target(&hub);
    let stalled = [
        Client::open_small(Speaks::Http11, &target),
        Client::open_small(Speaks::Http2, &target),
        Client::open_with_window(&target, 1_000),
    ];
    fill(&hub);
    assert_exits_in_time(&mut hub, stalled.len() as u64);
    drop(stalled);
}

#[test]
fn netns_the_vanished_do_not_hold_the_exit() {
    let Ok(place) = Place::enter().inspect_err(|error| println!("skipped: no network of one's own: {error}"))
    else {
        return;
    };
    let mut hub = hub();
    let target = target(&hub);
    let vanished = [Client::open(Speaks::Http11, &target), Client::open(Speaks::Http2, &target)];
    let _swallowed: Vec<_> = vanished.iter().map(|client| place.swallow(&client.io.tcp)).collect();
    fill(&hub);
    assert_exits_in_time(&mut hub, vanished.len() as u64);
    drop(vanished);
}

fn hub() -> Hub {
    Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", &WINDOW.as_millis().to_string())])
}

fn target(hub: &Hub) -> Target {
    Target::of(hub, "news")
}

/// Publishes more than any kernel takes for a reader that is not there.
fn fill(hub: &Hub) {
    let filler = "x".repeat(EVENT_BYTES);
    for _ in 0..EVENTS {
        hub.post("/api/sse/publish", &format!(r#"{{"channel":"news","data":"{filler}"}}"#));
    }
}

#[track_caller]
fn assert_exits_in_time(hub: &mut Hub, count: u64) {
    let start = now();
    assert_eq!(hub.stop().code(), Some(0));
    let took = start.elapsed();
    assert!(took < WINDOW + SLACK, "{took:?}");
    hub.start_again();
    assert_eq!(numbers(&last_summary(hub)), (count, count, 0));
}
