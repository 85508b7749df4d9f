//! One reader's history, step by step.

use std::collections::{HashMap, HashSet};

use crate::checker::{Figures, Truth};
use crate::history::{Reader, Seen};
use crate::matching::means;

/// A channel that the reader is subscribed to.
#[derive(Clone, Copy, Debug, Default)]
struct Cover {
    /// Whatever was first sent after this must come.
    from_tick: u64,
    last: Option<u64>,
    /// A gap was told since the last event.
    gap: bool,
}

pub(crate) struct Walk<'a> {
    truth: &'a Truth<'a>,
    reader: &'a Reader,
    epoch: &'a str,
    selectors: HashSet<&'a str>,
    covers: HashMap<&'a str, Cover>,
    had: HashSet<(&'a str, &'a str, u64)>,
    /// Selectors whose gap for the epoch that ended is not told yet.
    owed: HashSet<&'a str>,
    /// There was another epoch before this one.
    renewed: bool,
    /// Channels that had an event of this epoch.
    renewed_had: HashSet<&'a str>,
    wrong: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(truth: &'a Truth<'a>, reader: &'a Reader) -> Self {
        Self {
            truth,
            reader,
            epoch: "",
            selectors: HashSet::new(),
            covers: HashMap::new(),
            had: HashSet::new(),
            owed: HashSet::new(),
            renewed: false,
            renewed_had: HashSet::new(),
            wrong: Vec::new(),
        }
    }

    pub(crate) fn check(mut self, figures: &mut Figures) -> Vec<String> {
        for seen in &self.reader.seen {
            match seen {
                Seen::Connected { tick, epoch, selectors, resumed } => {
                    figures.connections += 1;
                    self.connected(*tick, epoch, selectors, *resumed);
                }
                Seen::Event { channel, n, epoch, offset } => {
                    figures.deliveries += 1;
                    self.event(channel, *n, epoch, *offset, figures);
                }
                Seen::Gap { selector, reason } => {
                    figures.gaps += 1;
                    self.gap(selector, reason);
                }
                Seen::Subscribed { tick, selectors } => {
                    self.selectors.extend(selectors.iter().map(String::as_str));
                    self.recover(*tick);
                }
                Seen::Unsubscribed { selectors } => {
                    for selector in selectors {
                        self.selectors.remove(selector.as_str());
                        self.owed.remove(selector.as_str());
                    }
                    self.recover(0);
                }
            }
        }
        self.end(figures);
        self.wrong
    }

    fn connected(&mut self, tick: u64, epoch: &'a str, selectors: &'a [String], resumed: bool) {
        self.selectors = selectors.iter().map(String::as_str).collect();
        if !resumed {
            self.covers.clear();
            self.owed.clear();
        } else if epoch != self.epoch {
            // Nothing that the cursor stood for is known: each selector is owed its gap.
            self.covers.clear();
            self.owed = self.selectors.clone();
            self.renewed = true;
            self.renewed_had.clear();
        }
        self.epoch = epoch;
        self.owed.retain(|selector| self.selectors.contains(selector));
        self.recover(tick);
    }

    /// Covers what the selectors mean now; what was covered before stays as it was.
    fn recover(&mut self, from_tick: u64) {
        for channel in &self.truth.channels {
            if self.selectors.iter().any(|selector| means(selector, channel)) {
                self.covers.entry(channel).or_insert(Cover { from_tick, ..Cover::default() });
            } else {
                self.covers.remove(channel);
            }
        }
    }

    fn event(&mut self, channel: &'a str, n: u64, epoch: &'a str, offset: u64, figures: &mut Figures) {
        match self.truth.publication(channel, n) {
            None => return self.blame(format!("invented: {channel} {n}")),
            Some(publication) if publication.failed && publication.acks.is_empty() => {
                self.blame(format!("refused and yet delivered: {channel} {n}"));
            }
            Some(_) => {}
        }
        if epoch != self.epoch {
            self.blame(format!("of another epoch: {channel} {n}"));
        }
        if !self.had.insert((epoch, channel, n)) {
            self.blame(format!("twice: {channel} {n}"));
        }
        let Some(cover) = self.covers.get(channel).copied() else {
            return self.blame(format!("not subscribed: {channel} {n}"));
        };
        if cover.last.is_some_and(|last| offset <= last) {
            self.blame(format!("out of order: {channel} {n} at {offset} after {:?}", cover.last));
        }
        if self.owed.iter().any(|selector| means(selector, channel)) {
            self.blame(format!("an epoch ended without a gap: {channel} {n}"));
        }
        self.account(channel, cover, Some(offset), figures);
        self.renewed_had.insert(channel);
        self.covers.insert(channel, Cover { last: Some(offset), gap: false, ..cover });
    }

    /// Holds what the log has between the last event and the next (or the end) against what was told.
    fn account(&mut self, channel: &'a str, cover: Cover, next: Option<u64>, figures: &mut Figures) {
        let truth = self.truth;
        let between = || truth.between(self.epoch, channel, cover.last, next);
        let had = |n: u64| self.had.contains(&(self.epoch, channel, n));
        if cover.gap {
            let lost = between().filter(|logged| !had(logged.publication.n)).count();
            figures.lost += lost;
            if lost == 0 {
                self.blame(format!("a gap that stands for nothing: {channel} after {:?}", cover.last));
            }
            return;
        }
        let owed = |n: u64, invoked: u64| !had(n) && (cover.last.is_some() || invoked > cover.from_tick);
        let missing: Vec<u64> = between()
            .filter(|logged| !logged.superseded)
            .map(|logged| (logged.publication.n, logged.publication.invoked))
            .filter(|(n, invoked)| owed(*n, *invoked))
            .map(|(n, _)| n)
            .collect();
        if !missing.is_empty() {
            self.blame(format!("missing without a gap: {channel} {missing:?} before {next:?}"));
        }
    }

    fn gap(&mut self, selector: &'a str, reason: &str) {
        if reason == "epoch" {
            let had = self.renewed_had.iter().any(|channel| means(selector, channel));
            if !self.renewed || had {
                self.blame(format!("a gap for an epoch that goes on: {selector}"));
            }
            self.owed.remove(selector);
            return;
        }
        match self.covers.get_mut(selector) {
            Some(cover) => cover.gap = true,
            None => self.blame(format!("a gap on a channel of others: {selector}")),
        }
    }

    fn end(&mut self, figures: &mut Figures) {
        if !self.reader.complete {
            self.blame("it did not come to the end".to_owned());
            return;
        }
        for selector in std::mem::take(&mut self.owed) {
            self.blame(format!("an epoch ended without a gap: {selector}"));
        }
        for (channel, cover) in self.covers.clone() {
            self.account(channel, cover, None, figures);
        }
    }

    fn blame(&mut self, what: String) {
        self.wrong.push(format!("{}: {what}", self.reader.name));
    }
}
