//! Bodies of a publish, through the real endpoint: whatever is taken is kept as an event that says what was given.
#![no_main]

use axum::body::Body;
use http::Request;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tidings::HistoryQuery;
use tidings::core::channel::ChannelName;

mod hub;

/// Its data as text: JSON's numbers and depth know no bounds, while those of `Value` do (RFC 8259 §6, §9).
#[derive(Deserialize)]
struct Given {
    #[serde(rename = "type")]
    ty: Option<String>,
    data: Box<RawValue>,
}

fuzz_target!(|body: &[u8]| {
    let request = Request::post("/api/sse/publish").body(Body::from(body.to_owned())).expect("a request");
    let (status, answer) = hub::ENDPOINTS.ask(request);
    let answer: Value = serde_json::from_slice(&answer.unwrap_or_default()).expect("every answer is JSON");
    assert!([200, 400, 413].contains(&status.as_u16()), "{status}");
    if status != 200 {
        return;
    }
    if body.trim_ascii_start().starts_with(b"[") {
        let given: Vec<Box<RawValue>> = serde_json::from_slice(body).expect("it was taken");
        let answers = answer.as_array().expect("an array for an array");
        assert_eq!(given.len(), answers.len());
        given.iter().zip(answers).for_each(|(given, answer)| kept(given.get(), answer));
    } else {
        let given: Box<RawValue> = serde_json::from_slice(body).expect("it was taken");
        kept(given.get(), &answer);
    }
});

fn kept(given: &str, answer: &Value) {
    let answers = match answer {
        Value::Array(answers) => answers.as_slice(),
        answer => std::slice::from_ref(answer),
    };
    for answer in answers {
        let (Some(channel), Some(offset)) = (answer["channel"].as_str(), answer["offset"].as_u64()) else {
            return;
        };
        if answer.get("duplicate").is_some() {
            continue;
        }
        let given: Given = serde_json::from_str(given).expect("it was taken");
        let channel = ChannelName::parse(channel).expect("it was published to");
        let page = hub::ENDPOINTS.hub.history(&channel, HistoryQuery { since: None, limit: usize::MAX });
        // One event to several channels can push its own first copy out of a ring that names are repeated for.
        let Some(frame) = page.events.iter().find(|frame| frame.seq == offset) else { continue };
        assert_eq!(tokens(frame.data()), tokens(given.data.get()));
        assert!(!frame.data().contains(['\r', '\n']));
        assert_eq!(frame.ty(), given.ty.as_deref());
    }
}

/// JSON without the white space between its tokens.
fn tokens(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let is_kept = |c: &char| {
        let kept = quoted || !matches!(c, ' ' | '\t' | '\r' | '\n');
        let is_quote = *c == '"' && !escaped;
        escaped = quoted && *c == '\\' && !escaped;
        quoted ^= is_quote;
        kept
    };
    json.chars().filter(is_kept).collect()
}
