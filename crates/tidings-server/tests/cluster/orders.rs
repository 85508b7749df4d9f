//! What operators do at one hub is done at all.

use http::Method;
use serde_json::{Value, json};

use crate::redis::Server;
use crate::scene::{Scene, Settings, take};
use crate::streams::{Manner, Stream, Version};

async fn ended(stream: &mut Stream) -> Value {
    let event = stream.expect().await;
    assert_eq!(event.ty, "closing", "{}", event.data);
    serde_json::from_str(&event.data).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_kick_reaches_the_hub_that_has_the_connection() {
    let scene = Scene::start(2);
    let (mut one, connected) = scene.listen(0, "a&user=ann", None).await;
    let (mut two, _) = scene.listen(0, "a&user=bob", None).await;
    let (mut three, _) = scene.listen(1, "a&user=bob", None).await;
    let path = format!("/api/sse/connections/{}", connected["id"].as_str().expect("an id"));
    assert_eq!(scene.ask(1, Method::DELETE, &path, r#"{"reason":"enough"}"#).await.status, 200);
    let closing = ended(&mut one).await;
    assert_eq!((&closing["reason"], &closing["detail"]), (&"kicked".into(), &"enough".into()), "{closing}");
    assert_eq!(scene.ask(1, Method::DELETE, "/api/sse/users/bob/connections", "{}").await.status, 200);
    for stream in [&mut two, &mut three] {
        assert_eq!(ended(stream).await["reason"], "kicked");
    }
    let gone = scene.ask(1, Method::DELETE, "/api/sse/connections/zzzz-1-1", "{}").await;
    assert_eq!(gone.status, 404, "of no hub that there is: {gone:?}");
    drop((one, two, three));
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_goodbye_is_taken_by_any_hub_and_a_forged_one_by_none() {
    let scene = Scene::start(2);
    let (stream, connected) = scene.listen(0, "a", None).await;
    scene.until_cluster(1, |cluster| cluster["active"] == 1).await;
    let id = connected["connection_id"].as_str().expect("an id").to_owned();
    let mut forged = id.clone();
    let last = forged.pop();
    forged.push(if last == Some('0') { '1' } else { '0' });
    let said = |id: &str| json!({ "connection_id": id }).to_string();
    let refused = scene.ask(1, Method::POST, "/api/sse/disconnect", &said(&forged)).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    let taken = scene.ask(1, Method::POST, "/api/sse/disconnect", &said(&id)).await;
    assert_eq!(taken.status, 204, "{taken:?}");
    scene.until_cluster(1, |cluster| cluster["active"] == 0).await;
    assert_eq!(scene.hubs[0].stats()["connections"]["closed_total"]["disconnected"], 1);
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_who_is_shut_out_at_one_hub_is_at_all_and_at_one_that_comes_later() {
    let mut scene = Scene::start(2);
    let (mut stream, _) = scene.listen(1, "a&user=eve", None).await;
    let revoked = scene.ask(0, Method::POST, "/api/sse/revocations", r#"{"user":"eve","jti":"t1"}"#).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(ended(&mut stream).await["reason"], "revoked");
    scene.add_hub();
    let polite = Manner::polite(Version::Http1);
    for hub in 0..3 {
        let path = "/api/sse/stream?channels=a&user=eve";
        let refused = Stream::open(scene.hubs[hub].address(), polite, path, &[]).await;
        assert!(refused.is_err(), "hub {hub}");
        let listed = scene.ask(hub, Method::GET, "/api/sse/revocations", "").await.json();
        assert_eq!(listed["total"], 2, "{listed}");
    }
    let lifted = scene.ask(2, Method::DELETE, "/api/sse/revocations?jti=t1", "").await;
    assert_eq!(lifted.status, 200, "{lifted:?}");
    for hub in 0..3 {
        scene.until(hub, "/api/sse/revocations", |listed| listed["total"] == 1).await;
    }
    drop(stream);
    scene.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_a_users_channels_change_at_all_hubs_between_the_events_before_and_after() {
    channels_change_between_events(Scene::start(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_the_same_where_other_instances_tell_of_both() {
    let others = vec![Server::start(), Server::start()];
    channels_change_between_events(Scene::told_by(others, Server::start(), 2, Settings::default())).await;
}

async fn channels_change_between_events(scene: Scene) {
    let (mut stream, _) = scene.listen(1, "a&user=ann", None).await;
    scene.publish(0, "extra", 1).await;
    let changed = scene.ask(0, Method::PUT, "/api/sse/users/ann/channels", r#"{"add":["extra"]}"#).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let subscribed = stream.expect().await;
    assert_eq!(subscribed.ty, "subscribed", "{}", subscribed.data);
    scene.publish(0, "extra", 2).await;
    let (_, data) = take(&mut stream, 1).await.remove(0);
    assert_eq!(data, "2", "what came before was not hers");
    let taken = scene.ask(1, Method::PUT, "/api/sse/users/ann/channels", r#"{"remove":["extra"]}"#).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(stream.expect().await.ty, "unsubscribed");
    for hub in 0..2 {
        let removed = |told: &Value| told["removed"][0]["channel"] == "extra";
        scene.until(hub, "/api/sse/users/ann/channels", removed).await;
    }
    drop(stream);
    scene.close();
}
