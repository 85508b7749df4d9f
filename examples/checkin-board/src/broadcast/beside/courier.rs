//! Sends what waits: a few requests, each with a deadline, again and again until the hub has answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::Queue;
use crate::broadcast::Telling;
use crate::clock;
use crate::event::{EVERY_GROUP, channel};
use crate::issuer::{Issuer, Token};

/// Events in one request.
const EVENTS_SENT_MAX: usize = 100;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Before it tries again; doubled each time.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MOST: Duration = Duration::from_secs(5);
/// A token that ends within this is not used any more.
const TOKEN_SPARE_SECONDS: u64 = 30;

pub(super) struct Courier {
    hub: Uri,
    issuer: Arc<Issuer>,
    /// How long a token that is out there may still be good.
    token_ms: u64,
    client: Client<HttpConnector, Body>,
    token: Option<Token>,
}

/// Why the hub has not taken something.
enum Refusal {
    /// It may take it later.
    Away(String),
    /// It will never take it.
    Wrong(String),
}

impl Courier {
    pub(super) fn new(hub: Uri, issuer: Arc<Issuer>, token_ms: u64) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { hub, issuer, token_ms, client, token: None }
    }

    pub(super) async fn run(mut self, queue: Arc<Queue>) {
        loop {
            let tellings = queue.take(EVENTS_SENT_MAX);
            if tellings.is_empty() {
                if queue.waiting().closing {
                    return;
                }
                queue.more.notified().await;
                continue;
            }
            self.deliver(&tellings).await;
        }
    }

    /// Until the hub has taken them, or says that it never will.
    async fn deliver(&mut self, tellings: &[Telling]) {
        let mut wait = RETRY_FIRST;
        loop {
            match self.send(tellings).await {
                Ok(()) => return,
                Err(Refusal::Wrong(why)) => {
                    return tracing::error!(why, count = tellings.len(), "the hub will not be told");
                }
                Err(Refusal::Away(why)) => {
                    tracing::warn!(why, retry_ms = wait.as_millis(), "the hub is away");
                }
            }
            sleep(wait).await;
            wait = (wait * 2).min(RETRY_MOST);
        }
    }

    async fn send(&mut self, tellings: &[Telling]) -> Result<(), Refusal> {
        match &tellings[0] {
            Telling::Event(_) => {
                let events: Vec<Value> = tellings.iter().filter_map(published).collect();
                let answer = self.ask(Method::POST, "/api/sse/publish", &json!(events)).await?;
                let refused =
                    answer.as_array().into_iter().flatten().filter(|item| item["status"].is_number());
                for problem in refused {
                    tracing::error!(detail = %problem["detail"], "an event was refused");
                }
                Ok(())
            }
            Telling::Rights { user, groups } => {
                let add: Vec<_> = groups.iter().map(|group| channel(*group).to_string()).collect();
                // All are taken and these given: whatever was before, it is so now.
                let change = json!({ "add": add, "remove": [EVERY_GROUP], "until": self.until() });
                self.ask(Method::PUT, &format!("/api/sse/users/{user}/channels"), &change).await.map(drop)
            }
            Telling::ShutOut { user } => {
                let order = json!({ "user": user.to_string(), "until": self.until() });
                self.ask(Method::POST, "/api/sse/revocations", &order).await.map(drop)
            }
            Telling::TokenOver { id } => {
                let order = json!({ "jti": id, "until": self.until() });
                self.ask(Method::POST, "/api/sse/revocations", &order).await.map(drop)
            }
            Telling::LetIn { user } => self
                .ask(Method::DELETE, &format!("/api/sse/revocations?user={user}"), &Value::Null)
                .await
                .map(drop),
        }
    }

    async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Result<Value, Refusal> {
        let authority = self.hub.authority().map(ToString::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{authority}{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .map_err(|error| Refusal::Wrong(error.to_string()))?;
        let asked = async {
            let answer =
                self.client.request(request).await.map_err(|error| Refusal::Away(error.to_string()))?;
            let status = answer.status();
            let body = to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await;
            let body = body.map_err(|error| Refusal::Away(error.to_string()))?;
            Ok((status, serde_json::from_slice::<Value>(&body).unwrap_or_default()))
        };
        let answered = timeout(ANSWER_WITHIN, asked).await;
        let (status, answer) = answered.map_err(|_| Refusal::Away("it does not answer".to_owned()))??;
        let why = || format!("{status}: {}", answer["detail"].as_str().unwrap_or_default());
        match status {
            StatusCode::OK => Ok(answer),
            // Nobody was shut out, or no longer.
            StatusCode::NOT_FOUND if path.starts_with("/api/sse/revocations") => Ok(answer),
            // Its clock, or its idea of our key, may be behind: a fresh token, after a while.
            StatusCode::UNAUTHORIZED => {
                self.token = None;
                Err(Refusal::Away(why()))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(Refusal::Away(why())),
            status if status.is_server_error() => Err(Refusal::Away(why())),
            _ => Err(Refusal::Wrong(why())),
        }
    }

    /// By then each token that is out there was made after this. In seconds since 1970.
    fn until(&self) -> u64 {
        (clock::now_ms() + self.token_ms) / 1_000 + 1
    }

    fn token(&mut self) -> &str {
        let now_ms = clock::now_ms();
        let spent = |token: &Token| token.ends_at <= now_ms / 1_000 + TOKEN_SPARE_SECONDS;
        if self.token.as_ref().is_none_or(spent) {
            self.token = Some(self.issuer.for_service(now_ms));
        }
        self.token.as_ref().map(|token| token.text.as_str()).unwrap_or_default()
    }
}

/// With an id of its own: where the answer was lost and it is sent again, the boards have it once.
fn published(telling: &Telling) -> Option<Value> {
    let Telling::Event(event) = telling else { return None };
    let ty = event.ty.name();
    let id = format!("{}-{ty}", event.timestamp);
    Some(json!({ "channel": event.channel().to_string(), "type": ty, "id": id, "data": event }))
}
