//! What Redis can suffer: wiped, killed, put back, stopped, cut off from its subscribers.

mod hub;
mod server;

use std::time::Duration;

use hub::{BOUND, Hub};
use server::{Server, until};
use tidings_core::engine::{AppendError, Engine};
use tidings_redis::RedisOptions;
use tokio::time::Instant;

#[tokio::test]
async fn wiped_it_begins_a_new_epoch_and_every_hub_hears_soon() {
    let server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    for _ in 0..20 {
        let head = a.publish().await.expect("published");
        b.reach(head).await;
    }
    let old = a.reader.at;
    server.cli(&["FLUSHALL"]);
    // Nobody publishes: the hubs notice by themselves.
    for hub in [&mut a, &mut b] {
        let took = until("a new epoch", BOUND, async || {
            hub.reader.listen().await;
            hub.reader.at.epoch != old.epoch
        })
        .await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!(hub.reader.entries.is_empty());
    }
    assert_eq!(a.reader.at, b.reader.at, "and begin one, not two");
    let head = b.publish().await.expect("published");
    assert_eq!(head.seq, 1);
    a.reach(head).await;
    a.assert_has_what_was_acknowledged_to(&b);
}

#[tokio::test]
async fn wiped_under_a_publisher_it_gives_places_of_a_new_epoch_at_once() {
    let server = Server::start();
    let mut hub = Hub::start(&server).await;
    let old = hub.publish().await.expect("published");
    server.cli(&["FLUSHALL"]);
    let new = hub.publish().await.expect("published");
    assert_ne!(new.epoch, old.epoch);
    assert_eq!(new.seq, 1);
    let (engine, _) = tidings_redis::RedisEngine::open(hub::options(&server)).await.expect("a Redis");
    let appended = engine.append(Some(old), Vec::new()).await.expect("looked");
    assert_eq!(appended.epoch, new.epoch, "a hub that comes back from before is no judge");
}

#[tokio::test]
async fn killed_with_its_log_of_commands_it_keeps_what_was_acknowledged() {
    // By `everysec` Redis may hold back what is to be written for two seconds, where the disk is busy.
    let mut server = Server::start_with(&["--save", "", "--appendonly", "yes", "--appendfsync", "always"]);
    // Each is written to a disk that others may keep busy.
    let options = RedisOptions { append_ms: 5_000, ..hub::options(&server) };
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    for _ in 0..3 {
        for _ in 0..200 {
            a.publish().await.expect("published");
        }
        server.kill();
        until("it is away", BOUND, async || matches!(a.publish().await, Err(AppendError::Away { .. }))).await;
        until("that is told", BOUND, async || {
            b.reader.listen().await;
            b.reader.is_away
        })
        .await;
        server.restart();
        let (head, took) = a.publish_at_last().await;
        assert!(took < Duration::from_secs(3), "{took:?}");
        let took = b.reach(head).await;
        assert!(took < Duration::from_secs(3), "{took:?}");
        b.assert_has_what_was_acknowledged_to(&a);
        assert!(a.acknowledged.iter().all(|(place, _)| place.epoch == head.epoch), "one life all the time");
    }
}

