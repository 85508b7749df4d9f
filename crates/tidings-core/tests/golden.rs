//! The pairs of `fixtures/wire`: written byte for byte, and read back by two readers.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use tidings_core::event::{Draft, Event};
use tidings_core::position::Cursor;
use tidings_core::wire;

mod sse;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair<'a> {
    #[serde(borrow)]
    write: Vec<Step<'a>>,
    read: Vec<Message>,
    retry_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Step<'a> {
    Publish {
        cursor: String,
        r#type: Option<String>,
        #[serde(borrow)]
        data: &'a RawValue,
    },
    Event {
        id: Option<String>,
        r#type: Option<String>,
        data: String,
    },
    Comment(String),
    Retry(u64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    r#type: String,
    id: String,
    data: String,
}

fn write(out: &mut Vec<u8>, step: &Step<'_>) {
    match step {
        Step::Publish { cursor, r#type, data } => {
            let draft = Draft { ty: r#type.as_deref(), data, id: None, key: None };
            let event = Event::new(draft, 0).expect("an event");
            wire::event_at(out, Cursor::parse(cursor).expect("a cursor"), event.ty(), event.data());
        }
        Step::Event { id, r#type, data } => wire::event(out, id.as_deref(), r#type.as_deref(), data),
        Step::Comment(text) => wire::comment(out, text),
        Step::Retry(ms) => wire::retry(out, *ms),
    }
}

#[test]
fn every_pair_is_written_and_read_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire");
    let mut pairs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        pairs += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let json = std::fs::read_to_string(&path).unwrap();
        let golden = std::fs::read(path.with_extension("sse")).unwrap_or_else(|e| panic!("{name}.sse: {e}"));
        let pair: Pair<'_> = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{name}: {e}"));

        let mut out = Vec::new();
        pair.write.iter().for_each(|step| write(&mut out, step));
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&golden), "{name}");

        let message =
            |m: &Message| sse::Message { ty: m.r#type.clone(), id: m.id.clone(), data: m.data.clone() };
        let expected =
            sse::Stream { messages: pair.read.iter().map(message).collect(), retry_ms: pair.retry_ms };
        assert_eq!(sse::lines::read(&golden), expected, "{name}");
        assert_eq!(sse::bytes::read(&golden), expected, "{name}");
    }
    assert!(pairs >= 20, "only {pairs} pairs in {}", folder.display());
}

#[test]
fn a_heartbeat_is_the_comment_of_that_name() {
    let mut out = Vec::new();
    wire::comment(&mut out, "heartbeat");
    assert_eq!(out, wire::HEARTBEAT);
}
