//! A Redis in several pieces, one that stands still for long, and one whose clock jumps, under two hubs that go on
//! publishing.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::course::Course;
use crate::redis::placed::{Behind, META, cluster, move_slot};
use crate::redis::{Server, until};
use crate::scene::{Scene, take};

const BOUND: Duration = Duration::from_secs(30);
const HOUR_S: i64 = 3_600;

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_slot_moves_while_it_is_in_use_loses_nothing() {
    let (here, there) = cluster().await;
    let mut scene = Scene::over(here, 2);
    let moves = async {
        for _ in 0..2 {
            move_slot(&scene.redis, &there).await;
            move_slot(&there, &scene.redis).await;
        }
    };
    let course = Course { name: "moved", events: 120, every: Duration::from_millis(10) };
    let (went, ()) = tokio::join!(course.run(&scene), moves);
    went.show("the log's slot moved four times");
    move_slot(&scene.redis, &there).await;
    // One that begins at a node that has not got the log.
    scene.add_hub();
    let (mut late, _) = scene.listen(2, "moved", Some("earliest")).await;
    take(&mut late, 240).await;
    drop(late);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_replica_takes_over_without_the_last_events_is_a_gap_for_everybody() {
    let redis = Server::start();
    let behind = Behind::of(&redis).await;
    let mut scene = Scene::over(redis, 0);
    for hub in 0..2 {
        scene.add_hub_at(&behind.url());
        scene.until_ready(hub).await;
    }
    let (mut here, _) = scene.listen(0, "jobs", None).await;
    let (mut there, _) = scene.listen(1, "jobs", None).await;
    for n in 0..20 {
        scene.publish(n % 2, "jobs", n).await;
    }
    until("the replica has it", BOUND, async || behind.replica.cli(&["HGET", META, "seq"]) == "20").await;
    // It is behind from here on, and takes over.
    behind.cut_off(&scene.redis);
    let lost = scene.publish(0, "jobs", 20).await;
    let cursor = lost["id"].as_str().expect("a cursor").to_owned();
    scene.redis.kill();
    behind.replica.go_on();
    // What was acknowledged last may have been told to the other hub, or have gone with the master.
    for (stream, lost) in [(&mut here, 0), (&mut there, 1)] {
        let data: Vec<_> = take(stream, 21 - lost).await.into_iter().map(|(_, data)| data).collect();
        assert!(data.iter().eq((0..21 - lost).map(|n| n.to_string()).collect::<Vec<_>>().iter()), "{data:?}");
        let mut gap = stream.expect().await;
        if lost == 1 && gap.data == "20" {
            gap = stream.expect().await;
        }
        assert_eq!((&*gap.ty, &*gap.data), ("gap", r#"{"channel":"jobs","reason":"epoch"}"#));
    }
    // Once both have seen it. What is published in between may be of the life that is given up, and lie in the gap.
    let again = json!({ "channel": "jobs", "data": 21, "id": "after" });
    let took =
        until("it is published again", BOUND, async || scene.try_publish(1, &again).await.status == 200);
    println!("published again {:?} after both hubs had told it", took.await);
    for stream in [&mut here, &mut there] {
        assert_eq!(take(stream, 1).await[0].1, "21");
    }
    let (late, connected) = scene.listen(0, "jobs", Some(&cursor)).await;
    assert_eq!(connected["resume"], json!({ "jobs": "gap" }));
    // What the replica had is held as before, whichever hub is asked.
    for hub in 0..2 {
        let (mut all, _) = scene.listen(hub, "jobs", Some("earliest")).await;
        let data = take(&mut all, 21).await.into_iter().map(|(_, data)| data);
        assert!(data.eq((0..20).chain([21]).map(|n| n.to_string())), "hub {hub}");
    }
    drop((here, there, late));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_stands_still_is_away_and_back_as_if_nothing_was() {
    stands_still(Duration::from_secs(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prove: a Redis that stands still for 10 s, three times"]
async fn prove_cluster_over_a_redis_that_stands_still() {
    for _ in 0..3 {
        stands_still(Duration::from_secs(10)).await;
    }
}

async fn stands_still(how_long: Duration) {
    let scene = Scene::start(2);
    let stop = async {
        sleep(Duration::from_millis(300)).await;
        scene.redis.pause();
        let told = async || {
            let ready = scene.ask(1, Method::GET, "/ready", "").await;
            ready.status == 503 && ready.json()["status_text"] == "engine_away"
        };
        let told = until("it is told", BOUND, told).await;
        sleep(how_long.saturating_sub(told)).await;
        scene.redis.go_on();
        let back =
            until("it is ready", BOUND, async || scene.ask(1, Method::GET, "/ready", "").await.status == 200)
                .await;
        (told, back)
    };
    let course = Course { name: "still", events: 100, every: Duration::from_millis(10) };
    let (went, (told, back)) = tokio::join!(course.run(&scene), stop);
    went.show(&format!("still for {how_long:?}: told after {told:.1?}, back {back:.1?} after its end"));
    assert!(went.refused > 0 && went.unknown > 0, "it was still");
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_whose_clock_jumps_loses_and_disorders_nothing() {
    let Some(redis) = block_in_place(Server::start_under_a_clock) else {
        println!("skipped: no C compiler is there");
        return;
    };
    let scene = Scene::over(redis, 2);
    let jumps = async {
        for hours in [1, 0, -1, 0] {
            sleep(Duration::from_millis(400)).await;
            scene.redis.set_clock(hours * HOUR_S);
        }
    };
    let before: i64 = scene.redis.cli(&["TIME"]).lines().next().and_then(|s| s.parse().ok()).expect("a time");
    scene.redis.set_clock(HOUR_S);
    let after: i64 = scene.redis.cli(&["TIME"]).lines().next().and_then(|s| s.parse().ok()).expect("a time");
    assert!(after - before >= HOUR_S, "the clock is not set: {before} {after}");
    scene.redis.set_clock(0);
    let course = Course { name: "jumps", events: 200, every: Duration::from_millis(10) };
    let (went, ()) = tokio::join!(course.run(&scene), jumps);
    went.show("the clock of Redis an hour on, back, an hour behind, and back");
    assert_eq!((went.refused, went.unknown), (0, 0));
    scene.close();
}
