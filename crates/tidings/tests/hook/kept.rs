//! Answers that are used again, and questions that many ask at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tidings::core::grant::Label;

use crate::receiver::{Answer, says};
use crate::{COOKIE, Scene, connected, grant};

fn cached(seconds: &'static str) -> Answer {
    Answer::Says(200, seconds, grant().to_string())
}

#[tokio::test]
async fn a_thousand_who_come_back_with_one_session_are_one_question() {
    let late = Answer::Late(Duration::from_millis(200), Box::new(cached("cache-control: max-age=60\r\n")));
    let scene = Scene::with(late, |options| options).await;
    let streams = join_all((0..8).map(|_| scene.open("channels=news", &[COOKIE]))).await;
    assert!(streams.iter().all(|stream| stream.status() == 200));
    drop(streams);
    let reads =
        join_all((0..1_000).map(|_| scene.ask("GET", "/api/sse/history?channel=news", &[COOKIE], ""))).await;
    assert!(reads.iter().all(|read| read.status() == 200));
    assert_eq!(
        scene.application.count(),
        2,
        "one of those who connect, and one of the session's other requests"
    );
    scene.open("channels=news", &[("cookie", "sid=bob")]).await;
    assert_eq!(scene.application.count(), 3, "another session is another question");
}

#[tokio::test]
async fn what_is_not_to_be_kept_is_asked_each_time() {
    for fields in ["", "cache-control: max-age=0\r\n", "cache-control: no-store, max-age=60\r\n"] {
        let scene = Scene::new(cached(fields)).await;
        for _ in 0..3 {
            assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 200);
        }
        assert_eq!(scene.application.count(), 3, "{fields}");
        assert_eq!(scene.application.connections(), 1, "on one connection");
    }
}

#[tokio::test]
async fn a_refusal_is_kept_as_an_answer_is() {
    let scene = Scene::new(Answer::Says(403, "cache-control: max-age=60\r\n", String::new())).await;
    for _ in 0..3 {
        assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 403);
    }
    assert_eq!(scene.application.count(), 1);
}

#[tokio::test]
async fn a_refresh_is_asked_anew_and_its_answer_is_kept_in_the_place_of_the_old_one() {
    let scene = Scene::new(cached("cache-control: max-age=60\r\n")).await;
    let (stream, _body) = connected(scene.open("channels=news", &[COOKIE]).await).await;
    let id = json!({ "connection_id": stream["connection_id"] }).to_string();
    for asked in [2, 3] {
        assert_eq!(scene.status("POST", "/api/sse/refresh", &[COOKIE], &id).await, 200);
        assert_eq!(scene.application.count(), asked);
        assert_eq!(scene.asked().json()["action"], "refresh");
    }
    let fewer = json!({ "sub": "ann", "ttl": 60, "subscribe": [] });
    scene.application.answer(says(200, fewer));
    let refreshed = scene.ask("POST", "/api/sse/refresh", &[COOKIE], &id).await;
    assert_eq!(refreshed.status(), 200);
    assert_eq!(json!(scene.hub.stats())["connections"]["active"], 1);
}

#[tokio::test]
async fn what_was_decided_for_a_user_dies_when_they_are_shut_out() {
    let scene = Scene::new(cached("cache-control: max-age=600\r\n")).await;
    drop(scene.open("channels=news", &[COOKIE]).await);
    assert_eq!(scene.application.count(), 1);
    scene.application.answer(says(200, json!({ "sub": "ops", "admin": true })));
    let order = json!({ "user": "ann" }).to_string();
    let ops = [("cookie", "sid=ops")];
    assert_eq!(scene.status("POST", "/api/sse/revocations", &ops, &order).await, 200);
    scene.application.answer(cached("cache-control: max-age=600\r\n"));
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 401, "the hub's own word");
    assert_eq!(scene.application.count(), 3, "and yet the application was asked anew");
    // One that ends at once: what was decided before is not used when it is over.
    scene.hub.revoke_user(&Label::parse("ann").expect("a name"), 0).expect("room");
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 200);
    assert_eq!(scene.application.count(), 4);
}
