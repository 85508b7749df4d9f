//! The hub: the books and the log behind their locks, and the rules of when to touch which.
//!
//! Two locks, never held together: the books' and the log's. Both are held for moments, without I/O or awaiting.

mod amend;
mod amendments;
mod append;
mod boards;
mod cluster;
mod connect;
mod decisions;
mod drain;
mod end;
mod forward;
mod group_commit;
mod ids;
mod lists;
mod observe;
mod observer;
mod orders;
mod permissions;
mod places;
mod presence;
mod publish;
mod queue;
pub mod quota;
mod rates;
mod recent;
mod revocations;
mod rights;
mod shared;
mod shown;
mod sweep;
mod tickets;
mod timeline;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tidings_core::drain::ShutdownSummary;
use tidings_core::engine::Engine;
pub use tidings_core::history::Envelope;
pub use tidings_core::log::Published;
use tidings_core::log::{Log, Rules};
use tidings_core::position::Epoch;
use tidings_core::rate::RateLimit;
use tidings_core::registry::Books;
pub use tidings_core::registry::{Limits, OnFull, Refused};
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use self::amend::{AmendError, Amended, AmendmentInfo};
pub use self::boards::HubChannelError;
pub use self::cluster::NodeInfo;
pub use self::connect::{Client, Open, OpenError};
pub use self::decisions::NotKept;
pub use self::drain::{DrainProgress, Phase};
pub use self::end::{KickOrder, Kicked, NoSuchConnection};
use self::ids::Secrets;
pub use self::lists::{
    BadQuery, ChannelBy, ChannelPage, ChannelQuery, ClosedPage, ClosedQuery, ConnectionBy, ConnectionDetails,
    ConnectionInfo, ConnectionPage, ConnectionQuery, ListQuery, Proof, ProofKind, ProvenTo, RevocationBy,
    RevocationInfo, RevocationPage, RevocationQuery, RowMark, Search, Sort, SortKey, UserBy, UserInfo,
    UserPage, UserQuery,
};
pub use self::observe::{ChannelInfo, Stats};
pub use self::observer::OutboxReadings;
#[cfg(feature = "webhooks")]
pub(crate) use self::observer::{OBSERVED_MAX, Observation, Observed, Observer};
pub use self::permissions::{ChangeError, ChannelChange};
pub use self::presence::Present;
pub use self::publish::{Checked, HistoryQuery, PublishError, Publisher};
pub use self::queue::QUEUED_EVENTS_MAX;
pub use self::rates::TooOften;
pub use self::recent::RecentLatency;
pub use self::revocations::{Revocation, RevokeError, Revoked};
pub(crate) use self::shared::Behind;
pub use self::shared::EngineState;
pub use self::shown::{ClosedConnection, Latencies, Latency, Readings, Truth};
pub use self::sweep::SweepReport;
pub use self::tickets::{Claim, NoTicket, TICKET_SECONDS, Ticket};
pub use self::timeline::{Happening, TIMELINE_ENTRIES_MAX, TimelineEntry};
use crate::clock::Clock;
use crate::histogram::Histogram;
use crate::journal::Journal;
use crate::options::HubOptions;
use crate::outlet::Outlet;
use crate::socket::{Doors, TurnedAwayCounts};
use crate::store::{Counters, Store};

/// What is told of a connection that has gone.
pub(crate) type Tale = Arc<ClosedConnection>;

/// A real-time hub on this node. Cloning it gives another handle to the same hub.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: HubOptions,
    pub(crate) node: String,
    pub(crate) clock: Clock,
    /// Where the hub's own tasks run: its calls may come from any thread.
    runtime: Handle,
    books: Mutex<Books<Arc<Outlet>, Tale>>,
    log: Mutex<Log<Arc<Outlet>>>,
    /// Where the log is not this hub's alone.
    shared: Option<shared::Shared>,
    /// Told of each who begins to read the hub's own channels.
    board_readers: watch::Sender<()>,
    observer: OnceLock<observer::Observer>,
    publish_rate: Mutex<RateLimit<Arc<str>>>,
    rates: rates::Rates,
    permissions: Mutex<permissions::Permissions>,
    /// What of them outlives the process.
    decisions: Journal,
    timelines: Mutex<timeline::Timelines>,
    /// Held before the books' or the log's, never after.
    told: Mutex<presence::Told>,
    secrets: Secrets,
    store: Store,
    counters: Mutex<Counters>,
    last_shutdown: Option<ShutdownSummary>,
    drain: drain::Drain,
    /// Streams whose writer is not done, ended ones included.
    pub(crate) writers: AtomicUsize,
    /// Sockets whose first request is not answered yet.
    pub(crate) guests: AtomicUsize,
    /// While draining, who comes is let in and sent on, not refused.
    pub(crate) sends_on: AtomicBool,
    phase: AtomicU8,
    /// Closed for good just before the rings are kept: what is published later would be lost.
    publishing_over: AtomicBool,
    pub(crate) doors: Doors,
    pub(crate) turned_away: TurnedAwayCounts,
    #[cfg(feature = "tls")]
    pub(crate) tls: std::sync::OnceLock<Arc<crate::tls::Tls>>,
    pub(crate) truth_mismatch: AtomicU64,
    pub(crate) truth_audits: AtomicU64,
    /// When the last audit was, by the monotonic clock; 0 is never.
    pub(crate) truth_audited_ms: AtomicU64,
    /// Bytes that those who left had been sent. Changed with the books, under their lock.
    closed_bytes: AtomicU64,
    /// Requests that were refused because somebody is shut out.
    pub(crate) revoked_refused: AtomicU64,
    recent: Mutex<recent::Recent>,
    pub(crate) publish_queue: Histogram,
    pub(crate) publish_to_write: Histogram,
}

