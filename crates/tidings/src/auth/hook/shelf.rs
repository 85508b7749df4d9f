//! Answers that are kept within a bound, of which the oldest make room.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::answer::Verdict;
use super::question::Key;

/// By question, and by whom they are about.
#[derive(Debug)]
pub(super) struct Shelf {
    answers: HashMap<Key, Entry, foldhash::fast::RandomState>,
    of_user: HashMap<Arc<str>, HashSet<Key>, foldhash::fast::RandomState>,
    /// In the order in which they came, for the bound.
    order: VecDeque<(Key, u64)>,
    entries_max: usize,
    serial: u64,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    until_ms: u64,
    verdict: Verdict,
}

impl Shelf {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            answers: HashMap::default(),
            of_user: HashMap::default(),
            order: VecDeque::new(),
            entries_max,
            serial: 0,
        }
    }

    pub(super) fn fresh(&self, key: &Key, now_ms: u64) -> Option<&Verdict> {
        self.answers.get(key).filter(|entry| now_ms < entry.until_ms).map(|entry| &entry.verdict)
    }

    /// In the place of the one before.
    pub(super) fn put(&mut self, key: Key, verdict: Verdict, until_ms: u64) {
        self.remove(&key);
        self.serial += 1;
        if let Ok(grant) = &verdict.granted {
            self.of_user.entry(Arc::clone(&grant.user)).or_default().insert(key);
        }
        self.answers.insert(key, Entry { serial: self.serial, until_ms, verdict });
        self.order.push_back((key, self.serial));
        while self.answers.len() > self.entries_max || self.order.len() > 2 * self.entries_max {
            let Some((key, serial)) = self.order.pop_front() else { break };
            if self.answers.get(&key).is_some_and(|entry| entry.serial == serial) {
                self.remove(&key);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &Key) {
        let Some(Entry { verdict: Verdict { granted: Ok(grant), .. }, .. }) = self.answers.remove(key) else {
            return;
        };
        if let Some(keys) = self.of_user.get_mut(&grant.user) {
            keys.remove(key);
            if keys.is_empty() {
                self.of_user.remove(&grant.user);
            }
        }
    }

    /// All that was decided for a user.
    pub(super) fn remove_of(&mut self, user: &str) {
        for key in self.of_user.remove(user).into_iter().flatten() {
            self.answers.remove(&key);
        }
    }

    #[cfg(test)]
    pub(super) fn assert_sound(&self) {
        let granted = self.answers.values().filter(|entry| entry.verdict.granted.is_ok()).count();
        assert_eq!(self.of_user.values().map(HashSet::len).sum::<usize>(), granted);
        assert!(self.of_user.values().all(|keys| !keys.is_empty()));
        assert!(self.answers.len() <= self.entries_max && self.order.len() <= 2 * self.entries_max);
    }
}
