//! This hub among those that share its log: it tells them what is its own, as it is and under a lease, and knows of them
//! what they tell. What changes here is told within moments; while nothing does, the lease is renewed.

mod others;
mod own;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tidings_core::channel::ChannelName;
use tidings_core::registry::ConnKey;
use tidings_core::roster::Report;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

pub(super) use self::others::Look;
pub use self::others::NodeInfo;
use self::others::Others;
use super::{Hub, Inner, locked};

/// What changes within so long is told together.
const GATHER: Duration = Duration::from_millis(25);
/// Between two tries at a store that does not answer.
const AWAY_PAUSE: Duration = Duration::from_millis(200);
/// The lease is renewed so many times before it ends.
const BEATS_PER_LEASE: u64 = 5;
/// How long a hub that stops tries to say so; its lease ends otherwise.
const LEAVE: Duration = Duration::from_secs(2);

/// What a hub has to do with the others.
#[derive(Debug)]
pub(super) struct Cluster {
    lease_ms: u64,
    own: Mutex<Own>,
    /// Held while something is told: each report builds on the one before.
    telling: tokio::sync::Mutex<()>,
    changed: Notify,
    others: Others,
}

/// What is to be told of this hub, and how far it is.
#[derive(Debug, Default)]
struct Own {
    /// Lives of this hub in the store: another begins where the store does not have what the last one told.
    lives: u32,
    replaces: Option<String>,
    version: u64,
    rows: HashSet<ConnKey>,
    members: HashSet<(ChannelName, Arc<str>)>,
    readers: HashSet<ChannelName>,
    /// Told, and not answered yet: to be told again as it was.
    in_flight: Option<Report>,
    beats: u64,
    /// When some rows are to be told again.
    rows_due_ms: u64,
    /// The store knows that this hub is no more.
    has_left: bool,
}

/// What came of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// All that there was.
    All,
    /// There is more.
    Some,
    /// The store does not have what was told before: all is to be told again.
    Anew,
    /// The store does not answer.
    Nothing,
}

impl Cluster {
    pub(super) fn new(lease_ms: u64) -> Self {
        Self {
            lease_ms,
            own: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            others: Others::default(),
        }
    }

    fn change(&self, mark: impl FnOnce(&mut Own)) {
        mark(&mut locked(&self.own));
        self.changed.notify_one();
    }

    fn beat(&self) -> Duration {
        Duration::from_millis(self.lease_ms / BEATS_PER_LEASE)
    }
}

impl Hub {
    fn cluster(&self) -> Option<&Cluster> {
        let shared = self.0.shared.as_ref()?;
        shared.engine.roster().map(|_| &shared.cluster)
    }

    /// Whether who is on a channel is told by what all hubs have.
    pub(super) fn is_clustered(&self) -> bool {
        self.cluster().is_some()
    }

    /// A connection came, went or changed. Nothing where there is no cluster.
    pub(super) fn row_changed(&self, key: ConnKey) {
        if let Some(cluster) = self.cluster() {
            cluster.change(|own| own.rows.extend([key]));
        }
    }

    /// How many connections a user has on a channel here, may have changed.
    pub(super) fn member_changed(&self, channel: &ChannelName, user: &Arc<str>) {
        if let Some(cluster) = self.cluster() {
            cluster.change(|own| own.members.extend([(channel.clone(), Arc::clone(user))]));
        }
    }

    /// A channel got its first reader here, or lost its last. Called under the log's lock.
    #[cfg_attr(not(feature = "webhooks"), allow(dead_code, reason = "nobody is told then"))]
    pub(super) fn reader_changed(&self, channel: &ChannelName) {
        if let Some(cluster) = self.cluster() {
            cluster.change(|own| own.readers.extend([channel.clone()]));
        }
    }

    /// Tells the others that this hub is no more: what is left of it is let go now, and not when its lease ends.
    pub async fn leave_cluster(&self) {
        if self.cluster().is_none() {
            return;
        }
        self.leave_desk().await;
        let leave = async {
            while self.tell_cluster(true).await != Told::All {
                sleep(GATHER).await;
            }
        };
        if timeout(LEAVE, leave).await.is_err() {
            tracing::warn!("the other hubs could not be told that this one stops: its lease ends by itself");
        }
        if let Some(cluster) = self.cluster() {
            // Whoever is not heard in time says no more.
            locked(&cluster.own).has_left = true;
        }
    }
}

/// Tells for as long as the hub is held.
pub(super) async fn run(hub: Weak<Inner>) {
    agree(&hub).await;
    loop {
        let Some((told, wait)) = turn(&hub).await else { return };
        if told != Told::All {
            sleep(wait).await;
            continue;
        }
        let Some(inner) = hub.upgrade() else { return };
        let Some(shared) = inner.shared.as_ref() else { return };
        // The hub may go meanwhile: it is held no longer than a beat.
        if timeout(wait, shared.cluster.changed.notified()).await.is_ok() {
            drop(inner);
            sleep(GATHER).await;
        }
    }
}

async fn turn(hub: &Weak<Inner>) -> Option<(Told, Duration)> {
    let hub = Hub(hub.upgrade()?);
    let cluster = hub.cluster()?;
    let beat = cluster.beat();
    if locked(&cluster.own).has_left {
        return None;
    }
    let told = hub.tell_cluster(false).await;
    if told == Told::Anew {
        // A store that lost all that was told lost this as well.
        if let Some(key) = hub.offer_key(*hub.0.secrets.key()).await {
            hub.0.secrets.agree(key);
        }
    }
    let wait = match told {
        Told::All => beat,
        Told::Some | Told::Anew => Duration::ZERO,
        Told::Nothing => AWAY_PAUSE,
    };
    Some((told, wait))
}

/// Agrees with the others upon what secret ids are known by, before there is any.
async fn agree(hub: &Weak<Inner>) {
    let offered = rand::random();
    loop {
        {
            let Some(hub) = hub.upgrade().map(Hub) else { return };
            if !hub.is_clustered() {
                return;
            }
            if let Some(key) = hub.offer_key(offered).await {
                hub.0.secrets.agree(key);
                return;
            }
        }
        sleep(AWAY_PAUSE).await;
    }
}
