//! A rate limit for each of many keys: a bucket that fills with time and is emptied by what is let through.

use std::collections::HashMap;
use std::hash::Hash;

use crate::sweep::SweepMark;

/// Buckets that there may be before they are swept of full ones.
const BUCKETS_BEFORE_SWEEP: usize = 10_000;

/// So many a second for each key, with a second's worth of burst; 0 is no limit.
#[derive(Debug)]
pub struct RateLimit<K> {
    per_second: u32,
    buckets: HashMap<K, Bucket, foldhash::fast::RandomState>,
    sweep: SweepMark,
}

/// Thousandths of a token, so that any rate fills evenly by the millisecond. Below nothing is what is owed.
#[derive(Debug)]
struct Bucket {
    milli_tokens: i64,
    at_ms: u64,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// A limit of so many a second; 0 is no limit.
    pub fn new(per_second: u32) -> Self {
        Self { per_second, buckets: HashMap::default(), sweep: SweepMark::new(BUCKETS_BEFORE_SWEEP) }
    }

    /// Lets `count` through at once, or says after how many milliseconds that many may come. More than a second's
    /// worth comes when the bucket is full, and is paid off whole before anything else does.
    pub fn take(&mut self, key: K, count: u32, now_ms: u64) -> Result<(), u64> {
        if self.per_second == 0 {
            return Ok(());
        }
        let rate = i64::from(self.per_second);
        let full = rate * 1000;
        if self.sweep.is_due(self.buckets.len()) {
            self.buckets.retain(|_, bucket| bucket.level(rate, now_ms) < full);
            self.sweep.swept(self.buckets.len());
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { milli_tokens: full, at_ms: now_ms });
        bucket.milli_tokens = bucket.level(rate, now_ms);
        bucket.at_ms = now_ms;
        let price = i64::from(count) * 1000;
        let missing = price.min(full) - bucket.milli_tokens;
        if missing > 0 {
            return Err(missing.unsigned_abs().div_ceil(rate.unsigned_abs()));
        }
        bucket.milli_tokens -= price;
        Ok(())
    }
}

impl Bucket {
    fn level(&self, rate: i64, now_ms: u64) -> i64 {
        let passed_ms = i64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(i64::MAX);
        self.milli_tokens.saturating_add(passed_ms.saturating_mul(rate)).min(rate * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_a_second_through_and_then_the_rate() {
        let mut limit = RateLimit::new(10);
        assert!((0..10).all(|_| limit.take("a", 1, 0).is_ok()));
        assert_eq!(limit.take("a", 1, 0), Err(100));
        assert_eq!(limit.take("b", 1, 0), Ok(()), "another key has its own bucket");
        assert_eq!(limit.take("a", 1, 99), Err(1));
        assert_eq!(limit.take("a", 1, 100), Ok(()));
        assert_eq!(limit.take("a", 1, 100), Err(100));
    }

    #[test]
    fn zero_is_no_limit() {
        let mut limit = RateLimit::new(0);
        assert!((0..1000).all(|_| limit.take((), 1, 0).is_ok()));
    }

    #[test]
    fn a_batch_above_the_rate_waits_for_a_full_bucket_and_is_paid_off_whole() {
        let mut limit = RateLimit::new(10);
        assert_eq!(limit.take((), 50, 0), Ok(()));
        assert_eq!(limit.take((), 1, 0), Err(4_100), "40 are owed");
        assert_eq!(limit.take((), 50, 0), Err(5_000));
        assert_eq!(limit.take((), 50, 4_999), Err(1));
        assert_eq!(limit.take((), 50, 5_000), Ok(()));
    }

    #[test]
    fn batches_of_a_thousand_keep_to_the_rate() {
        let mut limit = RateLimit::new(10);
        let (mut through, mut now_ms) = (0_u64, 0);
        while now_ms < 1_000_000 {
            match limit.take((), 1_000, now_ms) {
                Ok(()) => through += 1_000,
                Err(wait_ms) => now_ms += wait_ms,
            }
        }
        assert_eq!(through, 10_000, "10 a second for 1,000 s");
    }

    #[test]
    fn what_is_owed_is_not_let_go_with_a_sweep() {
        let mut limit = RateLimit::new(1);
        limit.take(0, 100, 0).unwrap();
        for key in 1..=BUCKETS_BEFORE_SWEEP {
            limit.take(key, 1, 0).unwrap();
        }
        limit.take(1, 1, 2_000).unwrap();
        assert_eq!(limit.take(0, 1, 2_000), Err(98_000));
    }

    #[test]
    fn buckets_that_are_full_again_are_let_go() {
        let mut limit = RateLimit::new(1);
        for key in 0..BUCKETS_BEFORE_SWEEP {
            limit.take(key, 1, 0).unwrap();
        }
        limit.take(BUCKETS_BEFORE_SWEEP, 1, 2000).unwrap();
        assert_eq!(limit.buckets.len(), 1);
    }
}
