//! Bodies of a publish: whatever is taken is sent as one event that means what was given.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde_json::value::RawValue;
use tidings_core::channel::ChannelName;
use tidings_core::event::{Draft, Event, EventError, RESERVED_TYPES};
use tidings_core::wire;

#[path = "../../crates/tidings-core/tests/sse/mod.rs"]
mod sse;

const EVENT_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
struct Publish<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
}

fuzz_target!(|body: &[u8]| {
    let items = match body.first() {
        Some(b'[') => serde_json::from_slice(body).unwrap_or_default(),
        _ => serde_json::from_slice(body).into_iter().collect::<Vec<Publish<'_>>>(),
    };
    for item in &items {
        if ChannelName::parse(&item.channel).is_ok() {
            publish(item);
        }
    }
});

fn publish(item: &Publish<'_>) {
    let (ty, id, key) = (item.r#type.as_deref(), item.id.as_deref(), item.key.as_deref());
    let event = match Event::new(Draft { ty, data: item.data, id, key }, EVENT_BYTES_MAX) {
        Ok(event) => event,
        Err(EventError::TooLarge { bytes, .. }) => return assert!(bytes > EVENT_BYTES_MAX),
        Err(EventError::Reserved { ty: reserved }) => return assert_eq!(ty, Some(reserved)),
        Err(EventError::Malformed { .. }) => return,
    };
    assert!(event.data().len() <= EVENT_BYTES_MAX && !event.data().contains(['\r', '\n']));
    assert!(ty.is_none_or(|ty| !RESERVED_TYPES.contains(&ty)));
    assert_eq!((event.ty(), event.id(), event.key()), (ty, id, key));
    let meaning = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    assert_eq!(meaning(event.data()), meaning(item.data.get()));

    let mut out = Vec::new();
    wire::event(&mut out, event.id(), event.ty(), event.data());
    let read = sse::lines::read(&out);
    let [message] = &read.messages[..] else { panic!("one event, and not {}", read.messages.len()) };
    assert_eq!(message.data, event.data());
    assert_eq!((&message.id[..], &message.ty[..]), (id.unwrap_or(""), ty.unwrap_or("message")));
    assert_eq!(sse::bytes::read(&out), read);
}
