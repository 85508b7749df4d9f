//! A log that is shared: what a follower makes of what it hears, and what its streams are told.

mod lives;
mod parts;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::engine::{AHEAD_EVENTS_MAX, Entry, Follower, Head, PATIENCE_MS, Stretch};
use tidings_core::event::{Draft, Event};
use tidings_core::history::{Envelope, Retention};
use tidings_core::log::{Keep, Log, Piece, Presence, Rules, Slow, SubscriberKey};
use tidings_core::position::{Cursor, Epoch};

const EPOCH: u64 = 7;

fn head(seq: u64) -> Head {
    Head { epoch: Epoch::from(EPOCH), seq }
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn entry(seq: u64, channel: &str) -> Entry {
    let data = RawValue::from_string(seq.to_string()).expect("JSON");
    let event = Event::new(Draft { ty: None, data: &data, id: None, key: None }, 0).expect("an event");
    Entry { seq, time_ms: 1_000 + seq, channel: name(channel), event }
}

fn entries(seqs: impl IntoIterator<Item = u64>) -> Vec<Entry> {
    seqs.into_iter().map(|seq| entry(seq, "a")).collect()
}

fn stretch(head: Head, through: u64, entries: Vec<Entry>) -> Stretch {
    Stretch { head, through, entries, lost: Vec::new(), forgotten_through: 0, began: 0 }
}

fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

fn log() -> Log<()> {
    let retention = Retention { count: 100, age_ms: 0, bytes: 0 };
    let default = Keep { retention, slow: Slow::Gap, presence: Presence::Asked };
    Log::new(Epoch::from(1), Rules { rules: Vec::new(), default, total_bytes: 0 })
}

/// One whose channels but `wide` keep little, and nothing for long.
fn narrow_log() -> Log<()> {
    let keep = |count, age_ms| Keep {
        retention: Retention { count, age_ms, bytes: 0 },
        slow: Slow::Gap,
        presence: Presence::Asked,
    };
    let rules = vec![(Selector::parse("wide").expect("a selector"), keep(100, 0))];
    Log::new(Epoch::from(1), Rules { rules, default: keep(2, 10), total_bytes: 0 })
}

fn read(log: &mut Log<()>, selectors: &[&str], cursor: Option<&str>) -> SubscriberKey {
    let selectors = selectors.iter().map(|text| Selector::parse(text).expect("a selector"));
    log.subscribe(&selectors.collect::<Vec<_>>(), cursor, Envelope::None, ()).key
}

/// What a stream is given, as its text.
fn taken(log: &mut Log<()>, key: SubscriberKey) -> String {
    let mut pieces = Vec::new();
    while log.take(key, 1 << 20, &mut pieces).expect("a subscriber").more {}
    let text = |piece: &Piece| match piece {
        Piece::Event(frame) => String::from_utf8_lossy(frame.wire(Envelope::None).payload()).into_owned(),
        Piece::Control(framed) => String::from_utf8_lossy(framed.payload()).into_owned(),
    };
    pieces.iter().map(text).collect()
}

#[test]
fn however_events_come_they_leave_in_order_and_once() {
    let seed = rand::random();
    println!("seed: {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    for _ in 0..200 {
        let mut follower = Follower::new(head(0));
        let mut told: Vec<u64> = (1..=60).chain((1..=60).filter(|_| rng.random_ratio(1, 3))).collect();
        told.shuffle(&mut rng);
        told.retain(|_| !rng.random_ratio(1, 10));
        let mut out = Vec::new();
        let mut now_ms = 0;
        for part in told.chunks(4) {
            now_ms += rng.random_range(0..10);
            out.extend(seqs(&follower.hear(Epoch::from(EPOCH), entries(part.iter().copied()), now_ms)));
            if follower.fetch_at_ms().is_some_and(|at| at <= now_ms) {
                let (from, through) = (follower.at().seq + 1, rng.random_range(follower.at().seq + 1..=60));
                let found = stretch(head(60), through, entries(from..=through));
                let after = follower.fetched(&found, now_ms).expect("the same log");
                out.extend(from..=through);
                out.extend(seqs(&after));
            }
        }
        follower.hear_head(head(60), now_ms);
        if follower.at().seq < 60 {
            assert!(follower.fetch_at_ms().expect("something is missing") <= now_ms + PATIENCE_MS);
            out.extend(follower.at().seq + 1..=60);
            let rest = stretch(head(60), 60, entries(follower.at().seq + 1..=60));
            assert!(follower.fetched(&rest, now_ms).expect("the same log").is_empty());
        }
        assert_eq!(out, (1..=60).collect::<Vec<_>>());
        assert_eq!((follower.at(), follower.fetch_at_ms()), (head(60), None));
    }
}

#[test]
fn what_goes_on_is_not_fetched_for_what_was_missing_before() {
    let mut follower = Follower::new(head(0));
    follower.hear(Epoch::from(EPOCH), entries([2]), 0);
    assert_eq!(follower.fetch_at_ms(), Some(PATIENCE_MS));
    assert_eq!(seqs(&follower.hear(Epoch::from(EPOCH), entries([1, 4]), 15)), [1, 2]);
    assert_eq!(follower.fetch_at_ms(), Some(15 + PATIENCE_MS), "another is missing, for less long");
}

#[test]
fn another_life_of_the_log_or_one_that_went_back_is_looked_at() {
    let doubtful: [fn(&mut Follower); 3] = [
        |follower| drop(follower.hear(Epoch::from(8), entries([9]), 0)),
        |follower| follower.hear_head(Head { epoch: Epoch::from(8), seq: 99 }, 0),
        |follower| follower.hear_head(head(4), 0),
    ];
    for doubt in doubtful {
        let mut follower = Follower::new(head(5));
        doubt(&mut follower);
        assert_eq!(follower.fetch_at_ms(), Some(0));
        let late = stretch(head(6), 6, entries([6]));
        assert!(follower.clone().fetched(&late, 1).is_some(), "it came late, of a life that is over");
        assert!(follower.clone().fetched(&stretch(head(4), 4, Vec::new()), 1).is_none());
        let other = Head { epoch: Epoch::from(8), seq: 9 };
        assert!(follower.fetched(&stretch(other, 9, Vec::new()), 1).is_none());
    }
}

#[test]
fn what_comes_too_far_ahead_is_fetched_in_its_turn() {
    let mut follower = Follower::new(head(0));
    let far = 2 + AHEAD_EVENTS_MAX as u64;
    assert!(follower.hear(Epoch::from(EPOCH), entries(2..=far), 0).is_empty());
    let ready = follower.hear(Epoch::from(EPOCH), entries([1]), 0);
    assert_eq!(ready.len(), AHEAD_EVENTS_MAX + 1);
    assert_eq!(follower.fetch_at_ms(), Some(PATIENCE_MS), "the one beyond");
}

#[test]
fn a_hole_of_a_channel_is_a_gap_for_those_who_read_it_and_for_no_other() {
    let mut log = log();
    log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
    let (busy, quiet) = (read(&mut log, &["busy"], None), read(&mut log, &["quiet"], None));
    log.adopt(&entry(1, "busy"), &mut |()| {});
    let mut found = stretch(head(9), 9, vec![entry(2, "quiet"), entry(9, "busy")]);
    found.lost = vec![(name("busy"), 8)];
    log.adopt_stretch(&found, &mut |()| {});
    assert_eq!(
        taken(&mut log, busy),
        "id: 7-8\nevent: gap\ndata: {\"channel\":\"busy\",\"reason\":\"slow\"}\n\nid: 7-9\ndata: 9\n\n"
    );
    assert_eq!(taken(&mut log, quiet), "id: 7-2\ndata: 2\n\n");
    assert_eq!(log.head().to_string(), "7-9");
}

#[test]
fn holes_of_two_channels_of_a_stream_are_two_gaps_whatever_it_was_given_last() {
    for given_last in [false, true] {
        let mut log = log();
        log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
        let key = read(&mut log, &["a", "b"], None);
        if given_last {
            log.adopt(&entry(2, "a"), &mut |()| {});
        }
        log.pass(2);
        taken(&mut log, key);
        let mut found = stretch(head(9), 9, Vec::new());
        found.lost = vec![(name("a"), 7), (name("b"), 8)];
        let mut woken = 0;
        log.adopt_stretch(&found, &mut |()| woken += 1);
        assert_eq!(woken, 1, "given the last: {given_last}");
        let told = taken(&mut log, key);
        for channel in ["a", "b"] {
            assert!(told.contains(&format!("{{\"channel\":\"{channel}\"")), "{channel}: {told}");
        }
    }
}

/// What a stream that resumes from a place is given, each with the place that it would resume from after that.
fn given_from(log: &mut Log<()>, selectors: &[Selector], from: u64) -> Vec<(u64, String)> {
    let cursor = Cursor { epoch: Epoch::from(EPOCH), seq: from, owed: false }.to_string();
    let key = log.subscribe(selectors, Some(&cursor), Envelope::None, ()).key;
    let text = taken(log, key);
    log.unsubscribe(key);
    let place = |text: &str| Some(Cursor::parse(text.strip_prefix("id: ")?.split_once('\n')?.0)?.seq);
    let pieces = text.split_inclusive("\n\n");
    pieces.map(|piece| (place(piece).expect("an id with a place"), piece.to_owned())).collect()
}

/// Two hubs of one log, of which the second has had less of it, and so has let less go.
#[test]
fn who_goes_on_at_a_hub_that_is_behind_misses_nothing_without_a_gap() {
    const CHANNELS: [&str; 4] = ["wide", "narrow:1", "narrow:2", "narrow:3"];
    let seed = rand::random();
    println!("seed: {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let by_name = CHANNELS.map(|name| Selector::parse(name).expect("a selector")).to_vec();
    let by_pattern = vec![Selector::parse("*").expect("a selector")];
    let mut went_on = 0;
    for _ in 0..300 {
        let channels: Vec<&str> = (0..40).map(|_| CHANNELS[rng.random_range(0..4)]).collect();
        let behind = rng.random_range(20..=40);
        let [mut first, mut second] = [40, behind].map(|head| {
            let mut log = narrow_log();
            log.begin(Epoch::from(EPOCH), 0, &mut |()| {});
            for seq in 1..=head {
                log.adopt(&entry(seq, channels[seq as usize - 1]), &mut |()| {});
            }
            // A channel of which nothing is held is remembered by its name alone.
            log.expire(1_000 + head + rng.random_range(0..12));
            log
        });
        let selectors = if rng.random() { &by_name } else { &by_pattern };
        let from = rng.random_range(0..20);
        let had = given_from(&mut first, selectors, from);
        for (at, (cursor, _)) in had.iter().enumerate().take_while(|(_, (cursor, _))| *cursor <= behind) {
            went_on += 1;
            let rest = given_from(&mut second, selectors, *cursor);
            let told: Vec<&str> = had[..=at].iter().chain(&rest).map(|(_, text)| &**text).collect();
            for seq in from + 1..=behind {
                let channel = channels[seq as usize - 1];
                let times = told.iter().filter(|text| text.ends_with(&format!("\ndata: {seq}\n\n"))).count();
                let gap = format!("event: gap\ndata: {{\"channel\":\"{channel}\"");
                let is_told = times == 1 || times == 0 && told.iter().any(|text| text.contains(&gap));
                assert!(is_told, "{seq} of {channel} {times} times, cut at {cursor}: {told:#?}");
            }
        }
    }
    assert!(went_on > 1_000, "only {went_on}");
}
