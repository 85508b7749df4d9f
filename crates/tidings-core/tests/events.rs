//! Drafts that become events, and drafts that don't.

use proptest::prelude::*;
use serde_json::value::RawValue;
use tidings_core::event::{Draft, Event, EventError, RESERVED_TYPES};
use tidings_core::label::LabelError;

fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

fn draft(data: &RawValue) -> Draft<'_> {
    Draft { ty: None, data, id: None, key: None }
}

#[test]
fn an_event_keeps_what_it_was_given() {
    let data = json("{\r\n  \"z\": 12345678901234567890.10,\n  \"a\": \"x\\ny\",\r  \"a\": 1e400\n}");
    let event =
        Event::new(Draft { ty: Some("tick"), id: Some("1"), key: Some("k"), ..draft(&data) }, 100).unwrap();
    assert_eq!((event.ty(), event.id(), event.key()), (Some("tick"), Some("1"), Some("k")));
    assert_eq!(event.data(), "{  \"z\": 12345678901234567890.10,  \"a\": \"x\\ny\",  \"a\": 1e400}");
    let bare = Event::new(draft(&data), 0).unwrap();
    assert_eq!((bare.ty(), bare.id(), bare.key()), (None, None, None));
    assert_eq!(bare.data(), event.data());
}

#[test]
fn the_size_is_that_of_what_is_sent() {
    let data = json("[1,\r\n2]");
    assert!(Event::new(draft(&data), 5).is_ok());
    let error = Event::new(draft(&data), 4).unwrap_err();
    assert_eq!(error, EventError::TooLarge { bytes: 5, event_bytes_max: 4 });
    assert_eq!(error.to_string(), "the event's data is 5 bytes: keep it to 4");
}

#[test]
fn labels_are_checked_and_reserved_types_refused() {
    let data = json("1");
    let malformed = |field, reason| EventError::Malformed { field, reason };
    let refused = |draft| Event::new(draft, 0).unwrap_err();
    assert_eq!(refused(Draft { ty: Some(""), ..draft(&data) }), malformed("type", LabelError::Empty));
    assert_eq!(
        refused(Draft { ty: Some("a\nb"), ..draft(&data) }),
        malformed("type", LabelError::Control { at: 1 })
    );
    assert_eq!(
        refused(Draft { id: Some("\0"), ..draft(&data) }),
        malformed("id", LabelError::Control { at: 0 })
    );
    let long = "k".repeat(256);
    assert_eq!(
        refused(Draft { key: Some(&long), ..draft(&data) }),
        malformed("key", LabelError::TooLong { bytes: 256 })
    );
    for ty in RESERVED_TYPES {
        assert_eq!(refused(Draft { ty: Some(ty), ..draft(&data) }), EventError::Reserved { ty });
        assert_eq!(Event::internal(ty, "{}".to_owned()).ty(), Some(ty));
    }
    assert!(Event::new(Draft { ty: Some("Connected"), ..draft(&data) }, 0).is_ok());
}

#[test]
fn the_longest_labels_keep_apart() {
    let (ty, id, key) = ("é".repeat(127) + "t", "i".repeat(255), "k".repeat(255));
    let data = json("\"d\"");
    let event = Event::new(Draft { ty: Some(&ty), id: Some(&id), key: Some(&key), data: &data }, 0).unwrap();
    assert_eq!((event.ty(), event.id(), event.key()), (Some(&ty[..]), Some(&id[..]), Some(&key[..])));
    assert_eq!(event.data(), "\"d\"");
    assert!(!format!("{event:?}").contains("\"d\""), "no payload in a log");
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn data_means_the_same_on_one_line(value in value(), crlf in any::<bool>()) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let pretty = if crlf { pretty.replace('\n', "\r\n") } else { pretty };
        let event = Event::new(draft(&json(&pretty)), 0).unwrap();
        prop_assert!(!event.data().contains(['\r', '\n']));
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(event.data()).unwrap(), value);
    }
}
