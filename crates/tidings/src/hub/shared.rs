//! The log as several hubs share it: each has the whole of it in its own rings, and serves its streams from there. What
//! this hub appends it takes in as soon as the engine has given it a place; what others append comes by the engine's
//! ear, and what does not come is fetched before anything later is delivered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tidings_core::engine::{Ear, Engine, Entry, Follower, Head, Heard, ReadError, Stretch};
use tidings_core::position::{Cursor, EARLIEST};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::cluster::Cluster;
use super::group_commit::Group;
use super::places::Places;
use super::queue::Queue;
use super::{Hub, Inner, forward, locked, orders};
use crate::outlet::Outlet;

/// How long a stream that comes from a hub that was ahead of this one waits until this one has what that one had.
const REACHED: Duration = Duration::from_millis(1_500);
/// What was told sooner after a stream came may have been looked at before.
const LOOKED_AFTER_MS: u64 = 400;
/// Between two tries at an engine that is away.
const AWAY_PAUSE: Duration = Duration::from_millis(200);
/// At least so often it is looked whether anything is to be fetched.
const LOOK: Duration = Duration::from_millis(250);

/// What a hub has of the log that it shares.
pub(super) struct Shared {
    pub(super) engine: Arc<dyn Engine>,
    /// `None` until a part of the log was read. Held before the log's lock, never after.
    follower: Mutex<Option<Follower>>,
    /// What this hub decided is to be told again, once it has what others said since.
    tells_again: AtomicBool,
    /// Through where all is taken in; `None` until the log was once read to its head.
    pub(super) taken_in: watch::Sender<Option<Head>>,
    to_fetch: Arc<Notify>,
    /// The head as the engine told it last, and when.
    looked: watch::Sender<Option<(Head, u64)>>,
    pub(super) group: Group,
    pub(super) queue: Queue,
    is_away: AtomicBool,
    pub(super) orders: orders::Orders,
    pub(super) forwarded: forward::Forwarded,
    pub(super) cluster: Cluster,
    pub(super) places: Places,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("taken_in", &*self.taken_in.borrow()).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(engine: Arc<dyn Engine>, queue: Queue, lease_ms: u64) -> Self {
        Self {
            engine,
            follower: Mutex::default(),
            tells_again: AtomicBool::new(false),
            taken_in: watch::channel(None).0,
            to_fetch: Arc::default(),
            looked: watch::channel(None).0,
            group: Group::default(),
            queue,
            is_away: AtomicBool::new(false),
            orders: orders::Orders::default(),
            forwarded: forward::Forwarded::default(),
            cluster: Cluster::new(lease_ms),
            places: Places::default(),
        }
    }

    /// Whether the log was read to its head, so that streams can be served.
    fn is_taken_up(&self) -> bool {
        self.taken_in.borrow().is_some()
    }

    pub(super) fn known(&self) -> Option<Head> {
        locked(&self.follower).as_ref().map(Follower::at)
    }
}

/// This hub has not taken in what is asked of it, and another may have.
#[derive(Debug)]
pub(crate) struct Behind;

/// Whether the engine that several hubs share answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineState {
    /// There is none: the log is this hub's alone.
    Alone,
    /// It does.
    Here,
    /// It doesn't: streams live on and are served from this hub's rings, and nothing can be published.
    Away,
    /// It has not answered yet: there is nothing to serve streams from.
    NotYet,
}

impl Hub {
    /// Whether the engine that several hubs share answers.
    pub fn engine_state(&self) -> EngineState {
        match &self.0.shared {
            None => EngineState::Alone,
            Some(shared) if !shared.is_taken_up() || !self.is_agreed() => EngineState::NotYet,
            Some(shared) if shared.is_away.load(Ordering::Relaxed) => EngineState::Away,
            Some(_) => EngineState::Here,
        }
    }

    /// Whether the hubs agreed upon what they know each other's connections by.
    fn is_agreed(&self) -> bool {
        !self.is_clustered() || self.0.secrets.is_agreed()
    }

