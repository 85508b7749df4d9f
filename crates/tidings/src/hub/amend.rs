//! Operators change what a user reads, live and for those streams that come.

use std::sync::Arc;

use tidings_core::channel::Selector;
use tidings_core::grant::{Grant, Label};

use super::amendments::{Said, Term, later};
use super::decisions::Decision;
use super::{Hub, NotKept, locked};

/// Users whose channels are changed, at most.
const AMENDED_USERS_MAX: usize = 10_000;
/// Channels and patterns that one user is given or has lost, at most.
const AMENDED_CHANNELS_MAX: usize = 1_000;
/// How long a change holds at least, where nobody says: a user who is away may have a grant that nobody here has seen.
const AMENDED_MS: u64 = 24 * 3600 * 1000;

/// What a change of a user's channels came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amended {
    /// Live streams that changed.
    pub streams_changed: usize,
    /// Until when it holds, in milliseconds since 1970; `None` is for as long as the user's grants, which have no end.
    pub until_ms: Option<u64>,
}

/// What operators said of a user's channels, each with its end in milliseconds since 1970; `None` is never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AmendmentInfo {
    /// What was given.
    pub added: Vec<(Selector, Option<u64>)>,
    /// What was taken away.
    pub removed: Vec<(Selector, Option<u64>)>,
}

/// Why an operator's change of a user's channels is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmendError {
    /// A pattern is given that stands for what the same change takes away.
    #[error(
        "`{add}` can't be given while `{remove}` is taken away: give the channels that are meant by their names"
    )]
    Contradiction {
        /// What is given.
        add: Selector,
        /// What is taken.
        remove: Selector,
    },
    /// A channel of the hub's own.
    #[error("`{channel}` is the hub's own, which operators read and nobody else: leave it out")]
    HubsOwn {
        /// Which one.
        channel: Selector,
    },
    /// The user has too many changes.
    #[error("a user is given or loses at most {amended_channels_max} channels and patterns: use patterns")]
    TooManyChannels {
        /// The bound.
        amended_channels_max: usize,
    },
    /// Too many users have changes.
    #[error(
        "the channels of {amended_users_max} users are changed, as many as are kept: put channels in their grants"
    )]
    TooManyUsers {
        /// The bound.
        amended_users_max: usize,
    },
    /// It is in force, and could not be written down.
    #[error(transparent)]
    NotKept(#[from] NotKept),
}

impl Hub {
    /// Gives a user channels and takes others away: on all live streams now, and on those that come, until the time in
    /// milliseconds since 1970, or else for as long as the user's grants. A pattern that stands for what is taken goes
    /// with it. With a data directory it waits for the disk.
    pub fn amend_user(
        &self,
        user: &Label,
        add: &[Selector],
        remove: &[Selector],
        until_ms: Option<u64>,
    ) -> Result<Amended, AmendError> {
        let user = user.as_arc();
        if let Some(channel) = add.iter().chain(remove).find(|selector| selector.is_hubs_own()) {
            return Err(AmendError::HubsOwn { channel: channel.clone() });
        }
        for given in add {
            let taken = remove.iter().find(|taken| taken.overlaps(given) && !taken.covers(given));
            if let Some(taken) = taken {
                return Err(AmendError::Contradiction { add: given.clone(), remove: taken.clone() });
            }
        }
        let until_ms = self.amend(user, add, remove, until_ms)?;
        let decided = [Decision::Channels(Arc::clone(user))];
        self.tell_decisions(&decided);
        let streams_changed = self.hold_streams(user, add);
        self.write_down(&decided)?;
        Ok(Amended { streams_changed, until_ms })
    }

    /// Holds a user's live streams to the rights of now, and gives them `add`. Answers how many changed.
    pub(super) fn hold_streams(&self, user: &Arc<str>, add: &[Selector]) -> usize {
        let outlets: Vec<_> = self.0.books().of_user(user).map(|entry| Arc::clone(&entry.handle)).collect();
        let held = outlets.iter().filter_map(|outlet| self.hold(outlet, user, add, || {}));
        held.filter(|(added, removed)| !added.is_empty() || !removed.is_empty()).count()
    }

