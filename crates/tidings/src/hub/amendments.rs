//! What an operator gives a user and takes away, beside the grants that the user comes with.

use serde::{Deserialize, Serialize};
use tidings_core::channel::Selector;
use tidings_core::position::Cursor;

/// For how long grants may come up that were made before something was said of their user.
pub(super) const GRANT_LIFE_MAX_MS: u64 = 30 * 24 * 3600 * 1000;

/// What operators said of one user's channels.
#[derive(Clone, Debug, Default)]
pub(super) struct Amendment {
    pub(super) added: Vec<Said>,
    pub(super) removed: Vec<Said>,
    /// What had been taken away and was given back: whatever gives it, what was published meanwhile was not the user's.
    pub(super) returned: Vec<Said>,
}

/// A channel or a pattern of which something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) selector: Selector,
    /// The end of the log when it was said.
    pub(super) since: Cursor,
    pub(super) term: Term,
}

/// For how long something holds. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Term {
    pub(super) made_ms: u64,
    /// `None` is never.
    pub(super) until_ms: Option<u64>,
    /// Somebody said until when. Otherwise it holds for as long as the grants from before it.
    pub(super) is_timed: bool,
}

impl Term {
    pub(super) fn is_over(self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until| now_ms >= until)
    }

    /// Whether it never counts again: no grant from before it will come.
    fn is_forgotten(self, now_ms: u64) -> bool {
        self.is_over(now_ms) && (self.is_timed || now_ms >= self.made_ms + GRANT_LIFE_MAX_MS)
    }

    /// Whether it holds for as long as another. What holds as long as the grants do is not outlasted by a time.
    fn outlasts(self, other: Self) -> bool {
        match (self.is_timed, other.is_timed) {
            (false, false) => true,
            (true, false) => false,
            _ => later(self.until_ms, other.until_ms) == self.until_ms,
        }
    }

    /// A grant has come up that ends then, and was perhaps made before this was said. Answers whether that is news.
    fn extend(&mut self, issued_ms: Option<u64>, ends_ms: Option<u64>) -> bool {
        let is_newer = issued_ms.is_some_and(|issued| issued > self.made_ms);
        let until_ms = later(self.until_ms, ends_ms);
        let is_news = !self.is_timed && !is_newer && until_ms != self.until_ms;
        if is_news {
            self.until_ms = until_ms;
        }
        is_news
    }
}

/// The later of two ends, of which none is never.
pub(super) fn later(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.max(other?))
}

impl Amendment {
    /// What is said later holds.
    pub(super) fn change(&mut self, add: &[Selector], remove: &[Selector], head: Cursor, term: Term) {
        let said = |selector: &Selector| Said { selector: selector.clone(), since: head, term };
        let mut returned = Vec::new();
        for given in add {
            for gone in &self.removed {
                let Some(back) = common(given, &gone.selector) else { continue };
                let term = if term.outlasts(gone.term) { term } else { gone.term };
                returned.push(Said { term, ..said(back) });
            }
        }
        self.added.retain(|gift| !meets(remove, &gift.selector) || add.contains(&gift.selector));
        for given in add {
            match self.added.iter_mut().find(|gift| gift.selector == *given) {
                Some(gift) => gift.term = term,
                None => self.added.push(said(given)),
            }
        }
        // What was taken for longer is taken still when this is over.
        let is_undone = |gone: &Said| {
            let outlasted = term.outlasts(gone.term);
            remove.contains(&gone.selector)
                || outlasted && (covered(add, &gone.selector) || covered(remove, &gone.selector))
        };
        self.removed.retain(|gone| !is_undone(gone));
        let is_superseded = |old: &Said| {
            term.outlasts(old.term) && covered(remove, &old.selector)
                || returned
                    .iter()
                    .any(|new| new.selector.covers(&old.selector) && new.term.outlasts(old.term))
        };
        self.returned.retain(|old| !is_superseded(old));
        self.removed.extend(remove.iter().map(said));
        self.returned.extend(returned);
    }

    pub(super) fn gives(&self, asked: &Selector) -> bool {
        self.added.iter().any(|gift| gift.selector.covers(asked))
    }

    /// A pattern that stands for a removed channel among others is taken whole: it could not be read without it.
    pub(super) fn takes(&self, asked: &Selector) -> bool {
        self.removed.iter().any(|gone| gone.selector.overlaps(asked)) && !self.gives(asked)
    }

