//! The last quarter of an hour, in the process: what a monitor draws without any other system.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::{Value, json};
use tidings_core::series::{Reading, Series};

use super::{Hub, locked};
use crate::histogram::{BUCKETS, Histogram, quantile_us};

/// How long a step of the series is.
pub(super) const STEP_MS: u64 = 5_000;
/// Steps that are kept: the last 15 minutes.
const POINTS_MAX: usize = 180;
/// Steps over which latencies are taken: the last minute.
const LATENCY_STEPS: usize = 12;

/// What comes in a step, in the order of its numbers.
const COUNTS: [&str; 7] = ["opened", "closed", "refused", "published", "delivered", "gaps", "bytes"];

/// What was read at the ends of the last steps.
#[derive(Debug)]
pub(super) struct Recent {
    series: Series<{ COUNTS.len() }>,
    /// How many deliveries fell into each bucket by then, oldest first.
    latencies: VecDeque<[u64; BUCKETS]>,
}

/// How long deliveries took in the last minute.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RecentLatency {
    /// From publish until a stream's socket took the event, in the middle; nothing where there was none.
    pub publish_to_write_p50_ms: Option<f64>,
    /// The same of the slowest in a hundred.
    pub publish_to_write_p99_ms: Option<f64>,
}

impl Recent {
    pub(super) fn new(now_ms: u64) -> Self {
        let first = Reading { level: 0, totals: [0; COUNTS.len()] };
        let latencies = VecDeque::from([[0; BUCKETS]]);
        Self { series: Series::new(STEP_MS, POINTS_MAX, now_ms, first), latencies }
    }

    fn latency(&self, now: &Histogram) -> RecentLatency {
        let before = self.latencies.front().copied().unwrap_or([0; BUCKETS]);
        let mut counts = now.counts();
        counts.iter_mut().zip(before).for_each(|(count, before)| *count = count.saturating_sub(before));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds for people to read")]
        let ms = |us: u64| us as f64 / 1000.0;
        RecentLatency {
            publish_to_write_p50_ms: quantile_us(&counts, 50).map(ms),
            publish_to_write_p99_ms: quantile_us(&counts, 99).map(ms),
        }
    }
}

impl Hub {
    /// Reads the end of each step that is over.
    pub(super) fn read_step(&self, now_ms: u64) {
        let reading = self.reading();
        let latencies = self.0.publish_to_write.counts();
        let mut recent = locked(&self.0.recent);
        recent.series.read(now_ms, reading);
        if recent.latencies.len() == LATENCY_STEPS {
            recent.latencies.pop_front();
        }
        recent.latencies.push_back(latencies);
    }

    /// The last 15 minutes in steps of 5 seconds, as `/api/sse/stats/series` tells them.
    pub fn series(&self) -> Value {
        let recent = locked(&self.0.recent);
        let points = || recent.series.points();
        let active: Vec<u64> = points().map(|point| point.level).collect();
        let mut series = serde_json::Map::from_iter([("active".to_owned(), json!(active))]);
        for (at, name) in COUNTS.iter().enumerate() {
            let counts: Vec<u64> = points().map(|point| point.counts[at]).collect();
            series.insert((*name).to_owned(), json!(counts));
        }
        let until = self.0.clock.wall_at(recent.series.until_ms());
        json!({ "step_ms": STEP_MS, "points": POINTS_MAX, "until": until, "series": series })
    }

    /// How long deliveries took in the last minute.
    pub fn recent_latency(&self) -> RecentLatency {
        locked(&self.0.recent).latency(&self.0.publish_to_write)
    }

    fn reading(&self) -> Reading<{ COUNTS.len() }> {
        let log = self.0.log().totals();
        let books = self.0.books();
        let closed = books.closed().map(|(_, n)| n).sum();
        let refused = books.refused().map(|(_, n)| n).sum();
        let live: u64 = books.iter().map(|entry| entry.handle.bytes()).sum();
        let bytes = live + self.0.closed_bytes.load(std::sync::atomic::Ordering::Relaxed);
        let totals = [books.opened(), closed, refused, log.published, log.delivered, log.gaps, bytes];
        Reading { level: books.live() as u64, totals }
    }
}
