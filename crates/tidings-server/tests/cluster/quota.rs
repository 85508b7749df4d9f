//! A user's limit over all hubs, and nobody refused for connections that do not exist.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use crate::hub::now;
use crate::redis::{Server, until};
use crate::scene::Scene;
use crate::streams::{Manner, Refused, Stream, Version};

pub(crate) const LIMIT: (&str, &str) = ("TIDINGS_LIMITS_CONNECTIONS_PER_USER", "3");
const SHORT_LEASE: (&str, &str) = ("TIDINGS_CLUSTER_LEASE_MS", "1500");
/// Each call to Redis that is too late on a busy machine may cost half a lease more, of 15 s.
const LET_IN_MAX: Duration = Duration::from_secs(45);
const ASK_EVERY: Duration = Duration::from_millis(20);
const KEPT: [&str; 6] = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

/// Hubs of which each knows what the others have.
pub(crate) async fn scene_of(redis: Server, hubs: usize, settings: &[(&'static str, &'static str)]) -> Scene {
    let scene = Scene::configured(redis, hubs, settings, "");
    limits_are_shared(&scene).await;
    scene
}

pub(crate) async fn limits_are_shared(scene: &Scene) {
    for hub in 0..scene.hubs.len() {
        scene.until_cluster(hub, |cluster| cluster["limits"] == "all_hubs").await;
    }
}

pub(crate) async fn ask(scene: &Scene, hub: usize, who: &str) -> Result<Stream, (u16, HeaderMap, Value)> {
    let path = format!("/api/sse/stream?channels=a&{who}");
    let polite = Manner::polite(Version::Http1);
    match Stream::open(scene.hubs[hub].address(), polite, &path, &[]).await {
        Ok(stream) => Ok(stream),
        Err(Refused::Status(status, headers, body)) => {
            Err((status, headers, serde_json::from_str(&body).unwrap_or_default()))
        }
        Err(Refused::Io(error)) => panic!("{error}"),
    }
}

pub(crate) async fn come(scene: &Scene, hub: usize, who: &str) -> Stream {
    let mut stream =
        ask(scene, hub, who).await.unwrap_or_else(|refused| panic!("hub {hub}, {who}: {refused:?}"));
    assert_eq!(stream.expect().await.ty, "connected");
    stream
}

/// Waits until somebody is let in again, and tells how long that took.
async fn come_at_last(scene: &Scene, hub: usize, who: &str) -> (Stream, Duration) {
    let since = Instant::now();
    loop {
        match ask(scene, hub, who).await {
            Ok(stream) => return (stream, since.elapsed()),
            Err(refused) => assert!(since.elapsed() < LET_IN_MAX, "hub {hub}, {who}: {refused:?}"),
        }
        sleep(ASK_EVERY).await;
    }
}

