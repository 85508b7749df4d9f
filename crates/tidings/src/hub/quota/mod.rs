//! Limits of users over all hubs of a cluster: the desk where each newcomer asks for a place.
//!
//! [`Desk`] drives [`Portions`], a hub's side of the rules, over [`Leases`], which an engine gives. Its answer never
//! waits for longer than its deadline: a store that is away, or whose answer nobody got, has no say, and this hub judges
//! by what it has itself until the store has caught up.

mod ask;
mod place;
mod rounds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
pub use tidings_core::quota::{
    Closing, Evidence, Lease, LeaseError, Leases, OnFull, Refusal, WhileAway, Why,
};
use tidings_core::quota::{Hub, Portions, SHARDS, Told, shard_of};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub use self::ask::Asking;
pub use self::place::Place;

/// Calls for different users go out together; those for one user one after the other, by its lane.
const LANES: usize = 1_024;

/// How a desk decides.
#[derive(Clone, Debug)]
pub struct DeskOptions {
    /// The hub's name, for people.
    pub node: Arc<str>,
    /// How long this hub's part stands after it was last heard of.
    pub lease_ms: u64,
    /// How long a newcomer waits for the store, until this hub judges by itself.
    pub answer_ms: u64,
    /// In how long everything is said again, so that what was lost is made good.
    pub sweep_ms: u64,
    /// What to do with a newcomer beyond a limit.
    pub on_full: OnFull,
    /// What to do while the store is away.
    pub while_away: WhileAway,
}

/// Where newcomers ask for a place. Its clones are the same one; its rounds end with the last of them.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
    _rounds: Arc<Rounds>,
}

/// How a desk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeskState {
    /// The store has no say just now, or not of all users.
    pub is_away: bool,
    /// Users that have something here.
    pub users: usize,
    /// Connections that are here.
    pub connections: usize,
    /// Users of whom the store is yet to be told something.
    pub unsaid: usize,
    /// Newcomers that this hub judged by itself, since it began.
    pub judged_here: u64,
    /// How often this hub's part began anew: its lease was over, or the store had lost something.
    pub fenced: u64,
}

type Close = Box<dyn Fn(Closing) + Send + Sync>;

struct Shared {
    options: DeskOptions,
    leases: Arc<dyn Leases>,
    parts: Vec<Mutex<Portions>>,
    lanes: Vec<tokio::sync::Mutex<()>>,
    close: Close,
    origin: Instant,
    beat_now: Notify,
    flush_now: Notify,
    was_away: AtomicBool,
    judged_here: AtomicU64,
    fenced: AtomicU64,
}

struct Rounds(Vec<AbortHandle>);

impl DeskOptions {
    /// Of a hub of this name, with the usual times.
    pub fn new(node: impl Into<Arc<str>>) -> Self {
        Self {
            node: node.into(),
            lease_ms: 15_000,
            answer_ms: 250,
            sweep_ms: 60_000,
            on_full: OnFull::Refuse,
            while_away: WhileAway::Local,
        }
    }
}

impl Desk {
    /// Opens a desk, whose rounds run on the runtime that this is called from. `close` is called with each connection of
    /// this hub that has to go, perhaps more than once, and must not block: its [`Place`] is to be dropped soon.
    pub fn open(
        leases: Arc<dyn Leases>,
        options: DeskOptions,
        close: impl Fn(Closing) + Send + Sync + 'static,
    ) -> Self {
        let hub = Hub {
            node: Arc::clone(&options.node),
            inbox: leases.inbox().into(),
            lease_ms: options.lease_ms,
            on_full: options.on_full,
            while_away: options.while_away,
        };
        let shared = Arc::new(Shared {
            options,
            leases,
            parts: (0..SHARDS).map(|_| Mutex::new(Portions::new(hub.clone()))).collect(),
            lanes: (0..LANES).map(|_| tokio::sync::Mutex::default()).collect(),
            close: Box::new(close),
            origin: Instant::now(),
            beat_now: Notify::new(),
            flush_now: Notify::new(),
            was_away: AtomicBool::new(true),
            judged_here: AtomicU64::new(0),
            fenced: AtomicU64::new(0),
        });
        let ear = Arc::downgrade(&shared);
        shared.leases.follow(Arc::new(move |told| {
            if let Some(shared) = ear.upgrade() {
                shared.hear(&told);
            }
        }));
        let rounds = [
            tokio::spawn(rounds::beat(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(rounds::flush(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(rounds::sweep(Arc::clone(&shared))).abort_handle(),
        ];
        Self { shared, _rounds: Arc::new(Rounds(rounds.into())) }
    }

    /// Ends this hub's part as a whole, whatever stands under it: for the end of a drain. Whether the store knows; it will
    /// when the leases are over, if not. Nothing is said of anybody after this.
    pub async fn leave(&self) -> bool {
        let shared = &self.shared;
        let ends = (0..SHARDS).map(|shard| {
            let incarnation = shared.part(shard).leave();
            shared.leases.leave(shard, incarnation)
        });
        join_all(ends).await.iter().all(Result::is_ok)
    }

    /// Whether the store has no say just now, or not of all users.
    pub fn is_away(&self) -> bool {
        let now_ms = self.shared.now_ms();
        self.shared.parts.iter().any(|part| !locked(part).trusts(now_ms))
    }

    /// How this desk stands.
    pub fn state(&self) -> DeskState {
        let mut state = DeskState {
            is_away: false,
            users: 0,
            connections: 0,
            unsaid: 0,
            judged_here: self.shared.judged_here.load(Relaxed),
            fenced: self.shared.fenced.load(Relaxed),
        };
        let now_ms = self.shared.now_ms();
        for part in &self.shared.parts {
            let part = locked(part);
            state.is_away |= !part.trusts(now_ms);
            state.users += part.users();
            state.connections += part.connections().count();
            state.unsaid += part.unsaid();
        }
        state
    }

    /// The hubs that have a part, by name: of each its lease where it is worst, as the stores have it.
    pub async fn nodes(&self) -> Result<Vec<Lease>, LeaseError> {
        let mut nodes = BTreeMap::<Box<str>, Lease>::new();
        for leases in join_all((0..SHARDS).map(|shard| self.shared.leases.list(shard))).await {
            for lease in leases?.into_iter().filter(|lease| lease.left_ms > 0) {
                let inbox = lease.incarnation.as_str().split('-').next().unwrap_or_default().into();
                let worst = nodes.entry(inbox).or_insert_with(|| lease.clone());
                if lease.left_ms < worst.left_ms {
                    *worst = lease;
                }
            }
        }
        Ok(nodes.into_values().collect())
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn part(&self, shard: u16) -> MutexGuard<'_, Portions> {
        locked(&self.parts[usize::from(shard)])
    }

    fn part_of(&self, user: &str) -> MutexGuard<'_, Portions> {
        self.part(shard_of(user))
    }

    fn hear(&self, told: &Told) {
        match told {
            Told::Anew => self.beat_now.notify_one(),
            Told::Leave { user, leaving } => {
                let closing = self.part_of(user).told(user, leaving);
                self.close_all(closing);
            }
        }
    }

    /// Never under a lock of the desk's: what is closed gives its place back.
    fn close_all(&self, closing: impl IntoIterator<Item = Closing>) {
        closing.into_iter().for_each(&self.close);
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

fn locked(part: &Mutex<Portions>) -> MutexGuard<'_, Portions> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
