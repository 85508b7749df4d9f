//! Who was forgotten while questions are under way: what was asked about them before is not kept.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Knows no more than the questions under way need.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    /// Of the latest question.
    serial: u64,
    under_way: BTreeSet<u64>,
    /// By user, the latest question that had begun.
    users: HashMap<Arc<str>, u64, foldhash::fast::RandomState>,
    /// The same in their order.
    order: VecDeque<(u64, Arc<str>)>,
}

impl Forgotten {
    /// Begins a question. Answers with what [`Self::end`] wants to be told.
    pub(super) fn begin(&mut self) -> u64 {
        self.serial += 1;
        self.under_way.insert(self.serial);
        self.serial
    }

    pub(super) fn forget(&mut self, user: &str) {
        if self.under_way.is_empty() || self.users.get(user) == Some(&self.serial) {
            return;
        }
        let user: Arc<str> = user.into();
        self.users.insert(Arc::clone(&user), self.serial);
        self.order.push_back((self.serial, user));
    }

    /// Ends a question. Answers whether the user whom it turned out to be about was forgotten since.
    pub(super) fn end(&mut self, begun: u64, user: Option<&str>) -> bool {
        let forgotten = user.and_then(|user| self.users.get(user)).is_some_and(|latest| *latest >= begun);
        self.under_way.remove(&begun);
        let oldest = self.under_way.first().copied().unwrap_or(u64::MAX);
        while let Some((serial, user)) = self.order.pop_front_if(|(serial, _)| *serial < oldest) {
            if self.users.get(&user) == Some(&serial) {
                self.users.remove(&user);
            }
        }
        forgotten
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.users.len().max(self.order.len())
    }
}
