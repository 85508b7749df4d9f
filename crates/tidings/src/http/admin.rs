//! What operators see and do.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::request::Parts;
use http::{Request, Response};
use serde::Deserialize;
use serde_json::json;

use super::operators::Deed;
use super::problem::Problem;
use super::{SMALL_BODY_BYTES_MAX, Segment, Shared, json_body, read_body};
use crate::hub::{ChannelQuery, ClosedQuery, ConnectionQuery, KickOrder, UserQuery};

pub(super) type Answer = Result<Response<Body>, Problem>;

/// `GET /api/sse/stats`.
pub(super) async fn stats(State(app): Shared, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
    app.hub.look_at_cluster().await;
    Ok(axum::Json(app.hub.stats()).into_response())
}

/// `GET /api/sse/stats/series`.
pub(super) async fn series(State(app): Shared, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
    Ok(axum::Json(app.hub.series()).into_response())
}

/// `GET /api/sse/connections`.
pub(super) async fn connections(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    app.admin(&parts).await?;
    Ok(axum::Json(app.hub.connections_everywhere(&ConnectionQuery::parse(asked(&parts))?).await)
        .into_response())
}

/// `GET /api/sse/connections/{id}`.
pub(super) async fn connection(State(app): Shared, Segment(id): Segment, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
    let details = app.hub.connection_anywhere(&id).await;
    let gone = || Problem::not_found("no connection of that id is live, or among the last that ended");
    Ok(axum::Json(details.ok_or_else(gone)?).into_response())
}

/// `GET /api/sse/connections/closed`.
pub(super) async fn closed(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    app.admin(&parts).await?;
    Ok(axum::Json(app.hub.recently_closed(&ClosedQuery::parse(asked(&parts))?)).into_response())
}

/// `GET /api/sse/channels`.
pub(super) async fn channels(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    app.admin(&parts).await?;
    Ok(axum::Json(app.hub.channels(&ChannelQuery::parse(asked(&parts))?)).into_response())
}

/// `GET /api/sse/users`.
pub(super) async fn users(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    app.admin(&parts).await?;
    Ok(axum::Json(app.hub.users_everywhere(&UserQuery::parse(asked(&parts))?).await).into_response())
}

pub(super) fn asked(parts: &Parts) -> &str {
    parts.uri.query().unwrap_or_default()
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KickAsked {
    reason: Option<String>,
    reconnect: bool,
}

/// `DELETE /api/sse/connections/{id}`.
pub(super) async fn kick(State(app): Shared, Segment(id): Segment, request: Request<Body>) -> Answer {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    app.hub.look_at_cluster().await;
    app.hub.kick(&id, &order(&body)?).map_err(|error| Problem::not_found(error.to_string()))?;
    Ok(axum::Json(json!({ "kicked": 1 })).into_response())
}

/// `DELETE /api/sse/users/{user}/connections`.
pub(super) async fn kick_user(State(app): Shared, Segment(user): Segment, request: Request<Body>) -> Answer {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    let elsewhere = app.hub.connections_elsewhere(&user).await;
    let kicked = app.hub.kick_user(&user, &order(&body)?).0 + elsewhere;
    Ok(Deed::detailed(format!("kicked={kicked}")).with(axum::Json(json!({ "kicked": kicked }))))
}

fn order(body: &[u8]) -> Result<KickOrder, Problem> {
    let asked: KickAsked = json_body(body)?;
    Ok(KickOrder { detail: asked.reason.map(Into::into), reconnect: asked.reconnect })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CleanupAsked {
    #[serde(deserialize_with = "present")]
    batch_size: Option<Option<i64>>,
}

/// Tells `null` from nothing at all.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// `POST /api/sse/cleanup`.
pub(super) async fn cleanup(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    let asked: CleanupAsked = json_body(&body)?;
    let slice = match asked.batch_size {
        None => Some(app.hub.options().cleanup.batch_size),
        Some(None) => None,
        Some(Some(n)) => match usize::try_from(n) {
            Ok(n) if n > 0 => Some(n),
            _ => return Err(Problem::bad_request("batch_size is at least 1, or null for all at once")),
        },
    };
    Ok(axum::Json(app.hub.sweep(slice).await).into_response())
}

/// `POST /api/sse/drain`.
pub(super) async fn drain(State(app): Shared, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
    let first = app.hub.ask_drain();
    let window_ms = app.hub.options().drain_window_ms;
    let body = json!({ "draining": true, "already": !first, "window_ms": window_ms });
    Ok((http::StatusCode::ACCEPTED, axum::Json(body)).into_response())
}

/// `GET /api/sse/audit`.
pub(super) async fn audit(State(app): Shared, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
    Ok(axum::Json(json!({ "entries": app.trail.recent() })).into_response())
}
