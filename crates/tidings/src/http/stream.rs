//! `GET /api/sse/stream`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use http::header::HeaderMap;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use tidings_core::channel::{ListError, parse_list};
use tidings_core::grant::{Grant, Label};

use super::problem::{Problem, is_event_source};
use super::{App, Shared, query};
use crate::authorize::Asked;
use crate::body::stream_headers;
use crate::hub::{Behind, Claim, Envelope, NoTicket, Open, OpenError, Refused};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamQuery {
    channels: Option<String>,
    client_id: Option<String>,
    r#type: Option<String>,
    last_event_id: Option<String>,
    lease: Option<String>,
    envelope: Option<String>,
    ticket: Option<String>,
}

pub(super) async fn open(State(app): Shared, request: Request<Body>) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let soft = app.hub.options().stream.soft_refusal;
    match answer(&app, &parts).await {
        Ok(response) => response,
        Err(problem) => problem.refuse_stream(&parts.headers, soft),
    }
}

async fn answer(app: &App, parts: &Parts) -> Result<Response<Body>, Problem> {
    let asked: StreamQuery = query(parts).inspect_err(|_| app.hub.note_refusal("bad_request"))?;
    let note = |problem: &Problem| app.hub.note_refusal(kind_of(problem.status()));
    // A ticket is somebody's alone from here on, and good again unless a stream is opened.
    let (grant, claim) = granted(app, parts, &asked).await.inspect_err(note)?;
    let open = wanted(app, parts, asked, grant).inspect_err(note)?;
    if let Some(client) = &open.client_id
        && is_event_source(&parts.headers)
        && app.hub.is_unwelcome(&open.grant.user, client)
    {
        // What stops an `EventSource` for good (WHATWG HTML §9.2.3).
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    if parts.method == Method::HEAD {
        let mut response = empty(StatusCode::OK);
        stream_headers(response.headers_mut());
        return Ok(response);
    }
    // A stream that comes from another hub may have been further on than this one is.
    app.hub.reach(open.resume.as_deref()).await.map_err(Problem::from).inspect_err(note)?;
    let mut open = open;
    app.hub.reserve(&mut open).await.map_err(problem_of)?;
    let opened = app.hub.stream(open).map_err(problem_of)?;
    if let Some(claim) = claim {
        claim.use_up();
    }
    Ok(opened)
}

async fn granted(app: &App, parts: &Parts, query: &StreamQuery) -> Result<(Grant, Option<Claim>), Problem> {
    if let Some(ticket) = query.ticket.as_deref() {
        let claim = app.hub.claim_ticket(ticket).await?;
        return Ok((app.check_revoked(claim.grant().clone())?, Some(claim)));
    }
    let channels = query.channels.as_deref().filter(|list| !list.is_empty());
    let asked = Asked {
        channels: channels.map(|list| list.split(',').map(str::to_owned).collect()),
        kind: query.r#type.clone(),
        client_id: query.client_id.clone(),
        ..Asked::default()
    };
    Ok((app.grant_for(parts, asked).await?, None))
}

impl From<NoTicket> for Problem {
    fn from(why: NoTicket) -> Self {
        match why {
            NoTicket::Void => Self::unauthorized(why.to_string()),
            NoTicket::Claimed => Self::unavailable(why.to_string()).retry_after_ms(1_000),
            NoTicket::Away => {
                Self::unavailable(why.to_string()).retry_after_ms(1_000).with("reason", "engine_away")
            }
        }
    }
}

/// Under which kind a refusal counts that the books did not decide. An authorizer may refuse with any status.
fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "unauthorized",
        StatusCode::TOO_MANY_REQUESTS => "rate",
        status if status.is_server_error() => "unavailable",
        _ => "bad_request",
    }
}

