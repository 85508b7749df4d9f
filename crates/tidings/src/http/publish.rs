//! `POST /api/sse/publish`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidings_core::channel::ChannelName;
use tidings_core::event::{Draft, EventError};
use tidings_core::grant::Grant;

use super::operators::{Deed, ToBeNoted};
use super::problem::Problem;
use super::{App, Shared, read_bytes};
use crate::authorize::{Action, Asked};
use crate::hub::{Checked, PublishError, Published};

/// Channels of one event.
const CHANNELS_PER_EVENT_MAX: usize = 1000;
/// Bytes of data that one request may ask for beyond those that it sends: each channel after an event's first takes its
/// data once more. Without it a small request could fill the rings and shed everybody's history.
const FAN_OUT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Channels that the audit log names of one request.
const NOTED_CHANNELS_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow)]
    channels: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, rename = "type")]
    ty: Option<Cow<'a, str>>,
    // `null` is data too.
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

pub(super) async fn publish(State(app): Shared, request: Request<Body>) -> Result<Response<Body>, Problem> {
    let bounds = app.hub.options().bounds;
    let (parts, body) = request.into_parts();
    // Before the body is read, which is large.
    let asked = Asked { action: Action::Publish, ..Asked::default() };
    let grant = app.grant_for(&parts, asked).await?;
    let to_be_noted = parts.extensions.get::<ToBeNoted>().is_some();
    let body = read_bytes(body, bounds.body_bytes).await.map_err(|problem| {
        let too_large = problem.status() == StatusCode::PAYLOAD_TOO_LARGE;
        if too_large { problem.with("limit_name", "limits.body_bytes") } else { problem }
    })?;
    // It may have been long in coming.
    let grant = app.check_revoked(grant)?;
    let publisher: Arc<str> = match grant.is_anonymous() {
        true => app.hub.client(&parts).ip().to_string().into(),
        false => Arc::clone(&grant.user),
    };
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        let item = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
        within_bounds(&[&item], bounds.batch_events)?;
        let checked = check(&app, &grant, &publisher, &item);
        let answer = match checked {
            Ok(checked) => publish_all(&app, vec![checked]).await.pop().unwrap_or(Ok(Value::Null)),
            Err(problem) => Err(problem),
        };
        let status = |value: &Value| match value["accepted"] == true || value[0]["accepted"] == true {
            true => StatusCode::ACCEPTED,
            false => StatusCode::OK,
        };
        let answer = answer.map(|value| (status(&value), axum::Json(value)));
        return match to_be_noted {
            true => Ok(deed([&item]).with(answer)),
            false => answer.map(IntoResponse::into_response),
        };
    }
    let items: Vec<&RawValue> = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    within(items.len(), bounds.batch_events)?;
    let items: Vec<serde_json::Result<Item<'_>>> =
        items.into_iter().map(|item| serde_json::from_str(item.get())).collect();
    within_bounds(&items.iter().flatten().collect::<Vec<_>>(), bounds.batch_events)?;
    let deed = to_be_noted.then(|| deed(items.iter().flatten()));
    // Not a transaction: each has its own result or its own problem.
    let mut sound = Vec::new();
    let problems: Vec<Option<Problem>> = items
        .into_iter()
        .map(|item| {
            let item = item.map_err(|error| unreadable(&error));
            item.and_then(|item| check(&app, &grant, &publisher, &item)).map(|item| sound.push(item)).err()
        })
        .collect();
    let mut published = publish_all(&app, sound).await.into_iter();
    let answer = |problem: Option<Problem>| match problem {
        None => published.next().unwrap_or(Ok(Value::Null)).unwrap_or_else(|problem| problem.body()),
        Some(problem) => problem.body(),
    };
    let answers: Vec<Value> = problems.into_iter().map(answer).collect();
    let answers = axum::Json(answers).into_response();
    Ok(match deed {
        Some(deed) => deed.with(answers),
        None => answers,
    })
}

/// Where an operator publishes, for the audit log: the first few channels.
fn deed<'a>(items: impl IntoIterator<Item = &'a Item<'a>>) -> Deed {
    let names = items.into_iter().flat_map(|item| item.channel.iter().chain(item.channels.iter().flatten()));
    let mut names: Vec<&str> = names.take(NOTED_CHANNELS_MAX + 1).map(AsRef::as_ref).collect();
    if names.len() > NOTED_CHANNELS_MAX {
        names[NOTED_CHANNELS_MAX] = "…";
    }
    Deed { target: Some(names.join(",")), ..Deed::default() }
}

/// What the request as a whole asks for, before any of it is done.
fn within_bounds(items: &[&Item<'_>], batch_events: usize) -> Result<(), Problem> {
    within(items.iter().map(|item| item.fan_out()).sum(), batch_events)?;
    let copies = items.iter().map(|item| item.data_bytes().saturating_mul(item.fan_out() - 1));
    let bytes = copies.fold(0, usize::saturating_add);
    if bytes > FAN_OUT_BYTES_MAX {
        let detail = format!(
            "the channels of this request ask for {bytes} bytes of copies of its data: send at most \
             {FAN_OUT_BYTES_MAX}, or more requests"
        );
        return Err(Problem::too_large(detail)
            .with("limit_name", "fan_out_bytes_max")
            .with("limit", FAN_OUT_BYTES_MAX));
    }
    Ok(())
}

fn within(events: usize, batch_events: usize) -> Result<(), Problem> {
    if batch_events > 0 && events > batch_events {
        let detail = format!(
            "{events} events in one request, each channel of an event counted: send at most {batch_events}"
        );
        return Err(Problem::too_large(detail)
            .with("limit_name", "limits.batch_events")
            .with("limit", batch_events));
    }
    Ok(())
}

impl Item<'_> {
    /// To how many channels it goes, at least one, as many as are named.
    fn fan_out(&self) -> usize {
        self.channels.as_ref().map_or(1, Vec::len).max(1)
    }

    fn data_bytes(&self) -> usize {
        self.data.map_or(0, |data| data.get().len())
    }
}

