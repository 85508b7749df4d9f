//! What the engine does by the clock: it looks at the newest place, so that a lost tail and a lost Redis are noticed, and
//! lets go of what is too old.

use std::sync::Arc;
use std::time::Duration;

use tidings_core::engine::Heard;
use tokio::time::sleep;

use super::Shared;
use crate::connection::Connection;

/// Events that one sweep lets go at most: some 10 ms in which Redis does nothing else.
pub(super) const SWEPT_MAX: usize = 1_000;

/// Between sweeps of which the first left something.
const BREATH: Duration = Duration::from_millis(20);

pub(super) async fn run(shared: Arc<Shared>, calls: Connection, bus: Connection) {
    let beat = Duration::from_millis(shared.options.beat_ms);
    let (mut is_away, mut generation, mut bus_generation) = (false, 0, 0);
    loop {
        let look = async {
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
        };
        // A bus whose far end is silently gone is noticed, and made again.
        let ask_bus = async {
            if bus.is_up() {
                _ = bus.call(&redis::cmd("PING"), shared.options.look_ms).await;
            }
        };
        tokio::join!(look, ask_bus);
        // What was told while a connection was away is lost: that is looked at as soon as it stands.
        tokio::select! {
            () = sleep(beat) => {}
            up = calls.up_after(generation) => generation = up,
            up = bus.up_after(bus_generation) => bus_generation = up,
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
