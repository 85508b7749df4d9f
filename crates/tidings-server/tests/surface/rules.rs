//! Channel rules: who may publish, and what.

use serde_json::{Value, json};

use crate::http::{get, publish};
use crate::server::Server;
use crate::sse::Stream;

const CHECKIN: &str = r#"{
  "type": "object", "additionalProperties": false, "required": ["student_id"],
  "properties": { "student_id": { "type": "integer" }, "student_name": { "type": "string", "maxLength": 20 } }
}"#;

/// A hub whose group channels are held to a schema, and whose bulletin nobody publishes to over HTTP.
fn school() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let schema = dir.path().join("checkin.json");
    std::fs::write(&schema, CHECKIN).expect("written");
    let toml = format!(
        "[[channel]]\nmatch = \"group:open\"\n[[channel]]\nmatch = \"group:*\"\nschema = {schema:?}\n\
         [[channel]]\nmatch = \"bulletin\"\npublish = \"nobody\"\n"
    );
    (Server::configured(&toml), dir)
}

#[test]
fn data_that_is_not_as_the_schema_wants_is_refused_by_the_field_and_not_sent() {
    let (hub, _dir) = school();
    let mut stream = Stream::open(&hub, "channels=group:*");
    let event = |data: Value| json!({ "channel": "group:1", "data": data });
    let refused = publish(&hub, &event(json!({ "student_id": 7, "birthday": "2011-02-03" })));
    let problem = refused.problem(422);
    assert_eq!(problem["errors"], json!([{ "pointer": "/birthday", "rule": "additionalProperties" }]));
    assert!(!refused.body.contains("2011"), "a value is no answer: {problem}");
    let batch =
        json!([event(json!({ "student_id": "7" })), event(json!({ "student_id": 7 })), event(json!({}))]);
    let answers = publish(&hub, &batch).ok();
    assert_eq!(answers[0]["errors"], json!([{ "pointer": "/student_id", "rule": "type" }]));
    assert_eq!((&answers[1]["recipients"], &answers[2]["status"]), (&json!(1), &json!(422)));
    // All of an event's channels take it, or none does.
    let several = json!({ "channels": ["group:open", "group:2"], "data": { "address": "here" } });
    publish(&hub, &several).problem(422);
    publish(&hub, &json!({ "channel": "group:open", "data": "anything" })).ok();
    assert_eq!(stream.event().1, json!({ "student_id": 7 }));
    assert_eq!(stream.event().1, "anything", "the first rule that fits is a channel's rule");
    assert!(!hub.log().contains("2011"), "{}", hub.log());
}

#[test]
fn nobody_publishes_over_http_where_the_rule_says_so() {
    let (hub, _dir) = school();
    let event = json!({ "channel": "bulletin", "data": 1 });
    publish(&hub, &event).problem_saying(403, "`bulletin`");
    publish(&hub, &json!({ "channels": ["a", "bulletin"], "data": 1 })).problem(403);
    assert_eq!(publish(&hub, &json!([event])).ok()[0]["status"], 403);
    get(&hub, "/api/sse/history?channel=bulletin").ok();
    assert_eq!(hub.stats()["events"]["published_total"], 0);
}

#[test]
fn a_schema_that_can_not_be_used_stops_the_start_and_says_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let schema = dir.path().join("schema.json");
    for (text, part) in
        [("{\"type\":\"objekt\"}", "/type"), ("{", "is no JSON"), ("{\"$ref\":\"other.json\"}", "other.json")]
    {
        std::fs::write(&schema, text).expect("written");
        let toml = format!("[[channel]]\nmatch = \"a\"\nschema = {schema:?}\n");
        let refused = crate::hub::Hub::refused_with_file(&toml);
        assert!(refused.contains("channel[0].schema") && refused.contains(part), "{refused}\nwants\n{part}");
    }
    let refused = crate::hub::Hub::refused_with_file("[[channel]]\nmatch = \"a\"\nschema = \"none.json\"\n");
    assert!(refused.contains("cannot read none.json"), "{refused}");
}
