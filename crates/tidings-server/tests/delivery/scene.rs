//! What publishers and readers of one run share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Who met a hub that is gone looks again after this, in case another one came unheard.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(crate) struct Scene {
    pub(crate) address: SocketAddr,
    pub(crate) seed: u64,
    clock: AtomicU64,
    pub(crate) deliveries: AtomicU64,
    /// Which hub it is by now: each one that starts counts it up.
    pub(crate) hubs: watch::Sender<u64>,
    /// Events that the hub took.
    pub(crate) published: watch::Sender<u64>,
    /// Nobody is cut any more.
    pub(crate) settled: watch::Sender<bool>,
    /// Readers that are connected for good.
    pub(crate) seated: watch::Sender<u64>,
}

impl Scene {
    pub(crate) fn new(address: SocketAddr, seed: u64) -> Self {
        Self {
            address,
            seed,
            clock: AtomicU64::new(1),
            deliveries: AtomicU64::new(0),
            hubs: watch::Sender::new(1),
            published: watch::Sender::new(0),
            settled: watch::Sender::new(false),
            seated: watch::Sender::new(0),
        }
    }

    /// A moment. What happens before has a smaller one.
    pub(crate) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn hub(&self) -> u64 {
        *self.hubs.borrow()
    }

    /// Waits for a successor of a hub that did not answer.
    pub(crate) async fn hub_after(&self, gone: u64) {
        let mut hubs = self.hubs.subscribe();
        let _ = timeout(LOOK_AGAIN, hubs.wait_for(|hub| *hub > gone)).await;
    }

    /// Waits until so many more events are published, or there will be no more.
    pub(crate) async fn further(&self, events: u64) {
        let (mut published, mut settled) = (self.published.subscribe(), self.settled.subscribe());
        let aim = *published.borrow() + events;
        tokio::select! {
            _ = published.wait_for(|published| *published >= aim) => {}
            _ = settled.wait_for(|settled| *settled) => {}
        }
    }

    pub(crate) fn is_settled(&self) -> bool {
        *self.settled.borrow()
    }
}
