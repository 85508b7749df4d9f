//! Changes to the channels of a stream whose reader does not read: they end before the hub's memory does.

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tidings::{GrantEverything, HttpOptions, Hub, HubOptions};
use tower::ServiceExt;

/// Far above what it takes to be refused.
const CHANGES_MAX: usize = 2_000;

struct Application {
    hub: Hub,
    router: Router,
}

impl Application {
    fn open() -> Self {
        let hub = Hub::open(HubOptions::default()).expect("opens");
        let router = tidings::router(hub.clone(), GrantEverything, &HttpOptions::default());
        Self { hub, router }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Response<Body> {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string()));
        self.router.clone().oneshot(request.expect("a request")).await.expect("an answer")
    }

    /// A stream of which `connected` was read, and nothing after it, with its secret id.
    async fn unread(&self) -> (Body, String) {
        let answer = self.ask("GET", "/api/sse/stream?channels=logs&user=ada", Value::Null).await;
        let mut body = answer.into_body();
        let first = body.frame().await.expect("it is open").expect("whole").into_data().expect("no trailers");
        let text = String::from_utf8_lossy(&first).into_owned();
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("connected");
        let connected: Value = serde_json::from_str(data).expect("JSON");
        (body, connected["connection_id"].as_str().expect("a secret").to_owned())
    }

    /// Adds a channel and removes it, and so on, until that is refused or the stream is gone.
    async fn change(&self, method: &str, path: &str, members: Value) -> Response<Body> {
        let name = format!("jobs:{}", "x".repeat(200));
        for n in 0..CHANGES_MAX {
            let mut change = members.clone();
            change[if n % 2 == 0 { "add" } else { "remove" }] = json!([name]);
            let answer = self.ask(method, path, change).await;
            if answer.status() != StatusCode::OK || self.connections()["active"] == 0 {
                return answer;
            }
        }
        panic!("{CHANGES_MAX} changes wait for one who does not read");
    }

    fn connections(&self) -> Value {
        self.hub.stats()["connections"].clone()
    }
}

#[tokio::test]
async fn its_own_client_is_told_to_read_first() {
    let app = Application::open();
    let (mut body, id) = app.unread().await;
    let refused = app.change("POST", "/api/sse/subscriptions?user=ada", json!({ "connection_id": id })).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem = refused.into_body().collect().await.expect("a body").to_bytes();
    assert!(String::from_utf8_lossy(&problem).contains("has not read its earlier changes"), "{problem:?}");
    assert_eq!(app.connections()["active"], 1, "it may read yet");
    loop {
        body.frame().await.expect("it goes on").expect("whole");
        let answer = app
            .ask("POST", "/api/sse/subscriptions?user=ada", json!({ "connection_id": id, "add": ["x"] }))
            .await;
        if answer.status() == StatusCode::OK {
            break;
        }
    }
}

#[tokio::test]
async fn an_operators_change_ends_it() {
    let app = Application::open();
    let (_body, _) = app.unread().await;
    let answer = app.change("PUT", "/api/sse/users/ada/channels", json!({})).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(app.connections()["closed_total"]["stalled"], 1, "{}", app.connections());
}