    /// Changes what is said of a user, in its place in the log. Answers until when it holds.
    fn amend(
        &self,
        user: &Arc<str>,
        add: &[Selector],
        remove: &[Selector],
        until_ms: Option<u64>,
    ) -> Result<Option<u64>, AmendError> {
        let now_ms = self.0.clock.wall_ms();
        let granted_ms = self.grants_end_ms(user, now_ms);
        let log = self.0.log();
        let amendments = &mut locked(&self.0.permissions).amendments;
        let mut amendment = amendments.get(user).cloned().unwrap_or_default();
        amendment.forget(now_ms);
        // The grants that were known when something was said before may live on where nobody sees them now.
        let known_ms = amendment.untimed_until().unwrap_or(Some(0));
        let term = Term {
            made_ms: now_ms,
            until_ms: until_ms.or_else(|| later(granted_ms, known_ms)),
            is_timed: until_ms.is_some(),
        };
        amendment.change(add, remove, log.head(), term);
        if amendment.len() == 0 {
            amendments.remove(user);
            return Ok(term.until_ms);
        }
        if !amendment.fit(now_ms, AMENDED_CHANNELS_MAX) {
            return Err(AmendError::TooManyChannels { amended_channels_max: AMENDED_CHANNELS_MAX });
        }
        if amendments.len() >= AMENDED_USERS_MAX && !amendments.contains_key(user) {
            // What holds no more makes room, though a grant from before it could come.
            amendments.retain(|_, amendment| amendment.at(now_ms).is_some());
        }
        if amendments.len() >= AMENDED_USERS_MAX && !amendments.contains_key(user) {
            return Err(AmendError::TooManyUsers { amended_users_max: AMENDED_USERS_MAX });
        }
        amendments.insert(Arc::clone(user), amendment);
        Ok(term.until_ms)
    }

    /// When the last of the grants ends that a user's live streams are under, and no sooner than in a day; `None` where
    /// one has no end.
    fn grants_end_ms(&self, user: &Arc<str>, now_ms: u64) -> Option<u64> {
        let clock_ms = self.0.clock.now_ms();
        let books = self.0.books();
        let mut ends = books.of_user(user).map(|entry| entry.handle.expires_at_ms());
        let last = ends.try_fold(0, |last, end| Some(last.max(end?)))?;
        Some(now_ms + last.saturating_sub(clock_ms).max(AMENDED_MS))
    }

    /// A grant has come up: what was said before it was made holds for as long as it.
    pub(super) fn extend_amendment(&self, grant: &Grant) {
        {
            let mut permissions = locked(&self.0.permissions);
            let Some(amendment) = permissions.amendments.get_mut(&grant.user) else { return };
            if !amendment.extend(grant.issued_at_ms, grant.expires_at_ms) {
                return;
            }
        }
        self.write_down_later(Decision::Channels(Arc::clone(&grant.user)));
    }

    /// Ends what is over by the clock: streams that read by it read it no more.
    pub(super) fn lapse(&self) {
        let now_ms = self.0.clock.wall_ms();
        let over: Vec<Arc<str>> = {
            let permissions = &mut *locked(&self.0.permissions);
            let since_ms = std::mem::replace(&mut permissions.lapsed_ms, now_ms);
            let ended = |term: Term| term.is_over(now_ms) && !term.is_over(since_ms);
            let mut over = Vec::new();
            permissions.amendments.retain(|user, amendment| {
                if amendment.all().any(|said| ended(said.term)) {
                    over.push(Arc::clone(user));
                }
                amendment.forget(now_ms);
                amendment.len() > 0
            });
            permissions.revoked.purge(now_ms);
            permissions.tickets.purge(self.0.clock.now_ms());
            over
        };
        for user in over {
            self.hold_streams(&user, &[]);
        }
    }

    /// What an operator said of a user's channels, and holds: given, taken, and until when.
    pub fn amendment_of(&self, user: &Label) -> Option<AmendmentInfo> {
        let now_ms = self.0.clock.wall_ms();
        let amendment = locked(&self.0.permissions).amendments.get(user.as_arc())?.at(now_ms)?;
        let told = |all: &[Said]| {
            let one = |said: &Said| (said.selector.clone(), said.term.until_ms);
            all.iter().map(one).collect()
        };
        Some(AmendmentInfo { added: told(&amendment.added), removed: told(&amendment.removed) })
    }
}
