//! What a desk does by itself: it keeps its leases, says what is to be said, and says all again in time.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use tidings_core::quota::{Outcome, SHARDS};
use tokio::time::sleep;

use super::Shared;

/// Two rounds of beats that were asked for are no closer together than this.
const BEATS_APART: Duration = Duration::from_millis(20);

/// Calls that are on their way at once, of those that nobody waits for.
const FLUSHED_AT_ONCE: usize = 64;

/// After a round in which something could not be said.
const FLUSH_PAUSE: Duration = Duration::from_millis(50);

/// How often some are swept: in small steps, so that no store is asked for all at once.
const SWEEP_STEPS: u64 = 64;

/// Lives that a beat may begin in a row: one is the rule.
const LIVES_IN_A_ROW: usize = 3;

pub(super) async fn beat(shared: Arc<Shared>) {
    loop {
        join_all((0..SHARDS).map(|shard| shared.beat(shard))).await;
        shared.tell_whether_away();
        // Never later than a fourth of a lease, and never for long at the moment at which others do.
        let quarter = shared.options.lease_ms / 4;
        let pause = Duration::from_millis(rand::random_range(quarter - quarter / 10..=quarter));
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.beat_now.notified() => sleep(BEATS_APART).await,
        }
    }
}

pub(super) async fn flush(shared: Arc<Shared>) {
    loop {
        let unsaid = shared.some_unsaid();
        if unsaid.is_empty() {
            shared.flush_now.notified().await;
            continue;
        }
        let say = async |user: Arc<str>| {
            let _lane = shared.lane(&user).lock().await;
            shared.say(&user).await
        };
        let said = stream::iter(unsaid).map(say).buffer_unordered(FLUSHED_AT_ONCE);
        let is_all_said = said.fold(true, async |all, is_said| all && is_said).await;
        if !is_all_said {
            sleep(FLUSH_PAUSE).await;
        }
    }
}

pub(super) async fn sweep(shared: Arc<Shared>) {
    let step_ms = (shared.options.sweep_ms / SWEEP_STEPS).clamp(1, 1_000);
    let steps = (shared.options.sweep_ms / step_ms).max(1) as usize;
    loop {
        sleep(Duration::from_millis(step_ms)).await;
        for shard in 0..SHARDS {
            let mut part = shared.part(shard);
            let users = part.users().div_ceil(steps);
            if users > 0 {
                part.sweep(users);
            }
        }
        shared.flush_now.notify_one();
    }
}

impl Shared {
    /// Keeps one lease, in another life where this one is over.
    pub(super) async fn beat(&self, shard: u16) {
        for _ in 0..LIVES_IN_A_ROW {
            let sent_ms = self.now_ms();
            let beat = self.part(shard).beat(sent_ms);
            let Some(beat) = beat else { return };
            let answer = self.leases.beat(shard, beat.clone()).await;
            let is_fenced = self.part(shard).beaten(&beat, answer, sent_ms, self.now_ms());
            if !is_fenced {
                break;
            }
            self.fenced.fetch_add(1, Relaxed);
        }
        if self.part(shard).is_dirty() {
            self.flush_now.notify_one();
        }
    }

    /// Some of those of whom something is to be said and can be.
    fn some_unsaid(&self) -> Vec<Arc<str>> {
        let mut users = Vec::new();
        for part in &self.parts {
            let mut part = super::locked(part);
            if part.line().is_some() {
                users.extend((0..FLUSHED_AT_ONCE).map_while(|_| part.next_dirty()));
            }
        }
        users
    }

    /// Says what this hub has of a user. Whether the store knows.
    async fn say(&self, user: &Arc<str>) -> bool {
        match self.put(user, None).await {
            Some(Outcome::Placed(closing)) => {
                self.close_all(closing);
                true
            }
            Some(Outcome::Fenced) => {
                self.beat_now.notify_one();
                false
            }
            Some(_) => false,
            None => {
                self.part_of(user).touch(user);
                false
            }
        }
    }

    fn tell_whether_away(&self) {
        let is_away = (0..SHARDS).any(|shard| self.part(shard).line().is_none());
        if self.was_away.swap(is_away, Relaxed) != is_away {
            match is_away {
                true => tracing::warn!("quotas: the store is away, and each hub judges newcomers by itself"),
                false => tracing::info!("quotas: the store is there"),
            }
        }
    }
}
