//! The examples of docs/hooks.md about the hook.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tidings::auth::{HookEvent, HookOptions};
use tower::ServiceExt;

use crate::receiver::says;
use crate::{COOKIE, Scene, connected};

fn examples(kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hooks.md"));
    let text = text.expect("docs/hooks.md");
    let marker = format!("<!-- checked: {kind} -->\n```json\n");
    let blocks =
        text.split(marker.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block").to_owned());
    let parsed: Vec<Value> = blocks.map(|block| serde_json::from_str(&block).expect("JSON")).collect();
    assert!(!parsed.is_empty(), "{kind}");
    parsed
}

#[tokio::test]
async fn the_question_and_the_answers_of_the_documentation_are_true() {
    let question = &examples("question")[0];
    let client: SocketAddr = "203.0.113.7:4711".parse().expect("an address");
    for answer in examples("answer") {
        let scene = Scene::new(says(200, &answer)).await;
        let open = async |channels: &str| {
            let query = format!("channels={channels}&type=board&client_id=tab&lang=de");
            let request = Request::get(format!("/api/sse/stream?{query}"));
            let request = request.header(COOKIE.0, COOKIE.1).extension(ConnectInfo(client));
            let request = request.body(Body::empty()).expect("a request");
            scene.router.clone().oneshot(request).await.expect("an answer").status().as_u16()
        };
        let rights = answer.get("tidings").unwrap_or(&answer);
        let both = rights["subscribe"] == json!(["news", "room:*"]);
        // An example's end is past where the clock is beyond it.
        let over = answer["exp"].as_u64().is_some_and(|exp| exp * 1_000 <= wall_ms());
        let expected = |status| if over { 401 } else { status };
        assert_eq!(open("news,room:7").await, expected(if both { 200 } else { 403 }), "{answer}");
        assert_eq!(scene.asked().json(), *question);
        assert_eq!(open("news").await, expected(200), "{answer}");
    }
}

#[expect(clippy::disallowed_methods, reason = "an example has an end by the wall clock")]
fn wall_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

#[tokio::test]
async fn a_subscribes_answer_is_the_whole_grant() {
    let part = json!({ "sub": "ann", "ttl": 900, "subscribe": ["room:7"] });
    for (answer, channels) in
        [(examples("whole").remove(0), json!(["news", "room:7"])), (part, json!(["room:7"]))]
    {
        let events = vec![HookEvent::Subscribe];
        let first = says(200, json!({ "sub": "ann", "ttl": 900, "subscribe": ["news"] }));
        let scene = Scene::with(first, |options| HookOptions { events, ..options }).await;
        let (stream, _body) = connected(scene.open("channels=news", &[COOKIE]).await).await;
        scene.application.answer(says(200, &answer));
        let change = json!({ "connection_id": stream["connection_id"], "add": ["room:7"] }).to_string();
        let changed = scene.ask("POST", "/api/sse/subscriptions", &[COOKIE], &change).await;
        let changed = changed.into_body().collect().await.expect("a body").to_bytes();
        let changed: Value = serde_json::from_slice(&changed).expect("JSON");
        assert_eq!(changed["channels"], channels, "{answer}");
    }
}
