//! A newcomer asks: the store within its time, or else this hub alone.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tidings_core::quota::{Closing, Holding, LeaseError, Outcome, Put, PutAnswer, Refusal, shard_of};
use tokio::time::timeout;

use super::{Desk, LANES, Place, Shared};

/// How often a call is made whose part of the store was lost: once more, in another life.
const TRIES: usize = 2;

/// Who asks for a place.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Whose connection it is.
    pub user: Arc<str>,
    /// The name that its client chose.
    pub client_id: Option<Arc<str>>,
    /// The connection's public id, which no other connection of any hub has.
    pub connection: Arc<str>,
    /// When it came, in milliseconds since 1970.
    pub since_ms: u64,
    /// How many the user may have; 0 is no limit.
    pub limit: u32,
}

/// A call that is on its way. Given up on, nobody knows what became of it.
struct Pending<'a> {
    shared: &'a Shared,
    put: Put,
    limit: u32,
    is_answered: bool,
}

impl Desk {
    /// Asks for a place. Whoever takes the place of its own client elsewhere, or of others, has it at once; those are
    /// told to go. Answers within [`answer_ms`](super::DeskOptions::answer_ms), whatever the store does.
    pub async fn admit(&self, asking: Asking) -> Result<Place, Refusal> {
        let shared = &self.shared;
        let Asking { user, client_id, connection, since_ms, limit } = asking;
        let newcomer = Holding::new(client_id.as_deref(), Arc::clone(&connection), since_ms);
        let bound = Duration::from_millis(shared.options.answer_ms);
        let verdict = match timeout(bound, shared.ask(&user, &newcomer, limit)).await {
            Ok(Some(verdict)) => verdict,
            _ => shared.judge_here(&user, newcomer, limit),
        };
        shared.close_all(verdict?);
        Ok(Place::new(Arc::clone(shared), user, connection))
    }
}

impl Shared {
    /// What the store says; nothing where it has no say, or its word is not known.
    async fn ask(
        &self,
        user: &Arc<str>,
        newcomer: &Holding,
        limit: u32,
    ) -> Option<Result<Vec<Closing>, Refusal>> {
        if !self.part_of(user).trusts(self.now_ms()) {
            return None;
        }
        let _lane = self.lane(user).lock().await;
        for _ in 0..TRIES {
            match self.put(user, Some((newcomer.clone(), limit))).await? {
                Outcome::Placed(closing) => return Some(Ok(closing)),
                Outcome::Refused(held_by) => return Some(Err(Refusal::Limit { limit, held_by })),
                Outcome::Fenced => self.beat(shard_of(user)).await,
                Outcome::Unknown => break,
            }
        }
        None
    }

    fn judge_here(&self, user: &Arc<str>, newcomer: Holding, limit: u32) -> Result<Vec<Closing>, Refusal> {
        self.judged_here.fetch_add(1, Relaxed);
        let verdict = self.part_of(user).admit_here(user, newcomer, limit, self.now_ms());
        self.flush_now.notify_one();
        verdict
    }

    /// One call for a user, whose lane is held: a newcomer's where the store's word is to be taken, or without one what
    /// is to be said again.
    pub(super) async fn put(&self, user: &Arc<str>, newcomer: Option<(Holding, u32)>) -> Option<Outcome> {
        let (line, pending) = {
            let mut part = self.part_of(user);
            let now_ms = self.now_ms();
            let line = part.line().filter(|_| newcomer.is_none() || part.trusts(now_ms))?;
            let limit = newcomer.as_ref().map_or(0, |(_, limit)| *limit);
            let put = part.put(user, newcomer, now_ms);
            (line, Pending { shared: self, put, limit, is_answered: false })
        };
        let answer = self.leases.put(line, pending.put.clone()).await;
        let outcome = pending.answered(answer);
        match outcome {
            Outcome::Fenced => _ = self.fenced.fetch_add(1, Relaxed),
            Outcome::Unknown => self.beat_now.notify_one(),
            _ => {}
        }
        Some(outcome)
    }

    pub(super) fn lane(&self, user: &str) -> &tokio::sync::Mutex<()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(user);
        &self.lanes[hash as usize % LANES]
    }
}

impl Pending<'_> {
    fn answered(mut self, answer: Result<PutAnswer, LeaseError>) -> Outcome {
        self.is_answered = true;
        self.take(answer)
    }

    fn take(&self, answer: Result<PutAnswer, LeaseError>) -> Outcome {
        let mut part = self.shared.part_of(&self.put.user);
        part.answered(&self.put, self.limit, answer, self.shared.now_ms())
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.take(Err(LeaseError::Unknown));
            self.shared.flush_now.notify_one();
            self.shared.beat_now.notify_one();
        }
    }
}
