//! Short names that are not channels: a user, a client's id, a connection's type, an event's type.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The longest label, in bytes of UTF-8.
pub const LABEL_BYTES_MAX: usize = 255;

/// 1–255 bytes of UTF-8 without control characters: it fits a header, a log line and an SSE field as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

/// Why a text is no label. Reads on from the name of the field: "`client_id` is empty: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing there.
    #[error("is empty: give it 1 to {LABEL_BYTES_MAX} bytes")]
    Empty,
    /// Longer than [`LABEL_BYTES_MAX`].
    #[error("is {bytes} bytes long: keep it to {LABEL_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A newline, a NUL or another control character.
    #[error("has a control character at byte {at}: remove it")]
    Control {
        /// Where the first one stands.
        at: usize,
    },
}

impl Label {
    /// Takes a text that obeys [`check`].
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        check(text).map(|()| Label(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn as_arc(&self) -> &Arc<str> {
        &self.0
    }
}

/// Holds a text to the rules of a label without keeping it.
pub fn check(text: &str) -> Result<(), LabelError> {
    if text.is_empty() {
        return Err(LabelError::Empty);
    }
    if text.len() > LABEL_BYTES_MAX {
        return Err(LabelError::TooLong { bytes: text.len() });
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, _)) => Err(LabelError::Control { at }),
        None => Ok(()),
    }
}

impl From<Label> for Arc<str> {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_bytes_and_control_characters() {
        assert!(Label::parse("a").is_ok());
        assert!(Label::parse(&"é".repeat(127)).is_ok());
        assert_eq!(Label::parse(""), Err(LabelError::Empty));
        assert_eq!(Label::parse(&"é".repeat(128)), Err(LabelError::TooLong { bytes: 256 }));
        assert_eq!(Label::parse("é\n"), Err(LabelError::Control { at: 2 }));
        assert_eq!(Label::parse("a\0b"), Err(LabelError::Control { at: 1 }));
        assert_eq!(Label::parse("a\u{85}"), Err(LabelError::Control { at: 1 }));
    }
}
