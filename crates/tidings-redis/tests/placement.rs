//! Redis in more than one piece: a cluster whose slots move, and Sentinels that say who is the master.

mod hub;
mod server;

use std::time::Duration;

use hub::{BOUND, Hub};
use server::placed::{Behind, META, cluster, move_slot};
use server::{Server, free_port, until};
use tidings_redis::RedisOptions;
use tidings_redis::connection::ConnectionOptions;

async fn follows_its_slot(is_sharded: bool) {
    let (a, b) = cluster().await;
    let options = |server| RedisOptions { is_sharded, ..hub::options(server) };
    // One begins at the node that has the log, one at the other.
    let (mut first, mut second) = (Hub::with(options(&a)).await, Hub::with(options(&b)).await);
    let (mut from, mut to) = (&a, &b);
    let epoch = first.reader.at.epoch;
    for _ in 0..3 {
        for _ in 0..50 {
            first.publish().await.expect("published");
            second.publish().await.expect("published");
        }
        let publishing = async {
            let mut refused = 0;
            for _ in 0..200 {
                if first.publish().await.is_err() {
                    refused += 1;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            refused
        };
        let (refused, ()) = tokio::join!(publishing, move_slot(from, to));
        println!("{refused} of 200 refused while the slot moved");
        (from, to) = (to, from);
        let (head, took) = second.publish_at_last().await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        let (head, _) = if head.epoch == epoch { first.publish_at_last().await } else { panic!("{head:?}") };
        for hub in [&mut first, &mut second] {
            hub.reach(head).await;
        }
        first.assert_has_what_was_acknowledged_to(&second);
        second.assert_has_what_was_acknowledged_to(&first);
        assert_eq!(head.epoch, epoch, "nothing was lost");
        assert_eq!(first.reader.entries.len() as u64, head.seq, "and nothing is half there");
        assert_eq!(first.reader.entries, second.reader.entries);
    }
}

#[tokio::test]
async fn in_a_cluster_the_log_is_found_and_followed_when_its_slot_moves() {
    follows_its_slot(false).await;
}

#[tokio::test]
async fn on_the_sharded_bus_too() {
    follows_its_slot(true).await;
}

#[tokio::test]
async fn behind_sentinels_the_master_of_now_is_found() {
    let mut master = Server::start();
    let Behind { replica, sentinel } = Behind::of(&master).await;
    // The first that is named is not there.
    let url = format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{}/mymaster", free_port(), sentinel.port);
    let options = RedisOptions { append_ms: 500, ..RedisOptions::new(url) };
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    for _ in 0..20 {
        a.publish().await.expect("published");
    }
    until("the replica has it", BOUND, async || replica.cli(&["HGET", META, "seq"]) == "20").await;
    master.kill();
    let (head, took) = a.publish_at_last().await;
    println!("published again after {took:?}");
    assert_eq!(head.epoch, a.acknowledged[0].0.epoch, "the replica had everything");
    b.reach(head).await;
    b.assert_has_what_was_acknowledged_to(&a);
    assert_eq!(replica.cli(&["HGET", META, "seq"]), head.seq.to_string(), "there, and not elsewhere");
}

/// How often it told, on either bus.
fn told(server: &Server) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let lines = stats.lines().filter_map(|line| line.split_once("publish:calls="));
    lines.filter_map(|(_, line)| line.split(',').next()?.parse::<u64>().ok()).sum()
}

async fn tell_each_other(is_sharded: bool) {
    let (log, mut master) = (Server::start(), Server::start());
    let (with_slot, without) = cluster().await;
    let behind = Behind::of(&master).await;
    let fan_out = [without.url(), behind.url()].map(ConnectionOptions::new).to_vec();
    let options = RedisOptions { fan_out, is_sharded, append_ms: 5_000, ..hub::options(&log) };
    let (mut a, mut b) = (Hub::with(options.clone()).await, Hub::with(options).await);
    let in_cluster = || told(&with_slot) + told(&without);
    let both_tell = async |a: &mut Hub, b: &mut Hub, behind: &Server| {
        let before = [in_cluster(), told(behind)];
        until("both tell", BOUND, async || {
            a.publish().await.expect("published");
            b.publish().await.expect("published");
            in_cluster() > before[0] + 10 && told(behind) > before[1] + 10
        })
        .await;
    };
    both_tell(&mut a, &mut b, &master).await;
    move_slot(&with_slot, &without).await;
    both_tell(&mut a, &mut b, &master).await;
    master.kill();
    both_tell(&mut a, &mut b, &behind.replica).await;
    let head = a.publish().await.expect("published");
    a.reach(head).await;
    b.reach(head).await;
    a.assert_has_what_was_acknowledged_to(&b);
    b.assert_has_what_was_acknowledged_to(&a);
}

#[tokio::test]
async fn a_cluster_and_a_master_behind_sentinels_tell_also_as_they_move() {
    tell_each_other(false).await;
}

#[tokio::test]
async fn they_tell_on_the_sharded_bus_too() {
    tell_each_other(true).await;
}
