//! What hubs tell of themselves, and what is left of those that are no more.

mod hub;
mod server;
mod told;

use std::time::Duration;

use hub::{BOUND, Hub};
use server::{Server, until};
use tidings_core::engine::Engine;
use tidings_core::roster::{Change, Peer, Report, Reported, Roster, Stage};
use tidings_redis::RedisEngine;
use told::{LEASE_MS, channel, here, member};

async fn told(engine: &RedisEngine, report: &Report) -> Vec<Peer> {
    match engine.report(report).await.expect("an answer") {
        Reported::Taken { peers, .. } => peers,
        Reported::Behind => panic!("it has what this builds on"),
    }
}

/// What channel `c` was told of who came and went, in order.
async fn news(engine: &RedisEngine) -> Vec<String> {
    let (mut entries, mut after) = (Vec::new(), 0);
    loop {
        let stretch = engine.read(after).await.expect("read");
        entries.extend(stretch.entries);
        after = stretch.through;
        if after >= stretch.head.seq {
            break;
        }
    }
    let of_channel = entries.iter().filter(|entry| entry.channel == channel("c"));
    let word = |entry: &tidings_core::engine::Entry| {
        let data: serde_json::Value = serde_json::from_str(entry.event.data()).expect("JSON");
        format!("{} {}", entry.event.ty().expect("a type"), data["user"].as_str().expect("a user"))
    };
    of_channel.map(word).collect()
}

#[tokio::test]
async fn a_report_that_is_made_again_is_taken_once_and_one_on_another_base_not_at_all() {
    let server = Server::start();
    let hub = Hub::start(&server).await;
    let engine = &*hub.engine;
    let first = Report { version: 1, changes: vec![member("c", "ann", 1)], active: 1, ..here("a.0") };
    for _ in 0..3 {
        assert_eq!(told(engine, &first).await.len(), 1);
    }
    assert_eq!(news(engine).await, ["joined ann"]);
    let more = Report { base: 1, version: 2, changes: vec![member("c", "ann", 2)], ..first.clone() };
    told(engine, &more).await;
    for stale in [
        &first,
        &Report { base: 7, version: 8, ..more.clone() },
        &Report { base: 1, version: 1, ..here("b.0") },
    ] {
        assert_eq!(engine.report(stale).await.expect("an answer"), Reported::Behind, "{stale:?}");
    }
    let present = engine.present(&channel("c")).await.expect("who is there");
    assert_eq!((present[0].user.as_str(), present[0].connections), ("ann", 2));
    let gone = Report { base: 2, version: 3, changes: vec![member("c", "ann", 0)], ..more };
    told(engine, &gone).await;
    assert_eq!(news(engine).await, ["joined ann", "left ann"]);
}

#[tokio::test]
async fn what_a_dead_hub_had_is_let_go_once_however_much_it_is() {
    const USERS: usize = 450;
    let server = Server::start();
    let hub = Hub::start(&server).await;
    let engine = &*hub.engine;
    let row = |n: usize| Change::Row { id: format!("a-{n}"), row: Some("{}".to_owned()) };
    let changes = (0..USERS).map(|n| member("c", &format!("u{n}"), 1)).chain((0..USERS).map(row)).collect();
    told(engine, &Report { version: 1, changes, active: USERS as u64, ..here("a.0") }).await;
    // One of them is at another hub too.
    let other = Report { version: 1, changes: vec![member("c", "u7", 1)], ..here("b.0") };
    told(engine, &other).await;
    assert_eq!(engine.rows("a.0").await.expect("rows").len(), USERS);
    let beat = Report { base: 1, changes: Vec::new(), ..other };
    let mut more = true;
    until("the dead are let go", BOUND, async || {
        match engine.report(&beat).await.expect("an answer") {
            Reported::Taken { peers, more: left } => more = left || peers.len() > 1,
            Reported::Behind => panic!("it beats"),
        }
        !more
    })
    .await;
    let mut left: Vec<String> =
        news(engine).await.into_iter().filter(|word| word.starts_with("left")).collect();
    assert_eq!(left.len(), USERS - 1);
    left.sort();
    left.dedup();
    assert!(left.len() == USERS - 1 && !left.contains(&"left u7".to_owned()));
    assert!(engine.rows("a.0").await.expect("rows").is_empty());
    assert_eq!(engine.present(&channel("c")).await.expect("who is there").len(), 1);
}

