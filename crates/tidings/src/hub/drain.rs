//! Draining and stopping: streams are ended in random order, spread over a window; then whatever is left, until
//! nothing is; then the rings are put away.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use tidings_core::close::CloseReason;
use tidings_core::drain::{Pace, RETURN_JITTER_MS, Returns, ShutdownSummary, shuffle, spread};
use tidings_core::registry::ConnKey;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::{Hub, locked};

/// Between two rounds of ending what is left, so that the rest of the process stays alive.
const ROUND_PAUSE: Duration = Duration::from_millis(20);
const FAREWELL_POLL: Duration = Duration::from_millis(10);
/// Closings are done in steps of this.
const STEP: Duration = Duration::from_millis(50);
/// How long after its window a drain that was held up goes on closing evenly; then it ends the rest at once.
const OVERTIME_MS: u64 = 500;

/// Where a hub is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Streams are accepted.
    Serving,
    /// New streams are refused; live ones are being ended.
    Draining,
}

impl Phase {
    pub(super) fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Serving,
            _ => Self::Draining,
        }
    }
}

/// A hub's only drain: whether it was asked for, how far it is, what came of it.
#[derive(Debug, Default)]
pub(super) struct Drain {
    asked: Notify,
    started: AtomicBool,
    /// When it was asked for, by the monotonic clock; 0 is not yet.
    asked_ms: AtomicU64,
    done: watch::Sender<Option<ShutdownSummary>>,
    account: Mutex<Account>,
    /// When it began, in microseconds of the hub's clock, and when those it closes come back.
    returns: OnceLock<(u64, Returns)>,
}

/// How far a drain is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DrainProgress {
    /// Over how long it spreads its closings.
    pub window_ms: u64,
    /// How much of that is left.
    pub ends_in_ms: u64,
    /// Streams that are left.
    pub remaining: u64,
}

/// What the summary is made from.
#[derive(Debug, Default)]
struct Account {
    summary: ShutdownSummary,
    /// When it was opened, in microseconds of the hub's clock, and what the books had closed by then.
    opened: Option<(u64, u64)>,
    kept: bool,
}

impl Drain {
    /// The `retry:` of one that is closed now.
    pub(super) fn retry_ms(&self, now_us: u64) -> u64 {
        let jitter_ms = rand::random_range(0..RETURN_JITTER_MS);
        let (began_us, returns) = self.returns.get().copied().unwrap_or((now_us, Returns::new(0, 0, 0)));
        returns.retry_ms(now_us.saturating_sub(began_us) / 1000, jitter_ms)
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        locked(&self.account)
    }
}

impl Hub {
    /// Where the hub is in its life.
    pub fn phase(&self) -> Phase {
        self.0.phase()
    }

    /// Asks for a drain without stopping: the server that holds the hub sees it by [`Hub::drain_asked`].
    pub fn ask_drain(&self) -> bool {
        let first = self.begin_drain();
        if first {
            self.0.drain.asked.notify_one();
        }
        first
    }

    /// From here on whoever comes while the hub drains is let in, told where it stands, and sent on at once: for
    /// sockets that were taken from a listener which the next process has too. They are not refused by the restart.
    pub fn send_on(&self) {
        self.0.sends_on.store(true, Ordering::Relaxed);
    }

    /// How far a drain is that was asked for, with so many streams left.
    pub(super) fn drain_progress(&self, remaining: u64) -> Option<DrainProgress> {
        let window_ms = self.0.options.drain_window_ms;
        let asked_ms = Some(self.0.drain.asked_ms.load(Ordering::Relaxed)).filter(|at_ms| *at_ms > 0)?;
        let ends_in_ms = (asked_ms + window_ms).saturating_sub(self.0.clock.now_ms());
        Some(DrainProgress { window_ms, ends_in_ms, remaining })
    }

    /// Waits until somebody asks for a drain.
    pub async fn drain_asked(&self) {
        self.0.drain.asked.notified().await;
    }

    fn begin_drain(&self) -> bool {
        let now_ms = self.0.clock.now_ms();
        let _ = self.0.drain.asked_ms.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        self.0.phase.swap(Phase::Draining as u8, Ordering::AcqRel) == Phase::Serving as u8
    }

    /// Ends all streams: spread over the window, then the rest in rounds without bound, with a short pause between,
    /// until none is left or the rounds run out. Answers with the summary, which is also kept.
    ///
    /// A hub drains once, in a task of its own: whoever asks again, or asks while it goes on, waits for the same end
    /// and hears the same summary. What counts is who was there at the first signal.
    pub async fn drain(&self) -> ShutdownSummary {
        self.begin_drain();
        if !self.0.drain.started.swap(true, Ordering::AcqRel) {
            self.0.runtime.spawn(self.clone().drain_now(Instant::now()));
        }
        let mut done = self.0.drain.done.subscribe();
        let summary = done.wait_for(Option::is_some).await.ok().and_then(|summary| summary.clone());
        summary.unwrap_or_default()
    }

    /// Ends all who are left at once: where a drain is too slow for the time that it has.
    pub fn end_all(&self) {
        let keys: Vec<ConnKey> = self.0.books().iter().map(|entry| entry.key).collect();
        keys.into_iter().for_each(|key| self.end_drained(key));
    }

    /// Closes the account of a drain that there is no time to finish, so that the next start shows what was left.
    pub fn cut_drain_short(&self) -> ShutdownSummary {
        self.begin_drain();
        self.open_account();
        self.close_account()
    }

