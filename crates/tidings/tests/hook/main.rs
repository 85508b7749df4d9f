//! The hook: what the application is asked, what its answers allow, and what becomes of its silence.

mod bad;
mod documented;
mod kept;
#[path = "../receiver/mod.rs"]
mod receiver;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tidings::auth::{HookAuthorizer, HookEvent, HookOptions, SigningKey, TokenAuthorizer};
use tidings::{Authorizer, HttpOptions, Hub, HubOptions};
use tower::ServiceExt;

use crate::receiver::{Receiver, says};

const COOKIE: (&str, &str) = ("cookie", "sid=ann");

/// A hub that asks an application.
struct Scene {
    hub: Hub,
    router: Router,
    application: Receiver,
}

impl Scene {
    async fn new(answer: receiver::Answer) -> Self {
        Self::with(answer, |options| options).await
    }

    async fn with(answer: receiver::Answer, change: impl FnOnce(HookOptions) -> HookOptions) -> Self {
        let application = Receiver::start(answer).await;
        let options = change(HookOptions::new(application.url("/hook?key=canary")));
        Self::guarded(application, HookAuthorizer::new(options).expect("it can be asked"))
    }

    fn guarded(application: Receiver, authorizer: impl Authorizer) -> Self {
        let hub = Hub::open(HubOptions::default()).expect("opens");
        let options =
            HttpOptions { origins: vec!["https://app.example".to_owned()], ..HttpOptions::default() };
        // As the server has it, whose listeners share one.
        let router = tidings::router(hub.clone(), Arc::new(authorizer), &options);
        Self { hub, router, application }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    async fn open(&self, query: &str, headers: &[(&str, &str)]) -> Response<Body> {
        self.ask("GET", &format!("/api/sse/stream?{query}"), headers, "").await
    }

    async fn status(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        self.ask(method, path, headers, body).await.status().as_u16()
    }

    /// What the last question was.
    fn asked(&self) -> receiver::Request {
        self.application.requests().pop().expect("a question")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let stats = json!(self.hub.stats());
        let connections = &stats["connections"];
        let closed = connections["closed_total"].as_object().expect("reasons");
        let closed: u64 = closed.values().filter_map(Value::as_u64).sum();
        assert_eq!(connections["opened_total"], json!(connections["active"].as_u64().unwrap_or(0) + closed));
    }
}

/// The first event of a stream, with its data.
async fn connected(response: Response<Body>) -> (Value, Body) {
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let mut text = String::new();
    while !text.contains("\n\n") {
        let frame = body.frame().await.expect("it goes on").expect("bytes");
        text.push_str(std::str::from_utf8(frame.data_ref().expect("data")).expect("text"));
    }
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
    (serde_json::from_str(data).expect("JSON"), body)
}

async fn problem(response: Response<Body>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    serde_json::from_slice(&body).expect("JSON")
}

fn grant() -> Value {
    json!({ "sub": "ann", "ttl": 900, "subscribe": ["news", "room:*"], "publish": ["news"], "type": "board" })
}

#[tokio::test]
async fn the_application_is_asked_and_its_answer_is_the_grant() {
    let scene = Scene::new(says(200, grant())).await;
    let headers =
        [COOKIE, ("authorization", "Basic eA=="), ("x-forwarded-for", "6.6.6.6"), ("x-own", "canary")];
    let query = "channels=news,room:7&client_id=tab&type=mine&room=7&last_event_id=x";
    let (stream, _body) = connected(scene.open(query, &headers).await).await;
    assert_eq!((&stream["user"], &stream["type"]), (&json!("ann"), &json!("board")));
    assert_eq!(stream["channels"], json!(["news", "room:7"]));

    let asked = scene.asked();
    assert_eq!(asked.line, "POST /hook?key=canary HTTP/1.1");
    assert_eq!((asked.header("cookie"), asked.header("authorization")), ("sid=ann", "Basic eA=="));
    assert!(!asked.headers.contains_key("x-own") && !asked.headers.contains_key("x-forwarded-for"));
    assert_eq!(
        asked.json(),
        json!({ "version": 1, "action": "connect", "channels": ["news", "room:7"], "type": "mine",
                "client_id": "tab", "remote": "0.0.0.0", "query": "room=7" })
    );
    let publish = |channel: &str| json!({ "channel": channel, "data": 1 }).to_string();
    assert_eq!(scene.status("POST", "/api/sse/publish", &[COOKIE], &publish("news")).await, 200);
    assert_eq!(scene.asked().json()["action"], "connect", "no question of its own");
    assert_eq!(scene.status("POST", "/api/sse/publish", &[COOKIE], &publish("room:7")).await, 403);
    assert_eq!(scene.open("channels=secret", &[COOKIE]).await.status(), 403);
    assert_eq!(scene.status("GET", "/api/sse/stats", &[COOKIE], "").await, 403, "no operator");
    scene.application.answer(says(200, json!({ "sub": "ops", "tidings": { "admin": true } })));
    assert_eq!(scene.status("GET", "/api/sse/stats", &[("cookie", "sid=ops")], "").await, 200);
}

#[tokio::test]
async fn subscribes_and_publishes_are_questions_of_their_own_where_that_is_wished() {
    let all = vec![HookEvent::Subscribe, HookEvent::Publish];
    let scene = Scene::with(says(200, grant()), |options| HookOptions { events: all, ..options }).await;
    let (stream, _body) = connected(scene.open("channels=news", &[COOKIE]).await).await;
    let id = stream["connection_id"].as_str().expect("a secret");
    let change = json!({ "connection_id": id, "add": ["room:7"] }).to_string();
    assert_eq!(scene.status("POST", "/api/sse/subscriptions", &[COOKIE], &change).await, 200);
    let asked = scene.asked().json();
    assert_eq!((&asked["action"], &asked["channels"]), (&json!("subscribe"), &json!(["room:7"])));
    assert_eq!(asked["user"], "ann");
    assert_eq!(scene.status("GET", "/api/sse/history?channel=news", &[COOKIE], "").await, 200);
    assert_eq!(scene.asked().json()["channels"], json!(["news"]));
    let event = json!({ "channel": "news", "data": 1 }).to_string();
    assert_eq!(scene.status("POST", "/api/sse/publish", &[COOKIE], &event).await, 200);
    assert_eq!(scene.asked().json()["action"], "publish");

    scene.application.answer(says(200, json!({ "sub": "bob", "subscribe": ["*"] })));
    let status = scene.status("POST", "/api/sse/subscriptions", &[("cookie", "sid=bob")], &change).await;
    assert_eq!(status, 403, "another user's stream");
}

#[tokio::test]
async fn a_refusal_of_the_application_is_the_clients_with_a_plain_word_at_most() {
    let scene = Scene::new(says(401, "<html>trace of canary</html>")).await;
    let refused = scene.open("channels=news", &[COOKIE]).await;
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("www-authenticate"));
    assert!(!problem(refused).await.to_string().contains("canary"));
    scene.application.answer(says(403, json!({ "detail": "your school is closed", "trace": "canary" })));
    let refused = scene.open("channels=news", &[COOKIE]).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(problem(refused).await["detail"], "your school is closed");
}

