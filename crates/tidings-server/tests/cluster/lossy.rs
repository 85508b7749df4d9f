//! What Redis tells its subscribers may be lost on the way: it is noticed, and read before anything later is delivered.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::hub::Hub;
use crate::redis::Server;
use crate::scene::{Scene, take};

const EVENTS: usize = 300;
/// A second is promised; a busy machine takes its time.
const TAIL_NOTICED: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_what_it_told_and_no_stream_misses_any_of_it() {
    let scene = Scene::start(2);
    let (mut here, _) = scene.listen(0, "jobs", None).await;
    let (mut there, _) = scene.listen(1, "jobs", None).await;
    for n in 0..EVENTS {
        if n % 25 == 20 {
            let killed = scene.redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
            assert!(killed != "0" || n > 20, "the hubs listen");
        }
        scene.publish(n / 10 % 2, "jobs", n).await;
    }
    let wanted: Vec<_> = (0..EVENTS).map(|n| n.to_string()).collect();
    for stream in [&mut here, &mut there] {
        let data: Vec<_> = take(stream, EVENTS).await.into_iter().map(|(_, data)| data).collect();
        assert_eq!(data, wanted);
    }
    drop((here, there));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_the_last_that_it_told_and_it_comes_all_the_same() {
    let scene = Scene::start(2);
    let (mut there, _) = scene.listen(1, "jobs", None).await;
    let mut longest = Duration::ZERO;
    for n in 0..5 {
        scene.redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        let told = Instant::now();
        scene.publish(0, "jobs", n).await;
        let event = timeout(TAIL_NOTICED, there.expect()).await.expect("noticed in time");
        assert_eq!(event.data, n.to_string());
        longest = longest.max(told.elapsed());
    }
    println!("noticed after {longest:?} at most");
    drop(there);
    scene.close();
}

#[test]
fn redis_that_may_evict_events_is_refused_with_what_to_set() {
    let redis = Server::start_with(&["--save", "", "--maxmemory-policy", "allkeys-lru"]);
    let said = Hub::refused_with_file(&format!("[engine]\nkind = \"redis\"\nurl = \"{}\"\n", redis.url()));
    for part in ["engine.url", "allkeys-lru", "maxmemory-policy noeviction"] {
        assert!(said.contains(part), "{said}");
    }
}
