//! What a hub has of the shared log, and what it is to fetch: events come in any order, and leave here in theirs.

use std::collections::BTreeMap;

use super::{Entry, Head, Stretch};
use crate::position::Epoch;

/// Events that came before those that they follow. What comes beyond is dropped, and fetched in its turn.
pub const AHEAD_EVENTS_MAX: usize = 10_000;

/// For how long an event that others wait for may still come by itself, before it is fetched.
pub const PATIENCE_MS: u64 = 20;

/// What a hub has taken in of the log, and what it knows to be missing.
#[derive(Clone, Debug)]
pub struct Follower {
    at: Head,
    ahead: BTreeMap<u64, Entry>,
    /// The newest place that was heard of.
    newest: u64,
    /// Since when something is missing.
    missing_since_ms: Option<u64>,
    /// What was fetched is a part. Before the last one, nothing that was heard is taken in: of what the parts do not hold,
    /// a later one may tell.
    reads_on: bool,
    /// Something was heard that is of another life of the log, or takes back what was heard before.
    is_in_doubt: bool,
}

impl Follower {
    /// Follows from a place: all through it is taken in.
    pub fn new(at: Head) -> Self {
        Self {
            at,
            ahead: BTreeMap::new(),
            newest: at.seq,
            missing_since_ms: None,
            reads_on: false,
            is_in_doubt: false,
        }
    }

    /// Through where all is taken in.
    pub fn at(&self) -> Head {
        self.at
    }

    /// Events came. Answers those that may be taken in now, in order, each once.
    pub fn hear(&mut self, epoch: Epoch, entries: Vec<Entry>, now_ms: u64) -> Vec<Entry> {
        if epoch != self.at.epoch {
            self.is_in_doubt = true;
            return Vec::new();
        }
        let mut ready = Vec::new();
        for entry in entries {
            self.newest = self.newest.max(entry.seq);
            if entry.seq == self.at.seq + 1 && !self.reads_on {
                self.at.seq = entry.seq;
                ready.push(entry);
                self.release(&mut ready);
            } else if entry.seq > self.at.seq && self.ahead.len() < AHEAD_EVENTS_MAX {
                self.ahead.insert(entry.seq, entry);
            }
        }
        if !ready.is_empty() {
            // It goes on: what is missing by now is another thing.
            self.missing_since_ms = None;
        }
        self.look(now_ms);
        ready
    }

    /// The newest place was told.
    pub fn hear_head(&mut self, head: Head, now_ms: u64) {
        if head.epoch != self.at.epoch || head.seq < self.at.seq {
            self.is_in_doubt = true;
        } else {
            self.newest = self.newest.max(head.seq);
        }
        self.look(now_ms);
    }

    /// When what is missing is to be fetched, if anything is: it may be a time that has passed.
    pub fn fetch_at_ms(&self) -> Option<u64> {
        let is_due = self.is_in_doubt || self.reads_on;
        if is_due { Some(0) } else { self.missing_since_ms.map(|since| since + PATIENCE_MS) }
    }

    /// A part of the log was fetched from here on. Answers whether it is to be taken in, with what may follow it; else
    /// the log is another, and is to be taken up from its beginning.
    pub fn fetched(&mut self, stretch: &Stretch, now_ms: u64) -> Option<Vec<Entry>> {
        if stretch.head.epoch != self.at.epoch || stretch.head.seq < self.at.seq {
            return None;
        }
        self.is_in_doubt = false;
        self.at.seq = self.at.seq.max(stretch.through);
        self.newest = self.newest.max(stretch.head.seq);
        self.ahead = self.ahead.split_off(&(self.at.seq + 1));
        self.reads_on = !stretch.is_last();
        let mut ready = Vec::new();
        if !self.reads_on {
            self.release(&mut ready);
        }
        self.missing_since_ms = None;
        self.look(now_ms);
        Some(ready)
    }

    fn release(&mut self, ready: &mut Vec<Entry>) {
        while let Some(next) = self.ahead.remove(&(self.at.seq + 1)) {
            self.at.seq = next.seq;
            ready.push(next);
        }
    }

    fn look(&mut self, now_ms: u64) {
        match self.newest > self.at.seq {
            true => self.missing_since_ms = self.missing_since_ms.or(Some(now_ms)),
            false => self.missing_since_ms = None,
        }
    }
}
