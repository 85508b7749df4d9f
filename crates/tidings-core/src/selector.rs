//! What a stream asks for and a grant allows: one channel, or those of a pattern. Exported by [`crate::channel`].

use std::collections::HashSet;
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::channel::{ChannelName, NameError, Pattern};

const ITEM_SHOWN_CHARS_MAX: usize = 40;

/// One channel by its name, or all those that a pattern stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// Exactly this channel.
    Channel(ChannelName),
    /// Every channel whose name matches.
    Pattern(Pattern),
}

/// Why a list of channels is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// An empty list or a comma too many.
    #[error("item {item} of the channels is empty: remove the comma, or name a channel")]
    EmptyItem {
        /// Which one, from 1.
        item: usize,
    },
    /// An item that is neither a name nor a pattern.
    #[error("channel {shown:?}: {reason}")]
    Name {
        /// The item, or its beginning where it is long.
        shown: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// More distinct items than a connection may have.
    #[error("{channels} channels are too many: ask for {channels_max} at most, or use a pattern")]
    TooMany {
        /// How many were asked for.
        channels: usize,
        /// How many there may be.
        channels_max: usize,
    },
}

impl Selector {
    /// The selector of every channel, `*`.
    pub fn everything() -> Self {
        Selector::Pattern(Pattern::everything())
    }

    /// Takes a name, a pattern, or `all` for `*`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text == "all" || text.contains('*') {
            Pattern::parse(text).map(Selector::Pattern)
        } else {
            ChannelName::parse(text).map(Selector::Channel)
        }
    }

    /// The name or the pattern.
    pub fn as_str(&self) -> &str {
        match self {
            Selector::Channel(name) => name.as_str(),
            Selector::Pattern(pattern) => pattern.as_str(),
        }
    }

    /// Whether every channel is selected.
    pub fn is_everything(&self) -> bool {
        matches!(self, Selector::Pattern(pattern) if pattern.is_everything())
    }

    /// Whether this is a channel of the hub's own, which only its exact name selects.
    pub fn is_hubs_own(&self) -> bool {
        matches!(self, Selector::Channel(name) if name.is_hubs_own())
    }

    /// Whether this channel is selected.
    pub fn matches(&self, name: &ChannelName) -> bool {
        match self {
            Selector::Channel(own) => own == name,
            Selector::Pattern(pattern) => pattern.matches(name.as_str()),
        }
    }

    /// Whether every channel that `other` selects is selected here too.
    pub fn covers(&self, other: &Selector) -> bool {
        match (self, other) {
            (_, Selector::Channel(name)) => self.matches(name),
            (Selector::Pattern(own), Selector::Pattern(other)) => own.covers(other),
            (Selector::Channel(_), Selector::Pattern(_)) => false,
        }
    }

    /// Whether there is a channel that both select.
    pub fn overlaps(&self, other: &Selector) -> bool {
        match (self, other) {
            (Selector::Channel(name), selector) | (selector, Selector::Channel(name)) => {
                selector.matches(name)
            }
            (Selector::Pattern(own), Selector::Pattern(other)) => own.overlaps(other),
        }
    }
}

/// Takes a comma-separated list of names and patterns, in its order, each once. A `channels_max` of 0 is no limit.
pub fn parse_list(list: &str, channels_max: usize) -> Result<Vec<Selector>, ListError> {
    let mut seen = HashSet::new();
    let mut selectors = Vec::new();
    for (before, item) in list.split(',').enumerate() {
        if item.is_empty() {
            return Err(ListError::EmptyItem { item: before + 1 });
        }
        if !seen.insert(item) {
            continue;
        }
        let selector =
            Selector::parse(item).map_err(|reason| ListError::Name { shown: shown(item), reason })?;
        // `all` and `*` are two spellings of one selector.
        if !(selector.is_everything() && selectors.contains(&selector)) {
            selectors.push(selector);
        }
    }
    if channels_max > 0 && selectors.len() > channels_max {
        return Err(ListError::TooMany { channels: selectors.len(), channels_max });
    }
    Ok(selectors)
}

fn shown(item: &str) -> String {
    match item.char_indices().nth(ITEM_SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &item[..end]),
        None => item.to_owned(),
    }
}

impl From<ChannelName> for Selector {
    fn from(name: ChannelName) -> Self {
        Selector::Channel(name)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
