//! From an event to a line.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::printable;
use super::super::sse::Event;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Columns,
    Json,
    Data,
    /// The stream's bytes pass as they are; nothing is rendered.
    Raw,
}

impl Form {
    /// Whether the channel has to come with the event.
    pub(super) fn wants_envelope(self) -> bool {
        matches!(self, Self::Columns | Self::Json)
    }
}

/// What `envelope=1` wraps around an event's data, each part kept as the hub wrote it.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    offset: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Debug, Serialize)]
struct JsonLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a RawValue>,
    data: &'a RawValue,
    cursor: &'a str,
}

impl<'a> JsonLine<'a> {
    fn of(envelope: Option<&'a Envelope<'a>>, kind: &'a str, data: &'a RawValue, cursor: &'a str) -> Self {
        Self {
            channel: envelope.map(|envelope| &*envelope.channel),
            kind,
            id: envelope.and_then(|envelope| envelope.id),
            offset: envelope.and_then(|envelope| envelope.offset),
            time: envelope.and_then(|envelope| envelope.time),
            data,
            cursor,
        }
    }
}

/// The line of a published event, or `None` when `types` leaves it out. No types: all.
pub(super) fn line(form: Form, types: &[String], event: &Event) -> Option<String> {
    let envelope =
        form.wants_envelope().then(|| serde_json::from_str::<Envelope<'_>>(&event.data).ok()).flatten();
    let kind = envelope.as_ref().and_then(|envelope| envelope.kind.as_deref()).unwrap_or(&event.name);
    if !types.is_empty() && !types.iter().any(|wanted| wanted == kind) {
        return None;
    }
    let bare;
    let data = match &envelope {
        Some(envelope) => envelope.data,
        None => {
            bare = as_json(&event.data);
            &bare
        }
    };
    Some(match form {
        Form::Raw => String::new(),
        Form::Data => format!("{}\n", printable::json(data.get())),
        Form::Columns => {
            let channel = envelope.as_ref().map_or("-", |envelope| &envelope.channel);
            format!("{}\t{}\t{}\n", printable::text(channel), printable::text(kind), for_person(data))
        }
        Form::Json => json_line(&JsonLine::of(envelope.as_ref(), kind, data, &event.last_id)),
    })
}

/// A control event among the lines of `--json`: its reserved name as type, its own data.
pub(super) fn control_line(event: &Event) -> String {
    #[derive(Deserialize)]
    struct About {
        channel: Option<String>,
    }
    let (kind, cursor) = (event.name.as_str(), event.last_id.as_str());
    // `joined` and `left` are events of their channel.
    if let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(&event.data) {
        return json_line(&JsonLine::of(Some(&envelope), kind, envelope.data, cursor));
    }
    let about: Option<About> = serde_json::from_str(&event.data).ok();
    let channel = about.and_then(|about| about.channel);
    let data = as_json(&event.data);
    json_line(&JsonLine { channel: channel.as_deref(), ..JsonLine::of(None, kind, &data, cursor) })
}

fn json_line(line: &JsonLine<'_>) -> String {
    // Strings and JSON texts only: this can't fail.
    let json = serde_json::to_string(line).unwrap_or_default();
    format!("{}\n", printable::json(&json))
}

/// A string as its text, anything else as JSON.
fn for_person(data: &RawValue) -> String {
    match serde_json::from_str::<Cow<'_, str>>(data.get()) {
        Ok(text) => printable::text(&text).into_owned(),
        Err(_) => printable::json(data.get()).into_owned(),
    }
}

