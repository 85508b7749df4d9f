//! One reader's history, step by step.

use std::collections::{HashMap, HashSet, VecDeque};

use super::checker::{Figures, Truth};
use super::history::{Place, Reader, Seen};
use super::matching::means;

/// Steps before a fault that are told with it.
const TRAIL_STEPS_MAX: usize = 8;

/// What a reader has of a channel.
#[derive(Clone, Default)]
struct Covered {
    /// All up to here is accounted for.
    last: u64,
    /// The gaps that were told since. Where they end is seen by the channel's next event.
    gaps: Vec<Told>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    /// Where the reader was. What is lost is behind that.
    cursor: u64,
    tick: u64,
    node: Option<usize>,
}

pub(crate) struct Walk<'a> {
    truth: &'a Truth<'a>,
    reader: &'a Reader,
    epoch: &'a str,
    selectors: HashSet<&'a str>,
    /// The newest place of all that it was given.
    cursor: u64,
    /// Channels that the reader is subscribed to.
    covers: HashMap<&'a str, Covered>,
    had: HashSet<(&'a str, &'a str, u64)>,
    /// Selectors whose gap for the epoch that ended is not told yet.
    owed: HashSet<&'a str>,
    /// Names that `connected` announced a gap for, which is not told yet.
    announced: HashSet<&'a str>,
    /// The hub that it came to last.
    node: Option<usize>,
    /// What happened last, but for events.
    trail: VecDeque<&'a Seen>,
    wrong: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(truth: &'a Truth<'a>, reader: &'a Reader) -> Self {
        Self {
            truth,
            reader,
            epoch: "",
            selectors: HashSet::new(),
            cursor: 0,
            covers: HashMap::new(),
            had: HashSet::new(),
            owed: HashSet::new(),
            announced: HashSet::new(),
            node: None,
            trail: VecDeque::new(),
            wrong: Vec::new(),
        }
    }

    pub(crate) fn check(mut self, figures: &mut Figures) -> Vec<String> {
        for seen in &self.reader.seen {
            self.note(seen);
            match seen {
                Seen::Connected { node, at, selectors, brought, lost } => {
                    figures.connections += 1;
                    let moved = self.node.replace(*node).is_some_and(|before| before != *node);
                    figures.moves += usize::from(moved && brought.is_some());
                    self.announced = lost.iter().map(String::as_str).collect();
                    self.connected(at, selectors, brought.as_ref());
                }
                Seen::Event { tick, channel, n, at } => {
                    figures.deliveries += 1;
                    self.event(channel, *n, at, *tick, figures);
                }
                Seen::Gap { tick, selector, reason, at } => {
                    self.announced.remove(selector.as_str());
                    *figures.gaps.entry(reason.clone()).or_default() += 1;
                    if reason == "epoch" {
                        self.lost_epoch(selector, at);
                    } else {
                        self.gap(selector, *tick);
                    }
                }
                Seen::Subscribed { at, selectors } => {
                    self.selectors.extend(selectors.iter().map(String::as_str));
                    self.recover(at.offset);
                }
                Seen::Unsubscribed { at, selectors } => self.unsubscribed(at, selectors, figures),
            }
            self.go_on(seen);
        }
        self.end(figures);
        self.wrong
    }

    fn note(&mut self, seen: &'a Seen) {
        if !matches!(seen, Seen::Event { .. }) {
            self.trail.push_back(seen);
        }
        if self.trail.len() > TRAIL_STEPS_MAX {
            self.trail.pop_front();
        }
    }

    fn go_on(&mut self, seen: &'a Seen) {
        let (Seen::Connected { at, .. }
        | Seen::Event { at, .. }
        | Seen::Gap { at, .. }
        | Seen::Subscribed { at, .. }
        | Seen::Unsubscribed { at, .. }) = seen;
        self.cursor = if at.epoch == self.epoch { self.cursor.max(at.offset) } else { self.cursor };
    }

    fn connected(&mut self, at: &'a Place, selectors: &'a [String], brought: Option<&Place>) {
        self.selectors = selectors.iter().map(String::as_str).collect();
        for selector in std::mem::take(&mut self.owed) {
            // Whoever is cut off before all is told comes with a cursor that says so.
            if brought.is_some_and(|brought| brought.epoch == at.epoch && !brought.owed) {
                self.blame(format!("an epoch ended without a gap: {selector}"));
            }
        }
        let goes_on = brought.is_some_and(|brought| brought.epoch == at.epoch && !brought.owed);
        if !goes_on {
            self.covers.clear();
        } else if brought.is_some_and(|brought| brought.offset != at.offset) {
            self.blame(format!("it goes on from elsewhere: {at:?}, not {brought:?}"));
        }
        if !goes_on && brought.is_some() {
            self.owed = self.selectors.clone();
        }
        self.epoch = &at.epoch;
        self.cursor = at.offset;
        self.recover(at.offset);
    }

    fn unsubscribed(&mut self, at: &Place, selectors: &[String], figures: &mut Figures) {
        let before = self.covers.clone();
        self.selectors.retain(|selector| !selectors.iter().any(|gone| gone == selector));
        self.recover(0);
        for (channel, covered) in before {
            // What the end of an epoch left untold is told by the gaps that follow.
            if at.epoch == self.epoch && !self.covers.contains_key(channel) {
                self.account(channel, &covered, at.offset + 1, u64::MAX, figures);
            }
        }
    }

    /// Covers what the selectors mean now; what was covered before stays as it was.
    fn recover(&mut self, from: u64) {
        for channel in &self.truth.channels {
            if self.selectors.iter().any(|selector| means(selector, channel)) {
                self.covers.entry(channel).or_insert(Covered { last: from, gaps: Vec::new() });
            } else {
                self.covers.remove(channel);
            }
        }
    }

    fn event(&mut self, channel: &'a str, n: u64, at: &'a Place, tick: u64, figures: &mut Figures) {
        match self.truth.publication(channel, n) {
            None => return self.blame(format!("invented: {channel} {n}")),
            Some(publication) if publication.is_refused() => {
                let tries = &publication.tries;
                self.blame(format!(
                    "refused and yet delivered: {channel} {n} at {at:?}, tick {tick}: {tries:?}"
                ));
            }
            Some(_) => {}
        }
        if at.epoch != self.epoch {
            self.blame(format!("of another epoch: {channel} {n}"));
        }
        if !self.had.insert((&at.epoch, channel, n)) {
            return self.blame(format!("twice: {channel} {n}"));
        }
        let Some(covered) = self.covers.get(channel).cloned() else {
            return self.blame(format!("not subscribed: {channel} {n}"));
        };
        if at.offset <= covered.last {
            self.blame(format!("out of order: {channel} {n} at {} after {}", at.offset, covered.last));
        }
        if self.owed.iter().any(|selector| means(selector, channel)) {
            self.blame(format!("an epoch ended without a gap: {channel} {n}"));
        }
        if self.announced.contains(channel) {
            self.blame(format!("a gap that was announced did not come: {channel} {n}"));
        }
        self.account(channel, &covered, at.offset, tick, figures);
        let last = covered.last.max(at.offset);
        self.covers.insert(channel, Covered { last, gaps: Vec::new() });
    }

    /// Holds what the log has up to a place against what was told. A gap stands for what was behind the reader when it was
    /// told, and was not held then.
    fn account(
        &mut self,
        channel: &'a str,
        covered: &Covered,
        before: u64,
        tick: u64,
        figures: &mut Figures,
    ) {
        let (truth, epoch, node) = (self.truth, self.epoch, self.node);
        let (mut missing, mut gone) = (Vec::new(), Vec::new());
        for (at, logged) in truth.between(epoch, channel, (covered.last, before)) {
            let n = logged.publication.n;
            if self.had.contains(&(epoch, channel, n)) {
                continue;
            }
            gone.push(at);
            let is_told = |gap: &Told| at > gap.cursor && truth.may_be_gone(epoch, channel, at, gap.tick);
            if covered.gaps.iter().any(is_told) {
                figures.lost += 1;
            } else if logged.superseded.is_some_and(|superseded| superseded < tick) {
                figures.replaced += 1;
            } else {
                missing.push(n);
            }
        }
        if !missing.is_empty() {
            let last = covered.last;
            self.blame(format!("missing without a gap: {channel} {missing:?} between {last} and {before}"));
        }
        // What one hub no longer holds, another that is behind it may give.
        for gap in covered.gaps.iter().filter(|gap| gap.node == node && !truth.is_before(epoch, gap.cursor)) {
            if !gone.iter().any(|at| truth.may_be_gone(epoch, channel, *at, gap.tick)) {
                self.blame(format!("a gap that stands for nothing: {channel} before {before}, at {gap:?}"));
            }
        }
    }

    fn lost_epoch(&mut self, selector: &'a str, at: &'a Place) {
        if at.epoch != self.epoch {
            // The log began anew under a live stream.
            if self.truth.is_after_beginning(&at.epoch, at.offset) {
                self.blame(format!("a life of the log that began elsewhere for others: {at:?}"));
            }
            self.epoch = &at.epoch;
            self.cursor = at.offset;
            self.covers.clear();
            self.owed.extend(&self.selectors);
            self.recover(at.offset);
        }
        if !self.owed.remove(selector) {
            self.blame(format!("a gap for an epoch that goes on: {selector}"));
        }
        for (channel, covered) in &mut self.covers {
            if means(selector, channel) {
                covered.last = at.offset.max(covered.last);
            }
        }
    }

    /// The first that the reader has not had must be one that may be gone.
    fn gap(&mut self, channel: &'a str, tick: u64) {
        let (truth, epoch, node, cursor) = (self.truth, self.epoch, self.node, self.cursor);
        let Some(covered) = self.covers.get_mut(channel) else {
            return self.blame(format!("a gap on a channel of others: {channel}"));
        };
        covered.gaps.push(Told { cursor, tick, node });
        let mut rest = truth.between(epoch, channel, (covered.last, u64::MAX));
        let first = rest.find(|(_, logged)| !self.had.contains(&(epoch, channel, logged.publication.n)));
        let stands = first.is_some_and(|(at, _)| truth.may_be_gone(epoch, channel, at, tick));
        if !stands && !truth.is_before(epoch, cursor) {
            self.blame(format!("a gap that stands for nothing: {channel} at {cursor}"));
        }
    }

    fn end(&mut self, figures: &mut Figures) {
        if !self.reader.complete {
            self.blame("it did not come to the end".to_owned());
        }
        for selector in std::mem::take(&mut self.owed) {
            self.blame(format!("an epoch ended without a gap: {selector}"));
        }
        for (channel, covered) in self.covers.clone() {
            self.account(channel, &covered, u64::MAX, u64::MAX, figures);
        }
    }

    fn blame(&mut self, what: String) {
        let trail: String = self.trail.iter().map(|seen| format!("\n      after {seen:?}")).collect();
        self.wrong.push(format!("{}: {what}{trail}", self.reader.name));
    }
}