#[tokio::test]
async fn killed_without_anything_on_disk_it_begins_a_new_epoch() {
    let mut server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    let old = a.publish().await.expect("published");
    b.reach(old).await;
    server.kill();
    server.restart();
    let (new, _) = a.publish_at_last().await;
    assert_ne!(new.epoch, old.epoch);
    b.reach(new).await;
    b.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn put_back_to_an_old_snapshot_it_begins_a_new_epoch() {
    let mut server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    for _ in 0..10 {
        a.publish().await.expect("published");
    }
    server.cli(&["SAVE"]);
    let snapshot = server.dir().join("dump.rdb");
    let kept = std::fs::read(&snapshot).expect("a snapshot");
    let mut old = a.publish().await.expect("published");
    b.reach(old).await;
    server.kill();
    server.restart();
    let (new, _) = a.publish_at_last().await;
    assert_ne!(new.epoch, old.epoch, "a later place was acknowledged in the old one");
    b.reach(new).await;
    b.assert_has_what_was_acknowledged_to(&a);
    assert_eq!(new.seq, 11, "what the snapshot has is kept");
    let held = b.reader.entries[..10].iter().map(|entry| entry.event.id());
    assert!(held.eq(a.acknowledged[..10].iter().map(|(_, id)| Some(&**id))));

    // A second time: what comes back is of a life before the one that the hubs know.
    old = new;
    server.kill();
    std::fs::write(&snapshot, kept).expect("put back");
    server.restart();
    let (new, _) = a.publish_at_last().await;
    assert_ne!(new.epoch, old.epoch);
    assert!(!a.acknowledged[..11].iter().any(|(head, _)| head.epoch == new.epoch), "nor the one before");
    b.reach(new).await;
    b.assert_has_what_was_acknowledged_to(&a);
    assert_eq!(a.engine.append(None, vec![]).await.expect("looked").epoch, new.epoch);
}

#[tokio::test]
async fn stopped_for_three_seconds_every_call_keeps_its_deadline_and_nothing_is_twice() {
    let server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    a.publish().await.expect("published");
    server.pause();
    let stopped = Instant::now();
    let (mut unknown, mut told_after) = (Vec::new(), None);
    while stopped.elapsed() < Duration::from_secs(3) {
        let since = Instant::now();
        let id = format!("stopped/{}", unknown.len());
        match a.publish_as(&id).await.expect_err("stopped") {
            AppendError::Unknown => unknown.push(id),
            AppendError::Away { retry_ms } => assert!((1..5_000).contains(&retry_ms), "{retry_ms}"),
        }
        assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
        b.reader.listen().await;
        if b.reader.is_away && told_after.is_none() {
            told_after = Some(stopped.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!unknown.is_empty() && unknown.len() <= 3, "the breaker is open after that: {unknown:?}");
    assert!(told_after.is_some_and(|after| after < Duration::from_secs(2)), "{told_after:?}");
    server.go_on();
    let (_, took) = a.publish_at_last().await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    // Of what nobody knew is done now what was not done then, and nothing twice.
    for id in &unknown {
        a.publish_as(id).await.expect("published");
    }
    let head = a.publish().await.expect("published");
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
    for id in &unknown {
        assert_eq!(b.reader.entries.iter().filter(|entry| entry.event.id() == Some(id)).count(), 1, "{id}");
    }
}

#[tokio::test]
async fn what_the_bus_lost_is_noticed_within_a_second() {
    let server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    let mut most = Duration::ZERO;
    for _ in 0..5 {
        // Published with nobody on the bus: no later message shows that it is missing.
        server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        let head = a.publish().await.expect("published");
        most = most.max(b.reach(head).await);
    }
    assert!(most < Duration::from_secs(1), "{most:?}");
    b.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn with_a_bus_that_tells_nothing_the_newest_place_does() {
    let server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    // Its own hub speaks on a bus that the other is not on.
    let sharded = tidings_redis::RedisOptions { is_sharded: true, ..hub::options(&server) };
    let mut other_bus = Hub::with(sharded).await;
    let mut most = Duration::ZERO;
    for _ in 0..5 {
        let head = other_bus.publish().await.expect("published");
        most = most.max(a.reach(head).await).max(b.reach(head).await);
    }
    assert!(most < Duration::from_secs(1), "{most:?}");
    assert!(b.reader.reads >= 5);
    a.assert_has_what_was_acknowledged_to(&other_bus);
}

#[tokio::test]
async fn two_hubs_that_publish_at_once_see_one_order() {
    let server = Server::start();
    let (mut a, mut b) = (Hub::start(&server).await, Hub::start(&server).await);
    for _ in 0..100 {
        let (first, second) = tokio::join!(a.publish(), b.publish());
        first.expect("published");
        second.expect("published");
    }
    let head = a.publish().await.expect("published");
    a.reach(head).await;
    b.reach(head).await;
    assert_eq!(a.reader.entries, b.reader.entries);
    assert_eq!(a.reader.entries.len(), 201);
    for hub in [&a, &b] {
        hub.assert_has_what_was_acknowledged_to(&a);
        hub.assert_has_what_was_acknowledged_to(&b);
    }
}

#[tokio::test]
async fn where_there_is_no_room_an_append_is_refused_and_a_sweep_makes_some() {
    let server = Server::start();
    let options = tidings_redis::RedisOptions { sweep_ms: 0, ..hub::options(&server) };
    let mut hub = Hub::with(options).await;
    let retention = tidings_core::history::Retention { age_ms: 300, ..hub::EVERYTHING };
    let offer = tidings_core::conformance::offer("brief", "1", None, None, retention);
    hub.engine.append(None, vec![offer; 100]).await.expect("appended");
    server.cli(&["CONFIG", "SET", "maxmemory", "100000"]);
    assert!(matches!(hub.publish().await, Err(AppendError::Away { .. })), "nothing is stored");
    let mut swept = 0;
    until("they go", BOUND, async || {
        swept += hub.engine.sweep().await.expect("swept").events;
        swept == 100
    })
    .await;
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(hub.publish().await.expect("published").seq, 101, "nothing was stored before");
}

#[tokio::test]
async fn failed_over_to_a_replica_that_lacks_something_it_begins_a_new_epoch() {
    let master = Server::start();
    let replica = Server::start();
    let mut a = Hub::start(&master).await;
    for _ in 0..10 {
        a.publish().await.expect("published");
    }
    replica.cli(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    until("it has the log", BOUND, async || replica.cli(&["HGET", "tidings{log}:meta", "seq"]) == "10").await;
    // What is acknowledged from here on, the replica never gets.
    replica.cli(&["REPLICAOF", "NO", "ONE"]);
    let old = a.publish().await.expect("published");
    drop(master);
    let (b, _) = tidings_redis::RedisEngine::open(hub::options(&replica)).await.expect("a Redis");
    let new = b.append(Some(old), Vec::new()).await.expect("looked");
    assert_ne!(new.epoch, old.epoch);
}

#[tokio::test]
async fn nothing_of_an_engine_outlives_it() {
    let server = Server::start();
    let hub = Hub::start(&server).await;
    assert_eq!(server.cli(&["PUBSUB", "NUMSUB", "tidings{log}:bus"]), "tidings{log}:bus\n1");
    drop(hub);
    until("its connections are closed", BOUND, async || server.cli(&["CLIENT", "LIST"]).lines().count() == 1)
        .await;
}

/// How many scripts were run.
fn scripts(server: &Server) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn what_it_lost_is_noticed_although_another_hub_went_on_from_there() {
    let server = Server::start();
    let mut a = Hub::with(RedisOptions { beat_ms: 50, ..hub::options(&server) }).await;
    let head = a.publish().await.expect("published");
    a.reach(head).await;
    // A replica that is not told any more, and takes over later: others go on there.
    let each_key = |from: &str, does: &str| {
        format!("for _, key in ipairs(redis.call('KEYS', '{from}{{log}}:*')) do redis.call({does}) end ")
    };
    server.cli(&["EVAL", &each_key("tidings", "'COPY', key, 'replica' .. string.sub(key, 8)"), "0"]);
    let lost = a.publish().await.expect("published");
    a.reach(lost).await;
    let looked = scripts(&server);
    until("it looked since", BOUND, async || scripts(&server) > looked + 1).await;
    let mut there = Hub::with(RedisOptions { prefix: "replica".to_owned(), ..hub::options(&server) }).await;
    assert_eq!(there.publish().await.expect("published"), lost, "it has the place of the one that is lost");
    there.publish().await.expect("published");
    drop(there);
    let takes_over = each_key("tidings", "'DEL', key")
        + &each_key("replica", "'RENAME', key, 'tidings' .. string.sub(key, 8)");
    server.cli(&["EVAL", &takes_over, "0"]);
    until("a new epoch", BOUND, async || {
        a.reader.listen().await;
        a.reader.at.epoch != lost.epoch
    })
    .await;
    let mut b = Hub::start(&server).await;
    let head = a.publish().await.expect("published");
    b.reach(head).await;
    assert_eq!(b.reader.at.epoch, a.reader.at.epoch);
    b.assert_has_what_was_acknowledged_to(&a);
}