impl Hub {
    /// Opens a hub. With a data directory it takes up the rings that an orderly shutdown left there. It needs a Tokio
    /// runtime to be opened in: heartbeats, sweeps and retention run there for as long as a handle to the hub lives.
    pub fn open(options: HubOptions) -> io::Result<Self> {
        Self::open_with(options, None)
    }

    /// Opens a hub that shares its log with others, by an engine of theirs: what is published at one reaches the streams
    /// of all, and a cursor of one is good at any other. Until the engine has answered once, streams are refused.
    pub fn open_shared(options: HubOptions, engine: Arc<dyn Engine>) -> io::Result<Self> {
        Self::open_with(options, Some(engine))
    }

    fn open_with(options: HubOptions, engine: Option<Arc<dyn Engine>>) -> io::Result<Self> {
        let runtime = Handle::try_current()
            .map_err(|_| io::Error::other("a hub runs on Tokio: open it within a runtime"))?;
        let store = Store::open(options.data_dir.as_deref())?;
        let node = store.node_name(options.node.as_deref())?;
        let (counters, last_shutdown) = (store.counters(), store.take_summary()?);
        let clock = Clock::start();
        let log = match &engine {
            None => Self::restored(&store, &options.rules, clock.log_ms())?,
            Some(_) => Log::new(new_epoch(), options.rules.clone()),
        };
        let leases = engine.as_ref().and_then(|engine| engine.leases(options.cluster.lease_ms));
        let (queue, queued) = queue::Queue::new();
        let (permissions, decisions) = permissions::Permissions::restore(&store)?;
        let bounds = options.bounds;
        let (board_readers, came) = watch::channel(());
        let hub = Self(Arc::new(Inner {
            node,
            clock,
            runtime: runtime.clone(),
            books: Mutex::default(),
            log: Mutex::new(log),
            shared: engine.map(|engine| shared::Shared::new(engine, queue, options.cluster.lease_ms)),
            board_readers,
            observer: OnceLock::new(),
            publish_rate: Mutex::new(RateLimit::new(bounds.publishes_per_second)),
            rates: rates::Rates::new(&bounds, clock),
            permissions: Mutex::new(permissions),
            decisions,
            timelines: Mutex::default(),
            told: Mutex::default(),
            secrets: Secrets::new(),
            store,
            counters: Mutex::new(counters),
            last_shutdown,
            drain: drain::Drain::default(),
            writers: AtomicUsize::new(0),
            guests: AtomicUsize::new(0),
            sends_on: AtomicBool::new(false),
            phase: AtomicU8::new(Phase::Serving as u8),
            publishing_over: AtomicBool::new(false),
            doors: Doors::new(bounds.sockets),
            turned_away: TurnedAwayCounts::default(),
            #[cfg(feature = "tls")]
            tls: std::sync::OnceLock::new(),
            truth_mismatch: AtomicU64::new(0),
            truth_audits: AtomicU64::new(0),
            truth_audited_ms: AtomicU64::new(0),
            closed_bytes: AtomicU64::new(0),
            revoked_refused: AtomicU64::new(0),
            recent: Mutex::new(recent::Recent::new(clock.now_ms())),
            publish_queue: Histogram::default(),
            publish_to_write: Histogram::default(),
            options,
        }));
        sweep::start_timers(&hub, &runtime);
        if hub.0.shared.is_some() {
            runtime.spawn(shared::follow(Arc::downgrade(&hub.0)));
            runtime.spawn(cluster::run(Arc::downgrade(&hub.0)));
            runtime.spawn(orders::tell(Arc::downgrade(&hub.0)));
            if let Some(leases) = leases {
                hub.open_desk(leases);
            }
            runtime.spawn(queue::publish(Arc::downgrade(&hub.0), queued));
        }
        boards::start(&hub, &runtime, came);
        Ok(hub)
    }

    /// The hub's settings.
    pub fn options(&self) -> &HubOptions {
        &self.0.options
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        &self.0.node
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    fn restored(store: &Store, rules: &Rules, now_ms: u64) -> io::Result<Log<Arc<Outlet>>> {
        let taken = store.take_rings(|lines| Log::restore(rules.clone(), now_ms, lines))?;
        Ok(match taken {
            Some(log) => {
                tracing::info!(head = %log.head(), channels = log.channel_count(), "rings taken up");
                log
            }
            None => Log::new(new_epoch(), rules.clone()),
        })
    }
}

impl Inner {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books<Arc<Outlet>, Tale>> {
        locked(&self.books)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log<Arc<Outlet>>> {
        locked(&self.log)
    }

    pub(crate) fn phase(&self) -> Phase {
        Phase::from_u8(self.phase.load(Ordering::Acquire))
    }
}

/// A lock whose holder panicked is taken all the same: each call under it leaves the structure whole or had not
/// begun, and a hub that stops answering would be the greater lie.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_epoch() -> Epoch {
    Epoch::from(rand::random::<u64>())
}

type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
