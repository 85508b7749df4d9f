//! What Redis keeps against the ledger, with time passing; and that its keys agree with each other.

mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use server::Server;
use tidings_core::conformance::{Ledger, Sample, offer};
use tidings_core::engine::{Engine, Head, Stretch};
use tidings_core::history::Retention;
use tidings_redis::{RedisEngine, RedisOptions};

const EVERYTHING: Retention = Retention { count: 0, age_ms: 0, bytes: 0 };

async fn engine(server: &Server, total_bytes: usize, lost_names: usize) -> RedisEngine {
    // Nobody sweeps but the test.
    let options = RedisOptions { total_bytes, lost_names, sweep_ms: 0, ..RedisOptions::new(server.url()) };
    RedisEngine::open(options).await.expect("a Redis").0
}

async fn read_all(engine: &RedisEngine, after: u64) -> Stretch {
    let mut whole = engine.read(after).await.expect("read");
    while whole.through < whole.head.seq {
        let part = engine.read(whole.through).await.expect("read");
        whole.entries.extend(part.entries);
        whole.lost.extend(part.lost);
        whole.through = part.through;
    }
    whole
}

/// What the keys say of each other.
fn assert_keys_agree(server: &Server, told: &str) {
    let key = |kind: &str| format!("tidings{{log}}:{kind}");
    let lines = |arguments: &[&str]| -> Vec<String> {
        let text = server.cli(arguments);
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let count = |arguments: &[&str]| server.cli(arguments).parse::<u64>().expect("a number");
    let mut expected: BTreeSet<String> = ["meta", "log", "channels", "lost", "oldest"].map(key).into();
    let (mut events, mut bytes) = (0, 0);
    let channels = lines(&["HGETALL", &key("channels")]);
    for channel in channels.chunks(2) {
        let name = &channel[0];
        let [b, age, n, idn, first] = *channel[1].split(' ').collect::<Vec<_>>() else {
            panic!("{channel:?}")
        };
        let of = |kind: &str| key(&format!("{kind}:{name}"));
        let held = lines(&["ZRANGE", &of("ch"), "0", "-1"]);
        let fields: Vec<Vec<&str>> = held.iter().map(|entry| entry.splitn(4, ' ').collect()).collect();
        let sum: u64 = fields.iter().map(|fields| fields[1].parse::<u64>().expect("bytes")).sum();
        assert_eq!((b, n), (&*sum.to_string(), &*held.len().to_string()), "{told}: {name}");
        let oldest: u64 = fields[0][2].parse().expect("a time");
        assert!(first.parse::<u64>().expect("a time") <= oldest, "{told}: {name}");
        if age != "0" {
            let due = count(&["ZSCORE", &key("oldest"), name]);
            assert!(due <= oldest + age.parse::<u64>().expect("an age"), "{told}: {name}");
        }
        assert_eq!(idn, count(&["LLEN", &of("order")]).to_string(), "{told}: {name}");
        assert_eq!(idn, count(&["HLEN", &of("ids")]).to_string(), "{told}: {name}");
        let keyed: BTreeMap<&str, &str> =
            fields.iter().filter(|f| !f[3].is_empty()).map(|f| (f[3], f[0])).collect();
        let keys = lines(&["HGETALL", &of("keys")]);
        let keys: BTreeMap<&str, &str> = keys.chunks(2).map(|pair| (&*pair[0], &*pair[1])).collect();
        assert_eq!(keys, keyed, "{told}: {name}");
        expected.extend(["ch", "order", "ids", "keys"].map(of));
        events += held.len() as u64;
        bytes += sum;
    }
    assert_eq!(count(&["ZCARD", &key("log")]), events, "{told}");
    assert_eq!(server.cli(&["HGET", &key("meta"), "bytes"]), bytes.to_string(), "{told}");
    let there: BTreeSet<String> = lines(&["KEYS", "*"]).into_iter().collect();
    let stray: Vec<_> = there.difference(&expected).collect();
    assert!(stray.is_empty(), "{told}: nobody's {stray:?}");
}

#[tokio::test]
async fn with_time_passing_it_keeps_what_the_ledger_keeps() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let server = Server::start();
    for log in 0..4 {
        server.cli(&["FLUSHALL"]);
        let mut sample = Sample::new(seed.wrapping_add(log));
        let total_bytes = if log % 2 == 0 { 0 } else { 5_000 };
        let engine = engine(&server, total_bytes, 100_000).await;
        let looked = engine.append(None, Vec::new()).await.expect("looked");
        let mut ledger = Ledger::new(looked.epoch, total_bytes);
        for step in 0..80 {
            let told = format!("seed {seed}, log {log}, step {step}");
            match sample.below(8) {
                0 => {
                    let swept = engine.sweep().await.expect("swept");
                    assert!(!swept.more, "{told}");
                    ledger.sweep(swept.time_ms);
                }
                1 | 2 => tokio::time::sleep(Duration::from_millis(sample.below(40))).await,
                3 => {
                    let after = sample.below(ledger.head().seq + 1);
                    let (has, should) = (read_all(&engine, after).await, ledger.read(after, usize::MAX));
                    assert_eq!(has.entries, should.entries, "{told}");
                    assert_eq!(has.lost, should.lost, "{told}");
                    assert_eq!(has.head, should.head, "{told}");
                }
                _ => {
                    let mut offers = sample.offers(8, 30);
                    offers.push(offer("clock", "0", None, None, EVERYTHING));
                    let known = Some(ledger.head());
                    let appended = engine.append(known, offers.clone()).await.expect("appended");
                    let now_ms = appended.placed.last().expect("the clock").time_ms;
                    assert_eq!(appended, ledger.append(now_ms, &offers), "{told}");
                }
            }
            if step % 40 == 39 {
                assert_keys_agree(&server, &told);
            }
        }
    }
}

