//! Who is on a channel. Where a channel's rule has presence on, a user's first connection is told as `joined` and
//! the end of its last as `left`, in the channel itself, so that they are ordered and replayed like its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::event::Event;
use tidings_core::registry::ConnKey;

use super::Hub;

impl Hub {
    /// Users on a channel of this node, with the number of their connections, sorted by name.
    pub fn presence(&self, channel: &ChannelName) -> Vec<(Arc<str>, usize)> {
        let keys: Vec<ConnKey> =
            self.0.log().subscribers_of(channel).into_iter().map(|outlet| outlet.key).collect();
        let books = self.0.books();
        let mut users: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for entry in keys.into_iter().filter_map(|key| books.get(key)) {
            *users.entry(Arc::clone(&entry.user)).or_default() += 1;
        }
        users.into_iter().collect()
    }

    pub(super) fn joined(&self, user: &Arc<str>, selectors: &[Selector], _key: ConnKey) {
        self.tell("joined", user, selectors, 1);
    }

    pub(super) fn left(&self, user: &Arc<str>, selectors: &[Selector]) {
        self.tell("left", user, selectors, 0);
    }

    /// Tells a channel of its user, when as many of the user's connections are on it as make it news. A pattern joins
    /// nothing: its reader watches channels, and is not on them.
    fn tell(&self, ty: &'static str, user: &Arc<str>, selectors: &[Selector], news_at: usize) {
        for selector in selectors {
            let Selector::Channel(channel) = selector else { continue };
            if !self.has_presence(channel) {
                continue;
            }
            let here =
                self.presence(channel).into_iter().find(|(name, _)| name == user).map_or(0, |(_, n)| n);
            if here == news_at {
                let data = json!({ "channel": channel, "user": user }).to_string();
                self.publish_event(channel, &Event::internal(ty, data));
            }
        }
    }

    fn has_presence(&self, channel: &ChannelName) -> bool {
        let rules = &self.0.options.rules;
        (rules.default.presence || !rules.rules.is_empty()) && rules.keep(channel).presence
    }
}
