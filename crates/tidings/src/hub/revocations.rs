//! Users and tokens that are shut out for a while.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidings_core::close::CloseReason;
use tidings_core::grant::{Grant, Label};
use tidings_core::registry::ConnKey;

use super::amendments::GRANT_LIFE_MAX_MS;
use super::decisions::Decision;
use super::orders::Order;
use super::{FastMap, Hub, NotKept, locked};

/// Users that are shut out, at most.
const REVOKED_USERS_MAX: usize = 100_000;
/// Tokens that are shut out, at most.
const REVOKED_TOKENS_MAX: usize = 100_000;
/// How long a user is shut out at least, where nobody says.
const REVOKED_USER_MS: u64 = 24 * 3600 * 1000;
/// How long a token is shut out whose end nobody knows, from when it was revoked or last seen.
const REVOKED_TOKEN_MS: u64 = GRANT_LIFE_MAX_MS;
/// A token is taken for so long after its end at most, since clocks differ: the most that `auth.leeway_ms` may be.
const TOKEN_LEEWAY_MS: u64 = 300_000;

/// Whom to shut out: a user, a token, or both.
#[derive(Clone, Debug, Default)]
pub struct Revocation {
    /// The user, with whatever token.
    pub user: Option<Label>,
    /// The token with this id ([`Grant::token_id`]), whoever shows it.
    pub token_id: Option<Label>,
    /// Until when, in milliseconds since 1970. Otherwise a token until its own end, and a user until the end of the
    /// grants of the live streams, but for a day at least.
    pub until_ms: Option<u64>,
}

/// What a revocation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Live streams that it ended.
    pub streams_ended: usize,
    /// Until when it holds, in milliseconds since 1970; the later, where there are two.
    pub until_ms: u64,
}

/// Why nobody is shut out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevokeError {
    /// So many users are shut out that no more can be kept.
    #[error(
        "{revoked_users_max} users are shut out, as many as are kept: shut them out where their grants come from"
    )]
    TooManyUsers {
        /// The bound.
        revoked_users_max: usize,
    },
    /// So many tokens are shut out that no more can be kept.
    #[error("{revoked_tokens_max} tokens are shut out, as many as are kept: shut out their users")]
    TooManyTokens {
        /// The bound.
        revoked_tokens_max: usize,
    },
    /// It is in force, and could not be written down.
    #[error(transparent)]
    NotKept(#[from] NotKept),
}

/// Who is shut out. Times are milliseconds since 1970, of the clock that tokens are judged by.
#[derive(Debug, Default)]
pub(super) struct Revocations {
    pub(super) users: FastMap<Arc<str>, Shut>,
    pub(super) tokens: FastMap<Arc<str>, Shut>,
}

/// Until when somebody is shut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shut {
    pub(super) until_ms: u64,
    pub(super) made_ms: u64,
    /// Somebody said until when, or it is the token's own end. Otherwise a user's grants from before it, as long as there
    /// may be any, are refused after it too.
    pub(super) is_known: bool,
}

impl Shut {
    /// Whether anybody is refused by it.
    pub(super) fn holds(self, is_user: bool, now_ms: u64) -> bool {
        self.until_ms > now_ms || is_user && !self.is_known && now_ms < self.made_ms + GRANT_LIFE_MAX_MS
    }

    fn refuses_user(self, grant: &Grant, now_ms: u64) -> bool {
        let is_older = grant.issued_at_ms.is_none_or(|issued| issued <= self.made_ms);
        self.until_ms > now_ms || is_older && self.holds(true, now_ms)
    }
}

impl Revocations {
    pub(super) fn purge(&mut self, now_ms: u64) {
        self.users.retain(|_, shut| shut.holds(true, now_ms));
        self.tokens.retain(|_, shut| shut.holds(false, now_ms));
    }

    fn has_room(&mut self, order: &Revocation, now_ms: u64) -> Result<(), RevokeError> {
        let new = |table: &FastMap<Arc<str>, Shut>, name: &Option<Label>| {
            usize::from(name.as_ref().is_some_and(|name| !table.contains_key(name.as_arc())))
        };
        let full = |own: &Self| {
            let users = own.users.len() + new(&own.users, &order.user) > REVOKED_USERS_MAX;
            (users, own.tokens.len() + new(&own.tokens, &order.token_id) > REVOKED_TOKENS_MAX)
        };
        if full(self) != (false, false) {
            self.purge(now_ms);
        }
        match full(self) {
            (true, _) => Err(RevokeError::TooManyUsers { revoked_users_max: REVOKED_USERS_MAX }),
            (_, true) => Err(RevokeError::TooManyTokens { revoked_tokens_max: REVOKED_TOKENS_MAX }),
            _ => Ok(()),
        }
    }
}

