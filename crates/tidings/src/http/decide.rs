//! What operators decide of users and tokens: who reads what, and who is shut out.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidings_core::channel::Selector;
use tidings_core::grant::Label;

use super::admin::{Answer, asked};
use super::operators::Deed;
use super::problem::Problem;
use super::{App, SMALL_BODY_BYTES_MAX, Segment, Shared, json_body, query, read_body};
use crate::hub::{AmendError, Hub, NotKept, Revocation, RevocationQuery, RevokeError};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ChangeAsked {
    add: Vec<String>,
    remove: Vec<String>,
    /// Seconds since 1970.
    until: Option<u64>,
}

/// `GET /api/sse/users/{user}/channels`.
pub(super) async fn user_channels(
    State(app): Shared,
    Segment(user): Segment,
    request: Request<Body>,
) -> Answer {
    app.admin(&request.into_parts().0).await?;
    let user = label("user", &user)?;
    let amendment = app.hub.amendment_of(&user).unwrap_or_default();
    let told = |all: &[(Selector, Option<u64>)]| -> Vec<Value> {
        let one = |(channel, until): &(Selector, Option<u64>)| json!({ "channel": channel, "until": until.map(seconds) });
        all.iter().map(one).collect()
    };
    let body = json!({ "user": user, "added": told(&amendment.added), "removed": told(&amendment.removed) });
    Ok(axum::Json(body).into_response())
}

/// `PUT /api/sse/users/{user}/channels`.
pub(super) async fn change_user(
    State(app): Shared,
    Segment(user): Segment,
    request: Request<Body>,
) -> Answer {
    let (user, asked): (_, ChangeAsked) = {
        let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
        app.admin(&parts).await?;
        (label("user", &user)?, json_body(&body)?)
    };
    let (add, remove) = (selectors(&asked.add)?, selectors(&asked.remove)?);
    let until_ms = asked.until.map(|until| to_come(&app, until)).transpose()?;
    let deed = Deed::detailed(format!("add={} remove={}", asked.add.join(","), asked.remove.join(",")));
    let who = user.clone();
    let amended = on_disk(&app, move |hub| hub.amend_user(&who, &add, &remove, until_ms)).await;
    Ok(deed.with(amended.map(|amended| {
        let (streams_changed, until) = (amended.streams_changed, amended.until_ms.map(seconds));
        axum::Json(json!({ "user": user, "streams_changed": streams_changed, "until": until }))
    })))
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
    let asked: RevokeAsked = operators(&app, request).await?;
    let (user, token_id) = named(asked.user.as_deref(), asked.jti.as_deref())?;
    let until_ms = asked.until.map(|until| to_come(&app, until)).transpose()?;
    let order = Revocation { user: user.clone(), token_id: token_id.clone(), until_ms };
    let revoked = on_disk(&app, move |hub| hub.revoke(&order)).await;
    if let Some(user) = &user {
        app.authorizer.forget_user(user.as_str());
    }
    let deed = deed(user.as_ref(), token_id.as_ref());
    Ok(deed.with(revoked.map(|revoked| {
        axum::Json(json!({
            "user": user,
            "jti": token_id,
            "streams_ended": revoked.streams_ended,
            "until": seconds(revoked.until_ms),
            "for_seconds": app.hub.ms_until(seconds(revoked.until_ms)) / 1000,
        }))
    })))
}

/// `GET /api/sse/revocations`.
pub(super) async fn revocations(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    app.admin(&parts).await?;
    Ok(axum::Json(app.hub.revocations(&RevocationQuery::parse(asked(&parts))?)).into_response())
}

#[derive(Deserialize)]
struct LiftAsked {
    user: Option<String>,
    jti: Option<String>,
}

/// `DELETE /api/sse/revocations?user=&jti=`.
pub(super) async fn lift(State(app): Shared, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    app.admin(&parts).await?;
    let asked: LiftAsked = query(&parts)?;
    let (user, token_id) = named(asked.user.as_deref(), asked.jti.as_deref())?;
    let body = json!({ "user": user, "jti": token_id, "lifted": true });
    let deed = deed(user.as_ref(), token_id.as_ref());
    let lifted = on_disk(&app, move |hub| hub.lift_revocation(user.as_ref(), token_id.as_ref())).await;
    Ok(deed.with(lifted.and_then(|lifted| match lifted {
        true => Ok(axum::Json(body)),
        false => Err(Problem::not_found("nobody of that name is shut out")),
    })))
}

/// An operator's request: its body.
async fn operators<T: DeserializeOwned>(app: &App, request: Request<Body>) -> Result<T, Problem> {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.admin(&parts).await?;
    json_body(&body)
}

/// Off the runtime's threads, since it waits for the disk; and to its end, also where whoever asked has left.
async fn on_disk<T: Send + 'static, E: Into<Problem> + Send + 'static>(
    app: &App,
    decide: impl FnOnce(&Hub) -> Result<T, E> + Send + 'static,
) -> Result<T, Problem> {
    let hub = app.hub.clone();
    let decided = tokio::task::spawn_blocking(move || decide(&hub)).await;
    let decided = decided.map_err(|_| Problem::unavailable("it could not be done: the log says why"))?;
    decided.map_err(Into::into)
}

/// As the audit log tells it.
fn deed(user: Option<&Label>, token_id: Option<&Label>) -> Deed {
    let target = user.map(|user| user.as_arc().to_string());
    Deed { target, detail: token_id.map(|id| format!("jti={}", id.as_str())) }
}

fn named(user: Option<&str>, jti: Option<&str>) -> Result<(Option<Label>, Option<Label>), Problem> {
    if user.is_none() && jti.is_none() {
        return Err(Problem::bad_request("name a `user`, a `jti`, or both"));
    }
    let user = user.map(|user| label("user", user)).transpose()?;
    Ok((user, jti.map(|jti| label("jti", jti)).transpose()?))
}

fn label(name: &str, text: &str) -> Result<Label, Problem> {
    Label::parse(text).map_err(|error| Problem::bad_request(format!("`{name}` {error}")))
}

fn selectors(names: &[String]) -> Result<Vec<Selector>, Problem> {
    let parsed = names.iter().map(|name| Selector::parse(name));
    parsed.collect::<Result<_, _>>().map_err(|error| Problem::bad_request(format!("channel {error}")))
}

fn to_come(app: &App, until: u64) -> Result<u64, Problem> {
    if app.hub.ms_until(until) == 0 {
        return Err(Problem::bad_request("`until` is past: give seconds since 1970 that are to come"));
    }
    Ok(until.saturating_mul(1000))
}

fn seconds(ms: u64) -> u64 {
    ms / 1000
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
            AmendError::NotKept(error) => error.into(),
        }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        let detail = error.to_string();
        match error {
            RevokeError::TooManyUsers { revoked_users_max } => Self::unavailable(detail)
                .with("limit_name", "revoked_users_max")
                .with("limit", revoked_users_max),
            RevokeError::TooManyTokens { revoked_tokens_max } => Self::unavailable(detail)
                .with("limit_name", "revoked_tokens_max")
                .with("limit", revoked_tokens_max),
            RevokeError::NotKept(error) => error.into(),
        }
    }
}

impl From<NotKept> for Problem {
    fn from(error: NotKept) -> Self {
        Self::unavailable(error.to_string())
    }
}
