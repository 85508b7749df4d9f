//! What channels keep, and what is told of what they lost.

use super::Bench;
use super::follow::read_all;
use super::places::one;
use super::sample::{EVERYTHING, offer, plain};
use crate::engine::Engine;
use crate::history::Retention;

pub(super) async fn a_channel_keeps_so_many(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    let few = Retention { count: 3, ..EVERYTHING };
    for n in 0..10 {
        one(engine, offer("few", &n.to_string(), None, None, few)).await;
        one(engine, plain("rest", &n.to_string())).await;
    }
    assert_eq!(held(engine, "few").await, ["7", "8", "9"]);
    assert_eq!(held(engine, "rest").await.len(), 10);
    assert_eq!(lost(engine, 0).await, [("few".to_owned(), 13)]);
    one(engine, offer("few", "10", None, None, Retention { count: 1, ..EVERYTHING })).await;
    assert_eq!(held(engine, "few").await, ["10"], "the bound of now holds");
}

pub(super) async fn a_channel_keeps_so_many_bytes_and_always_its_newest(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    let event = |length: usize, bytes| {
        offer("c", &format!("\"{}\"", "x".repeat(length)), None, None, Retention { bytes, ..EVERYTHING })
    };
    let three = 3 * event(50, 0).bytes();
    for _ in 0..5 {
        one(engine, event(50, three)).await;
    }
    assert_eq!(held(engine, "c").await.len(), 3, "three fit exactly");
    one(engine, event(51, three)).await;
    assert_eq!(held(engine, "c").await.len(), 2, "one byte more");
    one(engine, event(5_000, three)).await;
    assert_eq!(held(engine, "c").await.len(), 1, "too large by itself, and the newest all the same");
    assert_eq!(lost(engine, 0).await, [("c".to_owned(), 6)]);
}

pub(super) async fn what_is_too_old_goes(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    let brief = |data: &str, id: &str| {
        offer("brief", data, Some(id), None, Retention { age_ms: 1_000, ..EVERYTHING })
    };
    one(engine, brief("1", "a")).await;
    one(engine, plain("rest", "1")).await;
    assert!(one(engine, brief("1", "a")).await.duplicate);
    bench.pause(1_200).await;
    let late = one(engine, brief("2", "a")).await;
    assert_eq!((late.seq, late.duplicate), (3, false), "the id went with its event");
    assert_eq!(held(engine, "brief").await, ["2"]);
    assert_eq!(lost(engine, 0).await, [("brief".to_owned(), 1)]);
    // An id that outlived its event ages all the same.
    let keyed = |id| offer("keyed", "1", Some(id), Some("k"), Retention { age_ms: 1_000, ..EVERYTHING });
    one(engine, keyed("a")).await;
    bench.pause(700).await;
    one(engine, keyed("b")).await;
    bench.pause(500).await;
    assert!(!one(engine, keyed("a")).await.duplicate);
    // No further publish is needed for it to go.
    for _ in 0..200 {
        if held(engine, "brief").await.is_empty() {
            assert_eq!(held(engine, "rest").await, ["1"]);
            assert!(lost(engine, 0).await.contains(&("brief".to_owned(), 3)));
            return;
        }
        bench.pause(50).await;
    }
    panic!("nobody sweeps what is too old");
}

pub(super) async fn all_channels_share_one_bound_and_the_oldest_goes_first(bench: &dyn Bench) {
    let size = plain("c", "10").bytes();
    let engines = bench.fresh(2, 5 * size).await;
    for n in 10..20 {
        one(&*engines[n % 2], plain(&format!("c{}", n % 3), &n.to_string())).await;
    }
    let entries = read_all(&*engines[0], 0).await.entries;
    let data: Vec<_> = entries.iter().map(|entry| entry.event.data()).collect();
    assert_eq!(data, ["15", "16", "17", "18", "19"]);
    let lost = lost(&*engines[1], 0).await;
    assert_eq!(lost, [("c1".to_owned(), 4), ("c2".to_owned(), 5), ("c0".to_owned(), 3)].sorted());
    one(&*engines[0], plain("c", &format!("\"{}\"", "x".repeat(9 * size)))).await;
    assert_eq!(read_all(&*engines[0], 0).await.entries.len(), 1, "the newest stays whatever it takes");
}

pub(super) async fn of_a_key_the_latest_stays_and_nothing_is_lost(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    let two = Retention { count: 2, ..EVERYTHING };
    let keyed = |data: &str, id: &str, key: &str| offer("c", data, Some(id), Some(key), two);
    one(engine, keyed("1", "a", "k")).await;
    one(engine, plain("c", "2")).await;
    one(engine, keyed("3", "b", "k")).await;
    assert_eq!(held(engine, "c").await, ["2", "3"]);
    assert!(lost(engine, 0).await.is_empty(), "a place without an entry is not a loss");
    assert!(one(engine, keyed("1", "a", "k")).await.duplicate, "a late repeat does not overtake the newer");
    one(engine, keyed("4", "c", "other")).await;
    assert_eq!(held(engine, "c").await, ["3", "4"]);
    assert_eq!(lost(engine, 0).await, [("c".to_owned(), 2)]);
    one(engine, keyed("5", "d", "k")).await;
    assert_eq!(held(engine, "c").await, ["4", "5"]);
    assert_eq!(lost(engine, 0).await, [("c".to_owned(), 2)]);
    let elsewhere = offer("d", "6", None, Some("k"), two);
    one(engine, elsewhere).await;
    assert_eq!(held(engine, "c").await.len(), 2, "a key means something within its channel");

    for id in ["a", "b", "c"] {
        one(engine, offer("e", "7", Some(id), Some("k"), two)).await;
    }
    let again = |id| offer("e", "7", Some(id), Some("k"), two);
    assert!(one(engine, again("b")).await.duplicate, "as many ids are known as events would be kept");
    assert!(!one(engine, again("a")).await.duplicate, "and no more");
}

pub(super) async fn what_is_lost_is_told_with_the_stretch_that_it_lies_in(bench: &dyn Bench) {
    let engines = bench.fresh(1, 0).await;
    let engine = &*engines[0];
    let last = Retention { count: 1, ..EVERYTHING };
    for n in 0..4 {
        one(engine, offer("a", &n.to_string(), None, None, last)).await;
    }
    assert_eq!(lost(engine, 0).await, [("a".to_owned(), 3)]);
    assert_eq!(lost(engine, 2).await, [("a".to_owned(), 3)]);
    assert!(lost(engine, 3).await.is_empty(), "who was there has missed nothing");
    one(engine, plain("b", "0")).await;
    assert!(lost(engine, 4).await.is_empty());
}

async fn held(engine: &dyn Engine, channel: &str) -> Vec<String> {
    let entries = read_all(engine, 0).await.entries;
    let here = entries.iter().filter(|entry| entry.channel.as_str() == channel);
    here.map(|entry| entry.event.data().to_owned()).collect()
}

async fn lost(engine: &dyn Engine, after: u64) -> Vec<(String, u64)> {
    let lost = read_all(engine, after).await.lost;
    let lost: Vec<_> = lost.into_iter().map(|(name, through)| (name.to_string(), through)).collect();
    lost.sorted()
}

trait Sorted {
    fn sorted(self) -> Vec<(String, u64)>;
}

impl<T: Into<Vec<(String, u64)>>> Sorted for T {
    fn sorted(self) -> Vec<(String, u64)> {
        let mut sorted = self.into();
        sorted.sort();
        sorted
    }
}
