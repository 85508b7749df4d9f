//! How questions were answered, for `/metrics`.

use super::answer::Verdict;
use crate::authorize::Counted;

/// What came of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// Asked, and granted.
    Granted,
    /// Asked, and refused.
    Denied,
    /// Asked, without an answer that says either.
    Failed,
    /// By an answer that was kept.
    Kept,
    /// By the answer to the same question, which was under way.
    Shared,
    /// Not asked, since the application is left alone for a while.
    Paused,
    /// Not asked, since too many wait.
    Crowded,
}

impl Asking {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Granted, "granted"),
        (Self::Denied, "denied"),
        (Self::Failed, "failed"),
        (Self::Kept, "kept"),
        (Self::Shared, "shared"),
        (Self::Paused, "paused"),
        (Self::Crowded, "crowded"),
    ];

    pub(super) fn of(verdict: Option<&Verdict>) -> Self {
        match verdict {
            Some(verdict) if verdict.granted.is_ok() => Self::Granted,
            Some(_) => Self::Denied,
            None => Self::Failed,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tally([u64; Asking::ALL.len()]);

impl Tally {
    pub(super) fn add(&mut self, asking: Asking) {
        self.0[asking as usize] += 1;
    }

    pub(super) fn counted(&self) -> Counted {
        Counted {
            name: "tidings_hook_questions",
            help: "Requests that the hook decides, by what came of them.",
            label: "outcome",
            counts: Asking::ALL.iter().map(|(asking, name)| (*name, self.0[*asking as usize])).collect(),
        }
    }
}
