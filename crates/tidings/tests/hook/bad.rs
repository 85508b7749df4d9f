//! An application that is slow, silent, broken, lying, or away.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use tidings::auth::{HookAuthorizer, HookOptions, HookOptionsError};

use crate::receiver::{Answer, PATIENCE, Receiver, says};
use crate::{COOKIE, Scene, connected, grant, problem};

const TIMEOUT_MS: u64 = 200;

fn quick(options: HookOptions) -> HookOptions {
    HookOptions { timeout_ms: TIMEOUT_MS, failures_max: 3, pause_ms: 400, ..options }
}

#[expect(clippy::disallowed_methods, reason = "a test's patience is real time")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn an_application_that_does_not_answer_soundly_is_a_503_in_time() {
    let elsewhere = Receiver::start(says(200, grant())).await;
    let redirect = format!("location: {}\r\n", elsewhere.url("/"));
    let redirect: &'static str = redirect.leak();
    for (name, answer) in [
        ("silent", Answer::Silence),
        ("closing", Answer::HangUp),
        ("endless", Answer::Endless),
        ("failing", says(500, "canary")),
        ("busy", says(503, "")),
        ("none", says(404, "")),
        ("empty", says(200, "")),
        ("a page", says(200, "<html>canary</html>")),
        ("huge", says(200, format!("{{\"sub\":\"{}\"}}", "x".repeat(70_000)))),
        ("moved", Answer::Says(302, redirect, String::new())),
        ("moved for good", Answer::Says(308, redirect, String::new())),
    ] {
        let scene = Scene::with(answer, quick).await;
        let began = now();
        let refused = scene.open("channels=news", &[COOKIE]).await;
        assert!(began.elapsed() < PATIENCE, "{name}");
        assert_eq!(refused.status(), 503, "{name}");
        assert!(refused.headers().contains_key("retry-after"), "{name}");
        assert!(!problem(refused).await.to_string().contains("canary"), "{name}");
        let event_source = [COOKIE, ("accept", "text/event-stream"), ("sec-fetch-mode", "cors")];
        let soft = scene.open("channels=news", &event_source).await;
        assert_eq!(soft.status(), 200, "{name}: an EventSource comes again");
        let told = soft.into_body().collect().await.expect("it ends").to_bytes();
        assert!(String::from_utf8_lossy(&told).contains("event: refused"), "{name}");
    }
    assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
}

#[tokio::test]
async fn one_that_fails_is_left_alone_and_then_tried_by_one_question() {
    let scene = Scene::with(says(500, ""), quick).await;
    for _ in 0..3 {
        assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 503);
    }
    for _ in 0..50 {
        let refused = scene.open("channels=news", &[COOKIE]).await;
        assert_eq!(refused.status(), 503);
        assert!(problem(refused).await["retry_after_ms"].as_u64().is_some_and(|ms| ms <= 400));
    }
    assert_eq!(scene.application.count(), 3, "it is not asked");
    scene.application.answer(says(200, grant()));
    let began = now();
    while scene.open("channels=news", &[COOKIE]).await.status() != 200 {
        assert!(began.elapsed() < PATIENCE, "it is tried again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(scene.application.count(), 4, "by one question");
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 200);
}

#[tokio::test]
async fn an_answer_about_one_question_does_not_stop_the_questions_of_others() {
    let scene = Scene::new(says(431, "the cookie is too large")).await;
    for _ in 0..100 {
        let refused = scene.open("channels=news", &[("cookie", "sid=odd")]).await;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
    }
    let mut asked = 100;
    for status in [204, 302, 400, 404, 413, 429] {
        // Longer than what is read of an answer: its status is there all the same.
        scene.application.answer(says(status, "x".repeat(if status == 204 { 0 } else { 70_000 })));
        for _ in 0..6 {
            assert_eq!(scene.open("channels=news", &[("cookie", "sid=odd")]).await.status(), 503, "{status}");
            asked += 1;
        }
    }
    scene.application.answer(says(200, grant()));
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 200, "another is still asked about");
    assert_eq!(scene.application.count(), asked + 1, "each was asked");
}

#[tokio::test]
async fn a_refusal_holds_however_long_its_page_is() {
    for status in [401, 403] {
        let scene = Scene::new(says(status, "x".repeat(70_000))).await;
        assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), status);
    }
}

#[tokio::test]
async fn while_it_is_away_streams_live_on_and_what_is_kept_serves() {
    let kept = Answer::Says(200, "cache-control: max-age=60\r\n", grant().to_string());
    let scene = Scene::with(kept, quick).await;
    let (_, mut body) = connected(scene.open("channels=news", &[COOKIE]).await).await;
    scene.application.answer(Answer::HangUp);
    for _ in 0..5 {
        assert_eq!(scene.open("channels=news", &[("cookie", "sid=bob")]).await.status(), 503);
    }
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 200, "kept");
    let publisher = scene.hub.publisher();
    let news = tidings::ChannelName::parse("news").expect("a name");
    publisher.publish(&news, "told", &7).await.expect("published");
    let mut text = String::new();
    while !text.contains("event: told") {
        let frame = body.frame().await.expect("it lives").expect("bytes");
        text.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
    }
}

#[tokio::test]
async fn only_so_many_are_asked_at_once_and_who_waits_too_long_is_told() {
    let slow = Answer::Late(Duration::from_millis(150), Box::new(says(200, grant())));
    let scene =
        Scene::with(slow, |options| HookOptions { requests_max: 1, timeout_ms: 1_000, ..options }).await;
    let ask = |n: usize| {
        let scene = &scene;
        async move {
            let cookie = format!("sid={n}");
            scene.status("GET", "/api/sse/history?channel=news", &[("cookie", &cookie)], "").await
        }
    };
    let statuses = futures_util::future::join_all((0..40).map(ask)).await;
    let granted = statuses.iter().filter(|status| **status == 200).count();
    assert!((1..40).contains(&granted), "{granted} of 40 within the time");
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 40 - granted);
    assert_eq!(scene.application.connections(), 1, "one after the other");
}

#[test]
fn a_target_that_can_not_be_meant_is_refused_before_anything_is_asked() {
    let refused = |url: &str| {
        let options = HookOptions::new(url.parse().expect("a URL"));
        HookAuthorizer::new(options).expect_err(url).to_string()
    };
    assert!(refused("http://169.254.169.254/latest/meta-data").contains("link-local"));
    assert!(refused("http://1.1.1.1/hook").contains("use https://"));
    assert!(refused("https://ann:canary@app.example/").contains("take them out"));
    for name in ["connection", "host", "transfer-encoding", "content-length", "proxy-authorization"] {
        let options = HookOptions::new("http://127.0.0.1/".parse().expect("a URL"));
        let options = HookOptions { headers: vec![name.parse().expect("a name")], ..options };
        assert!(matches!(HookAuthorizer::new(options), Err(HookOptionsError::Header(_))), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_address_is_asked_only_where_that_is_allowed() {
    for (allow_private, status, questions) in [(true, 200, 1), (false, 503, 0)] {
        let application = Receiver::start(says(200, grant())).await;
        let port = application.address.rsplit(':').next().expect("a port").to_owned();
        // No address as URLs have it, and so the resolver's to say: 127.0.0.1, without anybody else being asked.
        let url = format!("http://127.1:{port}/").parse().expect("a URL");
        let options = HookOptions { allow_private, ..HookOptions::new(url) };
        let scene =
            Scene::guarded(application, HookAuthorizer::new(options).expect("it may turn out public"));
        assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), status);
        assert_eq!(scene.application.connections(), questions);
    }
}