    pub(super) fn len(&self) -> usize {
        self.all().count()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Said> {
        self.added.iter().chain(&self.removed).chain(&self.returned)
    }

    /// What of it holds; nothing where nothing does.
    pub(super) fn at(&self, now_ms: u64) -> Option<Self> {
        let mut held = self.clone();
        held.retain(|_, term| !term.is_over(now_ms));
        (held.len() > 0).then_some(held)
    }

    /// Lets go of what never counts again. What was taken may: with a grant from before that.
    pub(super) fn forget(&mut self, now_ms: u64) {
        self.retain(|is_gift, term| if is_gift { !term.is_over(now_ms) } else { !term.is_forgotten(now_ms) });
    }

    /// Holds it to so many channels: where they are more, what holds no more makes room. Answers whether it fits then.
    pub(super) fn fit(&mut self, now_ms: u64, channels_max: usize) -> bool {
        if self.len() > channels_max {
            self.retain(|_, term| !term.is_over(now_ms));
        }
        self.len() <= channels_max
    }

    fn retain(&mut self, keep: impl Fn(bool, Term) -> bool) {
        self.added.retain(|said| keep(true, said.term));
        self.removed.retain(|said| keep(false, said.term));
        self.returned.retain(|said| keep(false, said.term));
    }

    /// Until when the last of it holds that nobody said a time for; nothing where there is no such thing.
    pub(super) fn untimed_until(&self) -> Option<Option<u64>> {
        self.all().filter(|said| !said.term.is_timed).map(|said| said.term.until_ms).reduce(later)
    }

    /// A grant has come up: what was said before it was made holds until it ends. Answers whether that is news.
    pub(super) fn extend(&mut self, issued_ms: Option<u64>, ends_ms: Option<u64>) -> bool {
        let all = self.added.iter_mut().chain(&mut self.removed).chain(&mut self.returned);
        all.map(|said| said.term.extend(issued_ms, ends_ms)).filter(|is_news| *is_news).count() > 0
    }

    /// From which place of this life of the log on what is asked is the user's, who may read it now. Of what is left of
    /// other lives it can't be told which part.
    pub(super) fn since(&self, asked: &Selector, is_granted: bool, began: Cursor) -> u64 {
        let place = |said: &Said| match said.since.epoch == began.epoch {
            true => said.since.seq,
            false => began.seq,
        };
        let returns = self.returned.iter().filter(|back| back.selector.overlaps(asked));
        let given = self.added.iter().filter(|gift| !is_granted && gift.selector.covers(asked));
        returns.map(place).max().into_iter().chain(given.map(place).min()).max().unwrap_or(0)
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
    use tidings_core::position::Epoch;

    use super::*;

    fn selectors(names: &[&str]) -> Vec<Selector> {
        names.iter().map(|name| Selector::parse(name).expect("a selector")).collect()
    }

    fn selector(name: &str) -> Selector {
        selectors(&[name]).remove(0)
    }

    fn head(seq: u64) -> Cursor {
        Cursor { epoch: Epoch::from(7), seq, owed: false }
    }

    fn timed(until_ms: u64) -> Term {
        Term { made_ms: 0, until_ms: Some(until_ms), is_timed: true }
    }

    fn untimed(until_ms: u64) -> Term {
        Term { is_timed: false, ..timed(until_ms) }
    }

    #[test]
    fn a_gift_begins_where_it_was_given_and_a_grant_with_what_there_is() {
        let mut amendment = Amendment::default();
        let mut change = |add: &[&str], remove: &[&str], seq| {
            amendment.change(&selectors(add), &selectors(remove), head(seq), untimed(1_000));
            amendment.clone()
        };
        change(&["given", "both"], &["taken"], 5);
        let own = change(&["given", "taken"], &[], 9);
        let since = |asked: &str, is_granted| own.since(&selector(asked), is_granted, head(0));
        assert_eq!(since("given", false), 5, "given again is given still");
        assert_eq!(since("both", true), 0, "what the grant gives, too, needs no gift");
        assert_eq!(since("taken", true), 9, "there was a time when it was not the user's");
        assert_eq!(since("tak*", true), 9, "nor a part of what the pattern reads");
        assert_eq!(since("other", true), 0);
        // The gift is gone, and what it gave back is the grant's again.
        change(&["tak*"], &[], 11);
        let own = change(&[], &["taker"], 12);
        let since = |began| own.since(&selector("taken"), true, began);
        assert_eq!(since(head(0)), 9, "what was published meanwhile is not");
        let anew = |seq| Cursor { epoch: Epoch::from(8), ..head(seq) };
        assert_eq!(since(anew(0)), 0, "another log");
        assert_eq!(since(anew(20)), 20, "which has something of one before");
    }

    #[test]
    fn what_is_taken_and_given_in_one_breath_was_never_gone() {
        let mut amendment = Amendment::default();
        amendment.change(&selectors(&["room:1"]), &selectors(&["room:*"]), head(5), untimed(1_000));
        assert!(amendment.gives(&selector("room:1")) && amendment.takes(&selector("room:2")));
        assert_eq!(amendment.since(&selector("room:1"), true, head(0)), 0);
    }

    #[test]
    fn each_thing_said_holds_for_its_own_time() {
        let mut amendment = Amendment::default();
        let takes =
            |own: &Amendment, now_ms| own.at(now_ms).is_some_and(|own| own.takes(&selector("room:7")));
        let gives =
            |own: &Amendment, name, now_ms| own.at(now_ms).is_some_and(|own| own.gives(&selector(name)));
        amendment.change(&[], &selectors(&["room:7"]), head(1), untimed(1_000));
        amendment.change(&selectors(&["exam"]), &[], head(2), timed(60));
        assert!(takes(&amendment, 999) && gives(&amendment, "exam", 59));
        assert!(!takes(&amendment, 1_000) && !gives(&amendment, "exam", 60));
        amendment.change(&[], &selectors(&["jobs"]), head(3), untimed(1_000));
        assert!(!gives(&amendment, "exam", 60), "another change makes it no longer");

        // For a time it is given back, and after that it is gone as before.
        amendment.change(&selectors(&["room:*"]), &[], head(4), timed(500));
        assert!(!takes(&amendment, 499) && takes(&amendment, 500) && takes(&amendment, 999));
        amendment.change(&[], &selectors(&["room:*"]), head(5), timed(100));
        assert!(takes(&amendment, 101), "taken once more for less time");
        amendment.change(&selectors(&["room:7"]), &[], head(6), untimed(1_000));
        assert!(!takes(&amendment, 101) && gives(&amendment, "room:7", 101));
        amendment.change(&[], &selectors(&["room:7"]), head(7), timed(200));
        assert!(!takes(&amendment, 200), "said of the very same, later");
    }

    #[test]
    fn changes_said_again_and_again_come_to_no_more() {
        let mut amendment = Amendment::default();
        for n in 0..100 {
            let term = if n % 3 == 0 { timed(500) } else { untimed(1_000) };
            amendment.change(&selectors(&["a"]), &selectors(&["b"]), head(n), term);
            amendment.change(&selectors(&["b"]), &selectors(&["a"]), head(n), term);
            assert!(amendment.len() <= 8, "{n}: {amendment:?}");
        }
    }

    #[test]
    fn a_grant_from_before_brings_back_what_was_taken_and_no_gift() {
        let mut amendment = Amendment::default();
        amendment.change(&selectors(&["given"]), &selectors(&["taken"]), head(1), untimed(1_000));
        amendment.forget(2_000);
        assert_eq!((amendment.added.len(), amendment.removed.len()), (0, 1));
        assert!(amendment.at(2_000).is_none());
        assert!(!amendment.extend(Some(1), Some(9_000)), "made after it");
        assert!(amendment.extend(None, Some(9_000)) && !amendment.extend(Some(0), Some(8_000)));
        assert!(amendment.at(8_999).is_some_and(|own| own.takes(&selector("taken"))));
        amendment.forget(GRANT_LIFE_MAX_MS);
        assert_eq!(amendment.len(), 0);
    }

    #[test]
    fn what_holds_no_more_makes_room_only_where_there_is_none() {
        let mut amendment = Amendment::default();
        amendment.change(&[], &selectors(&["a", "b"]), head(1), untimed(1_000));
        amendment.change(&[], &selectors(&["c"]), head(2), untimed(3_000));
        assert!(amendment.fit(2_000, 3) && amendment.len() == 3, "a grant from before may come");
        assert!(amendment.fit(2_000, 2) && amendment.len() == 1);
        assert!(amendment.at(2_000).is_some_and(|own| own.takes(&selector("c"))));
        assert!(!amendment.fit(2_000, 0), "what holds never gives way");
    }
}
