//! Who is on a channel. Where a channel's rule has presence on, a user's first connection is told as `joined` and
//! the end of its last as `left`, in the channel itself, so that they are ordered and replayed like its events.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::event::Event;
use tidings_core::grant::Grant;
use tidings_core::log::{Presence, SubscriberKey};
use tidings_core::registry::ConnKey;

use super::{FastMap, Hub, locked};

/// Of whom each channel was last told that they are there. Who is there is read from the log and the books; this
/// only says what would be news.
pub(super) type Told = FastMap<ChannelName, HashSet<Arc<str>>>;

/// A user who is on a channel.
#[derive(Clone, Debug, Serialize)]
pub struct Present {
    /// The user.
    pub user: Arc<str>,
    /// Connections that read it by its name.
    pub connections: usize,
    /// What the application wants shown with it, by the grant of one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<Box<RawValue>>,
}

impl Hub {
    /// Users on a channel of this node, sorted by name. A pattern's reader watches channels, and is not on them.
    pub fn presence(&self, channel: &ChannelName) -> Vec<Present> {
        let by_name = Selector::Channel(channel.clone());
        let keys: Vec<ConnKey> = {
            let log = self.0.log();
            let readers = log.subscribers_of(channel).into_iter();
            let named = readers.filter(|outlet| {
                outlet.subscriber().is_some_and(|subscriber| log.selectors(subscriber).contains(&by_name))
            });
            named.map(|outlet| outlet.key).collect()
        };
        let books = self.0.books();
        let mut users: BTreeMap<Arc<str>, Present> = BTreeMap::new();
        for entry in keys.into_iter().filter_map(|key| books.get(key)) {
            let user = Arc::clone(&entry.user);
            let present =
                users.entry(Arc::clone(&user)).or_insert(Present { user, connections: 0, info: None });
            present.connections += 1;
            present.info = present.info.take().or_else(|| entry.handle.info());
        }
        users.into_values().collect()
    }

    /// A user's connections came to these channels, or went: each channel is told if that is news there. The lock is
    /// held over looking and telling, so that two who come or go at once are told once, and in the right order.
    pub(super) fn tell_presence(&self, user: &Arc<str>, changed: &[Selector]) {
        for selector in changed {
            let Selector::Channel(channel) = selector else { continue };
            if !self.has_presence(channel) {
                continue;
            }
            if self.is_clustered() {
                // What is news is decided where all hubs' users are.
                self.member_changed(channel, user);
                continue;
            }
            let mut told = locked(&self.0.told);
            let here = self.is_on(user, selector);
            let users = told.entry(channel.clone()).or_default();
            let news = if here { users.insert(Arc::clone(user)) } else { users.remove(user) };
            if users.is_empty() {
                told.remove(channel);
            }
            if news {
                let mut data = json!({ "channel": channel, "user": user });
                if let Some(info) = self.info_of(user).filter(|_| here) {
                    data["info"] = json!(info);
                }
                let data = data.to_string();
                let ty = if here { "joined" } else { "left" };
                self.enqueue_event(channel, Event::internal(ty, data));
            }
        }
    }

    pub(super) fn info_of(&self, user: &Arc<str>) -> Option<Box<RawValue>> {
        self.0.books().of_user(user).find_map(|entry| entry.handle.info())
    }

    /// Whether a connection of the user reads the channel by its name.
    fn is_on(&self, user: &Arc<str>, channel: &Selector) -> bool {
        let subscribers = self.subscribers_of_user(user);
        let log = self.0.log();
        subscribers.into_iter().any(|subscriber| log.selectors(subscriber).contains(channel))
    }

    /// How many connections of the user do.
    pub(super) fn connections_on(&self, channel: &ChannelName, user: &Arc<str>) -> usize {
        let by_name = Selector::Channel(channel.clone());
        let subscribers = self.subscribers_of_user(user);
        let log = self.0.log();
        subscribers.into_iter().filter(|subscriber| log.selectors(*subscriber).contains(&by_name)).count()
    }

    fn subscribers_of_user(&self, user: &Arc<str>) -> Vec<SubscriberKey> {
        self.0.books().of_user(user).filter_map(|entry| entry.handle.subscriber()).collect()
    }

    /// Whether somebody who may read a channel may also know who is on it.
    pub(crate) fn may_see(&self, grant: &Grant, channel: &ChannelName) -> bool {
        grant.may_watch() || self.0.options.rules.keep(channel).presence != Presence::Hidden
    }

    pub(super) fn has_presence(&self, channel: &ChannelName) -> bool {
        let rules = &self.0.options.rules;
        !channel.is_hubs_own()
            && (rules.default.presence == Presence::Told || !rules.rules.is_empty())
            && rules.keep(channel).presence == Presence::Told
    }
}
