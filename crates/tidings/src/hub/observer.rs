//! Whoever is told of connections and channels that come and go, where somebody is. Told in the order of the books and
//! of the log, under their locks: so what is told is put into a queue there and no more.
#![cfg_attr(not(feature = "webhooks"), allow(dead_code, reason = "nobody is told then"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidings_core::channel::{ChannelName, Selector};
use tidings_core::close::CloseReason;
use tidings_core::registry::Entry;
use tokio::sync::{mpsc, oneshot};

use super::Hub;
use crate::outlet::Outlet;

/// Happenings that wait to be written down; more are lost, and counted.
pub(crate) const OBSERVED_MAX: usize = 100_000;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Observed {
    Connected(Box<Observation>),
    Disconnected(Box<Observation>, CloseReason),
    Channel {
        channel: Arc<str>,
        occupied: bool,
        at_ms: u64,
    },
    /// Nothing happened: whoever waits for all before it to be written down is told.
    Mark(oneshot::Sender<()>),
}

/// A connection, as it is told of.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) id: String,
    pub(crate) user: Arc<str>,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) kind: Arc<str>,
    /// What it reads as it opens.
    pub(crate) channels: Vec<Selector>,
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) opened_ms: u64,
}

/// Where it goes.
pub(crate) struct Observer {
    pub(crate) queue: mpsc::Sender<Observed>,
    /// What found no place in the queue.
    pub(crate) missed: Arc<AtomicU64>,
    pub(crate) readings: Box<dyn Fn() -> OutboxReadings + Send + Sync>,
}

/// How far what happened is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxReadings {
    /// Events that a webhook took.
    pub delivered: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Events that wait for a webhook.
    pub pending: u64,
    /// For how long the oldest of them has, in seconds.
    pub oldest_age_seconds: u64,
    /// Events that were lost, because there was no room for them.
    pub lost: u64,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").field("missed", &self.missed).finish_non_exhaustive()
    }
}

impl Observer {
    /// Never waits: it is called under locks.
    pub(crate) fn tell(&self, what: Observed) {
        if self.queue.try_send(what).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Hub {
    /// How far webhooks were told of what happened.
    pub fn outbox(&self) -> OutboxReadings {
        self.0.observer.get().map(|observer| (observer.readings)()).unwrap_or_default()
    }

    /// Told under the books' lock, so that nobody is told to leave before they came.
    pub(super) fn observe(
        &self,
        entry: &Entry<Arc<Outlet>>,
        channels: &[Selector],
        ended: Option<CloseReason>,
    ) {
        let Some(observer) = self.0.observer.get() else { return };
        let observation = Box::new(Observation {
            id: self.0.secrets.public(entry.key),
            user: Arc::clone(&entry.user),
            client_id: entry.client_id.clone(),
            kind: Arc::clone(&entry.kind),
            channels: channels.to_vec(),
            at_ms: self.0.clock.wall_ms(),
            opened_ms: self.0.clock.wall_at(entry.opened_ms),
        });
        observer.tell(match ended {
            None => Observed::Connected(observation),
            Some(reason) => Observed::Disconnected(observation, reason),
        });
    }

    /// From here on an observer is told. One, and before anybody connects.
    #[cfg(feature = "webhooks")]
    pub(crate) fn set_observer(&self, observer: Observer) -> Result<(), Observer> {
        self.0.observer.set(observer)?;
        let hub = Arc::downgrade(&self.0);
        self.0.log().observe_occupancy(move |channel, occupied| {
            let Some(hub) = hub.upgrade().map(Hub) else { return };
            match hub.is_clustered() {
                // Whether that is news is decided where all hubs' readers are.
                true => hub.reader_changed(channel),
                false => hub.observe_channel(channel, occupied),
            }
        });
        Ok(())
    }

    /// A channel got its first reader, or lost its last.
    pub(super) fn observe_channel(&self, channel: &ChannelName, occupied: bool) {
        let channel = Arc::from(channel.as_str());
        if let Some(observer) = self.0.observer.get() {
            observer.tell(Observed::Channel { channel, occupied, at_ms: self.0.clock.wall_ms() });
        }
    }

    /// The directory that the hub keeps what outlives it in.
    #[cfg(feature = "webhooks")]
    pub(crate) fn data_dir(&self) -> Option<&std::path::Path> {
        self.0.options.data_dir.as_deref()
    }
}
