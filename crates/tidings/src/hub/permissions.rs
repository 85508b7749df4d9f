//! Rights that change while people are connected: channels that a client changes for itself, and grants that follow one
//! another.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidings_core::channel::Selector;
use tidings_core::close::CloseReason;
use tidings_core::grant::Grant;
use tidings_core::log::Unchanged;
use tidings_core::registry::ConnKey;

use super::amendments::Amendment;
use super::boards::HubChannelError;
use super::revocations::Revocations;
use super::tickets::Tickets;
use super::{FastMap, Happening, Hub, NoSuchConnection};
use crate::outlet::Outlet;

/// When to come again with a change to a stream that has not read its earlier ones, in milliseconds.
const CHANGE_RETRY_MS: u64 = 1_000;

/// What operators changed, and what waits to be used. Asked for by itself, or under the log's lock, never the other way
/// round.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    pub(super) amendments: FastMap<Arc<str>, Amendment>,
    pub(super) revoked: Revocations,
    pub(super) tickets: Tickets,
    /// When it was last looked at what is over.
    pub(super) lapsed_ms: u64,
}

/// What a change of channels came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChannelChange {
    /// What the stream did not have before.
    pub added: Vec<Selector>,
    /// What it had.
    pub removed: Vec<Selector>,
    /// What it has now.
    pub channels: Vec<Selector>,
}

