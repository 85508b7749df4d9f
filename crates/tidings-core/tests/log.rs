//! The log where several of its features meet.

use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::event::{Draft, Event};
use tidings_core::history::Retention;
use tidings_core::log::{Keep, Log, Piece, Rules, Slow, SubscriberKey};
use tidings_core::position::Epoch;

const BUDGET_BYTES: usize = 1 << 20;

fn rules() -> Rules {
    let retention = Retention { count: 100, age_ms: 0, bytes: 0 };
    let default = Keep { retention, slow: Slow::Gap, presence: false };
    Rules { rules: Vec::new(), default, total_bytes: 0 }
}

fn log() -> Log<()> {
    Log::new(Epoch::from(7), rules())
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

fn publish(log: &mut Log<()>, channel: &str, draft: (Option<&str>, Option<&str>), data: u32) -> (u64, bool) {
    let data = RawValue::from_string(data.to_string()).expect("JSON");
    let (id, key) = draft;
    let event = Event::new(Draft { ty: None, data: &data, id, key }, BUDGET_BYTES).expect("an event");
    let name = ChannelName::parse(channel).expect("a name");
    let published = log.publish(1, &name, &event, &mut |()| {});
    (published.offset, published.duplicate)
}

/// The data of the events that a subscriber is given now.
fn given(log: &mut Log<()>, key: SubscriberKey) -> Vec<String> {
    let mut pieces = Vec::new();
    log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    let data = |piece| match piece {
        Piece::Event(frame) => Some(frame.data().to_owned()),
        Piece::Control(_) => None,
    };
    pieces.into_iter().filter_map(data).collect()
}

#[test]
fn an_id_stays_known_over_a_restart_when_a_newer_event_of_its_key_replaced_it() {
    let mut log = log();
    let first = publish(&mut log, "jobs", (Some("a"), Some("k")), 1);
    publish(&mut log, "jobs", (Some("b"), Some("k")), 2);
    assert_eq!(publish(&mut log, "jobs", (Some("a"), Some("k")), 1), (first.0, true));
    let mut log = Log::<()>::restore(rules(), log.snapshot()).expect("its own lines");
    assert_eq!(publish(&mut log, "jobs", (Some("a"), Some("k")), 1), (first.0, true));
    // And once more: what was kept is kept again.
    let mut log = Log::<()>::restore(rules(), log.snapshot()).expect("its own lines");
    assert_eq!(publish(&mut log, "jobs", (Some("a"), Some("k")), 1), (first.0, true));
}

#[test]
fn a_channel_that_two_selectors_mean_loses_nothing_when_one_is_left() {
    for (early, late) in [("jobs:1", "jobs:*"), ("jobs:*", "jobs:1"), ("*", "jobs:*")] {
        let mut log = log();
        let key = log.subscribe(&[selector(early)], None, false, ()).key;
        publish(&mut log, "jobs:1", (None, None), 1);
        log.change(key, &[selector(late)], &[], &mut |()| {});
        publish(&mut log, "jobs:1", (None, None), 2);
        log.change(key, &[], &[selector(early)], &mut |()| {});
        publish(&mut log, "jobs:1", (None, None), 3);
        assert_eq!(given(&mut log, key), ["1", "2", "3"], "{early} left for {late}");
    }
}

#[test]
fn a_channel_ends_where_it_was_left_and_begins_where_it_was_added_again() {
    let mut log = log();
    let key = log.subscribe(&[selector("jobs:1")], None, false, ()).key;
    publish(&mut log, "jobs:1", (None, None), 1);
    log.change(key, &[selector("jobs:*")], &[], &mut |()| {});
    log.change(key, &[], &[selector("jobs:1")], &mut |()| {});
    log.change(key, &[], &[selector("jobs:*")], &mut |()| {});
    publish(&mut log, "jobs:1", (None, None), 2);
    log.change(key, &[selector("jobs:1")], &[], &mut |()| {});
    publish(&mut log, "jobs:1", (None, None), 3);
    assert_eq!(given(&mut log, key), ["1", "3"]);
    publish(&mut log, "jobs:1", (None, None), 4);
    log.change(key, &[], &[selector("jobs:1")], &mut |()| {});
    publish(&mut log, "jobs:1", (None, None), 5);
    assert_eq!(given(&mut log, key), ["4"]);
    assert_eq!(given(&mut log, key), Vec::<String>::new());
}

#[test]
fn what_was_left_and_then_let_go_of_is_a_gap_where_it_was() {
    let mut log = log();
    let key = log.subscribe(&[selector("jobs"), selector("logs")], None, false, ()).key;
    let lost = publish(&mut log, "jobs", (None, None), 1).0;
    log.change(key, &[], &[selector("jobs")], &mut |()| {});
    for n in 0..=100 {
        publish(&mut log, "jobs", (None, None), n);
    }
    publish(&mut log, "logs", (None, None), 7);
    let mut pieces = Vec::new();
    let taken = log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    assert_eq!((taken.events, taken.lagged.len()), (1, 1));
    let Some(Piece::Control(gap)) = pieces.first() else { panic!("{pieces:?}") };
    let gap = String::from_utf8_lossy(gap.payload()).into_owned();
    assert!(gap.starts_with(&format!("id: 7-{lost}\nevent: gap\n")), "{gap}");
}

#[test]
fn what_a_reader_left_behind_it_is_not_what_it_is_behind_by() {
    let mut log = log();
    let key = log.subscribe(&[selector("jobs"), selector("logs")], None, false, ()).key;
    publish(&mut log, "jobs", (None, None), 1);
    log.change(key, &[], &[selector("jobs")], &mut |()| {});
    publish(&mut log, "jobs", (None, None), 2);
    publish(&mut log, "logs", (None, None), 3);
    assert_eq!(log.behind(key), 2);
    assert_eq!(given(&mut log, key), ["1", "3"]);
    assert_eq!(log.behind(key), 0);
}

/// The gaps that a stream resuming `*` from here is told, each with the place that it leaves the stream at.
fn gaps_from(log: &mut Log<()>, seq: u64) -> Vec<String> {
    let cursor = format!("7-{seq}");
    let key = log.subscribe(&[selector("*")], Some(&cursor), false, ()).key;
    let mut pieces = Vec::new();
    log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    log.unsubscribe(key);
    let told = |piece: &Piece| match piece {
        Piece::Event(_) => None,
        Piece::Control(framed) => Some(String::from_utf8_lossy(framed.payload()).into_owned()),
    };
    pieces.iter().filter_map(told).collect()
}

#[test]
fn a_pattern_is_told_of_many_forgotten_channels_as_one() {
    let mut rules = rules();
    rules.default.retention.age_ms = 1;
    let mut log = Log::new(Epoch::from(7), rules);
    for n in 0..101 {
        publish(&mut log, &format!("jobs:{n}"), (None, None), n);
    }
    log.expire(1_000);
    let gaps = gaps_from(&mut log, 0);
    assert_eq!(gaps, ["id: 7-0\nevent: gap\ndata: {\"channel\":\"*\",\"reason\":\"trimmed\"}\n\n"]);
    let gaps = gaps_from(&mut log, 1);
    assert_eq!(gaps.len(), 100, "no more than can be told one by one");
    assert!(gaps[0].starts_with("id: 7-2\nevent: gap\ndata: {\"channel\":\"jobs:1\""), "{}", gaps[0]);
}
