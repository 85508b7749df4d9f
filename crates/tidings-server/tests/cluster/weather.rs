//! A Redis that others keep busy, one that is far away, and one behind a link that loses packets.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::course::{Course, quantile};
use crate::redis::Server;
use crate::relay::Relay;
use crate::scene::Scene;
use crate::sys::Place;

/// Within which an append is answered, by a hub that does not know yet that Redis is away, and what it may wait for
/// before: with room for a busy machine.
const ANSWERED: Duration = Duration::from_secs(5);
/// As a lost tail is: within a second, with the same room.
const NOTICED: Duration = Duration::from_secs(4);
/// How far Redis is, there and back.
const FAR: Duration = Duration::from_millis(50);
const LOST_PERCENT: u32 = 5;

/// Clients of the same Redis that ask as much as they can.
struct Neighbours(Vec<Child>);

impl Neighbours {
    fn of(redis: &Server) -> Self {
        let port = redis.port().to_string();
        let many = ["-c", "50", "-P", "16", "-d", "1000", "-t", "set,lpush,lrange_100"];
        // Each keeps Redis from anything else for some milliseconds.
        let slow = ["-c", "2", "EVAL", "for n = 1, 300000 do end", "0"];
        let spawn = |arguments: &[&str]| {
            let mut command = Command::new("redis-benchmark");
            command.args(["-p", &port, "-n", "1000000000", "-q"]).args(arguments);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("redis-benchmark is installed")
        };
        Self(vec![spawn(&many), spawn(&slow)])
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        for child in &mut self.0 {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_others_keep_busy_loses_nothing_and_refuses_nothing() {
    let scene = Scene::start(2);
    let course = Course { name: "alone", events: 100, every: Duration::from_millis(20) };
    course.run(&scene).await.show("alone");
    let neighbours = Neighbours::of(&scene.redis);
    let went = Course { name: "noisy", events: 150, ..course }.run(&scene).await;
    drop(neighbours);
    went.show("with neighbours");
    assert_eq!((went.refused, went.unknown), (0, 0));
    assert!(quantile(&went.there, 0.99) < NOTICED);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_far_away_is_no_redis_that_is_away() {
    let mut scene = Scene::start(0);
    let relay = Relay::to(scene.redis.port()).await;
    relay.delay(FAR / 2);
    for hub in 0..2 {
        scene.add_hub_at(&relay.url());
        scene.until_ready(hub).await;
    }
    let went = Course { name: "far", events: 60, every: Duration::from_millis(10) }.run(&scene).await;
    went.show("50 ms away");
    assert_eq!((went.refused, went.unknown), (0, 0));
    assert!(quantile(&went.answered, 0.0) >= FAR, "it is answered when Redis has it");
    assert!(quantile(&went.there, 0.99) < NOTICED);
    for hub in &scene.hubs {
        assert!(!hub.log().contains("the engine is away: streams live on"), "{}", hub.log());
    }
    scene.close();
}

#[test]
fn netns_redis_behind_a_link_that_loses_packets_loses_no_event() {
    let Ok(place) = Place::enter().inspect_err(|error| println!("skipped: no network of one's own: {error}"))
    else {
        return;
    };
    if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: redis-server is not there");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let course = async {
        tokio::spawn(async move {
            let scene = Scene::start(2);
            place.lose(scene.redis.port(), LOST_PERCENT);
            let went =
                Course { name: "lossy", events: 80, every: Duration::from_millis(25) }.run(&scene).await;
            went.show("5 of 100 packets lost, each way");
            assert!(went.answered.iter().all(|took| *took < ANSWERED));
            assert!(quantile(&went.there, 0.5) < NOTICED);
            place.lose(scene.redis.port(), 0);
            for hub in 0..2 {
                scene.until_ready(hub).await;
            }
            scene.close();
        })
        .await
    };
    runtime.expect("a runtime").block_on(course).expect("it is as documented");
}
