//! Hubs that tell each other by instances beside the Redis of the log.

mod hub;
mod server;

use std::time::Duration;

use hub::{BOUND, EVERYTHING, Hub};
use server::{Server, until};
use tidings_core::conformance::offer;
use tidings_core::engine::{Engine, Head};
use tidings_redis::RedisOptions;
use tidings_redis::connection::ConnectionOptions;

/// So long that nothing is heard or read by it.
const NEVER_MS: u64 = 600_000;

fn options(log: &Server, others: &[&Server]) -> RedisOptions {
    let fan_out = others.iter().map(|server| ConnectionOptions::new(server.url())).collect();
    RedisOptions { fan_out, ..hub::options(log) }
}

/// How many subscribers an instance has, and how often it told.
fn subscribers(server: &Server) -> usize {
    let answer = server.cli(&["PUBSUB", "NUMSUB", "tidings{log}:bus"]);
    answer.lines().last().and_then(|line| line.trim().parse().ok()).expect("a number")
}

fn told(server: &Server) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_publish:calls="));
    line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or_default()
}

async fn all_hear(hubs: usize, others: &[&Server]) {
    until("every hub hears by every instance", BOUND, async || {
        others.iter().all(|server| subscribers(server) == hubs)
    })
    .await;
}

async fn publish(hub: &mut Hub, events: usize) -> Head {
    let mut head = None;
    for _ in 0..events {
        head = Some(hub.publish().await.expect("published"));
    }
    head.expect("some")
}

#[tokio::test]
async fn they_share_what_the_redis_of_the_log_is_spared() {
    let (log, one, two) = (Server::start(), Server::start(), Server::start());
    let options = RedisOptions { beat_ms: NEVER_MS, ..options(&log, &[&one, &two]) };
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    all_hear(2, &[&one, &two]).await;
    let before = [&log, &one, &two].map(told);
    for _ in 0..50 {
        let head = publish(&mut a, 2).await;
        b.reach(head).await;
        let head = publish(&mut b, 2).await;
        a.reach(head).await;
    }
    a.assert_has_what_was_acknowledged_to(&b);
    b.assert_has_what_was_acknowledged_to(&a);
    let after = [&log, &one, &two].map(told);
    assert_eq!([0, 1, 2].map(|n| after[n] - before[n]), [0, 100, 100]);
}

#[tokio::test]
async fn a_duplicate_is_not_told_again() {
    let (log, other) = (Server::start(), Server::start());
    let mut hub = Hub::with(options(&log, &[&other])).await;
    all_hear(1, &[&other]).await;
    let before = told(&other);
    let first = hub.publish_as("once").await.expect("published");
    assert_eq!(hub.publish_as("once").await.expect("published"), first);
    let last = hub.publish_as("then").await.expect("published");
    hub.reach(last).await;
    until("two are told", BOUND, async || told(&other) == before + 2).await;
}

#[tokio::test]
async fn one_that_dies_is_left_out_and_taken_in_again() {
    let (log, mut one, two) = (Server::start(), Server::start(), Server::start());
    let options = options(&log, &[&one, &two]);
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    all_hear(2, &[&one, &two]).await;
    publish(&mut a, 20).await;
    one.kill();
    let head = publish(&mut a, 200).await;
    b.reach(head).await;
    one.restart();
    all_hear(2, &[&one, &two]).await;
    let before = told(&one);
    until("it tells again", BOUND, async || {
        publish(&mut a, 2).await;
        told(&one) > before
    })
    .await;
    let head = publish(&mut a, 1).await;
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn one_that_stands_still_costs_a_read_and_no_event() {
    let (log, one, two) = (Server::start(), Server::start(), Server::start());
    let options = options(&log, &[&one, &two]);
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    all_hear(2, &[&one, &two]).await;
    one.pause();
    let head = publish(&mut a, 50).await;
    b.reach(head).await;
    one.go_on();
    let head = publish(&mut a, 50).await;
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn without_any_of_them_the_redis_of_the_log_tells() {
    let (log, mut other) = (Server::start(), Server::start());
    let options = RedisOptions { beat_ms: NEVER_MS, ..options(&log, &[&other]) };
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    all_hear(2, &[&other]).await;
    other.kill();
    let before = told(&log);
    until("the Redis of the log tells", BOUND, async || {
        publish(&mut a, 1).await;
        told(&log) > before
    })
    .await;
    let head = publish(&mut a, 1).await;
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn one_where_a_hub_may_not_tell_is_left_out() {
    let (log, one, two) = (Server::start(), Server::start(), Server::start());
    one.cli(&["ACL", "SETUSER", "deaf", "on", ">secret", "&*", "-@all", "+hello", "+ping", "+subscribe"]);
    let mut options = RedisOptions { beat_ms: NEVER_MS, ..options(&log, &[&one, &two]) };
    options.fan_out[0].url = format!("redis://deaf:secret@127.0.0.1:{}", one.port());
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    all_hear(2, &[&two]).await;
    let head = publish(&mut a, 20).await;
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
    assert_eq!(told(&one), 0);
}

#[tokio::test]
async fn batches_are_shared_as_single_events_are() {
    let (log, one, two) = (Server::start(), Server::start(), Server::start());
    let hub = Hub::with(options(&log, &[&one, &two])).await;
    all_hear(1, &[&one, &two]).await;
    let before = [&one, &two].map(told);
    for _ in 0..10 {
        let both = ["a", "b"].map(|channel| offer(channel, "1", None, None, EVERYTHING));
        hub.engine.append(None, both.to_vec()).await.expect("appended");
    }
    until("each told half of them", BOUND, async || [&one, &two].map(told) == before.map(|count| count + 5))
        .await;
}

#[tokio::test]
async fn a_log_by_the_same_name_that_shares_an_instance_is_left_alone() {
    let (first, second, shared) = (Server::start(), Server::start(), Server::start());
    let mut a = Hub::with(options(&first, &[&shared])).await;
    // The log of the second is in its second life, which the first would take for a later one of its own.
    let mut b = Hub::with(options(&second, &[&shared])).await;
    let old = publish(&mut b, 1).await;
    second.cli(&["FLUSHALL"]);
    until("it begins anew", BOUND, async || publish(&mut b, 1).await.epoch != old.epoch).await;
    all_hear(2, &[&shared]).await;
    let kept = publish(&mut a, 10).await;
    for _ in 0..20 {
        publish(&mut b, 1).await;
        let head = publish(&mut a, 1).await;
        assert_eq!(head.epoch, kept.epoch, "it goes on");
        a.reach(head).await;
    }
    a.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn a_hub_that_lacks_one_reads_what_it_misses() {
    let (log, other) = (Server::start(), Server::start());
    let (mut a, mut b) = (Hub::with(options(&log, &[&other])).await, Hub::with(options(&log, &[])).await);
    all_hear(1, &[&other]).await;
    let head = publish(&mut a, 20).await;
    let took = b.reach(head).await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    let head = publish(&mut b, 20).await;
    a.reach(head).await;
    a.assert_has_what_was_acknowledged_to(&b);
    b.assert_has_what_was_acknowledged_to(&a);
}