fn unreadable(error: &serde_json::Error) -> Problem {
    Problem::bad_request(format!("the event can't be read: {error}"))
}

/// What of an event goes into the answer to it.
struct Sound {
    checked: Checked,
    channels: Vec<ChannelName>,
    /// It named a list, and is answered by one.
    is_list: bool,
}

/// Checks one event, for one channel or for several: all are checked and paid for before any has it.
fn check(app: &App, grant: &Grant, publisher: &Arc<str>, item: &Item<'_>) -> Result<Sound, Problem> {
    let Some(data) = item.data else {
        return Err(Problem::bad_request("`data` is missing: any JSON will do"));
    };
    let (channels, is_list) = match (&item.channel, &item.channels) {
        (Some(name), None) => (vec![allowed(app, grant, name)?], false),
        (None, Some(names)) => {
            if names.is_empty() || names.len() > CHANNELS_PER_EVENT_MAX {
                let detail = format!("`channels` names 1 to {CHANNELS_PER_EVENT_MAX} channels");
                return Err(Problem::bad_request(detail));
            }
            let mut seen = HashSet::new();
            let names = names.iter().filter(|name| seen.insert(&***name));
            (names.map(|name| allowed(app, grant, name)).collect::<Result<_, _>>()?, true)
        }
        _ => return Err(Problem::bad_request("name either `channel` or `channels`")),
    };
    take_rate(app, publisher, channels.len())?;
    let draft = Draft { ty: item.ty.as_deref(), data, id: item.id.as_deref(), key: item.key.as_deref() };
    let checked = app.hub.check(channels.clone(), draft)?;
    Ok(Sound { checked, channels, is_list })
}

/// Publishes events that were checked, and answers for each.
async fn publish_all(app: &App, events: Vec<Sound>) -> Vec<Result<Value, Problem>> {
    let (checked, asked): (Vec<_>, Vec<_>) =
        events.into_iter().map(|sound| (sound.checked, (sound.channels, sound.is_list))).unzip();
    let published = app.hub.publish_all(checked).await;
    let answered = |((channels, is_list), published): ((Vec<ChannelName>, bool), Result<Vec<_>, _>)| {
        let mut answers: Vec<Value> =
            channels.iter().zip(published?).map(|(channel, published)| answer(channel, published)).collect();
        Ok(if is_list { Value::Array(answers) } else { answers.pop().unwrap_or_default() })
    };
    asked.into_iter().zip(published).map(answered).collect()
}

fn allowed(app: &App, grant: &Grant, name: &str) -> Result<ChannelName, Problem> {
    let channel = ChannelName::parse(name)
        .map_err(|error| Problem::bad_request(format!("channel `{}`: {error}", name.escape_debug())))?;
    channel.check_publishable().map_err(|error| Problem::bad_request(error.to_string()))?;
    if !app.hub.is_open(&channel) {
        let detail = format!("nobody publishes to `{channel}` over HTTP: its rule (channel.publish) says so");
        return Err(Problem::forbidden(detail));
    }
    if !grant.may_publish(&channel) {
        return Err(Problem::forbidden(format!("publishing to `{channel}` is not granted")));
    }
    Ok(channel)
}

fn take_rate(app: &App, publisher: &Arc<str>, events: usize) -> Result<(), Problem> {
    let events = u32::try_from(events).unwrap_or(u32::MAX);
    Ok(app.hub.take_publish_rate(publisher, events)?)
}

fn answer(channel: &ChannelName, published: Published) -> Value {
    if published.accepted {
        let Published { id, recipients, .. } = published;
        return json!({ "id": id, "channel": channel, "accepted": true, "recipients": recipients });
    }
    let mut answer = json!({
        "id": published.id,
        "channel": channel,
        "offset": published.offset,
        "recipients": published.recipients,
    });
    if published.duplicate {
        answer["duplicate"] = json!(true);
    }
    answer
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let detail = error.to_string();
        match error {
            PublishError::Invalid(EventError::TooLarge { event_bytes_max, .. }) => Problem::too_large(detail)
                .with("limit_name", "limits.event_bytes")
                .with("limit", event_bytes_max),
            PublishError::Invalid(_) | PublishError::Channel(_) => Problem::bad_request(detail),
            PublishError::Schema(violations) => {
                let errors = json!(violations.0);
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "Not as its schema", detail)
                    .with("errors", errors)
            }
            PublishError::Rate { limit, retry_ms } => Problem::too_many(detail)
                .retry_after_ms(retry_ms)
                .with("limit_name", "limits.publishes_per_second")
                .with("limit", limit),
            PublishError::Away { retry_ms } => {
                Problem::unavailable(detail).retry_after_ms(retry_ms).with("reason", "engine_away")
            }
            PublishError::Unknown => Problem::new(StatusCode::GATEWAY_TIMEOUT, "Fate unknown", detail)
                .with("reason", "fate_unknown"),
            PublishError::Stopping => Problem::unavailable(detail).retry_after_ms(1_000),
        }
    }
}
