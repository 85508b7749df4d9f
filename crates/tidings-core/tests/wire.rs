//! Whatever goes into the encoder comes out of two readers that know nothing of it.

use proptest::prelude::*;
use tidings_core::position::{Cursor, Epoch};
use tidings_core::wire;

mod sse;

use sse::{Message, Stream};

#[derive(Clone, Debug)]
enum Step {
    Event { id: Option<String>, ty: Option<String>, data: String },
    EventAt { cursor: Cursor, ty: Option<String>, data: String },
    Comment(String),
    Retry(u64),
    Heartbeat,
}

fn text() -> impl Strategy<Value = String> {
    // Half of it is what a line format trips over.
    let nasty = proptest::sample::select(&['\r', '\n', '\0', ':', ' ', '\u{feff}', '\u{2028}', 'd', 'i'][..]);
    let whole = proptest::sample::select(
        &["", "\r\n", "\n\n", "data: x", "id: evil\n\n", "event: closing\r", "retry: 1\n", "{\"a\":1}"][..],
    );
    let chars = proptest::collection::vec(prop_oneof![nasty, any::<char>()], 0..40);
    prop_oneof![chars.prop_map(|c| c.into_iter().collect()), whole.prop_map(str::to_owned)]
}

fn label() -> impl Strategy<Value = String> {
    let chars = prop_oneof![any::<char>(), proptest::sample::select(&[' ', ':', '~'][..])];
    proptest::collection::vec(chars.prop_filter("control", |c| !c.is_control()), 1..20)
        .prop_map(|c| c.into_iter().collect())
}

fn step() -> impl Strategy<Value = Step> {
    let maybe = || proptest::option::of(label());
    let cursor = (any::<u64>(), any::<u64>(), any::<bool>());
    let cursor = cursor.prop_map(|(epoch, seq, owed)| Cursor { epoch: Epoch::from(epoch), seq, owed });
    prop_oneof![
        3 => (maybe(), maybe(), text()).prop_map(|(id, ty, data)| Step::Event { id, ty, data }),
        3 => (cursor, maybe(), text()).prop_map(|(cursor, ty, data)| Step::EventAt { cursor, ty, data }),
        1 => text().prop_map(Step::Comment),
        1 => any::<u64>().prop_map(Step::Retry),
        1 => Just(Step::Heartbeat),
    ]
}

fn write(steps: &[Step]) -> (Vec<u8>, Stream) {
    let (mut out, mut expected, mut last_id) = (Vec::new(), Stream::default(), String::new());
    let mut expect = |expected: &mut Stream, id: Option<String>, ty: &Option<String>, data: &str| {
        last_id = id.unwrap_or_else(|| last_id.clone());
        let ty = ty.clone().unwrap_or_else(|| "message".to_owned());
        let data = data.replace("\r\n", "\n").replace('\r', "\n");
        expected.messages.push(Message { ty, id: last_id.clone(), data });
    };
    for step in steps {
        match step {
            Step::Event { id, ty, data } => {
                wire::event(&mut out, id.as_deref(), ty.as_deref(), data);
                expect(&mut expected, id.clone(), ty, data);
            }
            Step::EventAt { cursor, ty, data } => {
                wire::event_at(&mut out, *cursor, ty.as_deref(), data);
                expect(&mut expected, Some(cursor.to_string()), ty, data);
            }
            Step::Comment(text) => wire::comment(&mut out, text),
            Step::Retry(ms) => {
                wire::retry(&mut out, *ms);
                expected.retry_ms = Some(*ms);
            }
            Step::Heartbeat => out.extend_from_slice(wire::HEARTBEAT),
        }
    }
    (out, expected)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_get_back_what_was_written(steps in proptest::collection::vec(step(), 0..12)) {
        let (out, expected) = write(&steps);
        prop_assert_eq!(&sse::lines::read(&out), &expected);
        prop_assert_eq!(&sse::bytes::read(&out), &expected);
    }

    #[test]
    fn the_readers_agree_on_anything(
        parts in proptest::collection::vec(prop_oneof![
            proptest::sample::select(&["data", "event", "id", "retry", ":", " ", "\r", "\n", "\0", "7", "\u{feff}", "é"][..]),
        ], 0..60),
    ) {
        let stream = parts.concat();
        prop_assert_eq!(sse::lines::read(stream.as_bytes()), sse::bytes::read(stream.as_bytes()));
    }

    #[test]
    fn a_cursor_comes_back_as_it_went(epoch in any::<u64>(), seq in any::<u64>(), owed in any::<bool>()) {
        let cursor = Cursor { epoch: Epoch::from(epoch), seq, owed };
        let text = cursor.to_string();
        prop_assert!(text.len() <= 28);
        prop_assert_eq!(Cursor::parse(&text), Some(cursor));
        let mut written = Vec::new();
        cursor.write_into(&mut written);
        prop_assert_eq!(written, text.into_bytes());
    }

    #[test]
    fn a_text_that_parses_is_the_text_that_is_written(text in "[0-9a-zA-Z~+-]{0,20}") {
        if let Some(cursor) = Cursor::parse(&text) {
            prop_assert_eq!(cursor.to_string(), text);
        }
    }
}

// Debug builds stop at an unvalidated label; a release strips it.
#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "not a validated label"))]
fn an_id_or_type_that_slipped_through_is_one_line_all_the_same() {
    let mut out = Vec::new();
    wire::event(&mut out, Some("1\r\ndata: x"), Some("a\nb\0"), "1");
    assert_eq!(out, b"id: 1data: x\nevent: ab\ndata: 1\n\n");
}
