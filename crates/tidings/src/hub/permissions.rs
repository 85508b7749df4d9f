//! Rights that change while people are connected: channels that an operator gives a user or takes away, tickets,
//! and users that are shut out for a while.

use std::sync::Arc;

use tidings_core::channel::Selector;
use tidings_core::close::CloseReason;
use tidings_core::grant::Grant;
use tidings_core::log::Unchanged;

use super::{FastMap, Hub, NoSuchConnection, locked};
use crate::outlet::Outlet;

/// How long a ticket is good, in seconds.
pub const TICKET_SECONDS: u64 = 30;
/// Tickets that wait to be used, at most; the oldest give way.
const TICKETS_MAX: usize = 10_000;

/// When to come again with a change to a stream that has not read its earlier ones, in milliseconds.
const CHANGE_RETRY_MS: u64 = 1_000;

/// What operators changed since the hub began. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    amendments: FastMap<Arc<str>, Amendment>,
    revoked: FastMap<Arc<str>, u64>,
    tickets: FastMap<String, (Grant, u64)>,
}

#[derive(Debug, Default)]
struct Amendment {
    added: Vec<Selector>,
    removed: Vec<Selector>,
}

fn covered(by: &[Selector], selector: &Selector) -> bool {
    by.iter().any(|other| other.covers(selector))
}

/// A right to open one stream, once, within half a minute.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Goes on the stream as `ticket=`.
    pub ticket: String,
    /// Seconds until it is void.
    pub expires_in: u64,
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
        let change = {
            let mut log = self.0.log();
            let now_us = self.0.clock.now_us();
            let has = log.selectors(subscriber);
            let left = has.iter().filter(|selector| !remove.contains(selector)).count();
            let new =
                add.iter().filter(|selector| !has.contains(selector) || remove.contains(selector)).count();
            if most > 0 && left + new > most {
                return Err(ChangeError::TooMany { channels_per_connection: most });
            }
            let (added, removed) = log.change(subscriber, add, remove, &mut |outlet| outlet.rouse(now_us))?;
            ChannelChange { added, removed, channels: log.selectors(subscriber) }
        };
        let user = self.0.books().get(outlet.key).map(|entry| Arc::clone(&entry.user));
        if let Some(user) = user {
            self.tell_presence(&user, &change.added);
            self.tell_presence(&user, &change.removed);
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
        let ends = grant
            .expires_at_ms
            .map_or(0, |at| self.0.clock.now_ms() + at.saturating_sub(self.0.clock.wall_ms()));
        outlet.expires_at_ms.store(ends, std::sync::atomic::Ordering::Relaxed);
        let has = self.0.log().selectors(subscriber);
        let gone: Vec<Selector> =
            has.into_iter().filter(|selector| !self.may_read(grant, &user, selector)).collect();
        let (added, removed) = self.change_one(&outlet, &user, &[], &gone).ok_or(NoSuchConnection)?;
        Ok(ChannelChange { added, removed, channels: self.0.log().selectors(subscriber) })
    }

    /// Gives a user channels and takes others away: on all live streams now, and on those that come. Answers how
    /// many streams changed.
    pub fn amend_user(&self, user: &str, add: Vec<Selector>, remove: Vec<Selector>) -> usize {
        let user: Arc<str> = user.into();
        {
            let mut permissions = locked(&self.0.permissions);
            let amendment = permissions.amendments.entry(Arc::clone(&user)).or_default();
            amendment.added.retain(|selector| !covered(&remove, selector) && !add.contains(selector));
            amendment.removed.retain(|selector| !covered(&remove, selector) && !add.contains(selector));
            amendment.added.extend(add.iter().cloned());
            amendment.removed.extend(remove.iter().cloned());
        }
        let outlets: Vec<_> = self.0.books().of_user(&user).map(|entry| Arc::clone(&entry.handle)).collect();
        let mut changed = 0;
        for outlet in outlets {
            let Some(subscriber) = outlet.subscriber() else { continue };
            let mut gone = self.0.log().selectors(subscriber);
            gone.retain(|selector| covered(&remove, selector) && !add.contains(selector));
            let Some((added, removed)) = self.change_one(&outlet, &user, &add, &gone) else { continue };
            changed += usize::from(!added.is_empty() || !removed.is_empty());
        }
        changed
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
        selectors.retain(|selector| !covered(&amendment.removed, selector));
        for selector in &amendment.added {
            if !selectors.contains(selector) {
                selectors.push(selector.clone());
            }
        }
    }

    /// Whether an operator gave the user a channel beyond the grant.
    pub fn is_given(&self, user: &Arc<str>, asked: &Selector) -> bool {
        let permissions = locked(&self.0.permissions);
        permissions.amendments.get(user).is_some_and(|a| a.added.iter().any(|given| given.covers(asked)))
    }

    /// Whether a user may read this now: by the grant or by an operator, unless an operator took it away.
    pub fn may_read(&self, grant: &Grant, user: &Arc<str>, asked: &Selector) -> bool {
        let permissions = locked(&self.0.permissions);
        match permissions.amendments.get(user) {
            Some(amendment) if covered(&amendment.added, asked) => true,
            Some(amendment) if covered(&amendment.removed, asked) => false,
            _ => grant.may_subscribe(asked),
        }
    }

    /// Ends a user's streams and refuses the user for so many milliseconds. Answers how many streams ended.
    pub fn revoke_user(&self, user: &str, for_ms: u64) -> usize {
        let until = self.0.clock.now_ms().saturating_add(for_ms);
        locked(&self.0.permissions).revoked.insert(user.into(), until);
        let keys = self.keys_of(user);
        keys.into_iter().filter(|key| self.settle(*key, CloseReason::Revoked, None)).count()
    }

    /// Whether the user is refused for now.
    pub fn is_revoked(&self, user: &Arc<str>) -> bool {
        let now_ms = self.0.clock.now_ms();
        let mut permissions = locked(&self.0.permissions);
        match permissions.revoked.get(user) {
            Some(until) if *until > now_ms => true,
            Some(_) => {
                permissions.revoked.remove(user);
                false
            }
            None => false,
        }
    }

    /// A ticket that carries the grant to a stream whose client can't send headers.
    pub fn ticket(&self, grant: Grant) -> Ticket {
        let now_ms = self.0.clock.now_ms();
        let ticket = format!("{:032x}", rand::random::<u128>());
        let mut permissions = locked(&self.0.permissions);
        if permissions.tickets.len() >= TICKETS_MAX {
            permissions.tickets.retain(|_, (_, until)| *until > now_ms);
        }
        if permissions.tickets.len() >= TICKETS_MAX {
            let oldest = permissions.tickets.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(oldest) = oldest.map(|(ticket, _)| ticket.clone()) {
                permissions.tickets.remove(&oldest);
            }
        }
        permissions.tickets.insert(ticket.clone(), (grant, now_ms + TICKET_SECONDS * 1000));
        Ticket { ticket, expires_in: TICKET_SECONDS }
    }

    /// Takes a ticket: it is good once.
    pub fn redeem(&self, ticket: &str) -> Option<Grant> {
        let now_ms = self.0.clock.now_ms();
        let (grant, until) = locked(&self.0.permissions).tickets.remove(ticket)?;
        (until > now_ms).then_some(grant)
    }
}
