//! The examples of docs/hooks.md about the hook.

use serde_json::{Value, json};

use crate::receiver::says;
use crate::{COOKIE, Scene};

fn examples(kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hooks.md"));
    let text = text.expect("docs/hooks.md");
    let marker = format!("<!-- checked: {kind} -->\n```json\n");
    let blocks =
        text.split(marker.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block").to_owned());
    let parsed: Vec<Value> = blocks.map(|block| serde_json::from_str(&block).expect("JSON")).collect();
    assert!(!parsed.is_empty(), "{kind}");
    parsed
}

#[tokio::test]
async fn the_question_and_the_answers_of_the_documentation_are_true() {
    for answer in examples("answer") {
        let scene = Scene::new(says(200, &answer)).await;
        let grant = answer.get("tidings").unwrap_or(&answer);
        let channels: Vec<&str> = if grant["subscribe"].as_array().is_some_and(|list| list.len() > 1) {
            vec!["news", "room:7"]
        } else {
            vec!["news"]
        };
        let query = format!("channels={}&type=board&client_id=tab&lang=de", channels.join(","));
        // The second example's end is long past where the clock is beyond it.
        let status = scene.open(&query, &[COOKIE]).await.status().as_u16();
        assert!(status == 200 || (status == 401 && answer.get("exp").is_some()), "{answer}: {status}");
        let mut asked = scene.asked().json();
        asked["remote"] = json!("203.0.113.7");
        asked["channels"] = json!(["news", "room:7"]);
        assert_eq!(asked, examples("question")[0]);
    }
}
