//! What the engine does by the clock: it looks at the newest place, so that a lost tail and a lost Redis are noticed, and
//! lets go of what is too old.

use std::sync::Arc;
use std::time::Duration;

use tidings_core::engine::Heard;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::Shared;
use crate::connection::Connection;

/// Events that one sweep lets go at most: some 10 ms in which Redis does nothing else.
pub(super) const SWEPT_MAX: usize = 1_000;

/// Between sweeps of which the first left something.
const BREATH: Duration = Duration::from_millis(20);

/// Looks at the newest place, with each beat and when it is due.
pub(super) async fn run(shared: Arc<Shared>, calls: Connection, is_due: Arc<Notify>) {
    let beat = Duration::from_millis(shared.options.beat_ms);
    let (mut is_away, mut generation) = (false, 0);
    loop {
        match shared.look(&calls).await {
            Ok(head) => {
                is_away = false;
                shared.tell(&Heard::Head(head));
            }
            Err(error) => {
                if !is_away {
                    tracing::warn!(%error, "the engine is away");
                    shared.tell(&Heard::Away);
                }
                is_away = true;
            }
        }
        tokio::select! {
            () = sleep(beat) => {}
            () = is_due.notified() => {}
            up = calls.up_after(generation) => generation = up,
        }
    }
}

/// Has a bus whose far end is silently gone noticed, and made again. What was told meanwhile is lost: a look is due as
/// soon as another stands.
pub(super) async fn listen(shared: Arc<Shared>, bus: Connection, is_due: Arc<Notify>) {
    let beat = Duration::from_millis(shared.options.beat_ms);
    let (mut generation, mut is_away) = (0, false);
    loop {
        match bus.trouble() {
            Some(why) if !is_away => {
                let (at, why) = (bus.hosts(), &*why);
                tracing::warn!(
                    at,
                    why,
                    "a Redis by which hubs tell each other is away: what it would tell is read"
                );
                is_away = true;
            }
            None if is_away && bus.is_up() => {
                tracing::info!(at = bus.hosts(), "a Redis by which hubs tell each other is back");
                is_away = false;
            }
            _ => {}
        }
        if bus.is_up() {
            _ = bus.call(&redis::cmd("PING"), shared.options.look_ms).await;
        }
        tokio::select! {
            () = sleep(beat) => {}
            up = bus.up_after(generation) => {
                generation = up;
                is_due.notify_one();
            }
        }
    }
}

pub(super) async fn sweep(shared: Arc<Shared>, calls: Connection) {
    let every_ms = shared.options.sweep_ms;
    if every_ms == 0 {
        return;
    }
    loop {
        // Never two hubs at the same moment for long.
        sleep(Duration::from_millis(rand::random_range(every_ms / 2..=every_ms))).await;
        while shared.sweep(&calls).await.is_ok_and(|swept| swept.more) {
            sleep(BREATH).await;
        }
    }
}
