//! What an operator publishes from the monitor is written down, too. What programs publish with a token is not: that is no
//! operator's deed, and there may be thousands a second.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::header::AUTHORIZATION;
use tidings::{AuditEntry, ToBeNoted};

use super::Desk;
use super::sessions::wall_ms;

const PATH: &str = "/api/sse/publish";

pub(super) async fn note(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || request.uri().path() != PATH {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // What a request shows by itself, a token, goes before: see [`super::gate`].
    let by_cookie = !parts.headers.contains_key(AUTHORIZATION);
    let session = by_cookie.then(|| desk.0.sessions.of(&parts, wall_ms())).flatten();
    let Some(session) = session else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let mut entry = AuditEntry::new("publish", desk.0.hub.client(&parts), None);
    entry.by(&session.grant);
    parts.extensions.insert(ToBeNoted);
    tidings::written_down(desk.0.trail.clone(), entry, next.run(Request::from_parts(parts, body))).await
}
