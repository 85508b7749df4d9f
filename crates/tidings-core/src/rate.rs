//! A rate limit for each of many keys: a bucket that fills with time and is emptied by what is let through.

use std::collections::HashMap;
use std::hash::Hash;

/// Buckets are swept of full ones when there are this many.
const BUCKETS_MAX: usize = 10_000;

/// So many a second for each key, with a second's worth of burst; 0 is no limit.
#[derive(Debug)]
pub struct RateLimit<K> {
    per_second: u32,
    buckets: HashMap<K, Bucket, foldhash::fast::RandomState>,
}

/// Thousandths of a token, so that any rate fills evenly by the millisecond.
#[derive(Debug)]
struct Bucket {
    milli_tokens: u64,
    at_ms: u64,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// A limit of so many a second; 0 is no limit.
    pub fn new(per_second: u32) -> Self {
        Self { per_second, buckets: HashMap::default() }
    }

    /// Lets `count` through at once, or says after how many milliseconds that many may come.
    pub fn take(&mut self, key: K, count: u32, now_ms: u64) -> Result<(), u64> {
        if self.per_second == 0 {
            return Ok(());
        }
        let rate = u64::from(self.per_second);
        let full = rate * 1000;
        if self.buckets.len() >= BUCKETS_MAX {
            self.buckets.retain(|_, bucket| bucket.level(rate, now_ms) < full);
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { milli_tokens: full, at_ms: now_ms });
        bucket.milli_tokens = bucket.level(rate, now_ms);
        bucket.at_ms = now_ms;
        // More at once than a second's worth is let through when the bucket is full, and then paid off.
        let price = u64::from(count) * 1000;
        let needed = price.min(full);
        if bucket.milli_tokens < needed {
            return Err((needed - bucket.milli_tokens).div_ceil(rate));
        }
        bucket.milli_tokens -= needed;
        Ok(())
    }
}

impl Bucket {
    fn level(&self, rate: u64, now_ms: u64) -> u64 {
        (self.milli_tokens + now_ms.saturating_sub(self.at_ms) * rate).min(rate * 1000)
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
    fn a_batch_above_the_rate_waits_for_a_full_bucket_and_is_not_refused_for_ever() {
        let mut limit = RateLimit::new(10);
        assert_eq!(limit.take((), 50, 0), Ok(()));
        assert_eq!(limit.take((), 50, 0), Err(1000));
        assert_eq!(limit.take((), 50, 1000), Ok(()));
    }

    #[test]
    fn buckets_that_are_full_again_are_let_go() {
        let mut limit = RateLimit::new(1);
        for key in 0..BUCKETS_MAX {
            limit.take(key, 1, 0).unwrap();
        }
        limit.take(BUCKETS_MAX, 1, 2000).unwrap();
        assert_eq!(limit.buckets.len(), 1);
    }
}
