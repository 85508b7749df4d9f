//! Users at their limit, while Redis comes apart under them or its clock is set: nobody is refused for what isn't there,
//! and what there is too much of goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::guests::Guests;
use crate::hub::now;
use crate::quota::{LIMIT, limits_are_shared, scene_of};
use crate::redis::placed::{Behind, cluster, move_slot_of};
use crate::redis::{Server, until};
use crate::scene::Scene;

const MAY: usize = 3;
/// As short as a busy machine allows: a hub that is later than five eighths of it has its connections give way first.
const LEASE: (&str, &str) = ("TIDINGS_CLUSTER_LEASE_MS", "2400");
const LEASE_TIME: Duration = Duration::from_millis(2_400);
/// Longer than it takes until a replica is the master.
const LONG_LEASE: (&str, &str) = ("TIDINGS_CLUSTER_LEASE_MS", "5000");
/// Within which all is right again: half a lease, a sweep of few, and what a busy machine takes.
const BOUND: Duration = Duration::from_secs(20);
/// Fewer than show that two clients have the same name.
const COMEBACKS: usize = 6;
const PACE: Duration = Duration::from_millis(250);
/// What a busy machine may take longer.
const ROOM: Duration = Duration::from_secs(4);
const HOUR_S: i64 = 3_600;
/// How often the clock is set, and right again, until nobody is let in by that.
const TURNS_MAX: usize = 4;

