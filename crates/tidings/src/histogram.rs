//! Latencies in buckets that are bumped without a lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Upper bounds, in microseconds.
pub(crate) const BOUNDS_US: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    pub(crate) fn observe(&self, us: u64) {
        let at = BOUNDS_US.partition_point(|bound| *bound < us);
        self.buckets[at].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

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
