//! The log where several of its features meet.

use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::event::{Draft, Event};
use tidings_core::history::{Envelope, Retention};
use tidings_core::log::{
    Keep, Log, PENDING_CHANGE_BYTES_MAX, Piece, Presence, Resume, Rules, Slow, SubscriberKey, Unchanged,
};
use tidings_core::position::Epoch;

const BUDGET_BYTES: usize = 1 << 20;
const NOW_MS: u64 = 1_000_000;

fn rules() -> Rules {
    let retention = Retention { count: 100, age_ms: 0, bytes: 0 };
    let default = Keep { retention, slow: Slow::Gap, presence: Presence::Asked };
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
    let published = log.publish(NOW_MS, &name, &event, &mut |()| {});
    (published.offset, published.duplicate)
}

fn change(
    log: &mut Log<()>,
    key: SubscriberKey,
    add: &[Selector],
    remove: &[Selector],
) -> Result<(), Unchanged> {
    log.change(key, add, remove, &mut |()| {}).map(|_| ())
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

/// The same by rights that ended: only these names may be read.
fn withdraw(log: &mut Log<()>, key: SubscriberKey, may_read: &[&str]) {
    let mut may_read = |asked: &Selector| may_read.contains(&asked.as_str());
    log.withdraw(key, &[], &mut may_read, &mut |()| {}).expect("it reads");
}

#[test]
fn what_was_taken_away_is_not_given_any_more_also_where_its_client_had_left_it_before() {
    let mut log = log();
    let all = ["a", "b", "room:*"].map(selector);
    let key = log.subscribe(&all, None, Envelope::None, ()).key;
    for (data, channel) in (1..).zip(["a", "b", "room:1"]) {
        publish(&mut log, channel, (None, None), data);
    }
    change(&mut log, key, &[], &[selector("a")]).expect("there");
    withdraw(&mut log, key, &["a", "b"]);
    publish(&mut log, "room:1", (None, None), 4);
    assert_eq!(given(&mut log, key), ["1", "2"], "what the client left by itself is still its own");

    let key = log.subscribe(&all, None, Envelope::None, ()).key;
    publish(&mut log, "a", (None, None), 5);
    change(&mut log, key, &[], &[selector("a")]).expect("there");
    publish(&mut log, "b", (None, None), 6);
    withdraw(&mut log, key, &["b"]);
    assert_eq!(given(&mut log, key), ["6"], "and not where that was taken, too");
}

#[test]
fn what_a_selector_that_stays_means_waits_on_also_where_another_was_taken() {
    let mut log = log();
    let key = log.subscribe(&[selector("room:*")], None, Envelope::None, ()).key;
    publish(&mut log, "room:1", (None, None), 1);
    publish(&mut log, "room:2", (None, None), 2);
    change(&mut log, key, &[selector("room:1")], &[]).expect("there");
    publish(&mut log, "room:1", (None, None), 3);
    withdraw(&mut log, key, &["room:1"]);
    publish(&mut log, "room:1", (None, None), 4);
    assert_eq!(given(&mut log, key), ["1", "3", "4"]);
}

#[test]
fn a_cursor_goes_no_further_back_than_the_right_to_it() {
    let mut log = log();
    let before = log.head().to_string();
    for data in 1..=3 {
        publish(&mut log, "a", (None, None), data);
        publish(&mut log, "b", (None, None), 10 * data);
    }
    let since = |asked: &Selector| if asked.as_str() == "a" { 2 } else { 0 };
    let both = ["a", "b"].map(selector);
    let subscribed = log.subscribe_since(&both, &since, Some(&before), Envelope::None, ());
    let resume: Vec<_> = subscribed.resume.iter().map(|(_, resume)| *resume).collect();
    assert_eq!(resume, [Resume::Gap, Resume::Ok]);
    let mut pieces = Vec::new();
    log.take(subscribed.key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    let text = |piece: &Piece| match piece {
        Piece::Event(frame) => frame.data().to_owned(),
        Piece::Control(control) => String::from_utf8_lossy(control.payload()).into_owned(),
    };
    let told: Vec<String> = pieces.iter().map(text).collect();
    assert_eq!(told[0], "id: 7-1\nevent: gap\ndata: {\"channel\":\"a\",\"reason\":\"granted\"}\n\n");
    assert_eq!(told[1..], ["10", "2", "20", "3", "30"]);
    let page = log.history(&ChannelName::parse("a").expect("a name"), 2, Some(&before), 10);
    assert_eq!((page.events.len(), page.gap), (2, true));
}

#[test]
fn an_id_stays_known_over_a_restart_when_a_newer_event_of_its_key_replaced_it() {
    let mut log = log();
    let first = publish(&mut log, "jobs", (Some("a"), Some("k")), 1);
    publish(&mut log, "jobs", (Some("b"), Some("k")), 2);
    assert_eq!(publish(&mut log, "jobs", (Some("a"), Some("k")), 1), (first.0, true));
    let mut log = Log::<()>::restore(rules(), NOW_MS, log.snapshot()).expect("its own lines");
    assert_eq!(publish(&mut log, "jobs", (Some("a"), Some("k")), 1), (first.0, true));
    // And once more: what was kept is kept again.
    let mut log = Log::<()>::restore(rules(), NOW_MS, log.snapshot()).expect("its own lines");
    assert_eq!(publish(&mut log, "jobs", (Some("a"), Some("k")), 1), (first.0, true));
}

#[test]
fn a_channel_that_two_selectors_mean_loses_nothing_when_one_is_left() {
    for (early, late) in [("jobs:1", "jobs:*"), ("jobs:*", "jobs:1"), ("*", "jobs:*")] {
        let mut log = log();
        let key = log.subscribe(&[selector(early)], None, Envelope::None, ()).key;
        publish(&mut log, "jobs:1", (None, None), 1);
        change(&mut log, key, &[selector(late)], &[]).expect("changed");
        publish(&mut log, "jobs:1", (None, None), 2);
        change(&mut log, key, &[], &[selector(early)]).expect("changed");
        publish(&mut log, "jobs:1", (None, None), 3);
        assert_eq!(given(&mut log, key), ["1", "2", "3"], "{early} left for {late}");
    }
}

#[test]
fn a_channel_ends_where_it_was_left_and_begins_where_it_was_added_again() {
    let mut log = log();
    let key = log.subscribe(&[selector("jobs:1")], None, Envelope::None, ()).key;
    publish(&mut log, "jobs:1", (None, None), 1);
    change(&mut log, key, &[selector("jobs:*")], &[]).expect("changed");
    change(&mut log, key, &[], &[selector("jobs:1")]).expect("changed");
    change(&mut log, key, &[], &[selector("jobs:*")]).expect("changed");
    publish(&mut log, "jobs:1", (None, None), 2);
    change(&mut log, key, &[selector("jobs:1")], &[]).expect("changed");
    publish(&mut log, "jobs:1", (None, None), 3);
    assert_eq!(given(&mut log, key), ["1", "3"]);
    publish(&mut log, "jobs:1", (None, None), 4);
    change(&mut log, key, &[], &[selector("jobs:1")]).expect("changed");
    publish(&mut log, "jobs:1", (None, None), 5);
    assert_eq!(given(&mut log, key), ["4"]);
    assert_eq!(given(&mut log, key), Vec::<String>::new());
}

#[test]
fn what_was_left_and_then_let_go_of_is_a_gap_where_it_was() {
    let mut log = log();
    let key = log.subscribe(&[selector("jobs"), selector("logs")], None, Envelope::None, ()).key;
    let lost = publish(&mut log, "jobs", (None, None), 1).0;
    change(&mut log, key, &[], &[selector("jobs")]).expect("changed");
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
fn a_replay_goes_on_beside_channels_that_lose_more_all_the_time() {
    let mut rules = rules();
    let kept = Keep { retention: Retention { count: 1, ..rules.default.retention }, ..rules.default };
    rules.rules = vec![(selector("narrow:*"), kept)];
    rules.default.retention.count = 0;
    let mut log = Log::new(Epoch::from(7), rules);
    for n in 0..20_000 {
        publish(&mut log, "wide", (None, None), n);
    }
    let key = log.subscribe(&[selector("*")], Some("7-0"), Envelope::None, ()).key;
    let (mut events, mut gaps) = (0, 0);
    for _ in 0..40 {
        for n in 0..300 {
            publish(&mut log, &format!("narrow:{n}"), (None, None), n);
        }
        let taken = log.take(key, 16 * 1024, &mut Vec::new()).expect("there");
        (events, gaps) = (events + taken.events, gaps + taken.gaps);
    }
    assert!(events > 10_000 && gaps < 2_000, "{events} events, {gaps} gaps");
}

#[test]
fn a_channel_that_was_left_and_added_again_has_a_gap_before_and_one_behind() {
    let mut log = log();
    let key = log.subscribe(&[selector("*")], None, Envelope::None, ()).key;
    for left in ["*", "jobs"] {
        publish(&mut log, "jobs", (None, None), 1);
        change(&mut log, key, &[selector("jobs")], &[selector(left)]).expect("changed");
    }
    for n in 0..=100 {
        publish(&mut log, "jobs", (None, None), n);
    }
    let mut pieces = Vec::new();
    // However little is taken at once, each is told once.
    while log.take(key, 1, &mut pieces).expect("a subscriber").more {}
    let types = pieces.iter().map(|piece| match piece {
        Piece::Event(_) => "event".to_owned(),
        Piece::Control(control) => {
            let text = String::from_utf8_lossy(control.payload());
            text.lines().nth(1).expect("its type").replace("event: ", "")
        }
    });
    let types: Vec<String> = types.collect();
    assert_eq!(
        types[..types.len() - 100].join(" "),
        "gap unsubscribed subscribed gap unsubscribed subscribed gap"
    );
    assert!(types[types.len() - 100..].iter().all(|ty| ty == "event"), "{types:?}");
}

#[test]
fn what_was_left_stays_the_readers_also_where_its_channel_is_let_go() {
    let mut rules = rules();
    rules.default.retention.age_ms = 1_000;
    let mut log = Log::new(Epoch::from(7), rules);
    publish(&mut log, "other", (None, None), 1);
    publish(&mut log, "other", (None, None), 2);
    log.expire(NOW_MS + 2_000);
    let key = log.subscribe(&[selector("jobs"), selector("logs")], Some("7-0"), Envelope::None, ()).key;
    publish(&mut log, "jobs", (None, None), 3);
    change(&mut log, key, &[], &[selector("jobs")]).expect("changed");
    log.expire(NOW_MS + 4_000);
    // Were the channel's place free, this one would have it.
    publish(&mut log, "other", (None, None), 4);
    let mut pieces = Vec::new();
    log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    let text = |piece: &Piece| match piece {
        Piece::Event(frame) => frame.data().to_owned(),
        Piece::Control(control) => String::from_utf8_lossy(control.payload()).into_owned(),
    };
    let told: String = pieces.iter().map(text).collect();
    assert!(told.contains("{\"channel\":\"jobs\",\"reason\":\"slow\"}"), "{told}");
    assert!(!told.contains("other"), "which it never read: {told}");
    log.expire(NOW_MS + 6_000);
    let name = ChannelName::parse("jobs").expect("a name");
    assert!(log.channels(NOW_MS).get(&name).is_none(), "nobody's any more");
}

#[test]
fn what_a_reader_left_behind_it_is_not_what_it_is_behind_by() {
    let mut log = log();
    let key = log.subscribe(&[selector("jobs"), selector("logs")], None, Envelope::None, ()).key;
    publish(&mut log, "jobs", (None, None), 1);
    change(&mut log, key, &[], &[selector("jobs")]).expect("changed");
    publish(&mut log, "jobs", (None, None), 2);
    publish(&mut log, "logs", (None, None), 3);
    assert_eq!(log.behind(key), 2);
    assert_eq!(given(&mut log, key), ["1", "3"]);
    assert_eq!(log.behind(key), 0);
}

/// The gaps that a stream resuming `*` from here is told, each with the place that it leaves the stream at.
fn gaps_from(log: &mut Log<()>, seq: u64) -> Vec<String> {
    let cursor = format!("7-{seq}");
    let key = log.subscribe(&[selector("*")], Some(&cursor), Envelope::None, ()).key;
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
    log.expire(NOW_MS + 1_000);
    let gaps = gaps_from(&mut log, 0);
    assert_eq!(gaps, ["id: 7-2t\nevent: gap\ndata: {\"channel\":\"*\",\"reason\":\"trimmed\"}\n\n"]);
    let gaps = gaps_from(&mut log, 1);
    assert_eq!(gaps.len(), 100, "no more than can be told one by one");
    assert!(gaps[0].starts_with("id: 7-1\nevent: gap\ndata: {\"channel\":\"jobs:1\""), "{}", gaps[0]);
    assert!(gaps[99].starts_with("id: 7-2t\n"), "nothing is owed after the last: {}", gaps[99]);
}

#[test]
fn one_that_does_not_read_has_its_channels_changed_only_so_often() {
    let long = [selector(&format!("jobs:{}", "x".repeat(200)))];
    let mut log = log();
    let key = log.subscribe(&[selector("logs")], Some("of another hub"), Envelope::None, ()).key;
    let mut changes = 0;
    let refused = loop {
        let (add, remove): (&[_], &[_]) = if changes % 2 == 0 { (&long, &[]) } else { (&[], &long) };
        if let Err(refused) = change(&mut log, key, add, remove) {
            break refused;
        }
        changes += 1;
        if changes < 100 {
            publish(&mut log, long[0].as_str(), (None, None), 1);
        }
        assert!(changes * 200 < 2 * PENDING_CHANGE_BYTES_MAX, "no end after {changes}");
    };
    assert_eq!(refused, Unchanged::Behind);
    assert!(changes > 100, "only {changes}");
    let mut pieces = Vec::new();
    let taken = log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    assert_eq!(pieces.len() - taken.events, 1 + changes, "the gap, and each change that was taken");
    assert_eq!(taken.events, 50, "what was published while the channel was the stream's");
    change(&mut log, key, &[selector("more")], &[]).expect("it has read");
    log.unsubscribe(key);
    assert_eq!(change(&mut log, key, &[selector("more")], &[]), Err(Unchanged::Gone));
}

#[test]
fn what_a_clock_that_was_ahead_dated_grows_old_like_the_rest_after_a_restart() {
    let mut rules = rules();
    rules.default.retention.age_ms = 1_000;
    let mut log = Log::new(Epoch::from(7), rules.clone());
    publish(&mut log, "jobs", (Some("a"), None), 1);
    let early_ms = NOW_MS - 500_000;
    let mut log = Log::<()>::restore(rules, early_ms, log.snapshot()).expect("its own lines");
    let name = ChannelName::parse("jobs").expect("a name");
    let held =
        |log: &Log<()>| log.history(&name, 0, None, 10).events.iter().map(|e| e.time_ms).collect::<Vec<_>>();
    assert_eq!(held(&log), [early_ms]);
    log.expire(early_ms + 1_001);
    assert_eq!(held(&log), Vec::<u64>::new());
    assert!(!publish(&mut log, "jobs", (Some("a"), None), 1).1, "its id is as old");
}

#[test]
fn an_id_that_two_held_events_have_is_forgotten_with_the_newer_one() {
    let mut ring = rules();
    ring.default.retention.count = 3;
    let mut log = Log::<()>::new(Epoch::from(7), ring.clone());
    publish(&mut log, "jobs", (Some("b"), None), 1);
    // Replaced again and again, they leave their ids, and those push out the first.
    for (n, id) in ["x", "y", "z"].into_iter().enumerate() {
        publish(&mut log, "jobs", (Some(id), Some("k")), n as u32);
    }
    let (again, duplicate) = publish(&mut log, "jobs", (Some("b"), None), 2);
    assert!(!duplicate);
    let mut log = Log::<()>::restore(ring, 1, log.snapshot()).expect("its own lines");
    publish(&mut log, "jobs", (Some("w"), Some("k")), 5);
    assert_eq!(publish(&mut log, "jobs", (Some("b"), None), 2), (again, true));
}

#[test]
fn a_subscriber_of_a_channel_counts_once_however_many_selectors_mean_it() {
    let mut log = log();
    publish(&mut log, "room:1", (None, None), 1);
    for list in [&["room:1"][..], &["room:1", "room:*"], &["room:*", "*"], &["*"], &["room:2"]] {
        let list: Vec<_> = list.iter().map(|text| selector(text)).collect();
        log.subscribe(&list, None, Envelope::None, ());
    }
    let channels = log.channels(NOW_MS);
    let mut counts: Vec<_> =
        channels.iter().map(|channel| (channel.name().to_string(), channel.subscribers())).collect();
    counts.sort_unstable();
    assert_eq!(counts, [("room:1".to_owned(), 4), ("room:2".to_owned(), 4)]);
    for (name, count) in counts {
        let name = ChannelName::parse(&name).expect("a name");
        assert_eq!(log.subscribers_of(&name).len(), count, "{name}");
    }
}