/// The stream that a query asks for, each of its fields checked.
fn wanted(app: &App, parts: &Parts, asked: StreamQuery, grant: Grant) -> Result<Open, Problem> {
    let bounds = &app.hub.options().bounds;
    let label = |name: &str, text: &str| {
        let label = Label::parse(text).map_err(|error| Problem::bad_request(format!("{name} {error}")))?;
        Ok::<Arc<str>, Problem>(Arc::clone(label.as_arc()))
    };
    let selectors = match asked.channels.as_deref() {
        None | Some("") => None,
        Some(list) => Some(parse_list(list, bounds.channels_per_connection).map_err(|error| {
            let problem = Problem::bad_request(error.to_string());
            match error {
                ListError::TooMany { channels_max, .. } => {
                    problem.with("limit_name", "limits.channels_per_connection").with("limit", channels_max)
                }
                _ => problem,
            }
        })?),
    };
    let resume = last_event_id(&parts.headers).or(asked.last_event_id).filter(|id| !id.is_empty());
    for selector in selectors.iter().flatten() {
        // An `EventSource` comes back with the address that it has, and a 403 would stop it for good: what an operator
        // took away meanwhile is left out of the stream.
        let taken_meanwhile = || resume.is_some() && grant.may_subscribe(selector);
        if !app.hub.may_read(&grant, &grant.user, selector) && !taken_meanwhile() {
            return Err(Problem::forbidden(format!("the channel `{selector}` is not granted")));
        }
    }
    app.hub.check_hub_channels(selectors.as_deref().unwrap_or_default())?;
    let client_id = asked.client_id.as_deref().filter(|id| !id.is_empty());
    let client_id = client_id.map(|id| label("client_id", id)).transpose()?;
    let kind = match (&grant.kind, asked.r#type.as_deref()) {
        (Some(kind), _) => Arc::clone(kind),
        (None, None | Some("")) => Arc::from("client"),
        (None, Some(kind)) => label("type", kind)?,
    };
    let selectors = app.hub.selectors_for(&grant, selectors);
    let mut open = Open::new(grant, selectors, app.hub.client(parts));
    open.client_id = client_id.map(|id| Box::from(&*id));
    open.kind = kind;
    open.resume = resume;
    open.envelope = envelope(asked.envelope.as_deref())?;
    open.lease_seconds = lease(asked.lease.as_deref(), app.hub.options().stream.lease_max_seconds)?;
    Ok(open)
}

fn last_event_id(headers: &HeaderMap) -> Option<String> {
    // Whatever stands there, it is at worst a cursor that nobody knows, which is a gap and never an error.
    headers.get("last-event-id").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn envelope(value: Option<&str>) -> Result<Envelope, Problem> {
    match value {
        None | Some("" | "0" | "false") => Ok(Envelope::None),
        Some("1" | "true") => Ok(Envelope::Typed),
        Some("message") => Ok(Envelope::Message),
        Some(_) => Err(Problem::bad_request("envelope is 1, 0 or message")),
    }
}

fn lease(value: Option<&str>, most: u64) -> Result<Option<u64>, Problem> {
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(seconds) if (1..=most).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(Problem::bad_request(format!("lease is a number of seconds from 1 to {most}"))),
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

impl From<Behind> for Problem {
    fn from(_: Behind) -> Self {
        Self::unavailable("this node has not read as far as that yet: come again in a moment")
            .retry_after_ms(1_000)
            .with("reason", "engine_away")
    }
}

/// A refusal, as the client reads it.
fn problem_of(error: OpenError) -> Problem {
    match error {
        OpenError::Draining => Problem::unavailable("this node is draining: come again in a moment")
            .retry_after_ms(2_000)
            .with("reason", "draining"),
        OpenError::NotYet => Problem::unavailable("the engine has not answered yet: come again in a moment")
            .retry_after_ms(1_000)
            .with("reason", "engine_away"),
        OpenError::Rate { retry_ms, limit } => {
            Problem::too_many(format!("an address may open {limit} streams a second"))
                .retry_after_ms(retry_ms)
                .with("limit_name", "limits.accepts_per_second")
                .with("limit", limit)
        }
        OpenError::Full { refused: Refused::User { limit, .. }, held_by } => {
            Problem::too_many(format!("the user has {limit} connections, as many as it may: see held_by"))
                .retry_after_ms(5_000)
                .with("limit_name", "limits.connections_per_user")
                .with("limit", limit)
                .with("held_by", held_by)
        }
        OpenError::Full { refused: Refused::Ip { limit }, .. } => {
            Problem::too_many(format!("the address has {limit} connections, as many as it may"))
                .retry_after_ms(5_000)
                .with("limit_name", "limits.connections_per_ip")
                .with("limit", limit)
        }
        OpenError::Full { refused: Refused::Node { limit }, .. } => {
            Problem::unavailable(format!("the node has {limit} connections, as many as it may"))
                .retry_after_ms(5_000)
                .with("limit_name", "limits.connections")
                .with("limit", limit)
        }
    }
}
