//! Events that have no place in the log: for those who are here, after what they are to have, and for nobody later.

use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::event::{Draft, Event};
use tidings_core::history::{Envelope, Retention};
use tidings_core::log::{Keep, Log, PASSING_EVENTS_MAX, Piece, Presence, Rules, Slow, SubscriberKey};
use tidings_core::position::Epoch;

fn log() -> Log<()> {
    let retention = Retention { count: 100, age_ms: 0, bytes: 0 };
    let default = Keep { retention, slow: Slow::Gap, presence: Presence::Asked };
    Log::new(Epoch::from(7), Rules { rules: Vec::new(), default, total_bytes: 0 })
}

fn channel() -> ChannelName {
    ChannelName::parse("jobs").expect("a name")
}

fn event(n: usize) -> Event {
    let data = RawValue::from_string(n.to_string()).expect("JSON");
    Event::new(Draft { ty: None, data: &data, id: None, key: None }, 0).expect("an event")
}

fn pass(log: &mut Log<()>, n: usize) -> (usize, usize) {
    let mut woken = 0;
    let recipients = log.pass_by(1, &channel(), ("x", &event(n)), &mut |()| woken += 1);
    (recipients, woken)
}

/// The data of what a subscriber takes, with a mark where it has a cursor.
fn taken(log: &mut Log<()>, key: SubscriberKey) -> Vec<String> {
    let mut pieces = Vec::new();
    log.take(key, usize::MAX, &mut pieces).expect("a subscriber");
    let told = |piece: &Piece| match piece {
        Piece::Event(frame) => {
            let wire = String::from_utf8_lossy(frame.wire(Envelope::None).chunk()).into_owned();
            assert_eq!(wire.contains("\nid: "), frame.cursor().is_some(), "{wire}");
            format!("{}{}", frame.data(), if frame.cursor().is_some() { "@" } else { "" })
        }
        Piece::Control(framed) => String::from_utf8_lossy(framed.chunk()).into_owned(),
    };
    pieces.iter().map(told).collect()
}

#[test]
fn it_comes_between_the_events_and_moves_no_cursor() {
    let mut log = log();
    let by_name = [Selector::Channel(channel())];
    let by_pattern = [Selector::parse("*").expect("a pattern")];
    let readers =
        [&by_name[..], &by_pattern].map(|selectors| log.subscribe(selectors, None, Envelope::None, ()).key);
    readers.iter().for_each(|key| drop(taken(&mut log, *key)));
    log.publish(1, &channel(), &event(1), &mut |()| {});
    assert_eq!(pass(&mut log, 2), (2, 0), "they are awake");
    log.publish(1, &channel(), &event(3), &mut |()| {});
    let head = log.head();
    for key in readers {
        assert_eq!(taken(&mut log, key), ["1@", "2", "3@"]);
    }
    assert_eq!(pass(&mut log, 4), (2, 2));
    assert_eq!(log.head(), head);
    for key in readers {
        assert_eq!(taken(&mut log, key), ["4"]);
    }
    let page = log.history(&channel(), 0, None, 10);
    assert_eq!(page.events.len(), 2, "it is in no history");
    let resumed = log.subscribe(&by_name, Some(&head.to_string()), Envelope::None, ()).key;
    assert!(taken(&mut log, resumed).is_empty(), "nor for whoever comes later");
}

#[test]
fn so_many_wait_for_one_who_takes_nothing_and_no_more() {
    let mut log = log();
    let key = log.subscribe(&[Selector::Channel(channel())], None, Envelope::None, ()).key;
    for n in 0..PASSING_EVENTS_MAX {
        assert_eq!(pass(&mut log, n).0, 1);
    }
    assert_eq!(pass(&mut log, PASSING_EVENTS_MAX).0, 0);
    assert_eq!(taken(&mut log, key).len(), PASSING_EVENTS_MAX);
    assert_eq!(pass(&mut log, 0).0, 1);
}
