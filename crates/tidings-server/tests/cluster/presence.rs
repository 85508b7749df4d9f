//! Who is on a channel, over all hubs: told once when a user comes anywhere, and once when it is nowhere any more.

use http::Method;
use serde_json::{Value, json};

use crate::redis::Server;
use crate::scene::Scene;
use crate::streams::Stream;

const TOLD: &str = "[[channel]]\nmatch = \"room:*\"\npresence = true\n";
const SHORT_LEASE: (&str, &str) = ("TIDINGS_CLUSTER_LEASE_MS", "1000");

async fn told(stream: &mut Stream) -> (String, String) {
    let event = stream.expect().await;
    let data: Value = serde_json::from_str(&event.data).expect("JSON");
    (event.ty, data["user"].as_str().unwrap_or_default().to_owned())
}

fn news(ty: &str, user: &str) -> (String, String) {
    (ty.to_owned(), user.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_user_at_two_hubs_joins_once_and_leaves_once() {
    joins_once_and_leaves_once(Scene::configured(Server::start(), 2, &[], TOLD)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_the_same_where_other_instances_tell_of_events() {
    let others = vec![Server::start(), Server::start()];
    joins_once_and_leaves_once(Scene::told_by(others, Server::start(), 2, (vec![], TOLD.to_owned()))).await;
}

async fn joins_once_and_leaves_once(scene: Scene) {
    let (mut watcher, _) = scene.listen(0, "room:1&user=watcher", None).await;
    assert_eq!(told(&mut watcher).await, news("joined", "watcher"));
    let (first, _) = scene.listen(0, "room:1&user=ann", None).await;
    assert_eq!(told(&mut watcher).await, news("joined", "ann"));
    let (second, _) = scene.listen(1, "room:1&user=ann", None).await;
    let on = |connections: u64| {
        move |page: &Value| {
            let ann = json!({ "user": "ann", "connections": connections });
            page["users"].as_array().is_some_and(|users| users.contains(&ann))
        }
    };
    for hub in 0..2 {
        scene.until(hub, "/api/sse/presence?channel=room:1", on(2)).await;
    }
    first.leave();
    scene.until(1, "/api/sse/presence?channel=room:1", on(1)).await;
    scene.publish(1, "room:1", 7).await;
    let event = watcher.expect().await;
    assert_eq!(event.data, "7", "and nobody was told to have left or joined");
    second.leave();
    assert_eq!(told(&mut watcher).await, news("left", "ann"));
    drop(watcher);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_who_was_at_a_killed_hub_is_told_to_have_left_once() {
    let mut scene = Scene::configured(Server::start(), 3, &[SHORT_LEASE], TOLD);
    let (mut watcher, _) = scene.listen(0, "room:1&user=watcher", None).await;
    assert_eq!(told(&mut watcher).await, news("joined", "watcher"));
    let mut streams = Vec::new();
    for n in 0..5 {
        streams.push(scene.listen(2, &format!("room:1&user=u{n}"), None).await.0);
        assert_eq!(told(&mut watcher).await, news("joined", &format!("u{n}")));
    }
    // One of them is at another hub as well.
    let (stays, _) = scene.listen(1, "room:1&user=u3", None).await;
    scene
        .until(0, "/api/sse/presence?channel=room:1", |page| {
            page["users"]
                .as_array()
                .is_some_and(|users| users.contains(&json!({ "user": "u3", "connections": 2 })))
        })
        .await;
    scene.hubs.remove(2).kill();
    let mut left: Vec<String> = Vec::new();
    for _ in 0..4 {
        let (ty, user) = told(&mut watcher).await;
        assert_eq!(ty, "left");
        left.push(user);
    }
    left.sort();
    assert_eq!(left, ["u0", "u1", "u2", "u4"]);
    scene.publish(1, "room:1", 7).await;
    assert_eq!(watcher.expect().await.data, "7", "and no more");
    let page = scene.ask(1, Method::GET, "/api/sse/presence?channel=room:1", "").await.json();
    assert_eq!(page["users"].as_array().map(Vec::len), Some(2), "{page}");
    drop((watcher, stays));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_when_the_store_lost_everything_all_who_are_there_are_told_again() {
    let scene = Scene::configured(Server::start(), 2, &[], TOLD);
    let (here, _) = scene.listen(0, "room:1&user=ann", None).await;
    let (there, _) = scene.listen(1, "room:1&user=bob", None).await;
    let both = |page: &Value| page["users"].as_array().map(Vec::len) == Some(2);
    scene.until(0, "/api/sse/presence?channel=room:1", both).await;
    tokio::task::block_in_place(|| scene.redis.cli(&["FLUSHALL"]));
    for hub in 0..2 {
        scene.until(hub, "/api/sse/presence?channel=room:1", both).await;
        scene.until_cluster(hub, |cluster| cluster["active"] == 2).await;
        scene.until(hub, "/api/sse/connections", |page| page["total"] == 2).await;
    }
    drop((here, there));
    scene.close();
}