pub(crate) async fn reason(stream: &mut Stream) -> String {
    let event = stream.expect().await;
    assert_eq!(event.ty, "closing", "{}", event.data);
    serde_json::from_str::<Value>(&event.data).expect("JSON")["reason"].as_str().expect("a reason").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_users_limit_holds_over_all_hubs_and_a_refusal_says_who_holds_it() {
    let scene = scene_of(Server::start(), 3, &[LIMIT]).await;
    let mut streams = Vec::new();
    for hub in 0..3 {
        streams.push(come(&scene, hub, &format!("user=ann&client_id=c{hub}")).await);
    }
    let rows = scene.until(0, "/api/sse/connections?user=ann", |page| page["total"] == 3).await;
    let mut ids: Vec<&str> =
        rows["connections"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    ids.sort_unstable();
    for hub in 0..3 {
        let (status, headers, problem) =
            ask(&scene, hub, "user=ann&client_id=new").await.err().expect("full");
        assert_eq!(status, 429, "{problem}");
        assert!(headers.contains_key("retry-after"));
        assert_eq!(problem["limit"], 3, "{problem}");
        let held_by = problem["held_by"].as_array().expect("evidence");
        let mut told: Vec<&str> = held_by.iter().filter_map(|held| held["id"].as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ids, "they are the connections that there are: {problem}");
        let nodes: std::collections::BTreeSet<&str> =
            held_by.iter().filter_map(|held| held["node"].as_str()).collect();
        assert_eq!(nodes.len(), 3, "{problem}");
    }
    drop(come(&scene, 1, "user=bob").await);
    // Its own client is never refused, wherever it comes back.
    let again = come(&scene, 2, "user=ann&client_id=c0").await;
    assert_eq!(reason(&mut streams[0]).await, "superseded");
    streams.push(again);
    streams.remove(1).leave();
    let (stream, took) = come_at_last(&scene, 0, "user=ann&client_id=new").await;
    println!("a place that was given up at one hub was free at another after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop((streams, stream));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_where_the_oldest_makes_room_it_does_at_whichever_hub_it_is() {
    let replace = ("TIDINGS_LIMITS_ON_FULL", "replace_oldest");
    let scene = scene_of(Server::start(), 2, &[LIMIT, replace]).await;
    let mut oldest = come(&scene, 0, "user=ann").await;
    // By some milliseconds two hubs may differ in who came first.
    scene.until_cluster(1, |cluster| cluster["active"] == 1).await;
    let others = [come(&scene, 1, "user=ann").await, come(&scene, 0, "user=ann").await];
    let newest = come(&scene, 1, "user=ann").await;
    assert_eq!(reason(&mut oldest).await, "limit");
    scene.until_cluster(0, |cluster| cluster["active"] == 3).await;
    drop((oldest, others, newest));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_killed_hub_holds_its_users_places_no_longer_than_its_lease() {
    let mut scene = scene_of(Server::start(), 2, &[LIMIT, SHORT_LEASE]).await;
    let mut lost = Vec::new();
    for n in 0..3 {
        lost.push(come(&scene, 1, &format!("user=ann&client_id=c{n}")).await);
    }
    assert_eq!(ask(&scene, 0, "user=ann&client_id=new").await.err().expect("full").0, 429);
    scene.hubs.remove(1).kill();
    let since = now();
    // Who was there is back at once; a stranger once the lease is over.
    let back = come(&scene, 0, "user=ann&client_id=c1").await;
    println!("back after {:?}", since.elapsed());
    let (stranger, took) = come_at_last(&scene, 0, "user=ann&client_id=new").await;
    println!("a place of a killed hub was free after {took:?} of a lease of 1.5 s");
    assert!(took < Duration::from_secs(6), "{took:?}");
    drop((back, stranger));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_each_hub_counts_its_own_and_what_is_too_much_is_mended_afterwards() {
    let mut scene = scene_of(Server::start_with(&KEPT), 2, &[LIMIT, SHORT_LEASE]).await;
    let mut streams = vec![come(&scene, 0, "user=ann&client_id=c0").await];
    scene.redis.kill();
    // Nobody is refused for what the other hub may have, and no hub lets in more than the limit.
    for n in 1..3 {
        streams.push(come(&scene, 0, &format!("user=ann&client_id=c{n}")).await);
    }
    let (status, _, problem) = ask(&scene, 0, "user=ann&client_id=c3").await.err().expect("full here");
    assert_eq!((status, &problem["limit"]), (429, &3.into()), "{problem}");
    for n in 4..6 {
        streams.push(come(&scene, 1, &format!("user=ann&client_id=c{n}")).await);
    }
    block_in_place(|| scene.redis.restart());
    scene.until_cluster(0, |cluster| cluster["active"] == 3).await;
    // A hub trusts a store that was away once every other can have told it what it has. Until then it lets in whom it
    // would not, and one of the three would have to go.
    limits_are_shared(&scene).await;
    for hub in 0..2 {
        // Whoever is let in while Redis was too late for once stays: another may have had to go for it.
        let mut late = (0..).map(|n| format!("user=ann&client_id=late{hub}-{n}"));
        until("the limit holds over both", Duration::from_secs(10), async || {
            match ask(&scene, hub, &late.next().expect("another")).await {
                Ok(stream) => streams.push(stream),
                Err((status, ..)) => return status == 429,
            }
            false
        })
        .await;
    }
    scene.until_cluster(0, |cluster| cluster["active"] == 3).await;
    drop(streams);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_nobody_comes_in_where_the_operator_says_so() {
    let closed = ("TIDINGS_CLUSTER_LIMITS_WHILE_AWAY", "closed");
    let mut scene = scene_of(Server::start_with(&KEPT), 1, &[LIMIT, closed]).await;
    let mut stream = come(&scene, 0, "user=ann").await;
    scene.redis.kill();
    until("it is known to be away", Duration::from_secs(5), async || {
        ask(&scene, 0, "user=bob").await.err().is_some_and(|(status, ..)| status == 503)
    })
    .await;
    block_in_place(|| scene.redis.restart());
    let (bob, _) = come_at_last(&scene, 0, "user=bob").await;
    scene.publish(0, "a", 1).await;
    assert_eq!(stream.expect().await.data, "1", "who was there lives on");
    drop((stream, bob));
    scene.close();
}
