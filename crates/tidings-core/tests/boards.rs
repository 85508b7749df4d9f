//! The hub's own channels: they show what is, and are no part of what the log promises.

use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, NameError, Pattern, Selector};
use tidings_core::event::{Draft, Event};
use tidings_core::history::{Envelope, Retention};
use tidings_core::log::{Keep, Log, News, Piece, Posting, Presence, Resume, Rules, Slow, SubscriberKey};
use tidings_core::position::Epoch;

const BUDGET_BYTES: usize = 1 << 20;
const NOW_MS: u64 = 1_000_000;
const BOARD: &str = "$hub/stats";

fn rules() -> Rules {
    let retention = Retention { count: 1, age_ms: 0, bytes: 0 };
    let default = Keep { retention, slow: Slow::Gap, presence: Presence::Asked };
    Rules { rules: Vec::new(), default, total_bytes: 1_000 }
}

fn log() -> Log<u32> {
    Log::new(Epoch::from(7), rules())
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn subscribe(log: &mut Log<u32>, list: &[&str], cursor: Option<&str>) -> (SubscriberKey, Vec<Resume>) {
    let selectors: Vec<_> = list.iter().map(|text| Selector::parse(text).expect("a selector")).collect();
    let subscribed = log.subscribe(&selectors, cursor, Envelope::None, 0);
    (subscribed.key, subscribed.resume.into_iter().map(|(_, resume)| resume).collect())
}

/// Posts, and answers how many were woken.
fn post(log: &mut Log<u32>, whole: &str, news: News) -> usize {
    let mut woken = 0;
    let posting = Posting { ty: "stats", whole: whole.to_owned(), news };
    log.post(NOW_MS, &name(BOARD), posting, &mut |_| woken += 1);
    woken
}

fn publish(log: &mut Log<u32>, channel: &str) {
    let data = RawValue::from_string("1".to_owned()).expect("JSON");
    let event = Event::new(Draft { ty: None, data: &data, id: None, key: None }, 0).expect("an event");
    log.publish(NOW_MS, &name(channel), &event, &mut |_| {});
}

/// What a subscriber is given now, as it is written.
fn given(log: &mut Log<u32>, key: SubscriberKey) -> Vec<String> {
    let mut pieces = Vec::new();
    log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    let text = |piece: &Piece| match piece {
        Piece::Event(frame) => frame.wire(Envelope::None).payload().to_vec(),
        Piece::Control(framed) => framed.payload().to_vec(),
    };
    pieces.iter().map(|piece| String::from_utf8(text(piece)).expect("UTF-8")).collect()
}

fn shown(data: &str) -> Vec<String> {
    vec![format!("event: stats\ndata: {data}\n\n")]
}

#[test]
fn no_pattern_stands_for_them_and_none_is_written_among_them() {
    for pattern in ["*", "all", "$*", "$hub*", "$hub.*", "*/stats", "*/*"] {
        let pattern = Selector::parse(pattern).expect("a pattern");
        assert!(!pattern.matches(&name(BOARD)), "{pattern}");
        assert!(!pattern.covers(&Selector::from(name(BOARD))), "{pattern}");
        assert!(!pattern.overlaps(&Selector::from(name(BOARD))), "{pattern}");
    }
    for pattern in ["$hub/*", "$hub/stats*", "$hub/connections?q=*"] {
        assert_eq!(Pattern::parse(pattern), Err(NameError::HubsOwnPattern), "{pattern}");
        assert_eq!(Selector::parse(pattern), Err(NameError::HubsOwnPattern), "{pattern}");
    }
    assert_eq!(name(BOARD).check_publishable(), Err(NameError::HubsOwn));
    for other in ["$hub", "$hubs/x", "hub/stats", "a/$hub/stats", "$HUB/stats"] {
        assert_eq!(name(other).check_publishable(), Ok(()), "{other}");
        assert!(Selector::everything().matches(&name(other)), "{other}");
    }
}

#[test]
fn whoever_had_the_one_before_is_told_what_changed_and_all_others_the_whole() {
    let mut log = log();
    let (early, _) = subscribe(&mut log, &[BOARD], None);
    assert_eq!(given(&mut log, early), Vec::<String>::new());
    assert_eq!(post(&mut log, "[1]", News::Change("[]".to_owned())), 1);
    assert_eq!(given(&mut log, early), shown("[1]"), "it had nothing that could have changed");
    let (late, _) = subscribe(&mut log, &[BOARD], None);
    assert_eq!(given(&mut log, late), shown("[1]"), "at once");
    assert_eq!(post(&mut log, "[1,2]", News::Change("+2".to_owned())), 2);
    assert_eq!(given(&mut log, early), shown("+2"));
    assert_eq!(post(&mut log, "[1,2,3]", News::Change("+3".to_owned())), 1, "the other is awake");
    assert_eq!(given(&mut log, early), shown("+3"));
    assert_eq!(given(&mut log, late), shown("[1,2,3]"), "it skipped one");
    assert_eq!(given(&mut log, late), Vec::<String>::new());
}

#[test]
fn what_is_no_news_wakes_nobody_and_is_there_for_who_comes() {
    let mut log = log();
    let (key, _) = subscribe(&mut log, &[BOARD], None);
    post(&mut log, "1", News::Whole);
    given(&mut log, key);
    assert_eq!(post(&mut log, "2", News::None), 0);
    assert_eq!(given(&mut log, key), Vec::<String>::new());
    let (late, _) = subscribe(&mut log, &[BOARD], None);
    assert_eq!(given(&mut log, late), shown("2"));
    post(&mut log, "3", News::Change("+".to_owned()));
    assert_eq!((given(&mut log, key), given(&mut log, late)), (shown("+"), shown("+")));
}

#[test]
fn nothing_is_kept_where_nobody_reads() {
    let mut log = log();
    assert_eq!(post(&mut log, "1", News::Whole), 0);
    let (key, _) = subscribe(&mut log, &[BOARD], None);
    assert!(given(&mut log, key).is_empty() && !log.boards()[0].is_posted);
    post(&mut log, "2", News::Whole);
    assert!(log.boards()[0].is_posted);
    log.unsubscribe(key);
    assert!(log.boards().is_empty());
    let (key, _) = subscribe(&mut log, &[BOARD], None);
    assert!(given(&mut log, key).is_empty(), "what it showed is old by now");
    log.unsubscribe(key);
    log.expire(NOW_MS);
    assert_eq!((log.boards().len(), log.channel_count()), (0, 0));
}

#[test]
fn they_count_for_nothing_and_move_no_cursor() {
    let mut log = log();
    let (key, _) = subscribe(&mut log, &[BOARD, "jobs", "*"], None);
    publish(&mut log, "jobs");
    let before = (log.head(), log.bytes(), log.channel_count());
    for n in 0..100 {
        post(&mut log, &format!("\"{}\"", "x".repeat(n)), News::Whole);
    }
    let mut pieces = Vec::new();
    let taken = log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
    assert_eq!((taken.events, taken.postings, pieces.len()), (1, 1, 2), "the latest alone, and the event");
    assert_eq!((log.head(), log.bytes(), log.channel_count()), before);
    assert_eq!((log.totals().published, log.totals().delivered, log.totals().gaps), (1, 1, 0));
    assert!(log.channels(NOW_MS).iter().all(|info| info.name().as_str() == "jobs"));
    let lines = serde_json::to_string(&log.snapshot()).expect("lines");
    assert!(!lines.contains("$hub"), "{lines}");
    assert!(log.history(&name(BOARD), 0, None, 10).events.is_empty());
}

#[test]
fn an_envelope_says_which_it_is_and_has_no_cursor() {
    let mut log = log();
    let selector = Selector::from(name(BOARD));
    let key = log.subscribe(&[selector], None, Envelope::Message, 0).key;
    let mut offsets = Vec::new();
    for _ in 0..2 {
        post(&mut log, "{}", News::Whole);
        let mut pieces = Vec::new();
        log.take(key, BUDGET_BYTES, &mut pieces).expect("a subscriber");
        let [Piece::Event(frame)] = pieces.as_slice() else { panic!("one posting: {pieces:?}") };
        let text = String::from_utf8(frame.wire(Envelope::Message).payload().to_vec()).expect("UTF-8");
        let data = text.strip_prefix("data: ").unwrap_or_else(|| panic!("data alone: {text}"));
        let envelope: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!((&envelope["channel"], &envelope["type"]), (&BOARD.into(), &"stats".into()));
        offsets.push(envelope["offset"].as_u64().expect("a number"));
    }
    assert!(offsets[0] < offsets[1], "it grows along the channel: {offsets:?}");
}

#[test]
fn they_have_no_gap_whatever_the_cursor_and_the_log_lost() {
    let mut log = log();
    // With room for one event, and then for no name.
    for channel in ["jobs", "logs", "jobs"] {
        publish(&mut log, channel);
    }
    for (cursor, jobs) in [(None, Resume::New), (Some("earliest"), Resume::Gap), (Some("lost"), Resume::Gap)]
    {
        let (key, resume) = subscribe(&mut log, &[BOARD, "jobs"], cursor);
        assert_eq!(resume, [Resume::New, jobs], "{cursor:?}");
        post(&mut log, "1", News::Whole);
        let told = given(&mut log, key);
        assert!(told.iter().all(|text| !text.contains("event: gap") || !text.contains("$hub")), "{told:?}");
        let gaps = told.iter().filter(|text| text.contains("event: gap")).count();
        assert_eq!(gaps, usize::from(jobs == Resume::Gap), "{told:?}");
        assert!(told.contains(&shown("1")[0]), "{told:?}");
        log.unsubscribe(key);
    }
    let (_, resume) = subscribe(&mut log, &[BOARD], Some("lost"));
    assert_eq!(resume, [Resume::New]);
}

#[test]
fn a_live_subscriber_takes_one_up_and_lets_it_go() {
    let mut log = log();
    let (key, _) = subscribe(&mut log, &["jobs"], None);
    let (other, _) = subscribe(&mut log, &[BOARD], None);
    post(&mut log, "1", News::Whole);
    given(&mut log, other);
    given(&mut log, key);
    let board = [Selector::from(name(BOARD))];
    let mut woken = 0;
    log.change(key, &board, &[], &mut |_| woken += 1).expect("there");
    let told = given(&mut log, key);
    assert_eq!(woken, 1);
    assert!(told[0].contains("event: subscribed"), "{told:?}");
    assert_eq!(told[1..], shown("1"));
    post(&mut log, "2", News::Whole);
    log.change(key, &[], &board, &mut |_| {}).expect("there");
    let told = given(&mut log, key);
    assert!(told.len() == 1 && told[0].contains("event: unsubscribed"), "nothing is owed of it: {told:?}");
    assert_eq!(given(&mut log, other), shown("2"));
}