    /// Waits until this hub has what a cursor of another hub had before it, for a moment. Whoever is further on than
    /// this hub can be is to come again: to let it in would tell it a gap where nothing is lost, and the rest twice.
    pub(crate) async fn reach(&self, cursor: Option<&str>) -> Result<(), Behind> {
        let Some(shared) = &self.0.shared else { return Ok(()) };
        if !shared.is_taken_up() {
            return Err(Behind);
        }
        if cursor == Some(EARLIEST) {
            return self.reach_back().await;
        }
        let Some(Cursor { epoch, seq, .. }) = cursor.and_then(Cursor::parse) else { return Ok(()) };
        let began = self.0.log().began();
        if epoch == began.epoch && seq < began.seq {
            return self.reach_back().await;
        }
        if (epoch, seq) == (began.epoch, began.seq) {
            return Ok(());
        }
        let came_ms = self.0.clock.now_ms();
        let is_there = |at: &Option<Head>| at.is_some_and(|at| at.epoch == epoch && at.seq >= seq);
        // A place that the log has not, as the engine said since, is one that nobody is at: a gap.
        let is_nowhere = |looked: &Option<(Head, u64)>| {
            looked.is_some_and(|(head, at_ms)| {
                at_ms >= came_ms + LOOKED_AFTER_MS && (head.epoch != epoch || head.seq < seq)
            })
        };
        let (mut taken_in, mut looked) = (shared.taken_in.subscribe(), shared.looked.subscribe());
        tokio::select! {
            _ = taken_in.wait_for(is_there) => Ok(()),
            _ = looked.wait_for(is_nowhere) => Ok(()),
            () = sleep(REACHED) => Err(Behind),
        }
    }

    /// Waits until this hub has what is left of earlier lives of the log, for a moment.
    pub(crate) async fn reach_back(&self) -> Result<(), Behind> {
        let Some(shared) = &self.0.shared else { return Ok(()) };
        let began = self.0.log().began();
        let is_there =
            |at: &Option<Head>| at.is_some_and(|at| at.epoch == began.epoch && at.seq >= began.seq);
        let mut taken_in = shared.taken_in.subscribe();
        timeout(REACHED, taken_in.wait_for(is_there)).await.map(drop).map_err(|_| Behind)
    }

    /// Takes in what the engine tells.
    pub(super) fn hear(&self, shared: &Shared, heard: Heard) {
        let now_ms = self.0.clock.now_ms();
        let mut roused = Vec::new();
        let is_missing = {
            let mut follower = locked(&shared.follower);
            match (heard, follower.as_mut()) {
                (Heard::Away, _) => {
                    if !shared.is_away.swap(true, Ordering::Relaxed) {
                        tracing::warn!("the engine is away: streams live on, nothing can be published");
                    }
                    return;
                }
                (_, None) => true,
                (Heard::Head(head), Some(follower)) => {
                    shared.looked.send_replace(Some((head, now_ms)));
                    if shared.is_away.swap(false, Ordering::Relaxed) {
                        tracing::info!("the engine is back");
                    }
                    follower.hear_head(head, now_ms);
                    follower.fetch_at_ms().is_some()
                }
                (Heard::Entries(epoch, entries), Some(follower)) => {
                    let ready = follower.hear(epoch, entries, now_ms);
                    self.take_in(shared, follower, &ready, &mut roused);
                    follower.fetch_at_ms().is_some()
                }
            }
        };
        self.rouse(roused);
        if is_missing {
            shared.to_fetch.notify_one();
        }
    }

    fn take_in(&self, shared: &Shared, follower: &Follower, ready: &[Entry], roused: &mut Vec<Arc<Outlet>>) {
        self.take(ready, roused);
        let at = follower.at();
        // What was left of the log to read may as well have been told: this is where its head is reached then.
        let is_whole = follower.fetch_at_ms().is_none();
        shared
            .taken_in
            .send_if_modified(|known| (known.is_some() || is_whole) && known.replace(at) != Some(at));
    }

    /// Takes in entries that are next, in their order: events into the rings, and what hubs order of one another is done
    /// before anything later is delivered.
    fn take(&self, entries: &[Entry], roused: &mut Vec<Arc<Outlet>>) {
        for run in entries.chunk_by(|a, b| orders::is_order(&a.channel) == orders::is_order(&b.channel)) {
            if orders::is_order(&run[0].channel) {
                self.0.log().pass(run[run.len() - 1].seq);
                run.iter().for_each(|entry| self.obey(entry));
            } else {
                let mut log = self.0.log();
                for entry in run {
                    log.adopt(entry, &mut |outlet| roused.push(Arc::clone(outlet)));
                }
            }
        }
    }

    pub(super) fn rouse(&self, roused: Vec<Arc<Outlet>>) {
        let now_us = self.0.clock.now_us();
        for outlet in roused {
            outlet.rouse(now_us);
        }
    }

