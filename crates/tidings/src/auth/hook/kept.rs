//! Answers that may be used again, and questions that are under way: many who ask the same are one question.

use std::collections::{HashMap, VecDeque};

use tokio::sync::watch;

use super::answer::Verdict;
use super::question::Key;

/// What came of a question: a decision, or none, and when to ask again.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Decided(Verdict),
    Away { retry_ms: u64 },
}

/// Where to hear what comes of a question.
pub(super) type Heard = watch::Receiver<Option<Outcome>>;

/// By question. Times are of the monotonic clock.
#[derive(Debug)]
pub(super) struct Kept {
    answers: HashMap<Key, Entry, foldhash::fast::RandomState>,
    /// In the order in which they came, for the bound.
    order: VecDeque<(Key, u64)>,
    entries_max: usize,
    under_way: HashMap<Key, Heard, foldhash::fast::RandomState>,
    serial: u64,
    /// Grows whenever something is forgotten: an answer that was asked for before is not kept.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    until_ms: u64,
    verdict: Verdict,
}

impl Kept {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            answers: HashMap::default(),
            order: VecDeque::new(),
            entries_max,
            under_way: HashMap::default(),
            serial: 0,
            forgotten: 0,
        }
    }

    pub(super) fn fresh(&self, key: &Key, now_ms: u64) -> Option<&Verdict> {
        self.answers.get(key).filter(|entry| now_ms < entry.until_ms).map(|entry| &entry.verdict)
    }

    /// The same question that somebody else asks now.
    pub(super) fn under_way(&self, key: &Key) -> Option<Heard> {
        self.under_way.get(key).filter(|heard| heard.has_changed().is_ok()).cloned()
    }

    pub(super) fn waiting(&self) -> usize {
        self.under_way.len()
    }

    /// Begins a question. Answers with what [`Self::end`] wants to be told.
    pub(super) fn begin(&mut self, key: Key, heard: Heard) -> u64 {
        self.under_way.insert(key, heard);
        self.forgotten
    }

    /// Ends a question, and keeps what was decided for as long as it says.
    pub(super) fn end(&mut self, key: Key, begun: u64, verdict: Option<&Verdict>, now_ms: u64) {
        self.under_way.remove(&key);
        self.answers.remove(&key);
        let Some(verdict) = verdict.filter(|verdict| verdict.kept_ms > 0) else { return };
        if begun != self.forgotten {
            return;
        }
        self.serial += 1;
        let until_ms = now_ms + verdict.kept_ms;
        self.answers.insert(key, Entry { serial: self.serial, until_ms, verdict: verdict.clone() });
        self.order.push_back((key, self.serial));
        while self.answers.len() > self.entries_max || self.order.len() > 2 * self.entries_max {
            let Some((key, serial)) = self.order.pop_front() else { break };
            if self.answers.get(&key).is_some_and(|entry| entry.serial == serial) {
                self.answers.remove(&key);
            }
        }
    }

    /// Lets go of all that was decided for a user.
    pub(super) fn forget(&mut self, user: &str) {
        self.forgotten += 1;
        self.answers
            .retain(|_, entry| entry.verdict.granted.as_ref().map_or(true, |grant| &*grant.user != user));
    }
}

#[cfg(test)]
mod tests {
    use tidings_core::grant::Grant;

    use super::*;

    fn verdict(user: &str, kept_ms: u64) -> Verdict {
        Verdict { granted: Ok(Grant::nothing(user)), kept_ms }
    }

    fn keep(kept: &mut Kept, key: u8, verdict: &Verdict, now_ms: u64) {
        let begun = kept.begin([key; 32], watch::channel(None).1);
        kept.end([key; 32], begun, Some(verdict), now_ms);
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_the_oldest_make_room() {
        let mut kept = Kept::new(3);
        keep(&mut kept, 1, &verdict("ann", 100), 1_000);
        assert!(kept.fresh(&[1; 32], 1_099).is_some() && kept.fresh(&[1; 32], 1_100).is_none());
        keep(&mut kept, 2, &verdict("ann", 0), 1_000);
        assert!(kept.fresh(&[2; 32], 1_000).is_none(), "not to be kept");
        for key in 3..6 {
            keep(&mut kept, key, &verdict("ann", 100), 1_000);
        }
        assert!(kept.fresh(&[1; 32], 1_000).is_none(), "the oldest");
        assert!((3..6).all(|key| kept.fresh(&[key; 32], 1_000).is_some()));
        for _ in 0..100 {
            keep(&mut kept, 5, &verdict("ann", 100), 1_000);
        }
        assert!(kept.order.len() <= 6 && kept.fresh(&[5; 32], 1_000).is_some());
    }

    #[test]
    fn what_was_decided_for_a_user_is_forgotten_also_while_it_is_on_its_way() {
        let mut kept = Kept::new(10);
        keep(&mut kept, 1, &verdict("ann", 100), 0);
        keep(&mut kept, 2, &verdict("bob", 100), 0);
        let begun = kept.begin([3; 32], watch::channel(None).1);
        kept.forget("ann");
        kept.end([3; 32], begun, Some(&verdict("ann", 100)), 0);
        assert!(kept.fresh(&[1; 32], 0).is_none() && kept.fresh(&[3; 32], 0).is_none());
        assert!(kept.fresh(&[2; 32], 0).is_some());
    }
}