/// Data that isn't JSON (another server's) is told as a JSON string.
fn as_json(data: &str) -> Box<RawValue> {
    serde_json::from_str(data)
        .or_else(|_| serde_json::value::to_raw_value(data))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into(), last_id: "cur".into() }
    }

    const JOB: &str = r#"{"channel":"jobs","type":"done","id":"e1","offset":7,"time":1.50,"data":{"n":12345678901234567890123}}"#;

    #[test]
    fn an_event_in_each_form() {
        let job = event("done", JOB);
        assert_eq!(
            line(Form::Columns, &[], &job).as_deref(),
            Some("jobs\tdone\t{\"n\":12345678901234567890123}\n")
        );
        assert_eq!(
            line(Form::Json, &[], &job).as_deref(),
            Some(
                "{\"channel\":\"jobs\",\"type\":\"done\",\"id\":\"e1\",\"offset\":7,\"time\":1.50,\
                 \"data\":{\"n\":12345678901234567890123},\"cursor\":\"cur\"}\n"
            )
        );
        assert_eq!(line(Form::Data, &[], &event("done", "{\n\"n\":1}")).as_deref(), Some("{ \"n\":1}\n"));
    }

    #[test]
    fn only_the_types_asked_for() {
        let types = ["done".to_owned(), "message".to_owned()];
        assert!(line(Form::Data, &types, &event("done", "1")).is_some());
        assert!(line(Form::Data, &types, &event("message", "1")).is_some());
        assert!(line(Form::Data, &types, &event("failed", "1")).is_none());
        assert!(
            line(Form::Json, &types, &event("message", r#"{"channel":"c","type":"failed","data":1}"#))
                .is_none()
        );
    }

    #[test]
    fn a_log_line_is_shown_as_its_text_and_never_obeyed() {
        let log = event("message", r#"{"channel":"logs","type":null,"data":"GET \"/\"\u001b[2J\u009b\n"}"#);
        assert_eq!(
            line(Form::Columns, &[], &log).as_deref(),
            Some("logs\tmessage\tGET \"/\"\\u{1b}[2J\\u{9b}\\n\n")
        );
    }

    #[test]
    fn another_server_s_words_are_told_as_a_string() {
        assert_eq!(
            line(Form::Data, &[], &event("message", "hello\n\"")).as_deref(),
            Some("\"hello\\n\\\"\"\n")
        );
        assert_eq!(
            line(Form::Columns, &[], &event("message", "hello")).as_deref(),
            Some("-\tmessage\thello\n")
        );
    }

    #[test]
    fn a_gap_stands_in_its_place_among_json_lines() {
        let told = control_line(&event("gap", r#"{"channel":"jobs","reason":"evicted"}"#));
        let told: Value = serde_json::from_str(&told).expect("JSON");
        let data = json!({"channel": "jobs", "reason": "evicted"});
        assert_eq!(told, json!({"channel": "jobs", "type": "gap", "data": data, "cursor": "cur"}));
        let data = json!({"channel": "jobs", "user": "ann"});
        let joined = json!({"channel": "jobs", "type": "joined", "offset": 7, "data": data});
        let told: Value =
            serde_json::from_str(&control_line(&event("joined", &joined.to_string()))).expect("JSON");
        assert_eq!((&told["data"], &told["offset"]), (&data, &json!(7)), "an event of its channel");
    }

    proptest! {
        #[test]
        fn every_event_is_one_line_and_json_keeps_its_value(
            channel in any::<String>(), kind in any::<Option<String>>(), text in any::<String>(),
        ) {
            let envelope = json!({"channel": channel, "type": kind, "data": {"text": text}});
            let event = event("message", &serde_json::to_string_pretty(&envelope)?);
            for form in [Form::Columns, Form::Json, Form::Data] {
                let line = line(form, &[], &event).expect("no filter");
                prop_assert_eq!(line.chars().filter(|c| c.is_control() && *c != '\t').collect::<String>(), "\n");
            }
            let told: Value = serde_json::from_str(&line(Form::Json, &[], &event).expect("no filter"))?;
            prop_assert_eq!(&told["data"], &envelope["data"]);
            prop_assert_eq!(&told["channel"], &envelope["channel"]);
        }
    }
}
