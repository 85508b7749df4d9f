//! The way out: everything that ends a connection goes through [`Hub::settle`].

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tidings_core::close::CloseReason;
use tidings_core::registry::ConnKey;

use super::orders::Order;
use super::{EngineState, Hub, Phase, locked};
use crate::outlet::{Ending, Outlet};

/// There is no live connection by that id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no live connection by that id")]
pub struct NoSuchConnection;

/// How to kick.
#[derive(Clone, Debug, Default)]
pub struct KickOrder {
    /// An operator's words, told to the client.
    pub detail: Option<Box<str>>,
    /// Whether the client may come again; it may not, unless this says so.
    pub reconnect: bool,
}

/// What a kick came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kicked(pub usize);

impl Hub {
    /// Ends the connection whose secret id this is, at its own client's word.
    /// One of another hub that shares the log is ended there, and this can't say whether there was any.
    pub fn disconnect(&self, connection_id: &str) -> Result<(), NoSuchConnection> {
        match self.0.secrets.parse_secret(connection_id) {
            Some(key) if self.settle(key, CloseReason::Disconnected, None) => Ok(()),
            None if self.is_genuine_of_peer(connection_id) => {
                if !self.passes_on("disconnect", connection_id) {
                    return Ok(());
                }
                self.order(Order::Disconnect { connection_id: connection_id.to_owned() });
                Ok(())
            }
            _ => Err(NoSuchConnection),
        }
    }

    /// The client says that it is there: renews its lease, if it has one.
    /// One of another hub that shares the log is told to that, and this can't say whether there is any.
    pub fn alive(&self, connection_id: &str) -> Result<(), NoSuchConnection> {
        if self.is_genuine_of_peer(connection_id) {
            // Said again soon, where it can't be passed on now.
            if self.engine_state() == EngineState::Here && self.passes_on("alive", connection_id) {
                self.order(Order::Alive { connection_id: connection_id.to_owned() });
            }
            return Ok(());
        }
        self.alive_here(connection_id)
    }

    pub(super) fn alive_here(&self, connection_id: &str) -> Result<(), NoSuchConnection> {
        let outlet = self.own(connection_id)?;
        outlet.attest(self.0.clock.now_ms());
        Ok(())
    }

    /// Ends a connection by its public id. One of another hub that shares the log is ended there, and this can't say
    /// whether there was any.
    pub fn kick(&self, id: &str, order: &KickOrder) -> Result<(), NoSuchConnection> {
        if !self.is_of_peer(id) {
            return self.kick_here(id, order);
        }
        let KickOrder { detail, reconnect } = order.clone();
        self.order(Order::Kick { id: id.to_owned(), detail, reconnect });
        Ok(())
    }

    pub(super) fn kick_here(&self, id: &str, order: &KickOrder) -> Result<(), NoSuchConnection> {
        let key = self.0.secrets.parse_public(id).ok_or(NoSuchConnection)?;
        match self.settle(key, CloseReason::Kicked, Some(order)) {
            true => Ok(()),
            false => Err(NoSuchConnection),
        }
    }

    /// Ends all connections of a user, and counts those of this hub; those of others that share the log end as well.
    pub fn kick_user(&self, user: &str, order: &KickOrder) -> Kicked {
        let KickOrder { detail, reconnect } = order.clone();
        self.order(Order::KickUser { user: user.to_owned(), detail, reconnect });
        self.kick_user_here(user, order)
    }

    pub(super) fn kick_user_here(&self, user: &str, order: &KickOrder) -> Kicked {
        let keys = self.keys_of(user);
        Kicked(keys.into_iter().filter(|key| self.settle(*key, CloseReason::Kicked, Some(order))).count())
    }

    /// Whether it is a secret id that another hub made.
    fn is_genuine_of_peer(&self, connection_id: &str) -> bool {
        self.is_of_peer(connection_id) && self.0.secrets.is_genuine(connection_id)
    }

    pub(super) fn keys_of(&self, user: &str) -> Vec<ConnKey> {
        self.0.books().of_user(&Arc::from(user)).map(|entry| entry.key).collect()
    }

    /// The connection whose secret id this is.
    pub(crate) fn own(&self, connection_id: &str) -> Result<Arc<Outlet>, NoSuchConnection> {
        let key = self.0.secrets.parse_secret(connection_id).ok_or(NoSuchConnection)?;
        self.outlet(key).ok_or(NoSuchConnection)
    }

    pub(super) fn outlet(&self, key: ConnKey) -> Option<Arc<Outlet>> {
        self.0.books().get(key).map(|entry| Arc::clone(&entry.handle))
    }

    /// The one door out. Whoever is first closes the books on the connection, takes it off the log and tells its
    /// writer; to all others there is nothing there. Answers whether this call was the first.
    pub(crate) fn settle(&self, key: ConnKey, reason: CloseReason, order: Option<&KickOrder>) -> bool {
        let now_ms = self.0.clock.now_ms();
        let (entry, total, tale) = {
            let mut books = self.0.books();
            let mut tale = None;
            let tell = |entry: &_| {
                let tale = tale.insert(self.tale(entry));
                self.0.closed_bytes.fetch_add(tale.bytes_sent, Ordering::Relaxed);
                Arc::clone(tale)
            };
            let Some(entry) = books.settle(key, reason, now_ms, tell) else { return false };
            self.observe(&entry, &[], Some(reason));
            let reconnect = order.map(|order| order.reconnect).unwrap_or_else(|| reason.default_reconnect());
            // A superseded client's id is its successor's too, which must be able to come back.
            if let Some(client) = entry.client_id.as_deref()
                && !reconnect
                && reason != CloseReason::Superseded
            {
                books.turn_away(&entry.user, client, now_ms);
            }
            (entry, books.live(), tale)
        };
        let detail = order.and_then(|order| order.detail.clone());
        entry.handle.end(self.closing(reason, detail, order.map(|order| order.reconnect)));
        let timeline = locked(&self.0.timelines).remove(&key);
        if let (Some(tale), Some(timeline)) = (tale, timeline) {
            let _ = tale.timeline.set(Box::new(timeline));
        }
        // After the end is set, and under the lock under which a subscriber is seated: either it is seen here, or
        // whoever seats it sees the end.
        let selectors = {
            let mut log = self.0.log();
            entry.handle.subscriber().map(|subscriber| {
                let selectors = log.selectors(subscriber);
                log.unsubscribe(subscriber);
                selectors
            })
        };
        tracing::info!(user = %entry.user, %reason, total, "client disconnected");
        self.tell_presence(&entry.user, selectors.as_deref().unwrap_or_default());
        self.row_changed(key);
        self.give_place_back(key);
        let patience = if reason.told() { crate::stream::FAREWELL_TIMEOUT } else { Duration::ZERO };
        entry.handle.peer.kill_stream(patience, &self.0.runtime);
        true
    }

    fn closing(&self, reason: CloseReason, detail: Option<Box<str>>, reconnect: Option<bool>) -> Ending {
        const RETRY_MS: std::ops::RangeInclusive<u64> = 1_000..=5_000;
        let reconnect = reconnect.unwrap_or_else(|| reason.default_reconnect());
        let retry_ms = match self.0.phase() {
            Phase::Draining => self.0.drain.retry_ms(self.0.clock.now_us()),
            _ => rand::random_range(RETRY_MS),
        };
        Ending { reason, reconnect, retry_ms, detail }
    }
}
