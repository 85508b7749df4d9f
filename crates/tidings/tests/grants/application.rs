//! An application whose doorman grants what the test says.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tidings::{Authorizer, Grant, HttpOptions, Hub, HubOptions, Problem, Selector};
use tower::ServiceExt;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Grants what the test says at the moment, or knows nobody.
#[derive(Clone)]
pub(crate) struct Doorman(Arc<Mutex<Result<Grant, Problem>>>);

pub(crate) fn nobody() -> Problem {
    Problem::unauthorized("log in first")
}

impl Authorizer for Doorman {
    async fn authorize(&self, _request: &Parts) -> Result<Grant, Problem> {
        self.0.lock().expect("no test panics with it").clone()
    }
}

pub(crate) struct Application {
    pub(crate) hub: Hub,
    router: Router,
    doorman: Doorman,
}

/// A board of the rooms that somebody watches: no right to publish, and none of an operator.
pub(crate) fn board() -> Grant {
    let selector = |name: &str| Selector::parse(name).expect("a name");
    Grant {
        subscribe: vec![selector("news"), selector("room:*")],
        publish: vec![selector("room:1")],
        ..Grant::nothing("ada")
    }
}

impl Application {
    pub(crate) fn granting(grant: Grant) -> Self {
        let mut options = HubOptions::default();
        options.cleanup.interval_ms = 20;
        let hub = Hub::open(options).expect("opens");
        let doorman = Doorman(Arc::new(Mutex::new(Ok(grant))));
        let router = tidings::router(hub.clone(), doorman.clone(), &HttpOptions::default());
        Self { hub, router, doorman }
    }

    pub(crate) fn now_grant(&self, grant: Result<Grant, Problem>) {
        *self.doorman.0.lock().expect("no test panics with it") = grant;
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned()));
        self.router.clone().oneshot(request.expect("a request")).await.expect("an answer")
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
        let answer = self.ask(method, path, body).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// The answer must be a problem of this status whose detail says this.
    #[track_caller]
    pub(crate) fn refused(answer: &(StatusCode, Value), status: u16, part: &str) {
        assert_eq!(answer.0.as_u16(), status, "{}", answer.1);
        assert!(answer.1["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{}", answer.1);
    }

    pub(crate) async fn stream(&self, query: &str) -> (Stream, Value) {
        let answer = self.ask("GET", &format!("/api/sse/stream?{query}"), "").await;
        assert_eq!(answer.status(), 200, "{query}");
        let mut stream = Stream { body: answer.into_body(), text: String::new() };
        let (ty, connected) = stream.event().await;
        assert_eq!(ty, "connected");
        (stream, connected)
    }
}

pub(crate) struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    /// The next event's type and data.
    pub(crate) async fn event(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = field("data: ").map(|data| {
                    let data = serde_json::from_str(data).expect("JSON");
                    (field("event: ").unwrap_or("message").to_owned(), data)
                });
                self.text = rest.to_owned();
                match found {
                    Some(event) => return event,
                    None => continue,
                }
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("something comes");
            let frame = frame.expect("the stream goes on").expect("whole");
            let bytes = frame.into_data().expect("no trailers");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a grant's end is told in real time")]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("milliseconds")
}
