//! A hub that is behind the others, since Redis does not get through to it, says so and tells nobody a gap.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::redis::until;
use crate::relay::Relay;
use crate::scene::{Scene, take};
use crate::streams::{Manner, Refused, Stream, Version};

const BOUND: Duration = Duration::from_secs(20);
/// Each way.
const SLOW: Duration = Duration::from_millis(30);

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_cursor_that_a_hub_has_not_come_to_is_sent_away_and_loses_nothing() {
    let mut scene = Scene::start(1);
    let relay = Relay::to(scene.redis.port()).await;
    scene.add_hub_at(&relay.url());
    scene.until_ready(1).await;
    let (mut stream, _) = scene.listen(0, "jobs", None).await;
    scene.publish(0, "jobs", 1).await;
    take(&mut stream, 1).await;
    relay.shut(true);
    scene.publish(0, "jobs", 2).await;
    let (cursor, _) = take(&mut stream, 1).await.remove(0);
    assert_sent_away(&scene, 1, Some(&cursor)).await;
    let path = format!("/api/sse/history?channel=jobs&since={cursor}");
    let history = scene.ask(1, Method::GET, &path, "").await;
    assert_eq!((history.status, &history.json()["reason"]), (503, &Value::from("engine_away")));
    relay.shut(false);
    scene.publish(0, "jobs", 3).await;
    let back = async || open(&scene, 1, Some(&cursor)).await.is_ok();
    until("the hub has it", BOUND, back).await;
    let (mut back, connected) = scene.listen(1, "jobs", Some(&cursor)).await;
    assert_eq!(connected["resume"], json!({ "jobs": "ok" }));
    assert_eq!(take(&mut back, 1).await[0].1, "3");
    // A place that the log has not come to is nobody's, and waits for nothing.
    let (epoch, _) = cursor.split_once('-').expect("a cursor");
    let (_stream, connected) = scene.listen(1, "jobs", Some(&format!("{epoch}-100"))).await;
    assert_eq!(connected["resume"], json!({ "jobs": "gap" }), "nobody published 1,296 events");
    drop((stream, back, _stream));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_has_not_been_read_yet_is_no_empty_log() {
    let mut scene = Scene::start(1);
    let published = scene.publish(0, "jobs", 1).await;
    let (epoch, _) = published["id"].as_str().and_then(|id| id.split_once('-')).expect("a cursor");
    let relay = Relay::to(scene.redis.port()).await;
    relay.delay(SLOW);
    scene.add_hub_at(&relay.url());
    assert_sent_away(&scene, 1, Some("earliest")).await;
    let mut sent_away = 0;
    let read = async || {
        let history = scene.ask(1, Method::GET, "/api/sse/history?channel=jobs", "").await;
        let json = history.json();
        match history.status {
            503 => assert_eq!(json["reason"], "engine_away"),
            _ => assert_eq!((&json["events"][0]["data"], &json["gap"]), (&1.into(), &false.into()), "{json}"),
        }
        sent_away += usize::from(history.status == 503);
        history.status == 200 && json["next"].as_str().is_some_and(|next| next.starts_with(epoch))
    };
    until("the hub has read it", BOUND, read).await;
    assert!(sent_away > 0, "asked too late");
    scene.close();
}

async fn open(scene: &Scene, hub: usize, cursor: Option<&str>) -> Result<Stream, Refused> {
    let headers: Vec<_> = cursor.map(|cursor| ("last-event-id", cursor)).into_iter().collect();
    let polite = Manner::polite(Version::Http1);
    Stream::open(scene.hubs[hub].address(), polite, "/api/sse/stream?channels=jobs", &headers).await
}

async fn assert_sent_away(scene: &Scene, hub: usize, cursor: Option<&str>) {
    match open(scene, hub, cursor).await {
        Err(Refused::Status(503, headers, body)) => {
            assert!(headers.contains_key("retry-after"), "{headers:?}");
            assert!(body.contains("engine_away"), "{body}");
        }
        Err(refused) => panic!("{refused:?}"),
        Ok(mut stream) => panic!("a stream: {:?}", stream.expect().await),
    }
}
