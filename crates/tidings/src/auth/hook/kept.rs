//! Answers that may be used again, and questions that are under way: many who ask the same are one question.

use std::collections::HashMap;

use tidings_core::grant::ANONYMOUS;
use tokio::sync::watch;

use super::answer::Verdict;
use super::forgotten::Forgotten;
use super::question::Key;
use super::shelf::Shelf;

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
    /// What somebody was granted.
    granted: Shelf,
    /// Refusals, and what is granted to nobody in particular: whoever needs no session to ask makes no room among those
    /// who have one.
    strangers: Shelf,
    under_way: HashMap<Key, Heard, foldhash::fast::RandomState>,
    forgotten: Forgotten,
}

impl Kept {
    pub(super) fn new(answers_max: usize, refusals_max: usize) -> Self {
        Self {
            granted: Shelf::new(answers_max),
            strangers: Shelf::new(refusals_max),
            under_way: HashMap::default(),
            forgotten: Forgotten::default(),
        }
    }

    pub(super) fn fresh(&self, key: &Key, now_ms: u64) -> Option<&Verdict> {
        self.granted.fresh(key, now_ms).or_else(|| self.strangers.fresh(key, now_ms))
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
        self.forgotten.begin()
    }

    /// Ends a question, and keeps what was decided for as long as it says.
    pub(super) fn end(&mut self, key: Key, begun: u64, verdict: Option<&Verdict>, now_ms: u64) {
        self.under_way.remove(&key);
        self.granted.remove(&key);
        self.strangers.remove(&key);
        let user = verdict.and_then(|verdict| verdict.granted.as_ref().ok()).map(|grant| &*grant.user);
        let is_forgotten = self.forgotten.end(begun, user);
        let Some(verdict) = verdict.filter(|verdict| verdict.kept_ms > 0 && !is_forgotten) else { return };
        let is_strangers = user.is_none_or(|user| user == ANONYMOUS);
        let shelf = if is_strangers { &mut self.strangers } else { &mut self.granted };
        shelf.put(key, verdict.clone(), now_ms + verdict.kept_ms);
    }

    /// Lets go of all that was decided for a user, and of nothing else.
    pub(super) fn forget(&mut self, user: &str) {
        self.forgotten.forget(user);
        self.granted.remove_of(user);
        self.strangers.remove_of(user);
    }
}

#[cfg(test)]
mod tests {
    use tidings_core::grant::Grant;

    use super::*;
    use crate::http::problem::Problem;

    fn verdict(user: &str, kept_ms: u64) -> Verdict {
        Verdict { granted: Ok(Grant::nothing(user)), kept_ms }
    }

    fn keep(kept: &mut Kept, key: u8, verdict: &Verdict, now_ms: u64) {
        let begun = kept.begin([key; 32], watch::channel(None).1);
        kept.end([key; 32], begun, Some(verdict), now_ms);
        kept.granted.assert_sound();
        kept.strangers.assert_sound();
        assert_eq!((kept.waiting(), kept.forgotten.len()), (0, 0));
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_the_oldest_make_room() {
        let mut kept = Kept::new(3, 3);
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
        assert!(kept.fresh(&[5; 32], 1_000).is_some());
    }

    #[test]
    fn what_was_decided_for_a_user_is_forgotten_also_while_it_is_on_its_way() {
        let mut kept = Kept::new(10, 10);
        keep(&mut kept, 1, &verdict("ann", 100), 0);
        keep(&mut kept, 2, &verdict("bob", 100), 0);
        let begun = kept.begin([3; 32], watch::channel(None).1);
        kept.forget("ann");
        kept.end([3; 32], begun, Some(&verdict("ann", 100)), 0);
        assert!(kept.fresh(&[1; 32], 0).is_none() && kept.fresh(&[3; 32], 0).is_none());
        assert!(kept.fresh(&[2; 32], 0).is_some());
    }

    #[test]
    fn what_was_decided_for_others_meanwhile_is_kept() {
        let mut kept = Kept::new(10, 10);
        let first = kept.begin([1; 32], watch::channel(None).1);
        let second = kept.begin([2; 32], watch::channel(None).1);
        kept.forget("ann");
        let third = kept.begin([3; 32], watch::channel(None).1);
        kept.end([1; 32], first, Some(&verdict("bob", 100)), 0);
        kept.end([2; 32], second, Some(&verdict("ann", 100)), 0);
        kept.end([3; 32], third, Some(&verdict("ann", 100)), 0);
        assert!(kept.fresh(&[1; 32], 0).is_some(), "another's");
        assert!(
            kept.fresh(&[2; 32], 0).is_none() && kept.fresh(&[3; 32], 0).is_some(),
            "asked before, and after"
        );
    }

    #[test]
    fn who_is_forgotten_is_remembered_no_longer_than_a_question_is_under_way() {
        let mut kept = Kept::new(10, 10);
        kept.forget("ann");
        assert_eq!(kept.forgotten.len(), 0);
        let mut begun = kept.begin([0; 32], watch::channel(None).1);
        // One after the other, so that one is under way at any time.
        for key in 1..100 {
            for _ in 0..100 {
                kept.forget("ann");
                kept.forget(&format!("user{key}"));
            }
            let next = kept.begin([key; 32], watch::channel(None).1);
            kept.end([key - 1; 32], begun, Some(&verdict("ann", 100)), 0);
            assert!(kept.fresh(&[key - 1; 32], 0).is_none());
            begun = next;
            assert!(kept.forgotten.len() <= 2, "{}", kept.forgotten.len());
        }
        kept.end([99; 32], begun, Some(&verdict("ann", 100)), 0);
        assert!(kept.fresh(&[99; 32], 0).is_some());
        assert_eq!((kept.waiting(), kept.forgotten.len()), (0, 0));
        kept.forget("ann");
        kept.granted.assert_sound();
        assert!(kept.fresh(&[99; 32], 0).is_none());
    }

    #[test]
    fn refusals_and_what_anybody_gets_make_no_room_among_the_grants() {
        let mut kept = Kept::new(3, 3);
        keep(&mut kept, 1, &verdict("ann", 100), 0);
        let refusal = Verdict { granted: Err(Problem::forbidden("no")), kept_ms: 100 };
        for key in 10..20 {
            keep(&mut kept, key, &refusal, 0);
            keep(&mut kept, key + 10, &verdict(ANONYMOUS, 100), 0);
        }
        assert!(kept.fresh(&[1; 32], 0).is_some());
        let strangers = (10..30).filter(|key| kept.fresh(&[*key; 32], 0).is_some()).count();
        assert_eq!(strangers, 3, "they have a bound of their own");
    }
}
