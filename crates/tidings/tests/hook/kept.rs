//! Answers that are used again, and questions that many ask at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tidings::Authorizer;
use tidings::auth::{HookAuthorizer, HookOptions};
use tidings::core::grant::Label;

use crate::receiver::{Answer, Receiver, says};
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
async fn a_refresh_is_asked_anew_and_what_was_kept_of_its_user_before_goes() {
    let scene = Scene::new(cached("cache-control: max-age=60\r\n")).await;
    let (stream, _body) = connected(scene.open("channels=news", &[COOKIE]).await).await;
    let id = json!({ "connection_id": stream["connection_id"] }).to_string();
    for asked in [2, 3] {
        assert_eq!(scene.status("POST", "/api/sse/refresh", &[COOKIE], &id).await, 200);
        assert_eq!(scene.application.count(), asked);
        assert_eq!(scene.asked().json()["action"], "refresh");
    }
    scene.application.answer(Answer::Says(200, "cache-control: max-age=60\r\n", bobs()));
    let bob = [("cookie", "sid=bob")];
    drop(scene.open("channels=news", &bob).await);
    drop(scene.open("channels=news", &[COOKIE]).await);
    assert_eq!(scene.application.count(), 5, "what was kept of ann went with her refresh");

    scene.application.answer(cached("cache-control: max-age=60\r\n"));
    assert_eq!(scene.open("channels=news&client_id=tab", &[COOKIE]).await.status(), 200);
    let fewer = json!({ "sub": "ann", "ttl": 60, "subscribe": ["other"] });
    scene.application.answer(Answer::Says(200, "cache-control: max-age=60\r\n", fewer.to_string()));
    let refreshed = scene.ask("POST", "/api/sse/refresh", &[COOKIE], &id).await;
    assert_eq!(refreshed.status(), 200);
    assert_eq!(scene.application.count(), 7);
    let again = scene.open("channels=news&client_id=tab", &[COOKIE]).await;
    assert_eq!((again.status().as_u16(), scene.application.count()), (403, 8), "as the refresh had it");
    assert_eq!(scene.open("channels=news", &bob).await.status(), 200);
    assert_eq!(scene.application.count(), 8, "another's is kept");
}

#[tokio::test]
async fn nobodys_refresh_lets_go_of_nobodys_answers() {
    let kept = "cache-control: max-age=60\r\n";
    let scene = Scene::new(Answer::Says(200, kept, json!({ "subscribe": ["news"] }).to_string())).await;
    let (stream, _body) = connected(scene.open("channels=news", &[]).await).await;
    drop(scene.open("channels=news&client_id=tab", &[]).await);
    let id = json!({ "connection_id": stream["connection_id"] }).to_string();
    assert_eq!(scene.status("POST", "/api/sse/refresh", &[], &id).await, 200);
    assert_eq!(scene.application.count(), 3);
    drop(scene.open("channels=news&client_id=tab", &[]).await);
    assert_eq!(scene.application.count(), 3, "anybody could have all of them asked again");
}

fn bobs() -> String {
    json!({ "sub": "bob", "ttl": 900, "subscribe": ["news"] }).to_string()
}

#[tokio::test]
async fn one_who_is_shut_out_has_nobody_elses_answer_asked_again() {
    let kept = "cache-control: max-age=600\r\n";
    let scene = Scene::new(cached(kept)).await;
    scene.hub.revoke_user(&Label::parse("ann").expect("a name"), u64::MAX).expect("room");
    let slow = Answer::Says(200, kept, bobs());
    let bob = [("cookie", "sid=bob")];
    // While the question about bob is under way, ann is refused.
    scene.application.answer(Answer::Late(Duration::from_millis(500), Box::new(slow)));
    let (bobs, ()) = tokio::join!(scene.open("channels=news", &bob), async {
        scene.application.until(|asked| asked.len() == 1).await;
        scene.application.answer(cached(kept));
        assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 401);
    });
    assert_eq!(bobs.status(), 200);
    assert_eq!(scene.application.count(), 2);
    for asked in 3..6 {
        assert_eq!(scene.open("channels=news", &bob).await.status(), 200);
        assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 401);
        assert_eq!(scene.application.count(), asked, "only of whom is shut out nothing is kept");
    }
}

#[tokio::test]
async fn a_grant_bears_when_it_was_given_also_where_it_is_kept() {
    let application = Receiver::start(cached("cache-control: max-age=60\r\n")).await;
    let hook = HookAuthorizer::new(HookOptions::new(application.url("/"))).expect("it can be asked");
    let (request, ()) = http::Request::new(()).into_parts();
    let first = hook.authorize(&request).await.expect("granted").issued_at_ms.expect("a time");
    let ends = hook.authorize(&request).await.expect("granted").expires_at_ms.expect("an end");
    assert!((ends - 900_000 - first) <= 30_000, "{first} {ends}");
    let kept = hook.authorize(&request).await.expect("granted").issued_at_ms;
    assert_eq!((kept, application.count()), (Some(first), 1), "the kept one's own");
    hook.forget("ann");
    let anew = hook.authorize(&request).await.expect("granted").issued_at_ms;
    assert!(anew >= Some(first) && application.count() == 2);
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
