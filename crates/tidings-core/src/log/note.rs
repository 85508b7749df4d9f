//! What is told to one subscriber alone, each in its place between the events.

use std::collections::HashSet;

use serde_json::json;

use super::Log;
use super::subscriber::Subscriber;
use crate::channel::{ChannelName, Pattern, Selector};

/// A control event due when everything up to `at` is delivered.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) at: u64,
    pub(super) ty: &'static str,
    pub(super) data: String,
    /// Of a gap in what was let go whole: what it is a gap of.
    lost: Option<Selector>,
    /// Whether more of the same is owed after it, so that its id must not yet say that all was told.
    pub(super) owed: bool,
}

impl Note {
    pub(super) fn new(at: u64, ty: &'static str, data: String) -> Self {
        Self { at, ty, data, lost: None, owed: false }
    }
}

impl<W> Subscriber<W> {
    pub(super) fn note(&mut self, note: Note) {
        self.notes.get_or_insert_default().push_back(note);
    }

    /// Skips notes of the loss of channels that were let go and are there again: their rings tell of it, and of what
    /// they lost since.
    pub(super) fn skip_told(&mut self, lost_through: impl Fn(&ChannelName) -> Option<(u32, u64)>) {
        let Some(notes) = &mut self.notes else { return };
        while let Some(Note { at, lost: Some(Selector::Channel(name)), .. }) = notes.front() {
            let told =
                lost_through(name).is_some_and(|(index, lost)| lost >= *at && self.ready.contains(&index));
            if !told {
                return;
            }
            notes.pop_front();
        }
        if notes.is_empty() {
            self.notes = None;
        }
    }
}

impl<W> Log<W> {
    /// Nothing that the cursor stood for is known: each channel and pattern is owed its gap, and until the last of
    /// them is told, the cursor says so.
    pub(super) fn owe_everything(&mut self, index: u32, selectors: &[Selector]) {
        let subscriber = &mut self.subscribers[index as usize];
        for (n, selector) in selectors.iter().enumerate() {
            let data = json!({ "channel": selector, "reason": "epoch" }).to_string();
            let owed = n + 1 < selectors.len();
            subscriber.note(Note { at: subscriber.born, ty: "gap", data, lost: None, owed });
        }
    }

    /// Notes the gaps of channels that lost something after `seq` and were then let go. Answers whether there are any.
    pub(super) fn note_forgotten(&mut self, index: u32, pattern: &Pattern, seq: u64) -> bool {
        let mut lost: Vec<(u64, Selector)> = self
            .remembered
            .iter()
            .filter(|(name, lost)| **lost > seq && pattern.matches(name.as_str()))
            .map(|(name, lost)| (*lost, Selector::Channel(name.clone())))
            .collect();
        if self.forgotten_through > seq {
            lost.push((self.forgotten_through, Selector::Pattern(pattern.clone())));
        }
        lost.sort_unstable();
        let any = !lost.is_empty();
        let subscriber = &mut self.subscribers[index as usize];
        let notes = subscriber.notes.iter().flat_map(|notes| notes.iter());
        let noted: HashSet<Selector> = notes.filter_map(|note| note.lost.clone()).collect();
        // Patterns overlap.
        for (at, lost) in lost.into_iter().filter(|(_, lost)| !noted.contains(lost)) {
            let data = json!({ "channel": lost, "reason": "trimmed" }).to_string();
            subscriber.note(Note { at, ty: "gap", data, lost: Some(lost), owed: false });
        }
        if let Some(notes) = &mut subscriber.notes {
            notes.make_contiguous().sort_by_key(|note| note.at);
        }
        any
    }

    /// What a subscriber no longer reads has no gap for it.
    pub(super) fn untell_unread(&mut self, index: u32) {
        let subscriber = &mut self.subscribers[index as usize];
        let Some(mut notes) = subscriber.notes.take() else { return };
        let subscriber = &self.subscribers[index as usize];
        notes.retain(|note| {
            let Some(lost) = &note.lost else { return true };
            let named = subscriber.channels.iter().filter(|place| place.from < note.at);
            let matched = subscriber.patterns.iter().filter(|place| place.from < note.at);
            let is_name = |name: &ChannelName| matches!(lost, Selector::Channel(lost) if lost == name);
            let is_matched = |pattern: &Pattern| match lost {
                Selector::Channel(name) => pattern.matches(name.as_str()),
                Selector::Pattern(lost) => lost == pattern,
            };
            named.into_iter().any(|place| is_name(&self.channels[place.topic as usize].name))
                || matched.into_iter().any(|place| is_matched(&self.patterns[place.topic as usize].0))
        });
        self.subscribers[index as usize].notes = (!notes.is_empty()).then_some(notes);
    }
}
