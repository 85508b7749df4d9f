//! Redis is away, slow, or has forgotten: streams live on, and whoever missed something is told.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::redis::{Server, until};
use crate::scene::{KEPT, Scene, take};

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_streams_live_on_and_go_on_with_it() {
    let mut scene = Scene::over(Server::start_with(&KEPT), 2);
    let (mut stream, _) = scene.listen(0, "jobs", None).await;
    scene.publish(1, "jobs", 1).await;
    scene.redis.kill();
    until("both say that they are not ready", Duration::from_secs(5), async || {
        let ready = async |hub| scene.ask(hub, Method::GET, "/ready", "").await;
        ready(0).await.status == 503 && ready(1).await.json()["status_text"] == "engine_away"
    })
    .await;
    let refused = scene.try_publish(0, &json!({ "channel": "jobs", "data": 2 })).await;
    assert_eq!(
        (refused.status, &refused.json()["reason"]),
        (503, &Value::from("engine_away")),
        "{refused:?}"
    );
    assert!(refused.headers.contains_key("retry-after"));
    // Whoever comes is served from what the hub has.
    let (mut late, connected) = scene.listen(1, "jobs", Some("earliest")).await;
    assert_eq!(connected["resume"], json!({ "jobs": "ok" }));
    assert_eq!(take(&mut late, 1).await[0].1, "1");
    block_in_place(|| scene.redis.restart());
    let again = until("it is published again", Duration::from_secs(5), async || {
        scene.try_publish(1, &json!({ "channel": "jobs", "data": 3, "id": "three" })).await.status == 200
    })
    .await;
    println!("published again {again:?} after Redis was back");
    let data: Vec<_> = take(&mut stream, 2).await.into_iter().map(|(_, data)| data).collect();
    assert_eq!(data, ["1", "3"], "no gap: Redis kept all");
    assert_eq!(take(&mut late, 1).await[0].1, "3");
    drop((stream, late));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_forgot_is_a_gap_for_every_stream_and_then_goes_on() {
    let mut scene = Scene::start(2);
    let (mut here, _) = scene.listen(0, "jobs", None).await;
    let (mut there, _) = scene.listen(1, "jobs,room:*", None).await;
    scene.publish(0, "jobs", 1).await;
    let (old, _) = take(&mut here, 1).await.remove(0);
    take(&mut there, 1).await;
    scene.redis.kill();
    block_in_place(|| scene.redis.restart());
    let gap = here.expect().await;
    assert_eq!((&*gap.ty, &*gap.data), ("gap", r#"{"channel":"jobs","reason":"epoch"}"#));
    assert!(!gap.id.ends_with('~'), "all is told: {}", gap.id);
    let gaps = [there.expect().await, there.expect().await];
    assert!(gaps.iter().all(|gap| gap.ty == "gap"), "{gaps:?}");
    for hub in 0..2 {
        scene.until_ready(hub).await;
    }
    scene.publish(1, "jobs", 2).await;
    let (new, data) = take(&mut here, 1).await.remove(0);
    assert_eq!(data, "2");
    assert_eq!(take(&mut there, 1).await, [(new.clone(), data)]);
    assert_ne!(old.split('-').next(), new.split('-').next(), "another life of the log");
    let (_stream, connected) = scene.listen(1, "jobs", Some(&old)).await;
    assert_eq!(connected["resume"], json!({ "jobs": "gap" }));
    drop((here, there, _stream));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_what_is_sent_again_after_its_fate_was_unknown_is_there_once() {
    let scene = Scene::start(2);
    let (mut stream, _) = scene.listen(1, "jobs", None).await;
    let event = json!({ "channel": "jobs", "data": 1, "id": "one" });
    scene.redis.pause();
    let answer = scene.try_publish(0, &event).await;
    assert!([503, 504].contains(&answer.status), "{answer:?}");
    scene.redis.go_on();
    until("it is taken", Duration::from_secs(5), async || scene.try_publish(0, &event).await.status == 200)
        .await;
    until("the other hub is back", Duration::from_secs(5), async || {
        scene.ask(1, Method::GET, "/ready", "").await.status == 200
    })
    .await;
    scene.publish(1, "jobs", 2).await;
    let data: Vec<_> = take(&mut stream, 2).await.into_iter().map(|(_, data)| data).collect();
    assert_eq!(data, ["1", "2"]);
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_a_channel_whose_rule_says_so_reaches_this_hubs_subscribers_and_no_more() {
    let rules = "[[channel]]\nmatch = \"cursor:*\"\nwhile_away = \"accept\"\n";
    let mut scene = Scene::configured(Server::start_with(&KEPT), 2, &[], rules);
    let (mut here, _) = scene.listen(0, "cursor:1,jobs", None).await;
    let (mut there, _) = scene.listen(1, "cursor:1", None).await;
    scene.redis.kill();
    let moved = |n: usize| json!({ "channel": "cursor:1", "data": n });
    until("it is accepted", Duration::from_secs(5), async || {
        scene.try_publish(0, &moved(0)).await.status == 202
    })
    .await;
    let accepted = scene.try_publish(0, &moved(1)).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let answer = accepted.json();
    assert_eq!((&answer["accepted"], &answer["recipients"]), (&true.into(), &1.into()), "{answer}");
    assert_eq!(answer["offset"], Value::Null);
    for n in 0..2 {
        assert_eq!(here.expect().await.data, n.to_string());
    }
    let kept = json!({ "channels": ["cursor:1", "jobs"], "data": 2 });
    assert_eq!(scene.try_publish(0, &kept).await.status, 503, "one of its channels is to be kept");
    block_in_place(|| scene.redis.restart());
    until("it is published again", Duration::from_secs(5), async || {
        scene.try_publish(0, &moved(3)).await.status == 200
    })
    .await;
    for stream in [&mut here, &mut there] {
        loop {
            let event = stream.expect().await;
            assert_ne!(event.ty, "gap", "{}", event.data);
            if event.data == "3" {
                break;
            }
        }
    }
    drop((here, there));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_away_when_a_hub_starts_is_waited_for() {
    let mut scene = Scene::start(0);
    let url = scene.redis.url();
    scene.redis.kill();
    scene.add_hub_at(&url);
    let ready = scene.ask(0, Method::GET, "/ready", "").await;
    assert_eq!((ready.status, &ready.json()["status_text"]), (503, &Value::from("engine_away")), "{ready:?}");
    let refused = scene.ask(0, Method::GET, "/api/sse/stream?channels=jobs", "").await;
    assert_eq!(
        (refused.status, &refused.json()["reason"]),
        (503, &Value::from("engine_away")),
        "{refused:?}"
    );
    let refused = scene.try_publish(0, &json!({ "channel": "jobs", "data": 1 })).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    block_in_place(|| scene.redis.restart());
    scene.until_ready(0).await;
    let (mut stream, _) = scene.listen(0, "jobs", None).await;
    scene.publish(0, "jobs", 2).await;
    assert_eq!(take(&mut stream, 1).await[0].1, "2");
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_comes_back_as_one_that_evicts_ends_a_hub_that_waited_for_it() {
    let mut scene = Scene::start(0);
    let url = scene.redis.url();
    scene.redis.kill();
    scene.add_hub_at(&url);
    block_in_place(|| {
        scene.redis.restart_with(&["--maxmemory-policy", "allkeys-lru"]);
        let ended = scene.hubs[0].wait();
        assert_eq!(ended.code(), Some(1), "{ended}");
    });
    let log = scene.hubs[0].log();
    assert!(log.contains("The hub is not ready until it does"), "{log}");
    assert!(log.contains("error: engine.url: Redis may evict keys (maxmemory-policy allkeys-lru)"), "{log}");
}
