//! What publishers and readers of one run share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::dice::Dice;

/// Who met a hub that is gone looks again after this, in case another one came unheard.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(crate) struct Scene {
    /// Where the hubs are, over all their lives.
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) seed: u64,
    /// The log may lose what it had while its hubs live on.
    pub(crate) may_begin_anew: bool,
    clock: AtomicU64,
    pub(crate) deliveries: AtomicU64,
    /// Which life of a hub it is by now: each one that starts, of whichever hub, counts it up.
    pub(crate) hubs: watch::Sender<u64>,
    /// Events that the hub took.
    pub(crate) published: watch::Sender<u64>,
    /// Nobody is cut any more.
    pub(crate) settled: watch::Sender<bool>,
    /// Readers that are connected for good.
    pub(crate) seated: watch::Sender<u64>,
    pub(crate) answers: Answers,
}

/// What publishers were answered instead of a place.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Nothing was stored (503).
    pub(crate) refused: AtomicU64,
    /// Of those, the events that were then left alone: they must not come.
    pub(crate) given_up: AtomicU64,
    /// Nobody knew whether it was stored (504).
    pub(crate) unknown: AtomicU64,
    /// Sent again, and there already.
    pub(crate) there_already: AtomicU64,
}

/// The same, counted to the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) refused: u64,
    pub(crate) given_up: u64,
    pub(crate) unknown: u64,
    pub(crate) there_already: u64,
}

impl Answers {
    pub(crate) fn counts(&self) -> Counts {
        let [refused, given_up, unknown, there_already] =
            [&self.refused, &self.given_up, &self.unknown, &self.there_already]
                .map(|count| count.load(Ordering::Relaxed));
        Counts { refused, given_up, unknown, there_already }
    }
}

impl Scene {
    pub(crate) fn new(nodes: Vec<SocketAddr>, seed: u64) -> Self {
        Self {
            nodes,
            seed,
            may_begin_anew: false,
            clock: AtomicU64::new(1),
            deliveries: AtomicU64::new(0),
            hubs: watch::Sender::new(1),
            published: watch::Sender::new(0),
            settled: watch::Sender::new(false),
            seated: watch::Sender::new(0),
            answers: Answers::default(),
        }
    }

    /// A moment. What happens before has a smaller one.
    pub(crate) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn hub(&self) -> u64 {
        *self.hubs.borrow()
    }

    /// Waits for a successor of a hub that did not answer, for a moment: another may answer.
    pub(crate) async fn hub_after(&self, gone: u64) {
        let mut hubs = self.hubs.subscribe();
        let _ = timeout(LOOK_AGAIN, hubs.wait_for(|hub| *hub > gone)).await;
    }

    /// One of the hubs, and where it is.
    pub(crate) fn node(&self, dice: &mut Dice) -> (usize, SocketAddr) {
        let node = dice.below(self.nodes.len() as u64) as usize;
        (node, self.nodes[node])
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