#[tokio::test]
async fn a_page_of_another_origin_does_not_come_with_the_users_cookie() {
    let scene = Scene::new(says(200, grant())).await;
    let from = |origin, site| [COOKIE, ("origin", origin), ("sec-fetch-site", site), ("host", "hub.example")];
    for (origin, site) in [
        ("https://evil.example", "cross-site"),
        ("https://other.example", "same-site"),
        ("null", "cross-site"),
    ] {
        assert_eq!(scene.open("channels=news", &from(origin, site)).await.status(), 403, "{origin}");
        let basic = [("authorization", "Basic eA=="), ("origin", origin), ("sec-fetch-site", site)];
        assert_eq!(scene.open("channels=news", &basic).await.status(), 403, "{origin}");
    }
    assert_eq!(scene.application.count(), 0, "nobody is asked");
    let own = scene.open("channels=news", &from("https://app.example", "cross-site")).await;
    assert_eq!(own.status(), 200, "an origin that is allowed");
    let without = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    assert_eq!(scene.open("channels=news", &without).await.status(), 200, "nothing of the user's is sent");
}

#[tokio::test]
async fn a_token_that_a_request_carries_is_checked_and_nobody_is_asked() {
    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    let application = Receiver::start(says(200, grant())).await;
    let issuer = tidings::auth::IssuerOptions {
        issuer: None,
        algorithms: Vec::new(),
        key: tidings::auth::KeySource::Text(SECRET.to_vec()),
        audience: Vec::new(),
    };
    let verifier = tidings::auth::TokenVerifier::new(tidings::auth::TokenOptions::new(vec![issuer]));
    let tokens = TokenAuthorizer::new(verifier.expect("keys"), tidings::auth::Carriers::default());
    let hook = HookAuthorizer::new(HookOptions::new(application.url("/"))).expect("it can be asked");
    let scene = Scene::guarded(application, hook.beside(tokens));
    let key = SigningKey::secret(SECRET, None).expect("a key");
    let claims = json!({ "sub": "tom", "exp": 4_000_000_000u64, "tidings": { "subscribe": ["news"] } });
    let token = key.sign(&claims);
    let bearer = format!("Bearer {token}");
    let (stream, _body) = connected(scene.open("channels=news", &[("authorization", &bearer)]).await).await;
    assert_eq!(stream["user"], "tom");
    let forged = format!("{bearer}x");
    assert_eq!(scene.open("channels=news", &[("authorization", &forged), COOKIE]).await.status(), 401);
    assert_eq!(scene.application.count(), 0, "a token that is not good is no way to the hook");
    let (stream, _body) = connected(scene.open("channels=news", &[COOKIE]).await).await;
    assert_eq!(stream["user"], "ann");
}

#[tokio::test]
async fn over_tls_it_is_asked_where_its_certificate_is_vouched_for() {
    let application = Receiver::start_tls(says(200, grant())).await;
    let pem = application.authority.clone().expect("its certificate").into_bytes();
    let trusting = HookOptions { authorities: Some(pem), ..HookOptions::new(application.url("/")) };
    let scene = Scene::guarded(application.clone(), HookAuthorizer::new(trusting).expect("it can be asked"));
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 200);
    let other = Receiver::start_tls(says(200, grant())).await.authority.expect("its certificate");
    let other =
        HookOptions { authorities: Some(other.into_bytes()), ..HookOptions::new(application.url("/")) };
    let scene = Scene::guarded(application, HookAuthorizer::new(other).expect("it can be asked"));
    assert_eq!(scene.open("channels=news", &[COOKIE]).await.status(), 503);
    assert_eq!(scene.application.count(), 1, "nothing was sent to it");
}
