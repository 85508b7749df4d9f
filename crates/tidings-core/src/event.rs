//! What is published: checked once on the way in, so that nothing after it can fail.

use std::fmt;

use serde_json::value::RawValue;

use crate::label::{self, LabelError};

/// Types that the hub's own control events carry, which publishers may not use.
pub const RESERVED_TYPES: [&str; 9] =
    ["connected", "refused", "gap", "subscribed", "unsubscribed", "joined", "left", "expiring", "closing"];

/// What a publisher handed in, valid as JSON and not yet as an event.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Becomes the SSE field `event:`.
    pub ty: Option<&'a str>,
    /// Any JSON.
    pub data: &'a RawValue,
    /// Makes publishing it twice the same as publishing it once.
    pub id: Option<&'a str>,
    /// Of the events with one key, only the latest is kept for replay.
    pub key: Option<&'a str>,
}

/// A valid event. Its texts lie one behind the other in one allocation: type, id, key, data.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    text: Box<str>,
    // 0 is absent: a label is never empty.
    ty_bytes: u8,
    id_bytes: u8,
    key_bytes: u8,
}

/// Why a draft is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A type, id or key that no event can carry.
    #[error("the event's {field} {reason}")]
    Malformed {
        /// `type`, `id` or `key`.
        field: &'static str,
        /// What is wrong with it.
        reason: LabelError,
    },
    /// Data that can't be told as JSON.
    #[error("the event's data can't be told as JSON: maps need keys that are texts")]
    NotJson,
    /// A type of [`RESERVED_TYPES`].
    #[error("the event type `{ty}` is the hub's own: choose another")]
    Reserved {
        /// Which one.
        ty: &'static str,
    },
    /// More data than an event may have.
    #[error("the event's data is {bytes} bytes: keep it to {event_bytes_max}")]
    TooLarge {
        /// The length of the data as it would be sent.
        bytes: usize,
        /// How long it may be.
        event_bytes_max: usize,
    },
}

impl Event {
    /// Checks a draft and keeps it. `data` stays the text that was given, so that the precision of numbers and the
    /// order of keys survive, less its raw line breaks. An `event_bytes_max` of 0 is no limit.
    pub fn new(draft: Draft<'_>, event_bytes_max: usize) -> Result<Event, EventError> {
        let ty = field("type", draft.ty)?;
        let id = field("id", draft.id)?;
        let key = field("key", draft.key)?;
        if let Some(reserved) = RESERVED_TYPES.iter().find(|reserved| **reserved == ty) {
            return Err(EventError::Reserved { ty: reserved });
        }
        let data = draft.data.get();
        let bytes = data.len() - data.bytes().filter(is_break).count();
        if event_bytes_max > 0 && bytes > event_bytes_max {
            return Err(EventError::TooLarge { bytes, event_bytes_max });
        }
        Ok(Event::assemble([ty, id, key], data, bytes))
    }

    /// An event of the hub's own, such as `joined` and `left`: the one way to a type of [`RESERVED_TYPES`]. Not for
    /// anything that came from outside. `data` is JSON.
    pub fn internal(ty: &str, data: String) -> Event {
        debug_assert_eq!(label::check(ty), Ok(()), "a type of the hub's own");
        let ty = if label::check(ty).is_ok() { ty } else { "" };
        let bytes = data.len() - data.bytes().filter(is_break).count();
        Event::assemble([ty, "", ""], &data, bytes)
    }

    /// An event that was accepted before and comes back from where it was kept: its type may be the hub's own.
    pub fn kept(draft: Draft<'_>) -> Result<Event, EventError> {
        let labels = [field("type", draft.ty)?, field("id", draft.id)?, field("key", draft.key)?];
        let data = draft.data.get();
        Ok(Event::assemble(labels, data, data.len() - data.bytes().filter(is_break).count()))
    }

    /// The SSE event type, if the publisher gave one.
    pub fn ty(&self) -> Option<&str> {
        present(&self.text[..self.id_start()])
    }

    /// The JSON text, on one line.
    pub fn data(&self) -> &str {
        &self.text[self.data_start()..]
    }

    /// The publisher's id of this event.
    pub fn id(&self) -> Option<&str> {
        present(&self.text[self.id_start()..self.key_start()])
    }

    /// The key of which this event is the latest.
    pub fn key(&self) -> Option<&str> {
        present(&self.text[self.key_start()..self.data_start()])
    }

    fn assemble(labels: [&str; 3], data: &str, data_bytes: usize) -> Event {
        let mut text = String::with_capacity(labels.iter().map(|l| l.len()).sum::<usize>() + data_bytes);
        labels.iter().for_each(|label| text.push_str(label));
        // JSON has raw line breaks only as white space between tokens: inside strings they are escaped.
        data.split(['\r', '\n']).for_each(|line| text.push_str(line));
        let [ty_bytes, id_bytes, key_bytes] = labels.map(|label| label.len() as u8);
        Event { text: text.into_boxed_str(), ty_bytes, id_bytes, key_bytes }
    }

    fn id_start(&self) -> usize {
        usize::from(self.ty_bytes)
    }

    fn key_start(&self) -> usize {
        self.id_start() + usize::from(self.id_bytes)
    }

    fn data_start(&self) -> usize {
        self.key_start() + usize::from(self.key_bytes)
    }
}

fn field<'a>(field: &'static str, text: Option<&'a str>) -> Result<&'a str, EventError> {
    let Some(text) = text else { return Ok("") };
    label::check(text).map(|()| text).map_err(|reason| EventError::Malformed { field, reason })
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

impl fmt::Debug for Event {
    // No payload in any log: this says how long the data is, and not what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("type", &self.ty())
            .field("id", &self.id())
            .field("key", &self.key())
            .field("data_bytes", &self.data().len())
            .finish()
    }
}
