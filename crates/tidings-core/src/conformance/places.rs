//! Events have places: in order, together, once.

use super::Bench;
use super::follow::read_all;
use super::sample::{EVERYTHING, offer, plain};
use crate::channel::ChannelName;
use crate::engine::{Engine, Head, Offer, Placed};
use crate::event::{Draft, Event};
use crate::history::Retention;

pub(super) async fn events_have_places_in_their_order(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    let mut time_ms = 0;
    for n in 1..=20 {
        let placed = one(engine, plain(&format!("c{}", n % 3), &n.to_string())).await;
        assert_eq!(placed.seq, n, "places are counted over all channels");
        assert!(!placed.duplicate);
        assert!(placed.time_ms >= time_ms, "time does not go back");
        time_ms = placed.time_ms;
    }
    let stretch = read_all(engine, 0).await;
    let told: Vec<_> = stretch.entries.iter().map(|entry| (entry.seq, entry.event.data())).collect();
    let data: Vec<String> = (1..=20).map(|n: u64| n.to_string()).collect();
    let expected: Vec<_> = (1..=20).zip(data.iter().map(String::as_str)).collect();
    assert_eq!(told, expected);
    assert_eq!((stretch.head.seq, stretch.through, stretch.lost.len()), (20, 20, 0));
    let rest = read_all(engine, 17).await;
    assert_eq!(rest.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [18, 19, 20]);
    assert!(read_all(engine, 20).await.entries.is_empty());
}

pub(super) async fn offers_made_together_stand_together(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    one(engine, plain("before", "0")).await;
    let batch = (0..100).map(|n| plain(&format!("c{}", n % 7), &n.to_string())).collect();
    let appended = engine.append(None, batch).await.expect("appended");
    let places: Vec<u64> = appended.placed.iter().map(|placed| placed.seq).collect();
    assert_eq!(places, (2..=101).collect::<Vec<u64>>());
    let entries = read_all(engine, 1).await.entries;
    let data = |n: usize| entries[n].event.data().parse::<usize>().expect("a number");
    assert!((0..100).all(|n| data(n) == n), "in the order that they were offered in");
}

pub(super) async fn an_empty_batch_is_a_look_at_the_epoch(bench: &dyn Bench) {
    let engines = bench.fresh(2, 0).await;
    let looked = engines[0].append(None, Vec::new()).await.expect("looked");
    assert!(looked.placed.is_empty());
    let appended = engines[1].append(None, vec![plain("c", "1")]).await.expect("appended");
    assert_eq!((appended.epoch, appended.placed[0].seq), (looked.epoch, 1));
}

pub(super) async fn an_id_given_twice_has_one_place(bench: &dyn Bench) {
    let engines = bench.fresh(2, 0).await;
    let few = Retention { count: 3, ..EVERYTHING };
    let named = |channel: &str, id: &str| offer(channel, "1", Some(id), None, few);
    let first = one(&*engines[0], named("c", "a")).await;
    let again = one(&*engines[1], named("c", "a")).await;
    assert_eq!(again, Placed { duplicate: true, ..first }, "the first answer, from whichever hub");
    let other = one(&*engines[1], named("d", "a")).await;
    assert_eq!((other.seq, other.duplicate), (2, false), "an id means something within its channel");

    let batch = vec![named("c", "b"), named("c", "b"), named("c", "a"), plain("c", "2")];
    let placed = engines[0].append(None, batch).await.expect("appended").placed;
    let told: Vec<_> = placed.iter().map(|placed| (placed.seq, placed.duplicate)).collect();
    assert_eq!(told, [(3, false), (3, true), (1, true), (4, false)]);

    one(&*engines[0], named("c", "c")).await;
    let late = one(&*engines[0], named("c", "a")).await;
    assert!(!late.duplicate, "it left the channel's history, and its id with it");
    assert_eq!(read_all(&*engines[1], 0).await.entries.len(), 4, "d's one, and three of c");
}

pub(super) async fn whatever_an_event_carries_comes_back(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let long = "ß".repeat(127);
    let texts = [Some("a"), None, Some(" | \\ \"0\" 1 "), Some(&*long), Some("\u{2028}👋")];
    let data =
        ["null", "\"\\n\\u0000 \\r\"", "{ \"b\" : [1.50, -0e9],\t\"a\":\n {} }", "\"\u{2028}👋\"", "0"];
    let channels = ["c", "a b|c", "0\u{a0}", &long, "👋/{log}:1"];
    let mut offers = Vec::new();
    for n in 0..25 {
        let data = serde_json::from_str(data[n % 5]).expect("JSON");
        let (ty, id, key) = (texts[n / 5], texts[(n + 1) % 5], texts[(n + n / 5) % 5]);
        let event = Event::new(Draft { ty, data, id, key }, 0).expect("an event");
        let channel = ChannelName::parse(&format!("{}{n}", channels[n % 5].trim_end_matches('ß')));
        offers.push(Offer { channel: channel.expect("a name"), event, retention: EVERYTHING });
    }
    engines[0].append(None, offers.clone()).await.expect("appended");
    let entries = read_all(&*engines[0], 0).await.entries;
    assert_eq!(entries.len(), offers.len());
    for (entry, offer) in entries.iter().zip(&offers) {
        assert_eq!((&entry.channel, &entry.event), (&offer.channel, &offer.event));
        assert_eq!(entry.event.data(), offer.event.data(), "to the byte");
    }
}

pub(super) async fn a_log_that_is_behind_what_is_known_begins_anew(bench: &dyn Bench) {
    let engines = bench.fresh(2, 0).await;
    let old = engines[0].append(None, vec![plain("c", "1"), plain("c", "2")]).await.expect("appended");
    let known = |seq| Some(Head { epoch: old.epoch, seq });
    let same = engines[1].append(known(2), vec![plain("c", "3")]).await.expect("appended");
    assert_eq!((same.epoch, same.placed[0].seq), (old.epoch, 3), "nothing is missing");

    let new = engines[1].append(known(9), vec![plain("c", "4")]).await.expect("appended");
    assert_ne!(new.epoch, old.epoch, "places up to the ninth were acknowledged and are no longer there");
    assert_eq!(new.placed[0].seq, 4);
    let stretch = read_all(&*engines[0], 0).await;
    assert_eq!((stretch.head, stretch.began), (Head { epoch: new.epoch, seq: 4 }, 3));
    assert_eq!(stretch.entries.len(), 4, "what there is of the old life is kept");
    let next = engines[0].append(known(3), vec![plain("c", "5")]).await.expect("appended");
    assert_eq!((next.epoch, next.placed[0].seq), (new.epoch, 5), "who knows of an older life is no judge");
}

pub(super) async fn one(engine: &dyn Engine, offer: Offer) -> Placed {
    engine.append(None, vec![offer]).await.expect("appended").placed[0]
}
