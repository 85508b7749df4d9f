//! Latencies in buckets that are bumped without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Upper bounds, in microseconds.
pub(crate) const BOUNDS_US: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// One for each bound, and one beyond.
pub(crate) const BUCKETS: usize = BOUNDS_US.len() + 1;

#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Histogram {
    pub(crate) fn observe(&self, us: u64) {
        let at = BOUNDS_US.partition_point(|bound| *bound < us);
        self.buckets[at].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// How many fell into each bucket.
    pub(crate) fn counts(&self) -> [u64; BUCKETS] {
        std::array::from_fn(|at| self.buckets[at].load(Relaxed))
    }

    /// The sum in seconds and the counts of each bucket with its bound in seconds, the last one `+Inf`, which
    /// Prometheus asks of every histogram.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn read(&self) -> (f64, Vec<(f64, u64)>) {
        let bounds = BOUNDS_US.iter().map(|us| *us as f64 / 1e6).chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|bucket| bucket.load(Relaxed));
        (self.sum_us.load(Relaxed) as f64 / 1e6, bounds.zip(counts).collect())
    }
}

/// Below which so many per cent of the observations lie, in microseconds: as if they lay evenly in their bucket. Beyond the
/// last bound, that bound.
pub(crate) fn quantile_us(counts: &[u64; BUCKETS], percent: u64) -> Option<u64> {
    let total: u64 = counts.iter().sum();
    let rank = (total * percent).div_ceil(100).max(1);
    let mut below = 0;
    for (at, &count) in counts.iter().enumerate() {
        if below + count >= rank {
            let from = if at == 0 { 0 } else { BOUNDS_US[at - 1] };
            let to = BOUNDS_US.get(at).copied().unwrap_or(from);
            return Some(from + (to - from) * (rank - below) / count);
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_in_the_bucket_that_has_it() {
        let histogram = Histogram::default();
        assert_eq!(quantile_us(&histogram.counts(), 50), None, "of nothing there is none");
        histogram.observe(40);
        assert_eq!(quantile_us(&histogram.counts(), 99), Some(50));
        (0..98).for_each(|_| histogram.observe(700));
        histogram.observe(9_000_000);
        let counts = histogram.counts();
        assert!((500..=1_000).contains(&quantile_us(&counts, 50).unwrap()), "{counts:?}");
        assert_eq!(quantile_us(&counts, 99), Some(1_000));
        assert_eq!(quantile_us(&counts, 100), Some(5_000_000), "or more");
    }

    #[test]
    fn a_latency_falls_into_the_bucket_whose_bound_it_does_not_pass() {
        let histogram = Histogram::default();
        for us in [0, 50, 51, 6_000_000] {
            histogram.observe(us);
        }
        let (sum, buckets) = histogram.read();
        assert!((sum - 6.000_101).abs() < 1e-9);
        let counts: Vec<u64> = buckets.iter().map(|(_, n)| *n).collect();
        assert_eq!((counts[0], counts[1], counts[14]), (2, 1, 1));
        assert!(buckets[14].0.is_infinite(), "no `+Inf`, and Prometheus computes nothing");
    }
}
