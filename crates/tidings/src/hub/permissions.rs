//! Rights that change while people are connected: channels that an operator gives a user or takes away, and those that
//! a client changes for itself.

use std::collections::HashSet;
use std::sync::Arc;

use tidings_core::channel::Selector;
use tidings_core::close::CloseReason;
use tidings_core::grant::{Grant, Label};
use tidings_core::log::Unchanged;

use super::{FastMap, Happening, Hub, NoSuchConnection, locked};
use crate::outlet::Outlet;

/// Users whose channels are changed, at most.
const AMENDED_USERS_MAX: usize = 10_000;
/// Channels and patterns that one user is given or has lost, at most.
const AMENDED_CHANNELS_MAX: usize = 1_000;

/// When to come again with a change to a stream that has not read its earlier ones, in milliseconds.
const CHANGE_RETRY_MS: u64 = 1_000;

/// What operators changed since the hub began. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    amendments: FastMap<Arc<str>, Amendment>,
    /// Until when a user is shut out.
    pub(super) revoked: FastMap<Arc<str>, u64>,
    pub(super) tickets: FastMap<String, (Grant, u64)>,
}

#[derive(Clone, Debug, Default)]
struct Amendment {
    added: Vec<Selector>,
    removed: Vec<Selector>,
}

impl Amendment {
    /// What is said later holds.
    fn change(&mut self, add: &[Selector], remove: &[Selector]) {
        self.added.retain(|given| !meets(remove, given) && !add.contains(given));
        self.removed.retain(|gone| !covered(add, gone) && !covered(remove, gone));
        self.added.extend_from_slice(add);
        self.removed.extend_from_slice(remove);
    }

    fn gives(&self, asked: &Selector) -> bool {
        covered(&self.added, asked)
    }

    /// A pattern that stands for a removed channel among others is taken whole: it could not be read without it.
    fn takes(&self, asked: &Selector) -> bool {
        meets(&self.removed, asked) && !self.gives(asked)
    }
}

fn covered(by: &[Selector], selector: &Selector) -> bool {
    by.iter().any(|other| other.covers(selector))
}

fn meets(any: &[Selector], selector: &Selector) -> bool {
    any.iter().any(|other| other.overlaps(selector))
}

/// What a change of channels came to.
#[derive(Clone, Debug, Default)]
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
}

impl From<Unchanged> for ChangeError {
    fn from(unchanged: Unchanged) -> Self {
        match unchanged {
            Unchanged::Gone => NoSuchConnection.into(),
            Unchanged::Behind => Self::Behind { retry_ms: CHANGE_RETRY_MS },
        }
    }
}

/// Why an operator's change of a user's channels is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmendError {
    /// A pattern is given that stands for what the same change takes away.
    #[error(
        "`{add}` can't be given while `{remove}` is taken away: give the channels that are meant by their names"
    )]
    Contradiction {
        /// What is given.
        add: Selector,
        /// What is taken.
        remove: Selector,
    },
    /// A channel of the hub's own.
    #[error("`{channel}` is the hub's own, which operators read and nobody else: leave it out")]
    HubsOwn {
        /// Which one.
        channel: Selector,
    },
    /// The user has too many changes.
    #[error("a user is given or loses at most {amended_channels_max} channels and patterns: use patterns")]
    TooManyChannels {
        /// The bound.
        amended_channels_max: usize,
    },
    /// Too many users have changes.
    #[error(
        "the channels of {amended_users_max} users are changed, as many as are kept: put channels in their grants"
    )]
    TooManyUsers {
        /// The bound.
        amended_users_max: usize,
    },
}