#[tokio::test]
async fn when_all_is_too_old_nothing_is_left_but_what_was_lost() {
    let server = Server::start();
    let engine = engine(&server, 0, 100_000).await;
    let brief = Retention { age_ms: 10, ..EVERYTHING };
    for n in 0..30 {
        let batch = (0..100).map(|m| {
            let (id, key) = (format!("{n}/{m}"), format!("{}", m % 90));
            offer(&format!("c{}", m % 7), "1", Some(&id), Some(&key), brief)
        });
        engine.append(None, batch.collect()).await.expect("appended");
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    while engine.sweep().await.expect("swept").more {}
    assert_keys_agree(&server, "in the end");
    assert_eq!(server.cli(&["DBSIZE"]), "2", "meta and lost: {}", server.cli(&["KEYS", "*"]));
    assert_eq!(server.cli(&["HGET", "tidings{log}:meta", "bytes"]), "0");
}

#[tokio::test]
async fn a_sweep_is_bounded_and_says_when_there_is_more() {
    let server = Server::start();
    let engine = engine(&server, 0, 100_000).await;
    let brief = Retention { age_ms: 1, ..EVERYTHING };
    for _ in 0..25 {
        let batch =
            (0..100).map(|n| offer(&format!("c{n}"), "1", None, None, Retention { age_ms: 60_000, ..brief }));
        engine.append(None, batch.collect()).await.expect("appended");
    }
    // The rule changes, and with it what is held already.
    let batch = (0..100).map(|n| offer(&format!("c{n}"), "1", Some("a"), None, brief));
    tokio::time::sleep(Duration::from_millis(5)).await;
    engine.append(None, batch.collect()).await.expect("appended");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let first = engine.sweep().await.expect("swept");
    assert!(first.events <= 1_000, "{first:?}");
    let mut events = first.events;
    while events > 0 && server.cli(&["ZCARD", "tidings{log}:log"]) != "0" {
        let swept = engine.sweep().await.expect("swept");
        assert!(swept.events <= 1_000, "{swept:?}");
        events += swept.events;
    }
    assert!(!engine.sweep().await.expect("swept").more);
    assert_keys_agree(&server, "in the end");
}

#[tokio::test]
async fn names_beyond_the_bound_are_forgotten_and_that_is_told() {
    let server = Server::start();
    let engine = engine(&server, 0, 10).await;
    let last = Retention { count: 1, ..EVERYTHING };
    for n in 0..30 {
        let twice = vec![offer(&format!("c{n}"), "1", None, None, last); 2];
        engine.append(None, twice).await.expect("appended");
    }
    let stretch = read_all(&engine, 0).await;
    assert_eq!(stretch.lost.len(), 10);
    assert_eq!(stretch.forgotten_through, 39, "c19 lost its first, at place 39");
    let names: Vec<_> = stretch.lost.iter().map(|(name, through)| (name.as_str(), *through)).collect();
    assert_eq!((names[0], names[9]), (("c20", 41), ("c29", 59)));
}

#[tokio::test]
async fn what_thousands_of_channels_lost_comes_in_parts() {
    let server = Server::start();
    let engine = engine(&server, 0, 100_000).await;
    let last = Retention { count: 1, ..EVERYTHING };
    for n in 0..50 {
        let batch = (0..200).map(|m| offer(&format!("c{}", n * 100 + m / 2), "1", None, None, last));
        engine.append(None, batch.collect()).await.expect("appended");
    }
    let first = engine.read(0).await.expect("read");
    assert!(first.lost.len() <= 2_000 && first.through < 10_000);
    let whole = read_all(&engine, 0).await;
    assert_eq!((whole.entries.len(), whole.lost.len(), whole.through), (5_000, 5_000, 10_000));
    let told: BTreeSet<_> = whole.lost.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(told.len(), 5_000, "each once");
}

#[tokio::test]
async fn a_read_is_bounded_in_events_and_in_bytes() {
    let server = Server::start();
    let engine = engine(&server, 0, 100_000).await;
    let large = format!("\"{}\"", "x".repeat(60_000));
    for (batches, data) in [(50, "1"), (5, &*large)] {
        for _ in 0..batches {
            let batch = (0..100).map(|_| offer("c", data, None, None, EVERYTHING));
            engine.append(None, batch.collect()).await.expect("appended");
        }
    }
    let first = engine.read(0).await.expect("read");
    assert_eq!((first.entries.len(), first.through), (4_096, 4_096));
    let large = engine.read(5_000).await.expect("read");
    // 8 MiB, and the event that comes to them.
    assert!((130..150).contains(&large.entries.len()), "{}", large.entries.len());
    let whole = read_all(&engine, 0).await;
    assert!(whole.entries.iter().map(|entry| entry.seq).eq(1..=5_500));
}

#[tokio::test]
async fn a_new_epoch_has_all_that_is_left_of_the_old() {
    let server = Server::start();
    let engine = engine(&server, 0, 100_000).await;
    let mut sample = Sample::new(1);
    let mut epoch = None;
    for _ in 0..20 {
        epoch = Some(engine.append(None, sample.offers(50, 0)).await.expect("appended").epoch);
        let many = (0..100).map(|n| offer(&format!("one of {n}"), "1", Some("a"), Some("k"), EVERYTHING));
        engine.append(None, many.collect()).await.expect("appended");
    }
    let old = read_all(&engine, 0).await;
    let known = Head { epoch: epoch.expect("one"), seq: 1 << 40 };
    engine.append(Some(known), vec![offer("c", "1", None, None, EVERYTHING)]).await.expect("appended");
    assert_keys_agree(&server, "anew");
    let new = read_all(&engine, 0).await;
    assert_ne!(new.head.epoch, old.head.epoch);
    assert_eq!((new.head.seq, old.began, new.began), (old.head.seq + 1, 0, old.head.seq));
    assert_eq!(new.entries[..old.entries.len()], old.entries);
    assert_eq!((new.entries.len(), new.lost), (old.entries.len() + 1, old.lost));
    let again = vec![offer("one of 7", "1", Some("a"), None, EVERYTHING)];
    assert!(engine.append(None, again).await.expect("appended").placed[0].duplicate, "ids are known as well");
    // Without what says how it belongs together, the rest is nothing.
    server.cli(&["DEL", "tidings{log}:meta"]);
    engine.append(None, vec![offer("c", "1", None, None, EVERYTHING)]).await.expect("appended");
    assert_keys_agree(&server, "alone");
    assert_eq!(server.cli(&["DBSIZE"]), "4", "meta, log, channels, ch:c: {}", server.cli(&["KEYS", "*"]));
}

#[tokio::test]
async fn a_clock_that_was_set_back_goes_on_at_half_its_pace_until_the_hosts_is_there() {
    let server = Server::start();
    let engine = engine(&server, 0, 100_000).await;
    let brief = Retention { age_ms: 50, ..EVERYTHING };
    let append = async || {
        let appended = engine.append(None, vec![offer("c", "1", None, None, brief)]).await;
        appended.expect("appended").placed[0].time_ms
    };
    let real = append().await;
    // The clock of the host is an hour behind what it was when the log was written last.
    let ahead = (real + 3_600_000).to_string();
    server.cli(&["HSET", "tidings{log}:meta", "time", &ahead, "host", &ahead]);
    let first = append().await;
    assert_eq!(first.to_string(), ahead, "it does not go back");
    for _ in 0..200 {
        append().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let later = append().await;
    assert!(later > first + 100, "and does not stand still: {}", later - first);
    assert!(engine.read(0).await.expect("read").entries.len() < 100, "events age all the while");
    let host: u64 = server.cli(&["HGET", "tidings{log}:meta", "host"]).parse().expect("a time");
    assert!(2 * (later - first) <= host - real + 10, "at half its pace");

    let ahead = (host + 200).to_string();
    server.cli(&["HSET", "tidings{log}:meta", "time", &ahead, "host", &ahead]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    append().await;
    let (time, host) = (
        server.cli(&["HGET", "tidings{log}:meta", "time"]),
        server.cli(&["HGET", "tidings{log}:meta", "host"]),
    );
    assert_eq!(time, host, "the host is there again");
}
