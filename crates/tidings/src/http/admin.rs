//! What operators see and do.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::request::Parts;
use http::{Request, Response};
use serde::Deserialize;
use serde_json::json;
use tidings_core::channel::Selector;
use tidings_core::grant::Label;

use super::operators::Deed;
use super::problem::Problem;
use super::{SMALL_BODY_BYTES_MAX, Segment, Shared, json_body, read_body};
use crate::hub::{
    AmendError, ChannelQuery, ClosedQuery, ConnectionQuery, KickOrder, TooManyRevoked, UserQuery,
};

/// Without an `until`, a revocation holds this long: a day.
const REVOKED_DEFAULT_MS: u64 = 24 * 3600 * 1000;

type Answer = Result<Response<Body>, Problem>;

/// `GET /api/sse/stats`.
pub(super) async fn stats(State(app): Shared, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
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
    Ok(axum::Json(app.hub.connections(&ConnectionQuery::parse(asked(&parts))?)).into_response())
}

/// `GET /api/sse/connections/{id}`.
pub(super) async fn connection(State(app): Shared, Segment(id): Segment, request: Request<Body>) -> Answer {
    app.admin(&request.into_parts().0).await?;
    let details = app.hub.connection(&id);
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
    Ok(axum::Json(app.hub.users(&UserQuery::parse(asked(&parts))?)).into_response())
}

fn asked(parts: &Parts) -> &str {
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
    app.hub.kick(&id, &order(&body)?).map_err(|error| Problem::not_found(error.to_string()))?;
    Ok(axum::Json(json!({ "kicked": 1 })).into_response())
}

/// `DELETE /api/sse/users/{user}/connections`.
pub(super) async fn kick_user(State(app): Shared, Segment(user): Segment, request: Request<Body>) -> Answer {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    let kicked = app.hub.kick_user(&user, &order(&body)?).0;
    Ok(Deed::detailed(format!("kicked={kicked}")).with(axum::Json(json!({ "kicked": kicked }))))
}

fn order(body: &[u8]) -> Result<KickOrder, Problem> {
    let asked: KickAsked = json_body(body)?;
    Ok(KickOrder { detail: asked.reason.map(Into::into), reconnect: asked.reconnect })
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ChangeAsked {
    add: Vec<String>,
    remove: Vec<String>,
}

/// `PUT /api/sse/users/{user}/channels`.
pub(super) async fn change_user(
    State(app): Shared,
    Segment(user): Segment,
    request: Request<Body>,
) -> Answer {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    let user = label(&user)?;
    let asked: ChangeAsked = json_body(&body)?;
    let parse = |names: Vec<String>| {
        let parsed = names.iter().map(|name| Selector::parse(name));
        parsed
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Problem::bad_request(format!("channel {error}")))
    };
    let deed = Deed::detailed(format!("add={} remove={}", asked.add.join(","), asked.remove.join(",")));
    let changed = app.hub.amend_user(&user, &parse(asked.add)?, &parse(asked.remove)?)?;
    Ok(deed.with(axum::Json(json!({ "user": user, "streams_changed": changed }))))
}

fn label(user: &str) -> Result<Label, Problem> {
    Label::parse(user).map_err(|error| Problem::bad_request(format!("`user` {error}")))
}

impl From<AmendError> for Problem {
    fn from(error: AmendError) -> Self {
        let detail = error.to_string();
        match error {
            AmendError::Contradiction { .. } | AmendError::HubsOwn { .. } => Self::bad_request(detail),
            AmendError::TooManyChannels { amended_channels_max } => Self::bad_request(detail)
                .with("limit_name", "amended_channels_max")
                .with("limit", amended_channels_max),
            AmendError::TooManyUsers { amended_users_max } => Self::unavailable(detail)
                .with("limit_name", "amended_users_max")
                .with("limit", amended_users_max),
        }
    }
}

impl From<TooManyRevoked> for Problem {
    fn from(error: TooManyRevoked) -> Self {
        Self::unavailable(error.to_string())
            .with("limit_name", "revoked_users_max")
            .with("limit", error.revoked_users_max)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeAsked {
    user: Option<String>,
    jti: Option<String>,
    /// Seconds since 1970.
    until: Option<u64>,
}

/// `POST /api/sse/revocations`.
pub(super) async fn revoke(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    let asked: RevokeAsked = json_body(&body)?;
    if asked.jti.is_some() {
        return Err(Problem::bad_request(
            "`jti` needs tokens, which this version does not have: name a `user`",
        ));
    }
    let user = asked.user.ok_or_else(|| Problem::bad_request("name a `user`"))?;
    let user = label(&user)?;
    let for_ms = asked.until.map_or(REVOKED_DEFAULT_MS, |until| app.hub.ms_until(until));
    if for_ms == 0 {
        return Err(Problem::bad_request("`until` is past: give seconds since 1970 that are to come"));
    }
    let ended = app.hub.revoke_user(&user, for_ms)?;
    let answer = json!({ "user": user, "streams_ended": ended, "for_seconds": for_ms / 1000 });
    Ok(Deed::on(user.as_arc().as_ref()).with(axum::Json(answer)))
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