impl Hub {
    /// Changes a live stream's channels at its own client's word.
    pub fn change_channels(
        &self,
        connection_id: &str,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<ChannelChange, ChangeError> {
        let outlet = self.own(connection_id)?;
        let subscriber = outlet.subscriber().ok_or(NoSuchConnection)?;
        let most = self.0.options.bounds.channels_per_connection;
        let (adds, removes): (HashSet<_>, HashSet<_>) = (add.iter().collect(), remove.iter().collect());
        let mut change = {
            let mut log = self.0.log();
            let now_us = self.0.clock.now_us();
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
        let user = self.0.books().get(outlet.key).map(|entry| Arc::clone(&entry.user));
        if let Some(user) = user {
            self.note_channels(&outlet, change.added.len(), change.removed.len());
            self.attend_to(&change.added);
            self.tell_presence(&user, &change.added);
            self.tell_presence(&user, &change.removed);
            // What an operator took away after the request was granted, and before the stream had it.
            let taken = self.taken_from(&user, &change.added);
            if !taken.is_empty() {
                self.change_one(&outlet, &user, &[], &taken);
                change.added.retain(|selector| !taken.contains(selector));
                change.channels.retain(|selector| !taken.contains(selector));
            }
        }
        Ok(change)
    }

    /// Whose connection this is, by its secret id.
    pub fn user_of(&self, connection_id: &str) -> Result<Arc<str>, NoSuchConnection> {
        let outlet = self.own(connection_id)?;
        self.0.books().get(outlet.key).map(|entry| Arc::clone(&entry.user)).ok_or(NoSuchConnection)
    }

    /// Puts a live stream under a new grant: its end is the grant's, and channels no longer granted leave it.
    pub fn refresh(&self, connection_id: &str, grant: &Grant) -> Result<ChannelChange, NoSuchConnection> {
        let outlet = self.own(connection_id)?;
        let user = self.user_of(connection_id)?;
        let subscriber = outlet.subscriber().ok_or(NoSuchConnection)?;
        outlet.expire_in(self.left_ms(grant), self.0.clock.now_ms());
        self.note(&outlet, Happening::Refreshed);
        let has = self.0.log().selectors(subscriber);
        let gone: Vec<Selector> =
            has.into_iter().filter(|selector| !self.may_read(grant, &user, selector)).collect();
        let (added, removed) = self.change_one(&outlet, &user, &[], &gone).ok_or(NoSuchConnection)?;
        Ok(ChannelChange { added, removed, channels: self.0.log().selectors(subscriber) })
    }

    /// Gives a user channels and takes others away: on all live streams now, and on those that come. A pattern that
    /// stands for what is taken goes with it. Answers how many streams changed.
    pub fn amend_user(
        &self,
        user: &Label,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<usize, AmendError> {
        let user = user.as_arc();
        if let Some(channel) = add.iter().chain(remove).find(|selector| selector.is_hubs_own()) {
            return Err(AmendError::HubsOwn { channel: channel.clone() });
        }
        for given in add {
            let taken = remove.iter().find(|taken| taken.overlaps(given) && !taken.covers(given));
            if let Some(taken) = taken {
                return Err(AmendError::Contradiction { add: given.clone(), remove: taken.clone() });
            }
        }
        self.keep_amendment(user, add, remove)?;
        let outlets: Vec<_> = self.0.books().of_user(user).map(|entry| Arc::clone(&entry.handle)).collect();
        let mut changed = 0;
        for outlet in outlets {
            let Some(subscriber) = outlet.subscriber() else { continue };
            let mut gone = self.0.log().selectors(subscriber);
            gone.retain(|selector| meets(remove, selector) && !covered(add, selector));
            let Some((added, removed)) = self.change_one(&outlet, user, add, &gone) else { continue };
            changed += usize::from(!added.is_empty() || !removed.is_empty());
        }
        Ok(changed)
    }

    fn keep_amendment(
        &self,
        user: &Arc<str>,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<(), AmendError> {
        let amendments = &mut locked(&self.0.permissions).amendments;
        let mut amendment = amendments.get(user).cloned().unwrap_or_default();
        amendment.change(add, remove);
        let channels = amendment.added.len() + amendment.removed.len();
        if channels == 0 {
            amendments.remove(user);
            return Ok(());
        }
        if channels > AMENDED_CHANNELS_MAX {
            return Err(AmendError::TooManyChannels { amended_channels_max: AMENDED_CHANNELS_MAX });
        }
        if amendments.len() >= AMENDED_USERS_MAX && !amendments.contains_key(user) {
            return Err(AmendError::TooManyUsers { amended_users_max: AMENDED_USERS_MAX });
        }
        amendments.insert(Arc::clone(user), amendment);
        Ok(())
    }

    /// Changes what one live stream reads. Answers what was new and what was dropped; nothing if it is gone. One that
    /// has not read its earlier changes is ended: it must not go on with what was taken from it.
    pub(super) fn change_one(
        &self,
        outlet: &Outlet,
        user: &Arc<str>,
        add: &[Selector],
        remove: &[Selector],
    ) -> Option<(Vec<Selector>, Vec<Selector>)> {
        let subscriber = outlet.subscriber()?;
        let now_us = self.0.clock.now_us();
        let change = self.0.log().change(subscriber, add, remove, &mut |outlet| outlet.rouse(now_us));
        if change == Err(Unchanged::Behind) {
            self.settle(outlet.key, CloseReason::Stalled, None);
        }
        let (added, removed) = change.ok()?;
        self.note_channels(outlet, added.len(), removed.len());
        self.tell_presence(user, &added);
        self.tell_presence(user, &removed);
        Some((added, removed))
    }

    /// What has to be added and removed for what a stream reads to be as an operator wants it.
    pub(super) fn amendment_to(
        &self,
        user: &Arc<str>,
        reads: &[Selector],
    ) -> Option<(Vec<Selector>, Vec<Selector>)> {
        if locked(&self.0.permissions).amendments.is_empty() {
            return None;
        }
        let mut wanted = reads.to_vec();
        self.amend(user, &mut wanted);
        let without = |from: &[Selector], less: &[Selector]| -> Vec<Selector> {
            from.iter().filter(|selector| !less.contains(selector)).cloned().collect()
        };
        let (add, remove) = (without(&wanted, reads), without(reads, &wanted));
        (!add.is_empty() || !remove.is_empty()).then_some((add, remove))
    }

    pub(super) fn amend(&self, user: &Arc<str>, selectors: &mut Vec<Selector>) {
        let permissions = locked(&self.0.permissions);
        let Some(amendment) = permissions.amendments.get(user) else { return };
        selectors.retain(|selector| !amendment.takes(selector));
        for selector in &amendment.added {
            if !selectors.contains(selector) {
                selectors.push(selector.clone());
            }
        }
    }

    fn taken_from(&self, user: &Arc<str>, reads: &[Selector]) -> Vec<Selector> {
        let permissions = locked(&self.0.permissions);
        let amendment = permissions.amendments.get(user);
        let taken = |selector: &&Selector| amendment.is_some_and(|amendment| amendment.takes(selector));
        reads.iter().filter(taken).cloned().collect()
    }

    /// Whether a user may read this now: by the grant or by an operator, unless an operator took it away.
    pub fn may_read(&self, grant: &Grant, user: &Arc<str>, asked: &Selector) -> bool {
        let permissions = locked(&self.0.permissions);
        match permissions.amendments.get(user) {
            Some(amendment) if amendment.gives(asked) => true,
            Some(amendment) if amendment.takes(asked) => false,
            _ => grant.may_subscribe(asked),
        }
    }
}
