//! History and presence.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::request::Parts;
use http::{Request, Response};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::grant::Grant;

use super::problem::Problem;
use super::{App, Shared, query};
use crate::authorize::{Action, Asked};
use crate::hub::HistoryQuery;

const EVENTS_DEFAULT: usize = 100;
const EVENTS_MAX: usize = 1000;

#[derive(Deserialize)]
struct ReadQuery {
    channel: Option<String>,
    since: Option<String>,
    limit: Option<usize>,
}

/// `GET /api/sse/history?channel=&since=&limit=`.
pub(super) async fn history(State(app): Shared, request: Request<Body>) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    let (grant, channel, asked) = readable(&app, &parts).await?;
    let limit = asked.limit.unwrap_or(EVENTS_DEFAULT);
    if !(1..=EVENTS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit is from 1 to {EVENTS_MAX}: page on with since")));
    }
    let since = asked.since.as_deref().filter(|since| !since.is_empty());
    app.hub.reach(since).await?;
    app.hub.reach_back().await?;
    let page = app.hub.history_for(&grant, &channel, HistoryQuery { since, limit });
    let page = page.ok_or_else(|| not_granted(&channel))?;
    let events: Vec<Box<RawValue>> =
        page.events.iter().filter_map(|frame| RawValue::from_string(frame.enveloped()).ok()).collect();
    let body = json!({
        "channel": channel,
        "gap": page.gap,
        "next": page.next.to_string(),
        "more": page.more,
    });
    let body = format!(
        "{},\"events\":{}}}",
        body.to_string().trim_end_matches('}'),
        serde_json::to_string(&events).unwrap_or_default()
    );
    Ok(([(http::header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// `GET /api/sse/presence?channel=`.
pub(super) async fn presence(State(app): Shared, request: Request<Body>) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    let (grant, channel, _) = readable(&app, &parts).await?;
    if !app.hub.may_see(&grant, &channel) {
        return Err(Problem::forbidden(format!("who is on `{channel}` is for operators to know")));
    }
    let users = app.hub.presence_everywhere(&channel).await;
    Ok(axum::Json(json!({ "channel": channel, "users": users })).into_response())
}

async fn readable(app: &App, parts: &Parts) -> Result<(Grant, ChannelName, ReadQuery), Problem> {
    let asked: ReadQuery = query(parts)?;
    let name = asked.channel.as_deref().ok_or_else(|| Problem::bad_request("name a `channel`"))?;
    let channel =
        ChannelName::parse(name).map_err(|error| Problem::bad_request(format!("channel {error}")))?;
    let channels = Some(vec![channel.to_string()]);
    let grant =
        app.grant_for(parts, Asked { action: Action::Subscribe, channels, ..Asked::default() }).await?;
    let selector = Selector::Channel(channel.clone());
    if !app.hub.may_read(&grant, &grant.user, &selector) {
        return Err(not_granted(&channel));
    }
    Ok((grant, channel, asked))
}

fn not_granted(channel: &ChannelName) -> Problem {
    Problem::forbidden(format!("the channel `{channel}` is not granted"))
}
