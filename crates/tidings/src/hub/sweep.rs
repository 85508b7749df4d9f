//! Time passes: heartbeats that are due, events that are too old, connections that are stale.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use serde::Serialize;
use tidings_core::close::CloseReason;
use tidings_core::registry::ConnKey;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval};

use super::{Hub, Inner, locked};
use crate::outlet::Outlet;
use crate::store::Counters;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct SweepReport {
    /// Stale connections that it ended.
    pub cleaned: usize,
    /// Slices in which it did.
    pub slices: usize,
    /// Live connections afterwards.
    pub remaining: usize,
}

/// Runs everything that happens by the clock: heartbeats, sweeps, retention, the series. It holds no handle of its own, and ends
/// with the last one. Heartbeats have a clock of their own: a sweep waits for the disk, which may take its time.
pub(super) fn start_timers(hub: &Hub, runtime: &Handle) {
    let tick = Duration::from_millis((hub.0.options.stream.heartbeat_ms / 10).clamp(5, 250));
    runtime
        .spawn(each(tick, Arc::downgrade(&hub.0), async move |hub: &Hub| hub.beat(tick.as_millis() as u64)));
    let step = Duration::from_millis(super::recent::STEP_MS);
    runtime.spawn(each(step, Arc::downgrade(&hub.0), async |hub: &Hub| hub.read_step(hub.0.clock.now_ms())));
    let sweep_every = Duration::from_millis(hub.0.options.cleanup.interval_ms.max(1));
    runtime.spawn(each(sweep_every, Arc::downgrade(&hub.0), async |hub: &Hub| {
        hub.lapse();
        hub.sweep(Some(hub.0.options.cleanup.batch_size)).await;
        hub.0.log().expire(hub.0.clock.log_ms());
        hub.0.rates.sweep();
    }));
}

/// Does something at each tick for as long as the hub is held.
async fn each(period: Duration, hub: Weak<Inner>, turn: impl AsyncFn(&Hub)) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(hub) = hub.upgrade().map(Hub) else { return };
        // A turn that panics must not stop the clock for all others.
        if AssertUnwindSafe(turn(&hub)).catch_unwind().await.is_err() {
            tracing::error!("a turn of the clock failed; the next one goes on");
        }
    }
}

impl Hub {
    /// Asks for a heartbeat wherever nothing was written for the interval. The jitter only shortens it, and is the
    /// connection's own, so that heartbeats of connections that came together drift apart. Ends those whose grant has
    /// ended, too: a sweep may be a long time coming.
    fn beat(&self, tick_ms: u64) {
        let interval = self.0.options.stream.heartbeat_ms;
        let now_ms = self.0.clock.now_ms();
        let now_us = self.0.clock.now_us();
        let mut expired = Vec::new();
        for entry in self.0.books().iter() {
            if entry.handle.has_expired(now_ms) {
                expired.push(entry.key);
            } else if entry.handle.warning_is_due(|| now_ms) {
                entry.handle.rouse(now_us);
            }
            let jitter =
                (entry.key.serial().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % (interval / 10).max(1);
            let due = entry.handle.last_write_ms() + interval - jitter;
            // The next tick would be late.
            if now_ms + tick_ms >= due {
                entry.handle.ask_beat(now_us);
            }
        }
        for key in expired {
            self.end_one(key, CloseReason::Expired);
        }
    }

    /// Ends what is stale, a slice at a time, until nothing stale is left: the slice bounds how long others wait,
    /// not how much is cleaned. `None` takes all in one slice. What can't be ended is left for the next sweep.
    pub async fn sweep(&self, slice: Option<usize>) -> SweepReport {
        let mut report = SweepReport::default();
        loop {
            let stale = self.stale();
            let cleaned_before = report.cleaned;
            for slice in stale.chunks(slice.unwrap_or(stale.len()).max(1)) {
                report.cleaned += slice.iter().filter(|(key, reason)| self.end_one(*key, *reason)).count();
                report.slices += 1;
                tokio::task::yield_now().await;
            }
            if report.cleaned == cleaned_before {
                break;
            }
        }
        if report.cleaned > 0 {
            let (hub, cleaned) = (self.clone(), report.cleaned as u64);
            let change = move || {
                if let Some(ms) = crate::fault::wait_ms("counters.wait_ms") {
                    std::thread::sleep(Duration::from_millis(ms));
                }
                hub.change_counters(|counters| counters.stale_connections_cleaned += cleaned);
            };
            let _ = self.0.runtime.spawn_blocking(change).await;
        }
        report.remaining = self.0.books().live();
        report
    }

    /// Ends one of many: where that fails, the others are ended all the same.
    pub(super) fn end_one(&self, key: ConnKey, reason: CloseReason) -> bool {
        let end = || {
            let user = || self.0.books().get(key).map(|entry| Arc::clone(&entry.user));
            crate::fault::point("end", user);
            self.settle(key, reason, None)
        };
        catch_unwind(AssertUnwindSafe(end)).unwrap_or_else(|_| {
            tracing::error!(serial = key.serial(), %reason, "a connection could not be ended; going on");
            false
        })
    }

    /// Changes the counters that outlive the process, and writes them down.
    pub(super) fn change_counters(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut locked(&self.0.counters));
        self.0.store.keep_counters(|| locked(&self.0.counters).clone());
    }

    /// Connections that are over by the clock, with why.
    fn stale(&self) -> Vec<(ConnKey, CloseReason)> {
        let now_ms = self.0.clock.now_ms();
        let stall_ms = self.0.options.stream.stall_ms;
        let books = self.0.books();
        let overdue = |outlet: &Arc<Outlet>| overdue(outlet, now_ms, stall_ms);
        books.iter().filter_map(|entry| overdue(&entry.handle).map(|reason| (entry.key, reason))).collect()
    }
}

fn overdue(outlet: &Outlet, now_ms: u64, stall_ms: u64) -> Option<CloseReason> {
    let passed = |at: u64| at > 0 && now_ms >= at;
    if outlet.lease_ends_ms().is_some_and(passed) {
        return Some(CloseReason::Lease);
    }
    if stall_ms > 0 && outlet.pending_since_ms().is_some_and(|since| now_ms >= since + stall_ms) {
        // Nothing taken, and nothing acknowledged either: silently gone, rather than slow.
        let silent = outlet.peer.last_ack_age_ms().is_some_and(|age| age >= stall_ms);
        return Some(if silent { CloseReason::Lost } else { CloseReason::Stalled });
    }
    if outlet.has_expired(now_ms) {
        return Some(CloseReason::Expired);
    }
    passed(outlet.aged_at_ms.load(Relaxed)).then_some(CloseReason::MaxAge)
}