/// Why a stream's channels are not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such stream.
    #[error(transparent)]
    Gone(#[from] NoSuchConnection),
    /// The grant that the stream is under does not allow it, or an operator took it away.
    #[error("the channel `{channel}` is not granted")]
    NotGranted {
        /// The first of those.
        channel: Selector,
    },
    /// It would have more than a stream may have.
    #[error("a stream has at most {channels_per_connection} channels and patterns: remove some first")]
    TooMany {
        /// The limit.
        channels_per_connection: usize,
    },
    /// It has not read its earlier changes.
    #[error("{}", Unchanged::Behind)]
    Behind {
        /// When to come again.
        retry_ms: u64,
    },
    /// Another hub has the stream, and can't be asked now.
    #[error("another hub has this stream, and can't be asked now: try again in a moment")]
    Away {
        /// When to come again.
        retry_ms: u64,
    },
    /// A channel of the hub's own that can't be read.
    #[error(transparent)]
    HubChannels(#[from] HubChannelError),
}

impl From<Unchanged> for ChangeError {
    fn from(unchanged: Unchanged) -> Self {
        match unchanged {
            Unchanged::Gone => NoSuchConnection.into(),
            Unchanged::Behind => Self::Behind { retry_ms: CHANGE_RETRY_MS },
        }
    }
}

impl Hub {
    /// Changes a live stream's channels, at this hub, at its own client's word, within the grant that the stream is under.
    pub fn change_channels(
        &self,
        connection_id: &str,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<ChannelChange, ChangeError> {
        let outlet = self.own(connection_id)?;
        self.change_of(&outlet, add, remove)
    }

    /// The same under a grant, which takes the place of the stream's own where that does not allow what is added.
    pub(super) fn change_under(
        &self,
        key: Option<ConnKey>,
        grant: &Grant,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<ChannelChange, ChangeError> {
        let outlet = key.and_then(|key| self.outlet(key)).ok_or(NoSuchConnection)?;
        let user = self.user_at(&outlet)?;
        let granted = self.rights(grant, &user);
        if let Some(channel) = add.iter().find(|selector| !granted.may_read(selector)) {
            return Err(ChangeError::NotGranted { channel: channel.clone() });
        }
        self.check_hub_channels(add)?;
        let is_within = {
            let rights = self.rights_of(&outlet, &user);
            add.iter().all(|selector| rights.may_read(selector))
        };
        if !is_within {
            self.refresh_of(&outlet, grant)?;
        }
        self.change_of(&outlet, add, remove)
    }

    fn change_of(
        &self,
        outlet: &Outlet,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<ChannelChange, ChangeError> {
        let user = self.user_at(outlet)?;
        let most = self.0.options.bounds.channels_per_connection;
        let (adds, removes): (HashSet<_>, HashSet<_>) = (add.iter().collect(), remove.iter().collect());
        crate::fault::dawdle("change.dawdle");
        let change = {
            let mut log = self.0.log();
            let subscriber = outlet.subscriber().ok_or(NoSuchConnection)?;
            let now_us = self.0.clock.now_us();
            let rights = self.rights_of(outlet, &user);
            if let Some(channel) = add.iter().find(|selector| !rights.may_read(selector)) {
                return Err(ChangeError::NotGranted { channel: channel.clone() });
            }
            let has = log.selectors(subscriber);
            let stays: HashSet<_> = has.iter().filter(|selector| !removes.contains(selector)).collect();
            let (left, new) =
                (stays.len(), adds.iter().filter(|selector| !stays.contains(*selector)).count());
            if most > 0 && left + new > most {
                return Err(ChangeError::TooMany { channels_per_connection: most });
            }
            let (added, removed) = log.change(subscriber, add, remove, &mut |outlet| outlet.rouse(now_us))?;
            ChannelChange { added, removed, channels: log.selectors(subscriber) }
        };
        self.note_channels(outlet, change.added.len(), change.removed.len());
        self.attend_to(&change.added);
        self.tell_presence(&user, &change.added);
        self.tell_presence(&user, &change.removed);
        Ok(change)
    }

    /// Whose connection of this hub this is, by its secret id.
    pub fn user_of(&self, connection_id: &str) -> Result<Arc<str>, NoSuchConnection> {
        let outlet = self.own(connection_id)?;
        self.user_at(&outlet)
    }

    fn user_at(&self, outlet: &Outlet) -> Result<Arc<str>, NoSuchConnection> {
        self.0.books().get(outlet.key).map(|entry| Arc::clone(&entry.user)).ok_or(NoSuchConnection)
    }

    /// Puts a live stream of this hub under a new grant: its end is the grant's, and channels no longer granted leave it at once,
    /// with what of them is not sent yet.
    pub fn refresh(&self, connection_id: &str, grant: &Grant) -> Result<ChannelChange, NoSuchConnection> {
        let outlet = self.own(connection_id)?;
        self.refresh_of(&outlet, grant)
    }

    pub(super) fn refresh_of(
        &self,
        outlet: &Outlet,
        grant: &Grant,
    ) -> Result<ChannelChange, NoSuchConnection> {
        let user = self.user_at(outlet)?;
        self.note(outlet, Happening::Refreshed);
        self.extend_amendment(grant);
        let begin = || {
            outlet.hold_to(grant.held());
            outlet.expire_in(self.left_ms(grant), self.0.clock.now_ms());
        };
        let (added, removed) = self.hold(outlet, &user, &[], begin).ok_or(NoSuchConnection)?;
        // Revoked after the request was let in and before the stream was found under it.
        if self.is_revoked(grant) {
            self.settle(outlet.key, CloseReason::Revoked, None);
            return Err(NoSuchConnection);
        }
        let subscriber = outlet.subscriber().ok_or(NoSuchConnection)?;
        Ok(ChannelChange { added, removed, channels: self.0.log().selectors(subscriber) })
    }

    /// Gives one live stream `add`, and holds it to the rights of now, once `begin` has changed them. Answers what was
    /// new and what was dropped; nothing if it is gone. One that has not read its earlier changes is ended: it must not
    /// go on with what was taken from it.
    pub(super) fn hold(
        &self,
        outlet: &Outlet,
        user: &Arc<str>,
        add: &[Selector],
        begin: impl FnOnce(),
    ) -> Option<(Vec<Selector>, Vec<Selector>)> {
        let change = {
            let mut log = self.0.log();
            begin();
            // Asked for under the lock under which it is seated: one that comes later sees the rights of now itself.
            let subscriber = outlet.subscriber()?;
            let rights = self.rights_of(outlet, user);
            let now_us = self.0.clock.now_us();
            let mut may_read = |selector: &Selector| rights.may_read(selector);
            log.withdraw(subscriber, add, &mut may_read, &mut |outlet| outlet.rouse(now_us))
        };
        if change == Err(Unchanged::Behind) {
            self.settle(outlet.key, CloseReason::Stalled, None);
        }
        let (added, removed) = change.ok()?;
        self.note_channels(outlet, added.len(), removed.len());
        self.tell_presence(user, &added);
        self.tell_presence(user, &removed);
        Some((added, removed))
    }
}
