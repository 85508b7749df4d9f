//! Ending everything: when each connection is closed, and the summary that is left behind.

use serde::{Deserialize, Serialize};

/// What a shutdown did: written to the log, kept in the data directory and shown after the restart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShutdownSummary {
    /// Connections that the shutdown ended.
    pub total_cleaned: u64,
    /// Rounds, the one that found nothing left included.
    pub iterations: u32,
    /// Live connections at the first signal.
    pub connections_before: u64,
    /// Live connections at the end: 0, or the shutdown was incomplete.
    pub connections_after: u64,
    /// How long it took.
    pub cleanup_duration_ms: f64,
    /// Whether the rounds ran out before the connections did.
    pub max_iterations_reached: bool,
    /// Connections that came or were there and left by themselves meanwhile.
    #[serde(default)]
    pub left_by_themselves: u64,
}

/// The line for the operator.
impl std::fmt::Display for ShutdownSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.connections_after > 0 {
            return write!(f, "Shutdown cleanup incomplete: {} connections remain", self.connections_after);
        }
        write!(
            f,
            "Shutdown cleanup completed: cleaned={} connections, iterations={}, before={}, after={}, \
             duration={:.2}ms, max_iterations_reached={}",
            self.total_cleaned,
            self.iterations,
            self.connections_before,
            self.connections_after,
            self.cleanup_duration_ms,
            self.max_iterations_reached
        )
    }
}

/// When each of `count` connections is closed within a window: evenly, with each at a random place in its own share
/// of it, so that however small a part of the window one looks at, there is no burst. `random(n)` gives a number
/// below `n`.
pub fn spread(count: usize, window_ms: u64, mut random: impl FnMut(u64) -> u64) -> Vec<u64> {
    let count = count as u64;
    (0..count)
        .map(|n| {
            let (start, end) = (n * window_ms / count, (n + 1) * window_ms / count);
            start + random((end - start).max(1))
        })
        .collect()
}

/// Those who come back one by one are given at least this much each, where the window leaves room for it.
const RETURN_PACE_MS: u64 = 150;
/// Between the last closing and the first return, in which the process ends and the next one starts; more by a tenth
/// of the time that so many take.
const RESTART_MS: u64 = 1_000;
/// By then the other hubs have long heard that somebody left, so that nobody is counted twice, or takes two of a
/// user's places.
const HEARD_MS: u64 = 250;
/// Each return is early or late by chance within this.
pub const RETURN_JITTER_MS: u64 = 1_000;

/// When those whom a drain closes are to come back: not into the rest of the drain, where all of them would wait for
/// the one moment at which the next process answers, but after it, and then as evenly as they were closed. Few come
/// back sooner than the window would have it. Where other hubs take them, nobody waits for the next process.
#[derive(Clone, Copy, Debug)]
pub struct Returns {
    restart_ms: u64,
    last_closing_ms: u64,
    window_ms: u64,
    span_ms: u64,
}

impl Returns {
    /// For so many, closed over a window, the last of them at `last_closing_ms`.
    pub fn new(count: usize, window_ms: u64, last_closing_ms: u64) -> Self {
        let span_ms = window_ms.min((count as u64).saturating_mul(RETURN_PACE_MS));
        Self { restart_ms: RESTART_MS + span_ms / 10, last_closing_ms, window_ms, span_ms }
    }

    /// To other hubs, as soon as these have heard that they left: who is closed evenly comes evenly.
    pub fn elsewhere() -> Self {
        Self { restart_ms: HEARD_MS, last_closing_ms: 0, window_ms: 0, span_ms: 0 }
    }

    /// The `retry:` of one that is closed at `at_ms` of the drain; `jitter_ms` is below [`RETURN_JITTER_MS`].
    pub fn retry_ms(&self, at_ms: u64, jitter_ms: u64) -> u64 {
        let rest_ms = self.last_closing_ms.saturating_sub(at_ms);
        let place_ms = at_ms.min(self.window_ms) * self.span_ms / self.window_ms.max(1);
        rest_ms + self.restart_ms + place_ms + jitter_ms
    }
}

/// How many may be closed at a time, however many are due: a process that stood still for a moment catches up, but
/// not all at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    count: u64,
    window_ms: u64,
}

impl Pace {
    /// After a longer time than this, no more than after this.
    const STEP_MS_MAX: u64 = 250;