#[tokio::test]
async fn while_redis_was_away_no_lease_ran_out() {
    let server = Server::start();
    server.cli(&["CONFIG", "SET", "appendonly", "yes"]);
    let hub = Hub::start(&server).await;
    let engine = &*hub.engine;
    for life in ["a.0", "b.0"] {
        told(engine, &here(life)).await;
    }
    server.pause();
    tokio::time::sleep(Duration::from_millis(3 * LEASE_MS)).await;
    server.go_on();
    let mut peers = Vec::new();
    until("it answers", BOUND, async || {
        peers = match engine.report(&here("a.0")).await {
            Ok(Reported::Taken { peers, .. }) => peers,
            Ok(Reported::Behind) => panic!("it kept all"),
            Err(_) => return false,
        };
        true
    })
    .await;
    assert_eq!(peers.len(), 2, "the other could not have said a word: {peers:?}");
    until("who says none now is gone", BOUND, async || told(engine, &here("a.0")).await.len() == 1).await;
}

#[tokio::test]
async fn a_life_that_takes_the_place_of_another_tells_nobody_to_have_left() {
    let server = Server::start();
    let hub = Hub::start(&server).await;
    let engine = &*hub.engine;
    let changes = vec![member("c", "ann", 1), member("c", "bob", 1)];
    told(engine, &Report { version: 1, changes: changes.clone(), active: 2, ..here("a.0") }).await;
    let next = Report { replaces: Some("a.0".to_owned()), stage: Stage::Coming, active: 2, ..here("a.1") };
    let first = Report { version: 1, changes: changes[..1].to_vec(), ..next.clone() };
    assert_eq!(
        told(engine, &first).await.iter().map(|peer| peer.active).sum::<u64>(),
        2,
        "not counted twice"
    );
    let last = Report { base: 1, version: 2, changes: changes[1..].to_vec(), stage: Stage::Here, ..next };
    told(engine, &last).await;
    told(engine, &Report { base: 2, replaces: None, changes: Vec::new(), ..last.clone() }).await;
    assert_eq!(news(engine).await.len(), 2, "two joined, once");
    let leaves = Report { base: 2, version: 2, changes: Vec::new(), stage: Stage::Leaving, ..last };
    assert!(told(engine, &leaves).await.is_empty());
    assert_eq!(news(engine).await.len(), 4, "and left with the hub");
}

#[tokio::test]
async fn a_life_of_which_some_was_let_go_has_to_tell_all_again() {
    let server = Server::start();
    let hub = Hub::start(&server).await;
    let engine = &*hub.engine;
    let changes = (0..450).map(|n| member("c", &format!("u{n}"), 1)).collect();
    let paused = Report { version: 1, changes, active: 450, ..here("a.0") };
    told(engine, &paused).await;
    let mut beats = 0;
    until("some of it is let go", BOUND, async || {
        // Each is heard of often enough for the other to lapse.
        beats += 1;
        matches!(engine.report(&here("b.0")).await, Ok(Reported::Taken { more: true, .. }))
    })
    .await;
    println!("after {beats} beats of the other");
    let back = Report { base: 1, changes: Vec::new(), ..paused };
    assert_eq!(engine.report(&back).await.expect("an answer"), Reported::Behind);
}

#[tokio::test]
async fn nothing_is_told_in_a_log_that_lost_what_this_hub_knows_of() {
    let server = Server::start();
    let mut hub = Hub::start(&server).await;
    for _ in 0..5 {
        hub.publish().await.expect("published");
    }
    let old = hub.engine.read(0).await.expect("read").head;
    server.cli(&["HSET", "tidings{log}:meta", "seq", "3"]);
    server.cli(&["ZREMRANGEBYSCORE", "tidings{log}:log", "4", "5"]);
    let joins = Report { version: 1, changes: vec![member("c", "ann", 1)], ..here("a.0") };
    // Either it is refused, or the log began anew before.
    let mut refused = 0;
    until("it is taken", BOUND, async || match hub.engine.report(&joins).await {
        Ok(_) => true,
        Err(_) => {
            refused += 1;
            false
        }
    })
    .await;
    println!("refused {refused} times");
    let head = hub.engine.read(0).await.expect("read").head;
    assert!(head.epoch != old.epoch && head.seq == 4, "it is the first of another life: {head:?}");
}
