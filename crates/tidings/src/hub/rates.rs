//! How often an address or a user may come, whatever it wants.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use governor::clock::Clock as Ticks;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tidings_core::grant::ANONYMOUS;
use tidings_core::registry::group_ip;

use super::Hub;
use crate::clock::Clock;
use crate::options::Bounds;

/// Somebody came more often than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// The setting that says so.
    pub limit_name: &'static str,
    /// How often in a second.
    pub per_second: u32,
    /// When to come again.
    pub retry_ms: u64,
}

/// The buckets of all rates that hold before anything is known of a request but who sent it.
#[derive(Debug)]
pub(super) struct Rates {
    sockets_of_ip: Rate<IpAddr>,
    requests_of_ip: Rate<IpAddr>,
    requests_of_user: Rate<Arc<str>>,
    streams_of_ip: Rate<IpAddr>,
}

impl Rates {
    pub(super) fn new(bounds: &Bounds, clock: Clock) -> Self {
        Self {
            sockets_of_ip: Rate::new(
                "limits.sockets_per_second_per_ip",
                bounds.sockets_per_second_per_ip,
                clock,
            ),
            requests_of_ip: Rate::new(
                "limits.requests_per_second_per_ip",
                bounds.requests_per_second_per_ip,
                clock,
            ),
            requests_of_user: Rate::new(
                "limits.requests_per_second_per_user",
                bounds.requests_per_second_per_user,
                clock,
            ),
            streams_of_ip: Rate::new("limits.accepts_per_second", bounds.accepts_per_second, clock),
        }
    }

    /// Lets go of those who have been away for long enough to have all of their rate again.
    pub(super) fn sweep(&self) {
        self.sockets_of_ip.sweep();
        self.requests_of_ip.sweep();
        self.requests_of_user.sweep();
        self.streams_of_ip.sweep();
    }

    fn refused(&self) -> [(&'static str, u64); 4] {
        [
            self.sockets_of_ip.told(),
            self.requests_of_ip.told(),
            self.requests_of_user.told(),
            self.streams_of_ip.told(),
        ]
    }
}

impl Hub {
    /// Takes one new socket off what its address may open in a second.
    pub(crate) fn take_socket(&self, address: IpAddr) -> Result<(), TooOften> {
        let is_trusted =
            || self.0.options.trusted_proxies.iter().any(|proxy| proxy.contains(address.to_canonical()));
        self.0.rates.sockets_of_ip.take_unless(is_trusted, &group_ip(address))
    }

    /// Takes one request off what its address may ask in a second.
    pub fn take_request(&self, address: IpAddr) -> Result<(), TooOften> {
        self.0.rates.requests_of_ip.take(&group_ip(address))
    }

    /// Takes one request off what its user may ask in a second. `anonymous` is nobody.
    pub fn take_request_of(&self, user: &Arc<str>) -> Result<(), TooOften> {
        self.0.rates.requests_of_user.take_unless(|| &**user == ANONYMOUS, user)
    }

    /// Takes one stream off what its address may open in a second.
    pub(super) fn take_stream(&self, address: IpAddr) -> Result<(), TooOften> {
        self.0.rates.streams_of_ip.take(&group_ip(address))
    }

    /// How many were refused since the hub began, by the setting that did it.
    pub fn refused_by_rate(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.rates.refused().into_iter()
    }
}

/// So many a second for each key, with a second's worth of burst; 0 is no limit.
struct Rate<K: Hash + Eq + Clone> {
    limit_name: &'static str,
    per_second: u32,
    clock: HubTicks,
    buckets: Option<RateLimiter<K, DefaultKeyedStateStore<K>, HubTicks, NoOpMiddleware<Nanos>>>,
    refused: AtomicU64,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(limit_name: &'static str, per_second: u32, clock: Clock) -> Self {
        let clock = HubTicks(clock);
        let quota = NonZeroU32::new(per_second).map(Quota::per_second);
        let buckets = quota.map(|quota| RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock));
        Self { limit_name, per_second, clock, buckets, refused: AtomicU64::new(0) }
    }

    fn take(&self, key: &K) -> Result<(), TooOften> {
        self.take_unless(|| false, key)
    }

    fn take_unless(&self, exempt: impl FnOnce() -> bool, key: &K) -> Result<(), TooOften> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        if exempt() {
            return Ok(());
        }
        buckets.check_key(key).map_err(|until| {
            self.refused.fetch_add(1, Relaxed);
            let retry_ms = until.wait_time_from(self.clock.now()).as_millis() as u64 + 1;
            TooOften { limit_name: self.limit_name, per_second: self.per_second, retry_ms }
        })
    }

    fn told(&self) -> (&'static str, u64) {
        (self.limit_name, self.refused.load(Relaxed))
    }

    fn sweep(&self) {
        if let Some(buckets) = &self.buckets {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate").field("limit_name", &self.limit_name).finish_non_exhaustive()
    }
}

/// The hub's own clock, which stands still where a test stops the runtime's.
#[derive(Clone, Copy, Debug)]
struct HubTicks(Clock);

impl Ticks for HubTicks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_micros(self.0.now_us()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn rate(per_second: u32) -> Rate<&'static str> {
        Rate::new("limits.test", per_second, Clock::start())
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_goes_through_at_once_and_then_the_rate() {
        let rate = rate(10);
        assert!((0..10).all(|_| rate.take(&"a").is_ok()));
        let refused = rate.take(&"a").expect_err("the eleventh");
        assert_eq!((refused.per_second, refused.limit_name), (10, "limits.test"));
        assert!((100..=101).contains(&refused.retry_ms), "{refused:?}");
        assert_eq!(rate.take(&"b"), Ok(()), "another key has its own bucket");
        advance(Duration::from_millis(refused.retry_ms)).await;
        assert_eq!(rate.take(&"a"), Ok(()));
        assert!(rate.take(&"a").is_err());
        assert_eq!(rate.told(), ("limits.test", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn zero_is_no_limit_and_some_are_exempt() {
        assert!((0..1000).all(|_| rate(0).take(&"a").is_ok()));
        let one = rate(1);
        assert!((0..1000).all(|_| one.take_unless(|| true, &"a").is_ok()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_not_come_for_a_second_is_forgotten() {
        let rate = Rate::new("limits.test", 1, Clock::start());
        for key in 0..1000 {
            rate.take(&key).expect("the first");
        }
        let held = |rate: &Rate<i32>| rate.buckets.as_ref().map_or(0, RateLimiter::len);
        rate.sweep();
        assert_eq!(held(&rate), 1000);
        advance(Duration::from_secs(2)).await;
        rate.take(&0).expect("once more");
        rate.sweep();
        assert_eq!(held(&rate), 1);
    }
}
