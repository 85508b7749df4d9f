//! What an operator gives a user and takes away, beside the grants that the user comes with.

use tidings_core::channel::Selector;
use tidings_core::position::{Cursor, Epoch};

/// What operators said of one user's channels. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct Amendment {
    pub(super) added: Vec<Gift>,
    pub(super) removed: Vec<Selector>,
    /// What had been taken away and was given back: whatever gives it, what was published meanwhile was not the user's.
    pub(super) returned: Vec<Gift>,
    pub(super) made_ms: u64,
    /// When the user's grants count alone again; `None` is never.
    pub(super) until_ms: Option<u64>,
    /// An operator said until when. Otherwise it holds for as long as the grants that it amends.
    pub(super) is_timed: bool,
}

/// A channel or a pattern that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gift {
    pub(super) selector: Selector,
    /// The end of the log when it was given.
    pub(super) since: Cursor,
}

impl Amendment {
    /// What is said later holds.
    pub(super) fn change(&mut self, add: &[Selector], remove: &[Selector], head: Cursor) {
        let new = |selector: &&Selector| !self.added.iter().any(|gift| gift.selector == **selector);
        let gifts: Vec<Gift> = add.iter().filter(new).map(|given| Gift::new(given, head)).collect();
        let returned: Vec<Gift> = add
            .iter()
            .flat_map(|given| self.removed.iter().filter_map(|gone| common(given, gone)))
            .map(|back| Gift::new(back, head))
            .collect();
        self.added.retain(|gift| !meets(remove, &gift.selector) || add.contains(&gift.selector));
        self.removed.retain(|gone| !covered(add, gone) && !covered(remove, gone));
        let superseded = |old: &Gift| {
            covered(remove, &old.selector) || returned.iter().any(|new| new.selector.covers(&old.selector))
        };
        self.returned.retain(|old| !superseded(old));
        self.added.extend(gifts);
        self.removed.extend_from_slice(remove);
        self.returned.extend(returned);
    }

    pub(super) fn gives(&self, asked: &Selector) -> bool {
        self.added.iter().any(|gift| gift.selector.covers(asked))
    }

    /// A pattern that stands for a removed channel among others is taken whole: it could not be read without it.
    pub(super) fn takes(&self, asked: &Selector) -> bool {
        meets(&self.removed, asked) && !self.gives(asked)
    }

    pub(super) fn len(&self) -> usize {
        self.added.len() + self.removed.len() + self.returned.len()
    }

    /// Whether it counts no more.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until| now_ms >= until)
    }

    /// From which place of this life of the log on what is asked is the user's, who may read it now.
    pub(super) fn since(&self, asked: &Selector, is_granted: bool, epoch: Epoch) -> u64 {
        let place = |gift: &Gift| if gift.since.epoch == epoch { gift.since.seq } else { 0 };
        let returns = self.returned.iter().filter(|back| back.selector.overlaps(asked));
        let given = self.added.iter().filter(|gift| !is_granted && gift.selector.covers(asked));
        returns.map(place).max().into_iter().chain(given.map(place).min()).max().unwrap_or(0)
    }
}

impl Gift {
    fn new(selector: &Selector, since: Cursor) -> Self {
        Self { selector: selector.clone(), since }
    }
}

/// What two selectors both mean, or, where that has no name, the former.
fn common<'s>(one: &'s Selector, other: &'s Selector) -> Option<&'s Selector> {
    one.overlaps(other).then(|| if one.covers(other) { other } else { one })
}

fn covered(by: &[Selector], selector: &Selector) -> bool {
    by.iter().any(|other| other.covers(selector))
}

fn meets(any: &[Selector], selector: &Selector) -> bool {
    any.iter().any(|other| other.overlaps(selector))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selectors(names: &[&str]) -> Vec<Selector> {
        names.iter().map(|name| Selector::parse(name).expect("a selector")).collect()
    }

    fn head(seq: u64) -> Cursor {
        Cursor { epoch: Epoch::from(7), seq, owed: false }
    }

    #[test]
    fn a_gift_begins_where_it_was_given_and_a_grant_with_what_there_is() {
        let mut amendment = Amendment::default();
        amendment.change(&selectors(&["given", "both"]), &selectors(&["taken"]), head(5));
        amendment.change(&selectors(&["given", "taken"]), &[], head(9));
        let since =
            |asked: &str, is_granted| amendment.since(&selectors(&[asked])[0], is_granted, Epoch::from(7));
        assert_eq!(since("given", false), 5, "given again is given still");
        assert_eq!(since("both", true), 0, "what the grant gives, too, needs no gift");
        assert_eq!(since("taken", true), 9, "there was a time when it was not the user's");
        assert_eq!(since("tak*", true), 9, "nor a part of what the pattern reads");
        assert_eq!(since("other", true), 0);
        // The gift is gone, and what it gave back is the grant's again.
        amendment.change(&selectors(&["tak*"]), &[], head(11));
        amendment.change(&[], &selectors(&["taker"]), head(12));
        let since = amendment.since(&selectors(&["taken"])[0], true, Epoch::from(7));
        assert_eq!(since, 9, "what was published meanwhile is not");
        assert_eq!(amendment.since(&selectors(&["taken"])[0], true, Epoch::from(8)), 0, "another log");
    }

    #[test]
    fn what_is_taken_and_given_in_one_breath_was_never_gone() {
        let mut amendment = Amendment::default();
        amendment.change(&selectors(&["room:1"]), &selectors(&["room:*"]), head(5));
        assert!(amendment.gives(&selectors(&["room:1"])[0]) && amendment.takes(&selectors(&["room:2"])[0]));
        assert_eq!(amendment.since(&selectors(&["room:1"])[0], true, Epoch::from(7)), 0);
    }
}