/// The key of a user, wherever it is.
fn key_of(user: &str, redis: &Server) -> String {
    redis.cli(&["KEYS", &format!("tidings{{q*}}:u:{user}")])
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_slots_move_refuses_nobody_falsely_and_the_limits_hold() {
    let (here, there) = cluster().await;
    let both = format!("{},127.0.0.1:{}", here.url(), there.port());
    // One hub is told of one node, and one of both.
    let mut scene = Scene::configured(here, 1, &[LIMIT, LEASE], "");
    scene.add_hub_at(&both);
    scene.until_ready(1).await;
    limits_are_shared(&scene).await;
    let (mut ann, mut bob) = (Guests::of("ann", MAY), Guests::of("bob", MAY));
    for guests in [&mut ann, &mut bob] {
        guests.fill(&scene).await;
    }
    let is_over = AtomicBool::new(false);
    let moves = async {
        for (from, to) in [(&scene.redis, &there), (&there, &scene.redis)] {
            for user in ["ann", "bob"] {
                // While one of two keys is here and the other there, Redis says TRYAGAIN and ASK.
                move_slot_of(&key_of(user, from), from, to, Duration::from_millis(200)).await;
            }
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let mut let_in = 0;
    let newcomers = async {
        for hub in (0..2).cycle().take_while(|_| !is_over.load(Ordering::Relaxed)) {
            let_in += usize::from(ann.newcomer(&scene, hub).await);
        }
    };
    let returning = async {
        for hub in (0..2).cycle().take(COMEBACKS) {
            bob.back(&scene, hub).await;
            sleep(PACE).await;
        }
    };
    tokio::join!(moves, newcomers, returning);
    let took = ann.settle(&scene, 2 * MAY, BOUND).await;
    bob.settle(&scene, 2 * MAY, BOUND).await;
    println!("{let_in} let in beyond the limit, which held again after {took:?}");
    assert_eq!((ann.gone.len(), bob.gone.len()), (let_in + ann.late, bob.late));
    drop((ann, bob));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_replica_takes_over_is_told_who_is_here_and_counts_nobody_who_has_gone() {
    let redis = Server::start();
    let behind = Behind::of(&redis).await;
    let mut scene = Scene::configured(redis, 0, &[LIMIT, LONG_LEASE], "");
    for hub in 0..2 {
        scene.add_hub_at(&behind.url());
        scene.until_ready(hub).await;
    }
    limits_are_shared(&scene).await;
    let (mut ann, mut bob) = (Guests::of("ann", MAY), Guests::of("bob", MAY));
    assert!(ann.newcomer(&scene, 0).await);
    bob.fill(&scene).await;
    until("the replica has them", BOUND, async || {
        let has = |user| {
            let held = behind.replica.cli(&["HVALS", &key_of(user, &scene.redis)]);
            held.lines().filter(|line| (0..MAY).any(|n| *line == format!("c{n}"))).count()
        };
        has("bob") == MAY && has("ann") == 1
    })
    .await;
    // From here on it is behind: it never hears that two of ann's came, or that all of bob's left.
    behind.cut_off(&scene.redis);
    for hub in [1, 0] {
        assert!(ann.newcomer(&scene, hub).await);
    }
    bob.leave();
    scene.until_cluster(0, |cluster| cluster["active"] == MAY).await;
    scene.redis.kill();
    behind.replica.go_on();
    let mut let_in = 0;
    let shared = async || {
        let told = scene.ask(0, Method::GET, "/api/sse/stats", "").await.json();
        told["cluster"]["limits"] == "all_hubs"
    };
    // A hub may know of nobody but those it has itself, and lets in more.
    until("it is away", BOUND, async || !shared().await).await;
    until("the replica took over", BOUND, async || {
        for hub in 0..2 {
            let_in += usize::from(ann.newcomer(&scene, hub).await);
        }
        shared().await
    })
    .await;
    assert!(let_in > 0, "those at the other hub were unknown");
    for _ in 0..MAY {
        // Of those whom the replica knew, two were at the other hub.
        assert!(bob.newcomer(&scene, 1).await, "refused for one that has gone");
    }
    let took = ann.settle(&scene, 2 * MAY, BOUND).await;
    bob.settle(&scene, 2 * MAY, BOUND).await;
    println!("{let_in} let in beyond the limit, which held again after {took:?}");
    assert_eq!(ann.gone, (0..let_in + ann.late).map(|n| format!("c{n}")).collect(), "the oldest had to go");
    drop((ann, bob));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_clock_is_set_on_keeps_the_limits_and_whom_a_hub_had_no_longer_than_its_lease() {
    clock_is_set(HOUR_S).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_clock_is_set_back_keeps_the_limits_and_whom_a_hub_had_no_longer_than_its_lease() {
    clock_is_set(-HOUR_S).await;
}

/// By so much, and after a while right again.
async fn clock_is_set(by_s: i64) {
    let Some(redis) = block_in_place(Server::start_under_a_clock) else {
        println!("skipped: no C compiler is there");
        return;
    };
    let mut scene = scene_of(redis, 3, &[LIMIT, LEASE]).await;
    let mut ann = Guests::of("ann", MAY);
    ann.fill(&scene).await;
    // A hub whose question Redis had no time for judges by itself, once in a while on a busy machine. A lease that is over
    // lets somebody in each time that the clock is set on.
    let mut kept = 0;
    for turn in 0..TURNS_MAX {
        for off_s in [by_s, 0] {
            scene.redis.set_clock(off_s);
            let (since, mut let_in) = (now(), 0);
            // In this time each lease would be over, and is kept anew.
            for hub in (0..3).cycle().take_while(|_| since.elapsed() < LEASE_TIME) {
                let_in += usize::from(ann.newcomer(&scene, hub).await);
            }
            println!("{off_s} s off, turn {turn}: {let_in} let in");
            let is_set_on = (off_s == 0) == (by_s < 0);
            kept += usize::from(is_set_on && let_in == 0);
            ann.settle(&scene, MAY, BOUND).await;
            assert!(ann.gone.len() <= let_in + ann.late, "nobody else has to go");
            ann.gone.clear();
            ann.late = 0;
        }
        if kept > 0 {
            break;
        }
    }
    assert!(kept > 0, "set on {TURNS_MAX} times, it let somebody in each time");
    // Of another, who has a place at each of the hubs.
    drop(ann);
    let mut bob = Guests::of("bob", MAY);
    bob.fill(&scene).await;
    scene.redis.set_clock(by_s);
    scene.hubs.remove(2).kill();
    let killed = now();
    bob.forget_hub(2, LEASE_TIME + ROOM);
    let free = until("the place of a dead hub is free", BOUND, async || bob.newcomer(&scene, 0).await).await;
    println!("free after {free:?} of a lease of {LEASE_TIME:?}");
    assert!(free < LEASE_TIME + ROOM, "{free:?}");
    // While the dead hub's place counts, whoever gave no proof of life lately on a busy machine may go in its stead.
    until("its lease is over", BOUND, async || killed.elapsed() > LEASE_TIME).await;
    until("as many are there as may be", BOUND, async || bob.is_full() || bob.newcomer(&scene, 0).await)
        .await;
    bob.settle(&scene, MAY, BOUND).await;
    drop(bob);
    scene.close();
}
