//! Tickets: a grant carried to a stream whose client can't send headers.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tidings_core::grant::{ANONYMOUS, Grant};

use super::forward::{Answer, Ask, Unasked};
use super::{FastMap, Hub, locked};

/// How long a ticket is good, in seconds.
pub const TICKET_SECONDS: u64 = 30;
/// Tickets that wait to be used, at most; the oldest give way.
const TICKETS_MAX: usize = 10_000;
/// Of one user, whose oldest gives way, and nobody else's.
const TICKETS_PER_USER_MAX: usize = 64;

/// A right to open one stream, once, within half a minute.
#[derive(Clone)]
pub struct Ticket {
    /// Goes on the stream as `ticket=`.
    pub ticket: String,
    /// Seconds until it is void.
    pub expires_in: u64,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// The SHA-256 of a ticket: what the hub keeps opens nothing, and looking one up tells nothing of the others by the time
/// it takes.
pub(super) type Key = [u8; 32];

/// Those that wait to be used.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    waiting: FastMap<Key, Waiting>,
    /// In the order in which they were made, which is that in which they end; some are used up already.
    order: VecDeque<Key>,
    of_user: FastMap<Arc<str>, VecDeque<Key>>,
}

#[derive(Debug)]
struct Waiting {
    grant: Grant,
    until_ms: u64,
    /// Who is about to open a stream with it.
    claimed_by: Option<u64>,
}

impl Tickets {
    fn add(&mut self, key: Key, grant: Grant, now_ms: u64, until_ms: u64) {
        self.purge(now_ms);
        if self.order.len() >= TICKETS_MAX {
            self.drop_oldest();
        }
        let own = self.of_user.entry(Arc::clone(&grant.user)).or_default();
        if own.len() >= TICKETS_PER_USER_MAX {
            own.pop_front().and_then(|oldest| self.waiting.remove(&oldest));
        }
        own.push_back(key);
        self.order.push_back(key);
        self.waiting.insert(key, Waiting { grant, until_ms, claimed_by: None });
    }

    /// Lets go of those whose time is over.
    pub(super) fn purge(&mut self, now_ms: u64) {
        let is_over = |waiting: Option<&Waiting>| waiting.is_none_or(|waiting| waiting.until_ms <= now_ms);
        while self.order.front().is_some_and(|key| is_over(self.waiting.get(key))) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.order.pop_front().into_iter().for_each(|key| self.remove(&key));
    }

    fn remove(&mut self, key: &Key) {
        let Some(waiting) = self.waiting.remove(key) else { return };
        let Some(own) = self.of_user.get_mut(&waiting.grant.user) else { return };
        own.retain(|other| other != key);
        if own.is_empty() {
            self.of_user.remove(&waiting.grant.user);
        }
    }

    fn waiting(&mut self, key: &Key, now_ms: u64) -> Option<&mut Waiting> {
        self.waiting.get_mut(key).filter(|waiting| waiting.until_ms > now_ms)
    }
}

fn key(ticket: &str) -> Key {
    Sha256::digest(ticket.as_bytes()).into()
}

impl Hub {
    /// A ticket that carries the grant. It ends with it.
    pub fn ticket(&self, grant: Grant) -> Ticket {
        let now_ms = self.0.clock.now_ms();
        let life_ms = self.left_ms(&grant).unwrap_or(u64::MAX).min(TICKET_SECONDS * 1000);
        let secret = format!("{:032x}", rand::random::<u128>());
        let ticket = match self.is_clustered() && self.0.secrets.is_agreed() {
            // So that any hub knows whom to ask, and of no more than there are.
            true => {
                let name = format!("{}-{secret}", self.0.secrets.incarnation());
                let code = self.0.secrets.code(&name);
                format!("{name}.{code}")
            }
            false => secret,
        };
        locked(&self.0.permissions).tickets.add(key(&ticket), grant, now_ms, now_ms + life_ms);
        Ticket { ticket, expires_in: life_ms.div_ceil(1000) }
    }

    /// Keeps a ticket for what is about to be opened with it, at whichever hub it was made.
    pub async fn claim_ticket(&self, ticket: &str) -> Result<Claim, NoTicket> {
        let (key, number) = (key(ticket), rand::random());
        // An id of a connection is genuine too, and no ticket.
        let is_elsewhere = ticket.split('-').count() == 2
            && self.is_elsewhere(ticket).await.map_err(|Unasked| NoTicket::Away)?;
        let mut claim = Claim {
            hub: self.clone(),
            key,
            number,
            owner: ticket.split('-').next().filter(|_| is_elsewhere).map(Box::from),
            grant: Grant::nothing(ANONYMOUS),
            is_held: false,
            is_used: false,
        };
        claim.grant = match &claim.owner {
            None => self.claim_here(&key, number)?,
            Some(owner) => {
                let asked = self.ask(owner, Ask::Claim { key, number }).map_err(|Unasked| NoTicket::Away)?;
                // It may be, from here on, whatever becomes of the answer and of whoever waits for it.
                claim.is_held = true;
                match asked.answer().await {
                    Some(Answer::Claimed(papers)) => (*papers).into(),
                    None => return Err(NoTicket::Away),
                    Some(answer) => {
                        claim.is_held = false;
                        return Err(match answer {
                            Answer::NoTicket { is_claimed: true } => NoTicket::Claimed,
                            _ => NoTicket::Void,
                        });
                    }
                }
            }
        };
        claim.is_held = true;
        Ok(claim)
    }

