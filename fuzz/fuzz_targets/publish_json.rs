//! Bodies of a publish, through the real endpoint: whatever is taken is kept as an event that means what was given.
#![no_main]

use axum::body::Body;
use http::Request;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tidings::HistoryQuery;
use tidings::core::channel::ChannelName;

mod hub;

fuzz_target!(|body: &[u8]| {
    let request = Request::post("/api/sse/publish").body(Body::from(body.to_owned())).expect("a request");
    let (status, answer) = hub::ENDPOINTS.ask(request);
    let answer: Value = serde_json::from_slice(&answer.unwrap_or_default()).expect("every answer is JSON");
    assert!([200, 400, 413].contains(&status.as_u16()), "{status}");
    let Ok(given) = serde_json::from_slice::<Value>(body) else { return assert_ne!(status, 200) };
    let (given, answers) = match (given, answer) {
        (Value::Array(given), Value::Array(answers)) => (given, answers),
        (given, answer) => (vec![given], vec![answer]),
    };
    if status == 200 && given.len() == answers.len() {
        given.iter().zip(&answers).for_each(|(given, answer)| kept(given, answer));
    }
});

fn kept(given: &Value, answer: &Value) {
    let (Some(channel), Some(offset)) = (answer["channel"].as_str(), answer["offset"].as_u64()) else { return };
    if answer.get("duplicate").is_some() {
        return;
    }
    let channel = ChannelName::parse(channel).expect("it was published to");
    let page = hub::ENDPOINTS.hub.history(&channel, HistoryQuery { since: None, limit: usize::MAX });
    let frame = page.events.iter().find(|frame| frame.seq == offset).expect("the newest is kept");
    let data: Value = serde_json::from_str(frame.data()).expect("data is JSON");
    assert_eq!(data, given["data"]);
    assert!(!frame.data().contains(['\r', '\n']));
    assert_eq!(frame.ty(), given["type"].as_str());
}
