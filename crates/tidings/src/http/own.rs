//! What a connection's own client may do with it: the secret id is the proof, and no token is needed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tidings_core::channel::Selector;
use tidings_core::grant::Grant;

use super::problem::Problem;
use super::{App, SMALL_BODY_BYTES_MAX, Shared, json_body, read_body};
use crate::authorize::{Action, Asked};
use crate::hub::{ChangeError, NoSuchConnection};

/// A secret id is far shorter.
const CONNECTION_ID_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
struct Named {
    connection_id: String,
}

#[derive(Deserialize)]
struct Subscriptions {
    connection_id: String,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// `POST /api/sse/disconnect`: what `navigator.sendBeacon` can send, in whatever form.
pub(super) async fn disconnect(State(app): Shared, request: Request<Body>) -> Result<StatusCode, Problem> {
    let (_, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.hub.disconnect(&connection_id(&body)?).map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/sse/alive`.
pub(super) async fn alive(State(app): Shared, request: Request<Body>) -> Result<StatusCode, Problem> {
    let (_, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    app.hub.alive(&connection_id(&body)?).map_err(gone)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/sse/subscriptions`. What is added must be within the grant of whoever asks.
pub(super) async fn subscriptions(
    State(app): Shared,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    let wanted: Subscriptions = json_body(&body)?;
    let user = app.hub.stream_user(&wanted.connection_id).await?;
    let add = selectors(&wanted.add)?;
    let remove = selectors(&wanted.remove)?;
    let channels = Some(wanted.add.clone());
    let asked =
        Asked { action: Action::Subscribe, channels, user: Some(Arc::clone(&user)), ..Asked::default() };
    let grant = app.grant_for(&parts, asked).await?;
    same_user(&app, &grant, &user)?;
    let change = app.hub.change_stream(&wanted.connection_id, &grant, &add, &remove).await?;
    let body = json!({ "added": change.added, "removed": change.removed, "channels": change.channels });
    Ok(axum::Json(body).into_response())
}

/// `POST /api/sse/refresh`: the stream lives on under the request's grant.
pub(super) async fn refresh(State(app): Shared, request: Request<Body>) -> Result<Response<Body>, Problem> {
    let (parts, body) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    let id = connection_id(&body)?;
    let user = app.hub.stream_user(&id).await?;
    let asked = Asked { action: Action::Refresh, user: Some(Arc::clone(&user)), ..Asked::default() };
    let grant = app.grant_for(&parts, asked).await?;
    same_user(&app, &grant, &user)?;
    let change = app.hub.refresh_stream(&id, &grant).await?;
    let body =
        json!({ "removed": change.removed, "channels": change.channels, "expires_at": grant.expires_at_ms });
    Ok(axum::Json(body).into_response())
}

/// `POST /api/sse/ticket`.
pub(super) async fn ticket(State(app): Shared, request: Request<Body>) -> Result<Response<Body>, Problem> {
    let (parts, _) = read_body(request, SMALL_BODY_BYTES_MAX).await?;
    let grant = app.grant(&parts).await?;
    let ticket = app.hub.ticket(grant);
    Ok(axum::Json(json!({ "ticket": ticket.ticket, "expires_in": ticket.expires_in })).into_response())
}

/// A stream can't be given what somebody else may read, nor live as long as somebody else may. In `--dev` there is no
/// token, and whoever names no user is taken for the stream's.
fn same_user(app: &App, grant: &Grant, user: &Arc<str>) -> Result<(), Problem> {
    let open_to_all = app.hub.options().all_by_default && grant.is_anonymous();
    if grant.user != *user && !open_to_all {
        return Err(Problem::forbidden("the token is another user's"));
    }
    Ok(())
}

fn gone(error: NoSuchConnection) -> Problem {
    Problem::not_found(error.to_string())
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let detail = error.to_string();
        match error {
            ChangeError::Gone(error) => gone(error),
            ChangeError::NotGranted { .. } => Self::forbidden(detail),
            ChangeError::TooMany { channels_per_connection } => Self::bad_request(detail)
                .with("limit_name", "limits.channels_per_connection")
                .with("limit", channels_per_connection),
            ChangeError::Behind { retry_ms } => Self::too_many(detail).retry_after_ms(retry_ms),
            ChangeError::Away { retry_ms } => {
                Self::unavailable(detail).retry_after_ms(retry_ms).with("reason", "engine_away")
            }
            ChangeError::HubChannels(error) => error.into(),
        }
    }
}

fn selectors(names: &[String]) -> Result<Vec<Selector>, Problem> {
    names
        .iter()
        .map(|name| {
            Selector::parse(name).map_err(|error| Problem::bad_request(format!("channel `{name}`: {error}")))
        })
        .collect()
}

/// The secret id, from JSON, a form (urlencoded or multipart), or bare text. A beacon can't choose its content type
/// freely, and curl sends everything as a form, so the body itself tells.
fn connection_id(body: &[u8]) -> Result<String, Problem> {
    const WANTED: &str = "send the connection_id as JSON, as a form field, or as plain text";
    let text = std::str::from_utf8(body).map_err(|_| Problem::bad_request(WANTED))?.trim();
    let id = if text.starts_with('{') {
        json_body::<Named>(text.as_bytes())?.connection_id
    } else if text.starts_with("--") {
        multipart_field(text).unwrap_or_default().to_owned()
    } else if text.contains('=') {
        serde_urlencoded::from_str::<Named>(text).map_err(|_| Problem::bad_request(WANTED))?.connection_id
    } else {
        text.to_owned()
    };
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if id.is_empty() || id.len() > CONNECTION_ID_BYTES_MAX || id.contains(odd) {
        return Err(Problem::bad_request(WANTED));
    }
    Ok(id)
}

/// The field of a `multipart/form-data` body (RFC 7578), which is what a beacon makes of a `FormData`.
fn multipart_field(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("name=\"connection_id\"")?;
    let (_, rest) = rest.split_once("\r\n\r\n")?;
    let (value, _) = rest.split_once("\r\n")?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_however_it_is_sent() {
        let multipart =
            "--x\r\nContent-Disposition: form-data; name=\"connection_id\"\r\n\r\na-b.c\r\n--x--\r\n";
        for body in ["{\"connection_id\":\"a-b.c\"}", "connection_id=a-b.c", "a-b.c", " a-b.c\n", multipart] {
            assert_eq!(connection_id(body.as_bytes()).unwrap(), "a-b.c", "{body}");
        }
    }

    #[test]
    fn what_is_no_id_is_a_bad_request() {
        let long = "x".repeat(CONNECTION_ID_BYTES_MAX + 1);
        for body in ["", "{", "{}", "{\"connection_id\":7}", "id=7", "a b", "a\u{0}b", "--x\r\n", &long] {
            assert_eq!(
                connection_id(body.as_bytes()).unwrap_err().status(),
                StatusCode::BAD_REQUEST,
                "{body}"
            );
        }
        assert_eq!(connection_id(b"\xff\xfe").unwrap_err().status(), StatusCode::BAD_REQUEST);
    }
}