    pub(super) fn claim_here(&self, key: &Key, number: u64) -> Result<Grant, NoTicket> {
        let now_ms = self.0.clock.now_ms();
        let permissions = &mut *locked(&self.0.permissions);
        let waiting = permissions.tickets.waiting(key, now_ms).ok_or(NoTicket::Void)?;
        if waiting.claimed_by.is_some() {
            return Err(NoTicket::Claimed);
        }
        waiting.claimed_by = Some(number);
        Ok(waiting.grant.clone())
    }

    /// Of a ticket that is somebody else's by now, nothing.
    pub(super) fn settle_ticket_here(&self, key: &Key, number: u64, is_used: bool) {
        let tickets = &mut locked(&self.0.permissions).tickets;
        match tickets.waiting.get_mut(key).filter(|waiting| waiting.claimed_by == Some(number)) {
            Some(_) if is_used => tickets.remove(key),
            Some(waiting) => waiting.claimed_by = None,
            None => {}
        }
    }
}

/// Why a ticket opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTicket {
    /// It is no ticket of these hubs, or was used.
    #[error("the ticket is used, too old or unknown: ask for a new one")]
    Void,
    /// Somebody else is about to open a stream with it.
    #[error("the ticket is being used: ask for a new one")]
    Claimed,
    /// Another hub made it, and can't be asked now.
    #[error("another hub made this ticket, and can't be asked now: try again in a moment")]
    Away,
}

/// A ticket that is kept for one who is about to open a stream with it. Dropped, it is good again.
#[must_use = "a ticket is good until it is used up"]
pub struct Claim {
    hub: Hub,
    key: Key,
    number: u64,
    /// The hub that made it, if it is another.
    owner: Option<Box<str>>,
    grant: Grant,
    is_held: bool,
    is_used: bool,
}

impl Claim {
    /// What the ticket grants.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// A stream was opened with it: it is good no more.
    pub fn use_up(mut self) {
        self.is_used = true;
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Self { key, number, is_used, .. } = *self;
        match &self.owner {
            _ if !self.is_held => {}
            None => self.hub.settle_ticket_here(&key, number, is_used),
            Some(owner) => {
                // Without room it stays claimed until its end.
                let is_good = Duration::from_secs(TICKET_SECONDS);
                self.hub.forward(owner, 0, Ask::Settle { key, number, is_used }, is_good);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(tickets: &mut Tickets, number: usize, user: &str, now_ms: u64) -> Key {
        let key = key(&number.to_string());
        tickets.add(key, Grant::nothing(user), now_ms, now_ms + 1_000);
        key
    }

    #[test]
    fn who_asks_for_many_loses_his_own_oldest() {
        let mut tickets = Tickets::default();
        let bobs = add(&mut tickets, 0, "bob", 0);
        let anns: Vec<_> = (1..=TICKETS_PER_USER_MAX + 1).map(|n| add(&mut tickets, n, "ann", 0)).collect();
        assert!(tickets.waiting(&bobs, 1).is_some() && tickets.waiting(&anns[1], 1).is_some());
        assert!(tickets.waiting(&anns[0], 1).is_none());
        assert_eq!((tickets.waiting.len(), tickets.of_user["ann"].len()), (1 + 64, 64));
    }

    #[test]
    fn there_are_never_more_than_the_limit_and_none_is_kept_beyond_its_time() {
        let mut tickets = Tickets::default();
        let keys: Vec<_> =
            (0..=TICKETS_MAX).map(|n| add(&mut tickets, n, &format!("user-{}", n % 1_000), 0)).collect();
        assert_eq!((tickets.waiting.len(), tickets.order.len()), (TICKETS_MAX, TICKETS_MAX));
        assert!(tickets.waiting(&keys[0], 1).is_none() && tickets.waiting(&keys[1], 1).is_some());
        assert!(tickets.waiting(&keys[1], 1_000).is_none());
        tickets.purge(1_000);
        assert!(tickets.waiting.is_empty() && tickets.order.is_empty() && tickets.of_user.is_empty());
    }

    #[test]
    fn one_is_never_shown_by_debug() {
        let ticket = Ticket { ticket: "canary".to_owned(), expires_in: 30 };
        assert_eq!(format!("{ticket:?}"), "Ticket { expires_in: 30, .. }");
    }
}