/// Shuts somebody out. Where nobody says until when, no sooner than was known. Answers until when.
fn put(table: &mut FastMap<Arc<str>, Shut>, name: &Label, new: Shut) -> u64 {
    let shut = table.entry(Arc::clone(name.as_arc())).or_insert(new);
    let until_ms = if new.is_known { new.until_ms } else { shut.until_ms.max(new.until_ms) };
    *shut = Shut { until_ms, ..new };
    until_ms
}

impl Hub {
    /// Ends a user's streams and refuses the user for so many milliseconds. Answers how many streams ended.
    pub fn revoke_user(&self, user: &Label, for_ms: u64) -> Result<usize, RevokeError> {
        let until_ms = Some(self.0.clock.wall_ms().saturating_add(for_ms));
        let order = Revocation { user: Some(user.clone()), token_id: None, until_ms };
        self.revoke(&order).map(|revoked| revoked.streams_ended)
    }

    /// Shuts out a user, a token, or both: streams end at once, and requests are refused. With a data directory it waits
    /// for the disk; streams don't.
    pub fn revoke(&self, order: &Revocation) -> Result<Revoked, RevokeError> {
        let now_ms = self.0.clock.wall_ms();
        let (mut user_ms, mut token_ms) = (self.user_until_ms(order, now_ms), self.token_until_ms(order));
        {
            let revoked = &mut locked(&self.0.permissions).revoked;
            revoked.has_room(order, now_ms)?;
            if let Some(user) = &order.user {
                let new = Shut { until_ms: user_ms, made_ms: now_ms, is_known: order.until_ms.is_some() };
                user_ms = put(&mut revoked.users, user, new);
            }
            if let Some(token_id) = &order.token_id {
                let until_ms = token_ms.unwrap_or(now_ms + REVOKED_TOKEN_MS);
                let new = Shut { until_ms, made_ms: now_ms, is_known: token_ms.is_some() };
                token_ms = Some(put(&mut revoked.tokens, token_id, new));
            }
        }
        let decided = Decision::of(order.user.as_ref(), order.token_id.as_ref());
        self.tell_decisions(&decided);
        let keys = self.revoked_streams(order);
        let streams_ended =
            keys.into_iter().filter(|key| self.settle(*key, CloseReason::Revoked, None)).count();
        self.write_down(&decided)?;
        let ends = [order.user.as_ref().map(|_| user_ms), order.token_id.as_ref().and(token_ms)];
        let until_ms = ends.into_iter().flatten().max().unwrap_or(now_ms);
        Ok(Revoked { streams_ended, until_ms })
    }

    /// Ends the streams that stand on a token ([`Grant::token_id`]) as its end would. It is not shut out: whether it is
    /// still good is for whoever grants to say. Answers how many streams ended.
    pub fn expire_token(&self, token_id: &str) -> usize {
        self.order(Order::Expire { token_id: token_id.to_owned() });
        self.expire_token_here(token_id)
    }

    pub(super) fn expire_token_here(&self, token_id: &str) -> usize {
        let keys = self.streams_of_token(token_id);
        keys.into_iter().filter(|key| self.settle(*key, CloseReason::Expired, None)).count()
    }

    /// Lets a user, a token, or both in again. Answers whether any of them was shut out.
    pub fn lift_revocation(&self, user: Option<&Label>, token_id: Option<&Label>) -> Result<bool, NotKept> {
        let lifted = {
            let revoked = &mut locked(&self.0.permissions).revoked;
            let user = user.and_then(|user| revoked.users.remove(user.as_arc()));
            let token = token_id.and_then(|id| revoked.tokens.remove(id.as_arc()));
            user.is_some() || token.is_some()
        };
        // Asked for where it is known or not: another hub may know of it.
        let decided = Decision::of(user, token_id);
        self.tell_decisions(&decided);
        if lifted {
            self.write_down(&decided)?;
        }
        Ok(lifted)
    }

