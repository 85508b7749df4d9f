//! The one place that reads clocks. Everything else is told the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the hub began, by a clock that never jumps, and since 1970 for people. The former is the
/// runtime's own, so that it stands still where a test stops the runtime's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    started_ms: u64,
    started_wall_ms: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        // An hour in, so that 0 can stand for never.
        let now = Instant::now();
        let origin = now.checked_sub(Duration::from_secs(3600)).unwrap_or(now);
        Self { origin, started_ms: now.duration_since(origin).as_millis() as u64, started_wall_ms: wall_ms() }
    }

    /// Milliseconds since the clock was started.
    pub(crate) fn uptime_ms(&self) -> u64 {
        self.now_ms() - self.started_ms
    }

    fn elapsed(&self) -> Duration {
        Instant::now().duration_since(self.origin)
    }

    /// Milliseconds by the monotonic clock.
    pub(crate) fn now_ms(&self) -> u64 {
        self.elapsed().as_millis() as u64
    }

    /// Microseconds by the monotonic clock.
    pub(crate) fn now_us(&self) -> u64 {
        self.elapsed().as_micros() as u64
    }

    /// Milliseconds since 1970.
    pub(crate) fn wall_ms(&self) -> u64 {
        wall_ms()
    }

    /// Milliseconds since 1970 as the wall clock stood at the start, carried on by the one that never jumps: what
    /// events are dated by and grow old by.
    pub(crate) fn log_ms(&self) -> u64 {
        self.started_wall_ms + self.uptime_ms()
    }

    /// A time of the monotonic clock in milliseconds since 1970, as the wall clock stood at the start: the same whenever
    /// it is asked for.
    pub(crate) fn log_at(&self, at_ms: u64) -> u64 {
        (self.started_wall_ms + at_ms).saturating_sub(self.started_ms)
    }

    /// What the wall clock showed at a time of the monotonic one.
    pub(crate) fn wall_at(&self, at_ms: u64) -> u64 {
        (self.wall_ms() + at_ms).saturating_sub(self.now_ms())
    }
}

#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// Seconds since 1970.
#[cfg(feature = "tls")]
pub(crate) fn unix_seconds() -> i64 {
    (wall_ms() / 1000) as i64
}

/// The date as HTTP tells it (RFC 9110 §5.6.7).
#[expect(clippy::disallowed_methods, reason = "the shell's clock")]
pub(crate) fn http_date() -> httpdate::HttpDate {
    SystemTime::now().into()
}
