use proptest::prelude::*;

use super::*;

fn parse(stream: impl AsRef<[u8]>) -> Vec<Item> {
    let mut out = Vec::new();
    Parser::new(String::new()).push(stream.as_ref(), &mut out).expect("within the limits");
    out
}

fn event(name: &str, data: &str, last_id: &str) -> Item {
    Item::Event(Event { name: name.into(), data: data.into(), last_id: last_id.into() })
}

#[test]
fn the_examples_of_the_standard() {
    assert_eq!(parse("data: YHOO\ndata: +2\ndata: 10\n\n"), [event("message", "YHOO\n+2\n10", "")]);
    assert_eq!(
        parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
        [
            event("message", "first event", "1"),
            event("message", "second event", ""),
            event("message", " third event", "")
        ]
    );
    assert_eq!(parse("data\n\ndata\ndata\n\ndata:"), [event("message", "", ""), event("message", "\n", "")]);
    assert_eq!(
        parse("data:test\n\ndata: test\n\n"),
        [event("message", "test", ""), event("message", "test", "")]
    );
}

#[test]
fn a_byte_order_mark_is_dropped_once_and_only_at_the_start() {
    let mut stream = "\u{feff}data: a\n\n\u{feff}data: b\n\n".as_bytes().to_vec();
    assert_eq!(parse(&stream), [event("message", "a", "")]);
    stream.splice(0..0, "\u{feff}".bytes());
    assert_eq!(parse(&stream), [], "a second mark belongs to the field's name");
}

#[test]
fn an_id_counts_from_its_block_s_end_even_without_data() {
    let mut parser = Parser::new("before".into());
    let mut out = Vec::new();
    parser.push(b"id: 7\n", &mut out).expect("short");
    assert_eq!(parser.last_id(), "before", "a cut here must replay the event that was coming");
    parser.push(b"\n", &mut out).expect("short");
    assert_eq!((parser.last_id(), out.as_slice()), ("7", [].as_slice()));
    parser.push(b"id: 8\0\ndata: x\n\n", &mut out).expect("short");
    assert_eq!(out, [event("message", "x", "7")]);
}

#[test]
fn a_name_is_forgotten_with_its_block() {
    assert_eq!(parse("event: a\n\ndata: x\n\n"), [event("message", "x", "")]);
    assert_eq!(parse("event: a\nevent: b\ndata: x\n\n"), [event("b", "x", "")]);
}

#[test]
fn retry_is_digits_or_nothing() {
    assert_eq!(parse("retry: 2500\nretry: 1s\nretry:\nretry: -1\nretry\n"), [Item::Retry { wait_ms: 2500 }]);
    assert_eq!(parse("retry: 99999999999999999999\n"), [Item::Retry { wait_ms: u64::MAX }]);
}

#[test]
fn fields_are_told_by_their_exact_names() {
    assert_eq!(parse("Data: x\n data: x\ndata : x\nfoo: x\n\n"), []);
    assert_eq!(parse("data:x:y: z\n\n"), [event("message", "x:y: z", "")]);
}

#[test]
fn broken_utf_8_is_replaced_and_stays_in_its_event() {
    assert_eq!(
        parse(b"data: a\xffb\n\ndata: c\n\n"),
        [event("message", "a\u{fffd}b", ""), event("message", "c", "")]
    );
}

#[test]
fn memory_has_limits() {
    let mut parser = Parser { line_bytes_max: 10, event_bytes_max: 12, ..Parser::new(String::new()) };
    let mut out = Vec::new();
    assert_eq!(parser.push(b"data: 3456", &mut out), Ok(()));
    assert!(
        parser.push(b"7", &mut out).is_err_and(|error| error.to_string().contains("a line of more than 10"))
    );
    let mut parser = Parser { line_bytes_max: 10, event_bytes_max: 12, ..Parser::new(String::new()) };
    assert_eq!(parser.push(b"data: 3456\ndata: 3456\n", &mut out), Ok(()));
    assert!(parser.push(b"data: 3456\n", &mut out).is_err());
}

/// An encoder as plain as can be, in any of the three line ends.
fn encode(events: &[(String, String, String)], end: &str) -> String {
    let mut stream = String::new();
    for (name, data, id) in events {
        stream += &format!("event: {name}{end}id: {id}{end}: a comment{end}");
        for line in data.split('\n') {
            stream += &format!("data: {line}{end}");
        }
        stream += end;
    }
    stream
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(
        events in prop::collection::vec(("[^\r\n]{1,8}", "[^\r]{0,20}", "[^\r\n\0]{0,8}"), 0..6),
        end in prop::sample::select(vec!["\n", "\r", "\r\n"]),
    ) {
        let expected: Vec<Item> = events.iter().map(|(name, data, id)| event(name, data, id)).collect();
        prop_assert_eq!(parse(encode(&events, end)), expected);
    }

    #[test]
    fn portions_make_no_difference(
        stream in prop::collection::vec(
            prop::sample::select(vec![
                "data", "id", "event", "retry", ":", " ", "\r", "\n", "\r\n", "\n\n", "\u{feff}", "ü", "\0", "7", "x",
            ]), 0..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let stream = stream.concat().into_bytes();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        ends.push(stream.len());
        ends.sort_unstable();
        let (mut parser, mut out, mut start) = (Parser::new(String::new()), Vec::new(), 0);
        for end in ends {
            parser.push(&stream[start..end], &mut out).expect("short");
            start = end;
        }
        prop_assert_eq!(out, parse(&stream));
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(stream in prop::collection::vec(any::<u8>(), 0..200)) {
        parse(stream);
    }
}