    /// Whether a grant is refused for now: its user is shut out, or its token.
    pub fn is_revoked(&self, grant: &Grant) -> bool {
        let now_ms = self.0.clock.wall_ms();
        let mut permissions = locked(&self.0.permissions);
        let revoked = &mut permissions.revoked;
        if revoked.users.get(&grant.user).is_some_and(|shut| shut.refuses_user(grant, now_ms)) {
            return true;
        }
        let Some(token_id) = &grant.token_id else { return false };
        let Some(shut) = revoked.tokens.get_mut(token_id).filter(|shut| shut.until_ms > now_ms) else {
            return false;
        };
        // The token itself tells when it ends. One without an end is shut out for as long as it is shown.
        let ends_ms = grant.expires_at_ms.unwrap_or(now_ms + REVOKED_TOKEN_MS);
        let is_news = match grant.expires_at_ms {
            Some(ends_ms) => shut.until_ms != ends_ms,
            None => shut.until_ms + REVOKED_TOKEN_MS / 2 < ends_ms,
        };
        if !shut.is_known && is_news {
            (shut.until_ms, shut.is_known) = (ends_ms, grant.expires_at_ms.is_some());
            drop(permissions);
            self.write_down_later(Decision::Token(Arc::clone(token_id)));
        }
        true
    }

    fn user_until_ms(&self, order: &Revocation, now_ms: u64) -> u64 {
        let Some(user) = order.user.as_ref().filter(|_| order.until_ms.is_none()) else {
            return order.until_ms.unwrap_or_default();
        };
        let clock_ms = self.0.clock.now_ms();
        let books = self.0.books();
        let ends = books.of_user(user.as_arc()).filter_map(|entry| entry.handle.expires_at_ms());
        let left_ms = ends.max().unwrap_or_default().saturating_sub(clock_ms);
        now_ms + left_ms.max(REVOKED_USER_MS)
    }

    /// Until when a token is to be refused, if that is said or known.
    fn token_until_ms(&self, order: &Revocation) -> Option<u64> {
        let token_id = order.token_id.as_ref()?;
        if let Some(until_ms) = order.until_ms {
            // Whoever names the token's `exp` means that it is over for good.
            return Some(until_ms.saturating_add(TOKEN_LEEWAY_MS));
        }
        let (now_ms, clock_ms) = (self.0.clock.wall_ms(), self.0.clock.now_ms());
        let books = self.0.books();
        let of_token = books.iter().filter(|entry| entry.handle.is_of_token(token_id.as_str()));
        let ends = of_token.filter_map(|entry| entry.handle.expires_at_ms()).max();
        // Where the wall clock was set meanwhile, the token may live on for as long as it was set back.
        ends.map(|ends| now_ms + ends.saturating_sub(clock_ms) + TOKEN_LEEWAY_MS)
    }

    fn revoked_streams(&self, order: &Revocation) -> Vec<ConnKey> {
        let of_token = order.token_id.iter().flat_map(|id| self.streams_of_token(id.as_str()));
        let mut keys: Vec<ConnKey> = of_token.collect();
        let books = self.0.books();
        let of_user = order.user.iter().flat_map(|user| books.of_user(user.as_arc()));
        keys.extend(of_user.map(|entry| entry.key));
        keys
    }

    /// Ends the streams of whoever is shut out by now. For decisions of other hubs.
    pub(super) fn end_revoked(&self, user: Option<&Arc<str>>, token_id: Option<&str>) {
        let mut keys: Vec<ConnKey> = token_id.map(|id| self.streams_of_token(id)).unwrap_or_default();
        keys.extend(user.map(|user| self.keys_of(user)).unwrap_or_default());
        for key in keys {
            self.settle(key, CloseReason::Revoked, None);
        }
    }

    fn streams_of_token(&self, token_id: &str) -> Vec<ConnKey> {
        let books = self.0.books();
        books.iter().filter(|entry| entry.handle.is_of_token(token_id)).map(|entry| entry.key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = REVOKED_USER_MS;

    #[test]
    fn a_user_is_refused_after_it_too_with_what_was_granted_before() {
        let made_ms = 100 * DAY_MS;
        let shut = Shut { until_ms: made_ms + DAY_MS, made_ms, is_known: false };
        let granted = |issued_at_ms| Grant { issued_at_ms, ..Grant::nothing("ann") };
        let refuses = |issued_ms, now_ms| shut.refuses_user(&granted(issued_ms), now_ms);
        let (before, after, late) = (Some(made_ms), Some(made_ms + 1), made_ms + DAY_MS);
        assert!(refuses(after, late - 1) && !refuses(after, late), "with whatever there is, for a day");
        assert!(refuses(before, late) && refuses(None, late), "with what is older, or could be");
        let gone = made_ms + GRANT_LIFE_MAX_MS;
        assert!(refuses(before, gone - 1) && !refuses(before, gone) && !shut.holds(true, gone));
        let timed = Shut { is_known: true, ..shut };
        assert!(!timed.refuses_user(&granted(before), late), "somebody said until when");
    }
}
