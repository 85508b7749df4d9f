//! From a line to an event, and from events to batches.

use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) const BATCH_EVENTS_MAX: usize = 500;
pub(crate) const BATCH_BYTES_MAX: usize = 512 * 1024;

/// What all events of one run share.
#[derive(Debug)]
pub(super) struct Template<'a> {
    pub(super) channel: &'a str,
    pub(super) kind: Option<&'a str>,
    pub(super) key: Option<&'a str>,
}

/// An event as it goes to the hub, and the line that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) line: u64,
    pub(super) json: String,
}

#[derive(Serialize)]
struct Wire<'a> {
    channel: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    data: &'a RawValue,
}

impl Template<'_> {
    /// `data` is a JSON text.
    pub(super) fn event(&self, line: u64, id: &str, data: &str) -> Encoded {
        let data = serde_json::from_str(data).unwrap_or(RawValue::NULL);
        let wire = Wire { channel: self.channel, kind: self.kind, id, key: self.key, data };
        // Strings and a JSON text: this can't fail.
        Encoded { line, json: serde_json::to_string(&wire).unwrap_or_default() }
    }
}

/// JSON as it stands, so that no number loses a digit; anything else as a JSON string.
pub(super) fn data_of(text: &str, as_text: bool) -> String {
    if !as_text && serde_json::from_str::<&RawValue>(text).is_ok() {
        return text.trim().to_owned();
    }
    serde_json::Value::from(text).to_string()
}

/// Parts events into requests that the hub takes, in their order. An event that is too large for any is alone in its
/// own, for the hub to refuse.
pub(super) fn batches(events: Vec<Encoded>) -> Vec<Vec<Encoded>> {
    let mut batches: Vec<Vec<Encoded>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.json.len() + 1;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_EVENTS_MAX && bytes + size < BATCH_BYTES_MAX => {
                bytes += size;
                batch.push(event);
            }
            _ => {
                bytes = 1 + size;
                batches.push(vec![event]);
            }
        }
    }
    batches
}

/// The array that a batch is sent as.
pub(super) fn body(batch: &[Encoded]) -> Vec<u8> {
    let mut body = Vec::with_capacity(batch.iter().map(|event| event.json.len() + 1).sum::<usize>() + 1);
    for event in batch {
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend_from_slice(event.json.as_bytes());
    }
    body.push(b']');
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_lines_stay_json_to_the_last_digit_and_others_become_strings() {
        for (line, data) in [
            (r#" {"b":1.10,"a":12345678901234567890} "#, r#"{"b":1.10,"a":12345678901234567890}"#),
            ("7", "7"),
            ("null", "null"),
            ("GET / 200", "\"GET / 200\""),
            ("{broken", "\"{broken\""),
            ("1 2", "\"1 2\""),
            ("", "\"\""),
            ("a\tb\u{1b}\"", "\"a\\tb\\u001b\\\"\""),
        ] {
            assert_eq!(data_of(line, false), data);
        }
        assert_eq!(data_of("{}", true), "\"{}\"");
    }

    #[test]
    fn an_event_carries_what_was_given_and_nothing_else() {
        let bare = Template { channel: "jobs", kind: None, key: None };
        assert_eq!(bare.event(1, "i", "[1]").json, r#"{"channel":"jobs","id":"i","data":[1]}"#);
        let full = Template { channel: "jobs", kind: Some("done"), key: Some("k") };
        let sent: Value = serde_json::from_str(&full.event(1, "i", "null").json).expect("JSON");
        assert_eq!(sent, json!({"channel": "jobs", "type": "done", "id": "i", "key": "k", "data": null}));
    }

    proptest! {
        #[test]
        fn any_line_is_an_event_with_one_data(line in any::<String>(), as_text: bool) {
            let encoded = Template { channel: "c", kind: None, key: None }.event(1, "i", &data_of(&line, as_text));
            let sent: Value = serde_json::from_str(&encoded.json)?;
            let expected = match serde_json::from_str::<Value>(&line) {
                Ok(value) if !as_text => value,
                _ => Value::from(line),
            };
            prop_assert_eq!(&sent["data"], &expected);
        }

        #[test]
        fn batches_keep_the_order_and_the_limits(sizes in prop::collection::vec(0_usize..200_000, 0..40), small in 0_usize..1_200) {
            let sizes = sizes.into_iter().chain(std::iter::repeat_n(5, small));
            let events: Vec<Encoded> =
                sizes.enumerate().map(|(line, size)| Encoded { line: line as u64, json: "x".repeat(size) }).collect();
            let batches = batches(events.clone());
            for batch in &batches {
                prop_assert!(!batch.is_empty() && batch.len() <= BATCH_EVENTS_MAX);
                prop_assert!(batch.len() == 1 || body(batch).len() <= BATCH_BYTES_MAX);
            }
            for pair in batches.windows(2) {
                let next = pair[1][0].json.len();
                let full = pair[0].len() == BATCH_EVENTS_MAX || body(&pair[0]).len() + 1 + next > BATCH_BYTES_MAX - 2;
                prop_assert!(full, "a batch was cut short");
            }
            prop_assert_eq!(batches.concat(), events);
        }
    }
}