    async fn drain_now(self, asked: Instant) {
        let keys = self.open_account();
        let window_ms = self.0.options.drain_window_ms;
        tracing::info!(connections = keys.len(), window_ms, "draining");
        if !keys.is_empty() {
            self.0.drain.account().summary.iterations = 1;
            self.end_spread(keys, asked).await;
        }
        self.end_the_rest().await;
        self.leave_cluster().await;
        let hub = self.clone();
        let summary = tokio::task::spawn_blocking(move || hub.close_account()).await;
        self.0.drain.done.send_replace(Some(summary.unwrap_or_default()));
    }

    /// Waits until the last words of all streams that were ended are written and everyone who was taken in has an
    /// answer, or the time that they have for it is over.
    pub async fn farewells_said(&self) {
        let said = async {
            while self.0.guests.load(Ordering::Acquire) + self.0.writers.load(Ordering::Acquire) > 0 {
                sleep(FAREWELL_POLL).await;
            }
        };
        let _ = tokio::time::timeout(crate::stream::FAREWELL_TIMEOUT + FAREWELL_POLL, said).await;
    }

    /// Notes, once, who is there as the drain begins.
    fn open_account(&self) -> Vec<ConnKey> {
        let mut account = self.0.drain.account();
        let (keys, closed_before) = {
            let books = self.0.books();
            (books.iter().map(|entry| entry.key).collect::<Vec<_>>(), books.closed().map(|(_, n)| n).sum())
        };
        if account.opened.is_none() {
            account.opened = Some((self.0.clock.now_us(), closed_before));
            account.summary.connections_before = keys.len() as u64;
        }
        keys
    }

    /// Ends each connection at its time within the window. Stops early when none is left.
    async fn end_spread(&self, mut keys: Vec<ConnKey>, asked: Instant) {
        let mut random = |n: u64| rand::random_range(0..n.max(1));
        shuffle(&mut keys, &mut random);
        let window_ms = self.0.options.drain_window_ms;
        let times = spread(keys.len(), window_ms, &mut random);
        let returns = if self.has_peers() {
            Returns::elsewhere()
        } else {
            Returns::new(keys.len(), window_ms, times.last().copied().unwrap_or_default())
        };
        let _ = self.0.drain.returns.set((self.0.clock.now_us(), returns));
        let pace = Pace::new(keys.len(), window_ms);
        let mut due = times.into_iter().zip(keys).peekable();
        let (start, mut before_ms) = (Instant::now(), 0);
        let mut steps = interval(STEP);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while due.peek().is_some() && self.0.books().live() > 0 {
            let now_ms = (steps.tick().await - start).as_millis() as u64;
            if asked.elapsed().as_millis() as u64 > window_ms + OVERTIME_MS {
                return;
            }
            for _ in 0..pace.most(now_ms - before_ms) {
                let Some((_, key)) = due.next_if(|(at, _)| *at <= now_ms) else { break };
                self.end_drained(key);
            }
            before_ms = now_ms;
        }
    }

    async fn end_the_rest(&self) {
        let most = self.0.options.cleanup.shutdown_iterations_max;
        loop {
            let keys: Vec<ConnKey> = self.0.books().iter().map(|entry| entry.key).collect();
            {
                let summary = &mut self.0.drain.account().summary;
                if summary.iterations >= most {
                    summary.max_iterations_reached = !keys.is_empty();
                    return;
                }
                summary.iterations += 1;
            }
            if keys.is_empty() {
                return;
            }
            self.end_all();
            sleep(ROUND_PAUSE).await;
        }
    }

    fn end_drained(&self, key: ConnKey) {
        if self.end_one(key, CloseReason::Draining) {
            self.0.drain.account().summary.total_cleaned += 1;
        }
    }

    /// Writes down what the drain came to, once.
    fn close_account(&self) -> ShutdownSummary {
        let mut account = self.0.drain.account();
        if std::mem::replace(&mut account.kept, true) {
            return account.summary.clone();
        }
        let (opened_us, closed_before) = account.opened.unwrap_or_default();
        let (closed, live): (u64, usize) = {
            let books = self.0.books();
            (books.closed().map(|(_, n)| n).sum(), books.live())
        };
        let summary = &mut account.summary;
        summary.left_by_themselves = (closed - closed_before).saturating_sub(summary.total_cleaned);
        summary.connections_after = live as u64;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds for people to read")]
        let duration_ms = (self.0.clock.now_us() - opened_us) as f64 / 1000.0;
        summary.cleanup_duration_ms = duration_ms;
        if live > 0 {
            tracing::warn!("{summary}");
        } else {
            tracing::info!("{summary}");
        }
        self.change_counters(|counters| {
            counters.shutdown_cleanups += 1;
            counters.shutdown_connections_cleaned += summary.total_cleaned;
        });
        self.0.store.keep_summary(summary);
        summary.clone()
    }

    /// Puts the rings away for the next start. From here on publishing is refused, since it would be lost.
    pub fn put_away(&self) {
        if self.0.shared.is_some() {
            // The log is where the other hubs have it too.
            return;
        }
        let lines = {
            let log = self.0.log();
            self.0.publishing_over.store(true, Ordering::Release);
            log.snapshot()
        };
        let events = lines.len();
        match self.0.store.keep_rings(&lines) {
            Ok(true) => tracing::info!(lines = events, "rings kept for the next start"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "rings could not be kept: every cursor will get its gap"),
        }
    }
}
