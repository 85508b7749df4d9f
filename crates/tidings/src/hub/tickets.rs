//! Tickets: a grant carried to a stream whose client can't send headers.

use tidings_core::grant::Grant;

use super::{Hub, locked};

/// How long a ticket is good, in seconds.
pub const TICKET_SECONDS: u64 = 30;
/// Tickets that wait to be used, at most; the oldest give way.
const TICKETS_MAX: usize = 10_000;

/// A right to open one stream, once, within half a minute.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Goes on the stream as `ticket=`.
    pub ticket: String,
    /// Seconds until it is void.
    pub expires_in: u64,
}

impl Hub {
    /// A ticket that carries the grant.
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

    /// What a ticket grants, if it is good. It stays so.
    pub fn ticket_grant(&self, ticket: &str) -> Option<Grant> {
        let now_ms = self.0.clock.now_ms();
        let permissions = locked(&self.0.permissions);
        let (grant, until) = permissions.tickets.get(ticket)?;
        (*until > now_ms).then(|| grant.clone())
    }

    /// Uses a ticket up by what is opened with it. It is nobody else's meanwhile, and good again where nothing was
    /// opened. `None` if it is not good, and then nothing is tried.
    pub fn redeem<T, E>(&self, ticket: &str, open: impl FnOnce() -> Result<T, E>) -> Option<Result<T, E>> {
        let now_ms = self.0.clock.now_ms();
        let (grant, until) = locked(&self.0.permissions).tickets.remove(ticket)?;
        if until <= now_ms {
            return None;
        }
        let opened = open();
        if opened.is_err() {
            locked(&self.0.permissions).tickets.insert(ticket.to_owned(), (grant, until));
        }
        Some(opened)
    }
}
