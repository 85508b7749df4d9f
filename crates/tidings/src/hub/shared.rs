//! The log as several hubs share it: each has the whole of it in its own rings, and serves its streams from there. What
//! this hub appends it takes in as soon as the engine has given it a place; what others append comes by the engine's
//! ear, and what does not come is fetched before anything later is delivered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tidings_core::channel::ChannelName;
use tidings_core::engine::{
    AppendError, Ear, Engine, Entry, Follower, Head, Heard, Offer, Placed, ReadError, Stretch,
};
use tidings_core::position::Cursor;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::cluster::Cluster;
use super::places::Places;
use super::publish::{Checked, PublishError, tell};
use super::queue::Queue;
use super::{Hub, Inner, Published, locked, orders};
use crate::gate;
use crate::outlet::Outlet;

/// Events of one append at most, but for one event to more channels than that, which is not divided.
const APPEND_EVENTS_MAX: usize = 128;
/// Bytes of data of one append at most, with the same exception.
const APPEND_BYTES_MAX: usize = 1024 * 1024;
/// How long an answer waits for what lies before its own events in the log. The events are stored whatever comes of it.
const TAKEN_IN: Duration = Duration::from_secs(1);
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
    /// Through where all is taken in; `None` until the log was once read to its head.
    taken_in: watch::Sender<Option<Head>>,
    to_fetch: Arc<Notify>,
    /// The head as the engine told it last, and when.
    looked: watch::Sender<Option<(Head, u64)>>,
    pub(super) queue: Queue,
    is_away: AtomicBool,
    pub(super) orders: orders::Orders,
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
            taken_in: watch::channel(None).0,
            to_fetch: Arc::default(),
            looked: watch::channel(None).0,
            queue,
            is_away: AtomicBool::new(false),
            orders: orders::Orders::default(),
            cluster: Cluster::new(lease_ms),
            places: Places::default(),
        }
    }

    /// Whether the log was read to its head, so that streams can be served.
    fn is_taken_up(&self) -> bool {
        self.taken_in.borrow().is_some()
    }

    fn known(&self) -> Option<Head> {
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
        let Some(Cursor { epoch, seq, .. }) = cursor.and_then(Cursor::parse) else { return Ok(()) };
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

    /// Publishes in the shared log. What `waits` is tried again by the caller while the engine is away, whatever the rules
    /// of its channels say.
    pub(super) async fn publish_shared(
        &self,
        shared: &Shared,
        events: Vec<Checked>,
        waits: bool,
    ) -> Vec<Result<Vec<Published>, PublishError>> {
        let mut results = Vec::with_capacity(events.len());
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let (part, others) = rest.split_at(in_one_append(rest));
            results.extend(self.append_shared(shared, part, waits).await);
            rest = others;
        }
        results
    }

    /// Appends what goes in one call, and takes it in.
    async fn append_shared(
        &self,
        shared: &Shared,
        part: &[Checked],
        waits: bool,
    ) -> Vec<Result<Vec<Published>, PublishError>> {
        let since_us = self.0.clock.now_us();
        let offers: Vec<Offer> = part.iter().flat_map(|checked| self.offers(checked)).collect();
        let appended = match shared.engine.append(shared.known(), offers.clone()).await {
            Ok(appended) => appended,
            Err(error) => {
                return part.iter().map(|checked| self.not_appended(checked, &error, waits)).collect();
            }
        };
        let new = || offers.iter().zip(&appended.placed).filter(|(_, placed)| !placed.duplicate);
        let entries: Vec<Entry> = new()
            .map(|(Offer { channel, event, .. }, placed)| Entry {
                seq: placed.seq,
                time_ms: placed.time_ms,
                channel: channel.clone(),
                event: event.clone(),
            })
            .collect();
        let count = entries.iter().filter(|entry| !orders::is_order(&entry.channel)).count() as u64;
        if let Some(last) = entries.last().map(|entry| entry.seq) {
            self.hear(shared, Heard::Entries(appended.epoch, entries));
            let is_there =
                |at: &Option<Head>| at.is_some_and(|at| at.epoch == appended.epoch && at.seq >= last);
            // What lies before them is on its way, or will be fetched.
            let _ = timeout(TAKEN_IN, shared.taken_in.subscribe().wait_for(is_there)).await;
            self.0.publish_queue.observe(self.0.clock.now_us() - since_us);
        }
        let mut answers = offers.iter().zip(&appended.placed);
        let mut log = self.0.log();
        log.note_published(count);
        let answer = |(offer, placed): (&Offer, &Placed)| {
            let recipients = log.recipients(&offer.channel);
            if !orders::is_order(&offer.channel) {
                tell(&offer.channel, &offer.event, recipients);
            }
            let Placed { seq, duplicate, .. } = *placed;
            let first = || log.recipients_of(&offer.channel, offer.event.id()?);
            let cursor = Cursor { epoch: appended.epoch, seq, owed: false };
            Published {
                id: offer.event.id().map_or_else(|| cursor.to_string(), str::to_owned),
                offset: seq,
                recipients: if duplicate { first().unwrap_or_default() } else { recipients },
                duplicate,
                accepted: false,
            }
        };
        let of = |checked: &Checked| Ok(answers.by_ref().take(checked.channels.len()).map(answer).collect());
        part.iter().map(of).collect()
    }

    /// What becomes of an event that has no place: where nothing was stored, and the rules of all its channels let it, it
    /// reaches the subscribers of this hub.
    fn not_appended(
        &self,
        checked: &Checked,
        error: &AppendError,
        waits: bool,
    ) -> Result<Vec<Published>, PublishError> {
        let accepts =
            |channel| gate::of(&self.0.options.gates, channel).is_some_and(|g| g.accepts_while_away);
        let is_away = matches!(error, AppendError::Away { .. });
        if waits || !is_away || !checked.channels.iter().all(accepts) {
            return Err(error.clone().into());
        }
        let made = || format!("{}-{:x}", self.0.secrets.incarnation(), rand::random::<u64>());
        let id = checked.event.id().map_or_else(made, str::to_owned);
        let mut roused = Vec::new();
        let pass = |channel: &ChannelName| {
            let now_ms = self.0.clock.log_ms();
            let mut wake = |outlet: &Arc<Outlet>| roused.push(Arc::clone(outlet));
            let recipients = self.0.log().pass_by(now_ms, channel, (&id, &checked.event), &mut wake);
            tell(channel, &checked.event, recipients);
            Published { id: id.clone(), offset: 0, recipients, duplicate: false, accepted: true }
        };
        let passed = checked.channels.iter().map(pass).collect();
        self.rouse(roused);
        Ok(passed)
    }

    fn offers<'a>(&'a self, checked: &'a Checked) -> impl Iterator<Item = Offer> + 'a {
        checked.channels.iter().map(|channel| Offer {
            channel: channel.clone(),
            event: checked.event.clone(),
            retention: match orders::is_order(channel) {
                true => orders::RETENTION,
                false => self.0.options.rules.keep(channel).retention,
            },
        })
    }

    /// Takes in what the engine tells.
    fn hear(&self, shared: &Shared, heard: Heard) {
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
        shared.taken_in.send_if_modified(|known| known.is_some() && known.replace(at) != Some(at));
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

    fn rouse(&self, roused: Vec<Arc<Outlet>>) {
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
        let (mut roused, mut begins_anew) = (Vec::new(), false);
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
                    // Another life of the log, which knows nothing of what was decided in this one.
                    begins_anew = shared.is_taken_up();
                    let mut log = self.0.log();
                    log.begin(stretch.head.epoch, &mut |outlet| roused.push(Arc::clone(outlet)));
                    drop(log);
                    self.adopt(&stretch, &mut roused, &[]);
                    let at = Head { epoch: stretch.head.epoch, seq: stretch.through };
                    let follower = held.insert(Follower::new(at));
                    follower.hear_head(stretch.head, now_ms);
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
        if begins_anew {
            self.tell_all_decisions();
        }
        Ok(())
    }

    fn adopt(&self, stretch: &Stretch, roused: &mut Vec<Arc<Outlet>>, following: &[Entry]) {
        let head = {
            let mut log = self.0.log();
            log.adopt_losses(stretch, &mut |outlet| roused.push(Arc::clone(outlet)));
            log.head().seq
        };
        let news = stretch.entries.partition_point(|entry| entry.seq <= head);
        self.take(&stretch.entries[news..], roused);
        self.0.log().pass(stretch.through);
        self.take(following, roused);
    }
}

/// How many of these events go in one append.
fn in_one_append(events: &[Checked]) -> usize {
    let (mut count, mut bytes) = (0, 0);
    let fits = events.iter().take_while(|checked| {
        count += checked.channels.len();
        bytes += checked.channels.len() * checked.event.data().len();
        count <= APPEND_EVENTS_MAX && bytes <= APPEND_BYTES_MAX
    });
    fits.count().max(1)
}

impl From<AppendError> for PublishError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Away { retry_ms } => Self::Away { retry_ms },
            AppendError::Unknown => Self::Unknown,
        }
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
            Err(ReadError) => AWAY_PAUSE,
        },
        Some(due_ms) => Duration::from_millis(due_ms - now_ms),
        None => LOOK,
    };
    Some((Arc::clone(&shared.to_fetch), wait))
}
