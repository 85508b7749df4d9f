//! Channel names, and the patterns that select among them.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use crate::selector::{ListError, Selector, parse_list};

/// The longest name or pattern, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 255;

/// How the names of the hub's own channels begin. They show operators what is; nobody else publishes there, and no
/// pattern stands for them.
pub const HUBS_OWN: &str = "$hub/";

/// A channel's name: 1–255 bytes of UTF-8, no control character, no comma, no `*`, not the word `all`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Arc<str>);

/// A name with `*`: at the end it stands for any rest, the empty one too; elsewhere for exactly one whole,
/// non-empty segment. Segments are parted by `:`, `/` and `.`, which match only themselves.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Arc<str>);

/// Why a text is no channel name, or no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a channel needs a name: give it 1 to {NAME_BYTES_MAX} bytes")]
    Empty,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("a channel name of {bytes} bytes is too long: keep it to {NAME_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A newline, a NUL or another control character.
    #[error("a channel name has no control characters: remove the one at byte {at}")]
    Control {
        /// Where the first one stands.
        at: usize,
    },
    /// A comma parts the names of a list.
    #[error("a channel name has no comma: remove the one at byte {at}")]
    Comma {
        /// Where the first one stands.
        at: usize,
    },
    /// A pattern where one channel has to be named.
    #[error("a pattern can't stand here: name one channel, without `*`")]
    Star,
    /// `all` is how a list says `*`.
    #[error("`all` means every channel and names none: choose another name")]
    All,
    /// An event for a channel of the hub's own.
    #[error("`{HUBS_OWN}` begins the names of the hub's own channels: publish to another")]
    HubsOwn,
    /// A pattern among the hub's own channels.
    #[error(
        "the hub's own channels, `{HUBS_OWN}…`, are read by their exact names: a `*` there is written `%2A`"
    )]
    HubsOwnPattern,
    /// A name where a pattern has to stand.
    #[error("a pattern needs a `*`")]
    NoStar,
    /// `a*b`, `*b:c`, `**`: none of these has a meaning.
    #[error(
        "a `*` stands at the end or for a whole segment between `:`, `/` or `.`: move the one at byte {at}"
    )]
    StrayStar {
        /// Where the first such star stands.
        at: usize,
    },
}

impl ChannelName {
    /// Takes a text that is the name of one channel.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_text(text)?;
        if text.contains('*') {
            return Err(NameError::Star);
        }
        if text == "all" {
            return Err(NameError::All);
        }
        Ok(ChannelName(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the channel is the hub's own.
    pub fn is_hubs_own(&self) -> bool {
        self.0.starts_with(HUBS_OWN)
    }

    /// Whether others than the hub may publish there.
    pub fn check_publishable(&self) -> Result<(), NameError> {
        if self.is_hubs_own() { Err(NameError::HubsOwn) } else { Ok(()) }
    }

    /// The shared name.
    pub fn as_arc(&self) -> &Arc<str> {
        &self.0
    }
}

impl Pattern {
    /// The pattern `*`, which every name matches but those of the hub's own channels.
    pub fn everything() -> Self {
        Pattern("*".into())
    }

    /// Takes a text with at least one `*`, each at the end or in the place of a whole segment; or `all`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text == "all" {
            return Ok(Self::everything());
        }
        check_text(text)?;
        if text.starts_with(HUBS_OWN) {
            return Err(NameError::HubsOwnPattern);
        }
        let bytes = text.as_bytes();
        let mut stars = bytes.iter().enumerate().filter(|(_, b)| **b == b'*').map(|(at, _)| at).peekable();
        if stars.peek().is_none() {
            return Err(NameError::NoStar);
        }
        let segment_starts = |at: usize| at == 0 || is_separator(bytes[at - 1]);
        let stray = |&at: &usize| match bytes.get(at + 1) {
            None => false,
            Some(&next) => !(segment_starts(at) && is_separator(next)),
        };
        match stars.find(stray) {
            Some(at) => Err(NameError::StrayStar { at }),
            None => Ok(Pattern(text.into())),
        }
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `*`.
    pub fn is_everything(&self) -> bool {
        &*self.0 == "*"
    }

    /// Whether the name is one of those that the pattern stands for. One pass over both: a star before the end is
    /// followed by a separator, which its segment can't contain, so there is never anything to try again. The hub's own
    /// channels are nobody's match.
    pub fn matches(&self, name: &str) -> bool {
        if name.starts_with(HUBS_OWN) {
            return false;
        }
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let mut at = 0;
        for (i, &want) in pattern.iter().enumerate() {
            if want != b'*' {
                if name.get(at) != Some(&want) {
                    return false;
                }
                at += 1;
            } else if i + 1 == pattern.len() {
                return true;
            } else {
                let segment = segment_length(&name[at..]);
                if segment == 0 {
                    return false;
                }
                at += segment;
            }
        }
        at == name.len()
    }

    /// Whether every name that `other` matches is matched here too. Exact, but for the length that names may have:
    /// both patterns consume the same bytes of any such name, step by step.
    pub fn covers(&self, other: &Pattern) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let mut at = 0;
        for (i, &want) in ours.iter().enumerate() {
            if want != b'*' {
                // A star of theirs stands for other bytes too.
                if theirs.get(at) != Some(&want) {
                    return false;
                }
                at += 1;
            } else if i + 1 == ours.len() {
                return true;
            } else {
                // A star at their end may stand for other than one segment; but then they end here, while ours has
                // a separator to come.
                let segment = segment_length(&theirs[at..]);
                if segment == 0 {
                    return false;
                }
                at += segment;
            }
        }
        at == theirs.len()
    }

    /// Whether there is a name that both match, but for the length that names may have.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        let (mut ours, mut theirs) = (self.0.as_bytes(), other.0.as_bytes());
        loop {
            (ours, theirs) = match (ours, theirs) {
                // A star at the end takes whatever the other goes on with.
                ([b'*'], _) | (_, [b'*']) | ([], []) => return true,
                ([b'*', ours @ ..], [b'*', theirs @ ..]) => (ours, theirs),
                ([b'*', rest @ ..], segment) | (segment, [b'*', rest @ ..]) => {
                    match segment_length(segment) {
                        0 => return false,
                        // `a*` at its end goes on with whatever comes behind the star.
                        length if segment[length - 1] == b'*' => return true,
                        length => (rest, &segment[length..]),
                    }
                }
                ([our, ours @ ..], [their, theirs @ ..]) if our == their => (ours, theirs),
                _ => return false,
            }
        }
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b':' | b'/' | b'.')
}

fn segment_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| is_separator(*b)).unwrap_or(bytes.len())
}

fn check_text(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong { bytes: text.len() });
    }
    for (at, c) in text.char_indices() {
        if c.is_control() {
            return Err(NameError::Control { at });
        }
        if c == ',' {
            return Err(NameError::Comma { at });
        }
    }
    Ok(())
}

impl AsRef<str> for ChannelName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ChannelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for ChannelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