    /// Reads on from what is taken in.
    async fn fetch(&self, shared: &Shared) -> Result<(), ReadError> {
        let after = shared.known().map_or(0, |at| at.seq);
        let stretch = shared.engine.read(after).await?;
        let now_ms = self.0.clock.now_ms();
        let mut roused = Vec::new();
        {
            let mut held = locked(&shared.follower);
            if held.as_ref().map_or(0, |follower| follower.at().seq) != after {
                // It came by itself meanwhile.
                return Ok(());
            }
            match held.as_mut().map(|follower| follower.fetched(&stretch, now_ms)) {
                Some(Some(ready)) => self.adopt(&stretch, &mut roused, &ready),
                Some(None) => {
                    tracing::warn!("the log begins anew: every stream is told a gap on each of its channels");
                    *held = None;
                }
                None => {
                    // What was decided in the one before may be lost, or what took it back.
                    shared.tells_again.fetch_or(shared.is_taken_up(), Ordering::Relaxed);
                    self.0.log().begin(stretch.head.epoch, stretch.began, &mut |outlet| {
                        roused.push(Arc::clone(outlet));
                    });
                    self.adopt(&stretch, &mut roused, &[]);
                    held.insert(Follower::new(Head { seq: 0, ..stretch.head })).fetched(&stretch, now_ms);
                }
            }
            let is_whole = held.as_ref().is_some_and(|follower| follower.fetch_at_ms().is_none());
            if let Some(at) = held.as_ref().map(Follower::at)
                && (is_whole || shared.is_taken_up())
            {
                shared.taken_in.send_replace(Some(at));
            }
        }
        self.rouse(roused);
        if stretch.is_last() && shared.tells_again.swap(false, Ordering::Relaxed) {
            self.tell_all_decisions();
        }
        Ok(())
    }

    fn adopt(&self, stretch: &Stretch, roused: &mut Vec<Arc<Outlet>>, following: &[Entry]) {
        let through = |place| stretch.entries.partition_point(|entry| entry.seq <= place);
        let head = {
            let mut log = self.0.log();
            log.adopt_losses(stretch, &mut |outlet| roused.push(Arc::clone(outlet)));
            // What hubs said in lives before was told again in this one, as far as it holds.
            let held = stretch.entries[..through(stretch.began)].iter();
            held.filter(|entry| !orders::is_order(&entry.channel)).for_each(|entry| log.adopt_held(entry));
            log.head().seq
        };
        self.take(&stretch.entries[through(head)..], roused);
        self.0.log().adopted(stretch, &mut |outlet| roused.push(Arc::clone(outlet)));
        self.take(following, roused);
    }
}

/// Follows the shared log for as long as the hub is held.
pub(super) async fn follow(hub: Weak<Inner>) {
    if begin(&hub).await.is_none() {
        return;
    }
    while let Some((told, wait)) = turn(&hub).await {
        let _ = timeout(wait, told.notified()).await;
    }
}

/// Has the engine tell this hub, however long it takes until there is one. `None` where the hub is no more.
async fn begin(hub: &Weak<Inner>) -> Option<()> {
    let told = Weak::clone(hub);
    let ear: Ear = Arc::new(move |heard| {
        let Some(hub) = told.upgrade().map(Hub) else { return };
        if let Some(shared) = &hub.0.shared {
            hub.hear(shared, heard);
        }
    });
    loop {
        let engine = Arc::clone(&hub.upgrade()?.shared.as_ref()?.engine);
        match engine.follow(Arc::clone(&ear)).await {
            Ok(_) => return Some(()),
            Err(error) => tracing::warn!(%error, "the log is not to be had yet"),
        }
        drop(engine);
        sleep(AWAY_PAUSE).await;
    }
}

/// Fetches what is due. Answers what to wait for before the next turn, and how long; `None` where the hub is no more.
async fn turn(hub: &Weak<Inner>) -> Option<(Arc<Notify>, Duration)> {
    let hub = Hub(hub.upgrade()?);
    let shared = hub.0.shared.as_ref()?;
    let now_ms = hub.0.clock.now_ms();
    let due_ms = locked(&shared.follower).as_ref().map_or(Some(now_ms), Follower::fetch_at_ms);
    let wait = match due_ms {
        Some(due_ms) if due_ms <= now_ms => match hub.fetch(shared).await {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                // Once there is something to serve from, it is told when the engine is away.
                if !shared.is_taken_up() && !shared.is_away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the log is not to be had yet");
                }
                // What is told meanwhile cuts that short for nobody.
                return Some((Arc::default(), AWAY_PAUSE));
            }
        },
        Some(due_ms) => Duration::from_millis(due_ms - now_ms),
        None => LOOK,
    };
    Some((Arc::clone(&shared.to_fetch), wait))
}
