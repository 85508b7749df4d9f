//! The example of docs/hooks.md about a call.

use std::time::Duration;

use serde_json::Value;

use crate::receiver::{Receiver, says};
use crate::{events, hub, open, quick, start};

/// The names in an object, and of the objects in it.
fn names(value: &Value) -> Vec<String> {
    let Some(members) = value.as_object() else { return Vec::new() };
    let own = members.iter().flat_map(|(name, value)| {
        names(value).into_iter().map(move |inner| format!("{name}.{inner}")).chain([name.clone()])
    });
    own.collect()
}

#[tokio::test]
async fn the_call_of_the_documentation_has_the_members_of_a_real_one() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hooks.md"));
    let text = text.expect("docs/hooks.md");
    let (_, rest) = text.split_once("<!-- checked: call -->\n```json\n").expect("the example");
    let call: Value = serde_json::from_str(rest.split("```").next().expect("a block")).expect("JSON");

    let dir = tempfile::tempdir().expect("a directory");
    let receiver = Receiver::start(says(200, "")).await;
    let hub = hub(dir.path());
    let webhooks = start(&hub, &[&receiver], quick());
    drop(open(&hub, "ann", &["news"]));
    assert!(webhooks.flush(Duration::from_secs(20)).await);
    let requests = receiver.requests();
    assert_eq!(names(&requests[0].json()), names(&call));
    let told = events(&requests);
    for event in call["data"].as_array().expect("events") {
        let real = told.iter().find(|real| real["type"] == event["type"]).expect("one of its type");
        assert_eq!(names(real), names(event));
    }
}
