//! What is told to one subscriber alone, each in its place between the events.

use std::sync::Arc;

use serde_json::json;

use super::Log;
use super::subscriber::Subscriber;
use crate::channel::{Pattern, Selector};
use crate::history::Frame;

/// Channels that a resuming pattern is told the loss of by name, where they were let go; of more it is told as a whole.
const LOST_NAMES_TOLD_MAX: usize = 100;

/// A control event due when everything up to `at` is delivered.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) at: u64,
    /// Of a gap, where it ends: the cursor goes on to there as far as nothing else is due.
    pub(super) through: u64,
    pub(super) ty: &'static str,
    pub(super) data: String,
    /// Whether more of the same is owed after it, so that its id must not yet say that all was told.
    pub(super) owed: bool,
    /// Instead of a control event, an event that has no place in the log.
    pub(super) passing: Option<Arc<Frame>>,
}

impl Note {
    pub(super) fn new(at: u64, ty: &'static str, data: String) -> Self {
        Self { at, through: at, ty, data, owed: false, passing: None }
    }

    pub(super) fn gap(at: u64, of: &Selector, reason: &str) -> Self {
        Self::new(at, "gap", json!({ "channel": of, "reason": reason }).to_string())
    }
}

impl<W> Subscriber<W> {
    pub(super) fn note(&mut self, note: Note) {
        let notes = self.notes.get_or_insert_default();
        notes.insert(notes.partition_point(|waiting| waiting.at <= note.at), note);
    }

    /// Notes it unless the same waits already.
    pub(super) fn note_once(&mut self, note: Note) {
        let mut waiting = self.notes.iter().flat_map(|notes| notes.iter());
        if !waiting.any(|waiting| (waiting.ty, &waiting.data) == (note.ty, &note.data)) {
            self.note(note);
        }
    }

    /// Wakes the subscriber, should anything be noted and it asleep.
    pub(super) fn wake_for_notes(&mut self, wake: &mut impl FnMut(&W)) {
        if self.notes.is_some() && !self.awake {
            self.awake = true;
            wake(&self.wake);
        }
    }

    /// Moves the cursor on to `through`, as far as neither what comes next at `due` nor a note is before that.
    pub(super) fn pass(&mut self, through: u64, due: u64) {
        let noted = self.notes.as_ref().and_then(|notes| notes.front()).map_or(u64::MAX, |note| note.at);
        self.cursor = self.cursor.max(through.min(due - 1).min(noted));
    }

    /// Whether a note is due when all through a place is delivered.
    pub(super) fn is_noted_by(&self, place: u64) -> bool {
        self.notes.as_ref().and_then(|notes| notes.front()).is_some_and(|note| note.at <= place)
    }

    /// The next note, if it is due before what comes next at `due`.
    pub(super) fn note_before(&mut self, due: u64) -> Option<Note> {
        let notes = self.notes.as_mut()?;
        let note = notes.pop_front_if(|note| note.at < due)?;
        if notes.is_empty() {
            self.notes = None;
        }
        self.cursor = self.cursor.max(note.at);
        self.pass(note.through, due);
        Some(note)
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
            let owed = lost.peek().is_some();
            subscriber.note(Note { owed, ..Note::gap(subscriber.born, selector, "epoch") });
        }
        any
    }

    /// Notes that what a resuming subscriber's cursor has not had of this is not for it, before anything else.
    pub(super) fn note_withheld(&mut self, index: u32, selector: &Selector, floor: u64) {
        let subscriber = &mut self.subscribers[index as usize];
        subscriber.note(Note { through: floor, ..Note::gap(subscriber.cursor, selector, "granted") });
    }

    /// Sees to it that a resuming subscriber is told of the channels that lost something after `seq` and were then let
    /// go: they are there again, and tell it as all do; where they are many, they are told as one. Answers whether
    /// there are any.
    pub(super) fn recall_forgotten(&mut self, index: u32, pattern: &Pattern, seq: u64) -> bool {
        let behind = self.forgotten.names().filter(|(_, lost)| *lost > seq);
        let named = behind.map(|(name, _)| name).filter(|name| pattern.matches(name.as_str()));
        let named: Vec<_> = named.take(LOST_NAMES_TOLD_MAX + 1).cloned().collect();
        let many = named.len() > LOST_NAMES_TOLD_MAX;
        if many || self.forgotten.through > seq {
            let whole = Selector::Pattern(pattern.clone());
            let subscriber = &mut self.subscribers[index as usize];
            subscriber.note(Note { through: self.head, ..Note::gap(subscriber.cursor, &whole, "trimmed") });
        }
        if !many {
            for name in &named {
                let channel = self.channel(name);
                self.subscribers[index as usize].ready.push(channel);
            }
        }
        !named.is_empty() || self.forgotten.through > seq
    }
}