    /// For so many over a window.
    pub fn new(count: usize, window_ms: u64) -> Self {
        Self { count: count as u64, window_ms }
    }

    /// How many, when so much time has passed since the last were closed: half as many again as fall due in it.
    pub fn most(&self, passed_ms: u64) -> u64 {
        let passed_ms = passed_ms.min(Self::STEP_MS_MAX);
        (self.count * passed_ms * 3).checked_div(self.window_ms * 2).map_or(self.count, |most| most + 1)
    }
}

/// An order of `count` things that `random` decides.
pub fn shuffle<T>(items: &mut [T], mut random: impl FnMut(u64) -> u64) {
    for n in (1..items.len()).rev() {
        items.swap(n, random(n as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice(mut state: u64) -> impl FnMut(u64) -> u64 {
        move |n| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        }
    }

    #[test]
    fn closings_are_even_over_the_window() {
        let times = spread(10_000, 20_000, dice(7));
        assert!(times.is_sorted());
        assert!(*times.last().unwrap() < 20_000);
        for second in 0..20 {
            let within = times.iter().filter(|t| **t / 1000 == second).count();
            assert_eq!(within, 500, "second {second}");
        }
    }

    #[test]
    fn who_stood_still_catches_up_but_not_at_once() {
        let pace = Pace::new(10_000, 20_000);
        assert!((25..=50).contains(&pace.most(50)), "{}", pace.most(50));
        assert!(pace.most(120) >= 60, "slow steps fall behind: {}", pace.most(120));
        assert!(pace.most(10_000) <= 250, "{}", pace.most(10_000));
        assert_eq!(Pace::new(0, 20_000).most(50), 1);
        assert_eq!(Pace::new(300, 0).most(0), 300, "no window: all at once");
    }

    #[test]
    fn returns_never_exceed_twice_the_even_rate() {
        const LOOK_MS: u64 = 1_000;
        for (count, window_ms) in [(25, 5_000), (300, 2_000), (300, 5_000), (10_000, 20_000)] {
            let mut dice = dice(11);
            let closings = spread(count, window_ms, &mut dice);
            let last = *closings.last().unwrap();
            let returns = Returns::new(count, window_ms, last);
            let mut back: Vec<u64> =
                closings.iter().map(|at| at + returns.retry_ms(*at, dice(RETURN_JITTER_MS))).collect();
            back.sort_unstable();
            assert!(back[0] >= last + RESTART_MS, "{count} come back into the drain");
            let twice = 2 * count as u64 * LOOK_MS / window_ms;
            for (n, from) in back.iter().enumerate() {
                let within = back[n..].partition_point(|at| at - from < LOOK_MS) as u64;
                assert!(within <= twice, "{within} of {count} within a second from {from} ms");
            }
        }
    }

    #[test]
    fn the_only_one_comes_back_soon() {
        let returns = Returns::new(1, 60_000, 30_000);
        assert!(returns.retry_ms(30_000, 0) <= RESTART_MS + 2 * RETURN_PACE_MS);
    }

    #[test]
    fn whom_other_hubs_take_waits_until_they_heard_of_it() {
        let returns = Returns::elsewhere();
        for at_ms in [0, 20_000] {
            assert_eq!(returns.retry_ms(at_ms, 7), HEARD_MS + 7);
        }
    }

    #[test]
    fn few_connections_and_no_window_are_no_trouble() {
        assert!(spread(0, 5000, |_| 0).is_empty());
        assert_eq!(spread(3, 0, |_| 0), [0, 0, 0]);
        assert_eq!(spread(1, 5000, |n| n - 1), [4999]);
    }

    #[test]
    fn the_summary_speaks_as_operators_know_it() {
        let mut summary = ShutdownSummary {
            total_cleaned: 25,
            iterations: 2,
            connections_before: 25,
            cleanup_duration_ms: 45.2,
            ..ShutdownSummary::default()
        };
        assert_eq!(
            summary.to_string(),
            "Shutdown cleanup completed: cleaned=25 connections, iterations=2, before=25, after=0, \
             duration=45.20ms, max_iterations_reached=false"
        );
        summary.connections_after = 3;
        assert_eq!(summary.to_string(), "Shutdown cleanup incomplete: 3 connections remain");
    }
}
