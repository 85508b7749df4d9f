//! What an operator publishes from the monitor is written down, too. What programs publish with a token is not: that is no
//! operator's deed, and there may be thousands a second.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;
use serde::Deserialize;
use tidings::{AuditEntry, Problem};

use super::Desk;

const PATH: &str = "/api/sse/publish";

#[derive(Deserialize)]
struct Published {
    channel: Option<String>,
}

pub(super) async fn note(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || request.uri().path() != PATH {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Some(session) = desk.0.sessions.of(&parts, super::sessions::wall_ms()) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let most = desk.0.hub.options().bounds.body_bytes;
    let Ok(body) = to_bytes(body, if most == 0 { usize::MAX } else { most }).await else {
        return Problem::too_large(format!("the body is over the limit of {most} bytes")).into_response();
    };
    let mut entry = AuditEntry::new("publish", desk.0.hub.client(&parts), channel(&body));
    entry.by(&session.grant);
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    desk.0.trail.record(entry.ended(answer.status())).await;
    answer
}

fn channel(body: &Bytes) -> Option<String> {
    serde_json::from_slice::<Published>(body).ok()?.channel
}
