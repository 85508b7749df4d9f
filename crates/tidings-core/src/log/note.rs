//! What is told to one subscriber alone, each in its place between the events.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;

use super::Log;
use super::subscriber::Subscriber;
use super::topic::Channel;
use crate::channel::{ChannelName, Pattern, Selector};
use crate::history::Frame;

/// Channels that a resuming pattern is told the loss of by name, where they were let go; of more it is told as a whole.
const LOST_NAMES_TOLD_MAX: usize = 100;

/// A control event due when everything up to `at` is delivered.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) at: u64,
    pub(super) ty: &'static str,
    pub(super) data: String,
    /// Of a gap in what was let go whole: what it is a gap of.
    pub(super) lost: Option<Selector>,
    /// Whether more of the same is owed after it, so that its id must not yet say that all was told.
    pub(super) owed: bool,
    /// Instead of a control event, an event that has no place in the log.
    pub(super) passing: Option<Arc<Frame>>,
}

impl Note {
    pub(super) fn new(at: u64, ty: &'static str, data: String) -> Self {
        Self { at, ty, data, lost: None, owed: false, passing: None }
    }
}

impl<W> Subscriber<W> {
    pub(super) fn note(&mut self, note: Note) {
        self.notes.get_or_insert_default().push_back(note);
    }

    /// Skips notes of the loss of channels that were let go and are there again: their rings tell of it, and of what
    /// they lost since.
    pub(super) fn skip_told<'a>(&mut self, channel: impl Fn(&ChannelName) -> Option<(u32, &'a Channel)>) {
        while let Some(note) = self.notes.as_ref().and_then(|notes| notes.front()) {
            let Some(Selector::Channel(name)) = &note.lost else { return };
            let Some((index, channel)) = channel(name) else { return };
            let covered = self.covered_from(index, &channel.patterns);
            let from = self.claims_on(index).map(|claim| claim.from).chain(covered).min();
            let is_told =
                channel.history.trimmed_through >= note.at && from.is_some_and(|from| from < note.at);
            if !is_told || !self.ready.contains(&index) {
                return;
            }
            self.next_note();
        }
    }

    pub(super) fn next_note(&mut self) -> Option<Note> {
        let notes = self.notes.as_mut()?;
        let note = notes.pop_front();
        if notes.is_empty() {
            self.notes = None;
        }
        note
    }
}

impl<W> Log<W> {
    /// Nothing that the cursor stood for is known: each channel and pattern is owed its gap, and until the last of
    /// them is told, the cursor says so. Answers whether there is any to tell.
    pub(super) fn owe_everything(&mut self, index: u32, selectors: &[Selector]) -> bool {
        let subscriber = &mut self.subscribers[index as usize];
        let mut lost = selectors.iter().filter(|selector| !selector.is_hubs_own()).peekable();
        let any = lost.peek().is_some();
        while let Some(selector) = lost.next() {
            let data = json!({ "channel": selector, "reason": "epoch" }).to_string();
            let owed = lost.peek().is_some();
            subscriber.note(Note { owed, ..Note::new(subscriber.born, "gap", data) });
        }
        any
    }

    /// Notes that what a resuming subscriber's cursor has not had of this, up to `floor`, is not for it.
    pub(super) fn note_withheld(&mut self, index: u32, selector: &Selector, floor: u64) {
        let data = json!({ "channel": selector, "reason": "granted" }).to_string();
        let subscriber = &mut self.subscribers[index as usize];
        subscriber.note(Note::new(floor, "gap", data));
        if let Some(notes) = &mut subscriber.notes {
            notes.make_contiguous().sort_by_key(|note| note.at);
        }
    }

    /// Notes the gaps of channels that lost something after `seq` and were then let go: each its own, or, where they
    /// are many, one of the pattern. Answers whether there are any.
    pub(super) fn note_forgotten(&mut self, index: u32, pattern: &Pattern, seq: u64) -> bool {
        let whole = Selector::Pattern(pattern.clone());
        let behind = self.forgotten.names().filter(|(_, lost)| *lost > seq);
        let mut lost: Vec<_> = behind
            .filter(|(name, _)| pattern.matches(name.as_str()))
            .take(LOST_NAMES_TOLD_MAX + 1)
            .map(|(name, lost)| (lost, Selector::Channel(name.clone())))
            .collect();
        if lost.len() > LOST_NAMES_TOLD_MAX {
            // Before everything: whoever resumes from after it was told of all that they lost.
            lost = vec![(seq, whole)];
        } else if self.forgotten.through > seq {
            lost.push((self.forgotten.through, whole));
        }
        lost.sort_unstable();
        let any = !lost.is_empty();
        let subscriber = &mut self.subscribers[index as usize];
        let notes = subscriber.notes.iter().flat_map(|notes| notes.iter());
        let noted: HashSet<Selector> = notes.filter_map(|note| note.lost.clone()).collect();
        // Patterns overlap.
        for (at, lost) in lost.into_iter().filter(|(_, lost)| !noted.contains(lost)) {
            let data = json!({ "channel": lost, "reason": "trimmed" }).to_string();
            subscriber.note(Note { lost: Some(lost), ..Note::new(at, "gap", data) });
        }
        if let Some(notes) = &mut subscriber.notes {
            notes.make_contiguous().sort_by_key(|note| note.at);
        }
        any
    }
}
