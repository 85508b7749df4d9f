//! Tokens on requests: how they are carried, and streams that live as long as their tokens. Time is the runtime's, and
//! stands still but where a test waits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tidings::auth::{Carriers, SigningKey, TokenAuthorizer};
use tidings::{ChannelName, HttpOptions, Hub, HubOptions};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::issuer::{Answer, KeyServer};
use crate::keys::SECRET;
use crate::{claims, issuer, jwks, text, verifier};

/// The default, which a stream lives longer than its token.
const LEEWAY: Duration = Duration::from_secs(5);
/// The least time between two turns of the hub's clock.
const TICK: Duration = Duration::from_millis(250);
const MINUTE: i64 = 60;

struct Application {
    hub: Hub,
    router: Router,
}

impl Application {
    fn with(carriers: Carriers) -> Self {
        let hub = Hub::open(HubOptions::default()).expect("opens");
        let authorizer = TokenAuthorizer::new(verifier(vec![issuer(text(SECRET), &[])]), carriers);
        let options =
            HttpOptions { origins: vec!["https://app.example".to_owned()], ..HttpOptions::default() };
        let router = tidings::router(hub.clone(), authorizer, &options);
        Self { hub, router }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    async fn stream(&self, token: &str) -> Stream {
        let bearer = format!("Bearer {token}");
        let answer =
            self.ask("GET", "/api/sse/stream?channels=news", &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        let mut stream = Stream { body: answer.into_body(), text: String::new(), id: String::new() };
        let (ty, connected) = stream.event().await.expect("it is open");
        assert_eq!(ty, "connected");
        stream.id = connected["connection_id"].as_str().expect("a secret").to_owned();
        stream
    }

    async fn refresh(&self, stream: &Stream, token: &str) -> (StatusCode, Value) {
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = self.ask("POST", "/api/sse/refresh", &headers, &stream.id).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        let stats = self.hub.stats();
        let connections = &stats["connections"];
        let closed = connections["closed_total"].as_object().expect("reasons").values();
        let closed: u64 = closed.map(|count| count.as_u64().expect("a count")).sum();
        assert_eq!(connections["opened_total"], connections["active"].as_u64().expect("a count") + closed);
    }
}

struct Stream {
    body: Body,
    text: String,
    id: String,
}

impl Stream {
    /// The next event's type and data; `None` at the stream's end.
    async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = field("data: ").map(|data| {
                    let data = serde_json::from_str(data).expect("JSON");
                    (field("event: ").unwrap_or("message").to_owned(), data)
                });
                self.text = rest.to_owned();
                match found {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let bytes = self.body.frame().await?.expect("whole").into_data().expect("no trailers");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what the authorizer's own clock shows")]
fn wall_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn token(user: &str, seconds: i64, subscribe: &[&str]) -> String {
    let mut claims = claims();
    claims["sub"] = json!(user);
    claims["exp"] = json!(wall_seconds().saturating_add_signed(seconds));
    claims["tidings"] = json!({ "subscribe": subscribe });
    SigningKey::secret(SECRET, None).expect("a secret").sign(&claims)
}

/// Within a turn of the clock, and the second that a token's end is rounded to.
#[track_caller]
fn assert_about(passed: Duration, expected: Duration) {
    let early = expected.saturating_sub(Duration::from_secs(2));
    assert!(
        (early..=expected + Duration::from_secs(1) + TICK).contains(&passed),
        "{passed:?}, not {expected:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_warned_and_ends_with_its_token_to_the_second() {
    let app = Application::with(Carriers::default());
    for (seconds, warned_before) in [(15 * MINUTE, 60), (35, 10), (3, 2)] {
        let begun = Instant::now();
        let mut stream = app.stream(&token("ada", seconds, &["news"])).await;
        let lives = Duration::from_secs(seconds.unsigned_abs()) + LEEWAY;
        let (ty, data) = stream.event().await.expect("it goes on");
        assert_eq!(ty, "expiring");
        assert_about(begun.elapsed(), lives - Duration::from_secs(warned_before));
        let left = Duration::from_millis(data["expires_in_ms"].as_u64().expect("a time"));
        assert_about(begun.elapsed() + left, lives);
        let (ty, data) = stream.event().await.expect("it goes on");
        assert_eq!(
            (ty.as_str(), &data["reason"], &data["reconnect"]),
            ("closing", &json!("expired"), &json!(true))
        );
        assert_about(begun.elapsed(), lives);
        assert_eq!(stream.event().await, None);
    }
    assert_eq!(app.hub.stats()["connections"]["closed_total"]["expired"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_carries_the_stream_on_to_its_own_end() {
    let app = Application::with(Carriers::default());
    let begun = Instant::now();
    let mut stream = app.stream(&token("ada", 15 * MINUTE, &["news"])).await;
    assert_eq!(stream.event().await.expect("it goes on").0, "expiring");
    let warned = begun.elapsed();
    // The wall clock of the test stands still, and so the fresh token's time counts from here.
    let (status, answer) = app.refresh(&stream, &token("ada", 15 * MINUTE, &["news"])).await;
    assert_eq!(
        (status, &answer["channels"], &answer["removed"]),
        (StatusCode::OK, &json!(["news"]), &json!([]))
    );
    assert_eq!(stream.event().await.expect("it goes on").0, "expiring", "once for each token");
    assert_about(begun.elapsed(), warned * 2);
    assert_eq!(stream.event().await.expect("it goes on").0, "closing");
    assert_about(begun.elapsed(), warned + Duration::from_secs(15 * 60) + LEEWAY);
    assert_eq!(app.hub.stats()["connections"]["opened_total"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_refreshes_lose_and_double_nothing() {
    let app = Application::with(Carriers::default());
    let mut stream = app.stream(&token("ada", 30, &["news"])).await;
    let (publisher, news) = (app.hub.publisher(), ChannelName::parse("news").expect("a name"));
    for n in 0..1_000 {
        publisher.publish(&news, "n", &n).await.expect("published");
        assert_eq!(app.refresh(&stream, &token("ada", 30, &["news"])).await.0, StatusCode::OK);
        loop {
            let (ty, data) = stream.event().await.expect("it goes on");
            if ty != "expiring" {
                assert_eq!((ty.as_str(), data), ("n", json!(n)));
                break;
            }
        }
        // Beyond the end of the token before, and not of this one.
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    assert_eq!(app.hub.stats()["connections"]["opened_total"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_takes_what_is_no_longer_granted_and_is_the_users_own() {
    let app = Application::with(Carriers::default());
    let mut stream = app.stream(&token("ada", MINUTE, &["news"])).await;
    for (what, token, status) in [
        ("another's", token("bob", 15 * MINUTE, &["news"]), StatusCode::FORBIDDEN),
        ("a forged one", format!("{}AAAA", token("ada", 15 * MINUTE, &["news"])), StatusCode::UNAUTHORIZED),
        ("one that is over", token("ada", -MINUTE, &["news"]), StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(app.refresh(&stream, &token).await.0, status, "{what}");
    }
    let (_, answer) = app.refresh(&stream, &token("ada", 15 * MINUTE, &["room:*"])).await;
    assert_eq!((&answer["channels"], &answer["removed"]), (&json!([]), &json!(["news"])));
    let (ty, data) = stream.event().await.expect("it goes on");
    assert_eq!((ty.as_str(), data), ("unsubscribed", json!({ "channels": ["news"] })));
}

#[tokio::test]
async fn a_cookie_is_taken_from_the_hubs_own_pages_and_those_that_are_allowed() {
    let app = Application::with(Carriers { cookie: Some("hub".to_owned()), query: false });
    let token = token("ada", MINUTE, &["news"]);
    let cookie = format!("theme=dark; hub={token}");
    let own = [("cookie", cookie.as_str()), ("host", "hub.example")];
    for (what, more, status) in [
        ("no browser", &[][..], 200),
        ("its own page", &[("sec-fetch-site", "same-origin")], 200),
        ("its own page, by origin", &[("origin", "https://hub.example")], 200),
        ("an address that was typed", &[("sec-fetch-site", "none")], 200),
        (
            "a page that is allowed",
            &[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
            200,
        ),
        ("another page", &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], 403),
        ("another page, by origin alone", &[("origin", "https://evil.example")], 403),
        (
            "a picture on another page",
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
            403,
        ),
        ("a sibling", &[("sec-fetch-site", "same-site")], 403),
        ("a page in a sandbox", &[("origin", "null")], 403),
    ] {
        let headers = [&own, more].concat();
        for path in ["/api/sse/stream?channels=news", "/api/sse/history?channel=news"] {
            let answer = app.ask("GET", path, &headers, "").await;
            assert_eq!(answer.status().as_u16(), status, "{what}: {path}");
        }
    }
    // What a page had to be given first, it may show from wherever it is.
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("origin", "https://evil.example")];
    assert_eq!(app.ask("GET", "/api/sse/history?channel=news", &headers, "").await.status(), 200);
    let other = [("cookie", format!("other={token}"))];
    let other = other.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(app.ask("GET", "/api/sse/history?channel=news", &other, "").await.status(), 401);
}

#[tokio::test]
async fn a_query_is_looked_at_where_that_is_allowed() {
    let path = format!("/api/sse/history?channel=news&token={}", token("ada", MINUTE, &["news"]));
    for (query, status) in [(true, 200), (false, 401)] {
        let app = Application::with(Carriers { cookie: None, query });
        assert_eq!(app.ask("GET", &path, &[], "").await.status().as_u16(), status);
    }
}

#[tokio::test]
async fn while_an_issuers_keys_are_away_the_answer_is_to_come_again() {
    let server = KeyServer::start(&[]).await;
    server.answers(Answer::Text(String::new()));
    let hub = Hub::open(HubOptions::default()).expect("opens");
    let authorizer = TokenAuthorizer::new(verifier(vec![issuer(jwks(&server), &[])]), Carriers::default());
    let router = tidings::router(hub.clone(), authorizer, &HttpOptions::default());
    let app = Application { hub, router };
    let mut claims = claims();
    claims["exp"] = json!(wall_seconds().saturating_add_signed(MINUTE));
    let token = crate::keys::signer(&crate::keys::RSA, tidings::auth::Algorithm::Rs256).sign(&claims);
    let bearer = format!("Bearer {token}");
    let answer = app.ask("GET", "/api/sse/stream", &[("authorization", &bearer)], "").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
}
