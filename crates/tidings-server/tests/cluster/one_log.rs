//! One log: one order, one cursor, one answer to an id.

use http::Method;
use serde_json::json;

use crate::scene::{Scene, take};

const EVENTS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn redis_what_is_published_at_either_reaches_the_streams_of_both_in_one_order() {
    let scene = Scene::start(2);
    let (mut here, _) = scene.listen(0, "a,b", None).await;
    let (mut there, _) = scene.listen(1, "*", None).await;
    let both = futures_util::future::join_all((0..EVENTS).map(|n| {
        let (scene, channel) = (&scene, if n % 3 == 0 { "a" } else { "b" });
        async move { scene.publish(n % 2, channel, n).await }
    }));
    let answers = both.await;
    assert!(answers.iter().all(|answer| answer["recipients"] == 1), "{answers:?}");
    let (at_one, at_other) = (take(&mut here, EVENTS).await, take(&mut there, EVENTS).await);
    assert_eq!(at_one, at_other, "the same events with the same cursors");
    let mut data: Vec<usize> = at_one.iter().map(|(_, data)| data.parse().expect("a number")).collect();
    data.sort_unstable();
    assert_eq!(data, (0..EVENTS).collect::<Vec<_>>());
    for hub in 0..2 {
        assert_eq!(
            scene.hubs[hub].stats()["events"]["published_total"],
            EVENTS / 2,
            "what it published itself"
        );
    }
    drop((here, there));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_cursor_is_good_at_any_hub_and_at_one_that_came_later() {
    let mut scene = Scene::start(2);
    let (mut stream, _) = scene.listen(0, "jobs", None).await;
    for n in 0..5 {
        scene.publish(1, "jobs", n).await;
    }
    let (cursor, _) = take(&mut stream, 3).await.pop().expect("three");
    drop(stream);
    scene.publish(0, "jobs", 5).await;
    scene.add_hub();
    for hub in 0..3 {
        let (mut stream, connected) = scene.listen(hub, "jobs", Some(&cursor)).await;
        assert_eq!(connected["resume"], json!({ "jobs": "ok" }));
        let missed: Vec<_> = take(&mut stream, 3).await.into_iter().map(|(_, data)| data).collect();
        assert_eq!(missed, ["3", "4", "5"], "hub {hub}");
    }
    // Right after the answer, at a hub that may not have it yet.
    for n in 6..40 {
        let published = scene.publish(n % 3, "jobs", n).await;
        let cursor = published["id"].as_str().expect("a cursor").to_owned();
        let (_stream, connected) = scene.listen((n + 1) % 3, "jobs", Some(&cursor)).await;
        assert_eq!(connected["resume"], json!({ "jobs": "ok" }), "{n}");
    }
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_an_id_is_published_once_whichever_hub_it_is_sent_to() {
    let scene = Scene::start(2);
    let (mut stream, _) = scene.listen(1, "jobs", None).await;
    let event = json!({ "channel": "jobs", "data": 1, "id": "order-7" });
    let first = scene.try_publish(0, &event).await.json();
    for hub in [1, 0] {
        let again = scene.try_publish(hub, &event).await.json();
        assert_eq!(again["duplicate"], true, "{again}");
        assert_eq!((&again["offset"], &again["id"]), (&first["offset"], &first["id"]));
    }
    scene.publish(0, "jobs", 2).await;
    let data: Vec<_> = take(&mut stream, 2).await.into_iter().map(|(_, data)| data).collect();
    assert_eq!(data, ["1", "2"]);
    let history = scene.ask(1, Method::GET, "/api/sse/history?channel=jobs", "").await.json();
    assert_eq!(history["events"].as_array().map(Vec::len), Some(2), "{history}");
    drop(stream);
    scene.close();
}
