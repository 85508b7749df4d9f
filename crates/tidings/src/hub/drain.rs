//! Draining and stopping: streams are ended in random order, spread over a window; then whatever is left, until
//! nothing is; then the rings are put away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tidings_core::close::CloseReason;
use tidings_core::drain::{ShutdownSummary, shuffle, spread};
use tidings_core::registry::ConnKey;
use tokio::time::{Instant, sleep, sleep_until};

use super::Hub;

/// Between two rounds of ending what is left, so that the rest of the process stays alive.
const ROUND_PAUSE: Duration = Duration::from_millis(20);
const FAREWELL_POLL: Duration = Duration::from_millis(10);
/// Closings are done in steps of this.
const STEP_MS: u64 = 50;

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

impl Hub {
    /// Where the hub is in its life.
    pub fn phase(&self) -> Phase {
        self.0.phase()
    }

    /// Asks for a drain without stopping: the server that holds the hub sees it by [`Hub::drain_asked`].
    pub fn ask_drain(&self) -> bool {
        let first = self.begin_drain();
        if first {
            self.0.drain_asked.notify_one();
        }
        first
    }

    /// From here on whoever comes while the hub drains is let in, told where it stands, and sent on at once: for
    /// sockets that were taken from a listener which the next process has too. They are not refused by the restart.
    pub fn send_on(&self) {
        self.0.sends_on.store(true, Ordering::Relaxed);
    }

    /// Waits until somebody asks for a drain.
    pub async fn drain_asked(&self) {
        self.0.drain_asked.notified().await;
    }

    fn begin_drain(&self) -> bool {
        self.0.phase.swap(Phase::Draining as u8, Ordering::AcqRel) == Phase::Serving as u8
    }

    /// Ends all streams: spread over the window, then the rest in rounds without bound, with a short pause between,
    /// until none is left or the rounds run out. Answers with the summary, which is also kept.
    ///
    /// A hub drains once, in a task of its own: whoever asks again, or asks while it goes on, waits for the same end
    /// and hears the same summary. What counts is who was there at the first signal.
    pub async fn drain(&self) -> ShutdownSummary {
        self.begin_drain();
        if !self.0.drain_started.swap(true, Ordering::AcqRel) {
            tokio::spawn(self.clone().drain_now());
        }
        let mut drained = self.0.drained.subscribe();
        let summary = drained.wait_for(Option::is_some).await.ok().and_then(|summary| summary.clone());
        summary.unwrap_or_default()
    }

    async fn drain_now(self) {
        let started = self.0.clock.now_us();
        let (keys, closed_before) = {
            let books = self.0.books();
            let keys: Vec<ConnKey> = books.iter().map(|entry| entry.key).collect();
            (keys, books.closed().map(|(_, n)| n).sum::<u64>())
        };
        let mut summary =
            ShutdownSummary { connections_before: keys.len() as u64, ..ShutdownSummary::default() };
        tracing::info!(connections = keys.len(), window_ms = self.0.options.drain_window_ms, "draining");
        summary.total_cleaned += self.end_spread(keys).await;
        summary.iterations = 1;
        self.end_the_rest(&mut summary).await;
        let closed: u64 = self.0.books().closed().map(|(_, n)| n).sum();
        summary.left_by_themselves = (closed - closed_before).saturating_sub(summary.total_cleaned);
        summary.connections_after = self.0.books().live() as u64;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds for people to read")]
        let duration_ms = (self.0.clock.now_us() - started) as f64 / 1000.0;
        summary.cleanup_duration_ms = duration_ms;
        self.keep_summary(&summary).await;
        self.0.drained.send_replace(Some(summary));
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

    /// Ends each connection at its time within the window. Stops early when none is left.
    async fn end_spread(&self, mut keys: Vec<ConnKey>) -> u64 {
        let mut random = |n: u64| rand::random_range(0..n.max(1));
        shuffle(&mut keys, &mut random);
        let times = spread(keys.len(), self.0.options.drain_window_ms, &mut random);
        let start = Instant::now();
        let mut cleaned = 0;
        let mut due = times.into_iter().zip(keys).peekable();
        let mut step_ms = 0;
        while due.peek().is_some() && self.0.books().live() > 0 {
            sleep_until(start + Duration::from_millis(step_ms)).await;
            while let Some((_, key)) = due.next_if(|(at, _)| *at <= step_ms) {
                cleaned += u64::from(self.settle(key, CloseReason::Draining, None));
            }
            step_ms += STEP_MS;
        }
        cleaned
    }

    async fn end_the_rest(&self, summary: &mut ShutdownSummary) {
        let most = self.0.options.cleanup.shutdown_iterations_max;
        loop {
            let keys: Vec<ConnKey> = self.0.books().iter().map(|entry| entry.key).collect();
            if summary.iterations >= most {
                summary.max_iterations_reached = !keys.is_empty();
                return;
            }
            summary.iterations += 1;
            if keys.is_empty() {
                return;
            }
            let ended = keys.into_iter().filter(|key| self.settle(*key, CloseReason::Draining, None));
            summary.total_cleaned += ended.count() as u64;
            sleep(ROUND_PAUSE).await;
        }
    }

    async fn keep_summary(&self, summary: &ShutdownSummary) {
        if summary.connections_after > 0 {
            tracing::warn!("{summary}");
        } else {
            tracing::info!("{summary}");
        }
        self.keep_counters(|counters| {
            counters.shutdown_cleanups += 1;
            counters.shutdown_connections_cleaned += summary.total_cleaned;
        })
        .await;
        self.0.store.keep_summary(summary);
    }

    /// Puts the rings away for the next start. From here on publishing is refused, since it would be lost.
    pub fn put_away(&self) {
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
