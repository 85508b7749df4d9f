//! The log of a hub that shares it with others: what has a place already is taken in at that place.

use std::collections::HashSet;
use std::sync::Arc;

use super::Log;
use super::note::Note;
use crate::channel::ChannelName;
use crate::engine::{Entry, Stretch};
use crate::history::Frame;
use crate::position::Cursor;

impl<W> Log<W> {
    /// Takes in an event at its place, which is after all that are here, and wakes its subscribers. Answers how many
    /// there are.
    pub fn adopt(&mut self, entry: &Entry, wake: &mut impl FnMut(&W)) -> usize {
        debug_assert!(entry.seq > self.head, "{} comes after {}", entry.seq, self.head);
        self.head = self.head.max(entry.seq);
        let index = self.hold(entry);
        let recipients = self.notify(index, wake);
        self.remember(index, entry, recipients);
        recipients
    }

    /// Counts events that this hub published; those that others did are taken in and not counted.
    pub fn note_published(&mut self, events: u64) {
        self.totals.published += events;
    }

    /// How many subscribers a channel has on this hub, each counted once.
    pub fn recipients(&self, name: &ChannelName) -> usize {
        let Some(&index) = self.by_name.get(name) else { return self.subscribers_of(name).len() };
        let channel = &self.channels[index as usize];
        match channel.patterns.is_empty() {
            true => channel.topic.members.len(),
            false => self.readers(channel).len(),
        }
    }

    /// Takes in an event from before this life of the log: it is history, and no subscriber's news.
    pub fn adopt_held(&mut self, entry: &Entry) {
        debug_assert!(entry.seq <= self.head, "{} is of this life, at {}", entry.seq, self.head);
        let index = self.hold(entry);
        self.remember(index, entry, 0);
    }

    fn hold(&mut self, entry: &Entry) -> u32 {
        let index = self.channel(&entry.channel);
        self.last_ms = self.last_ms.max(entry.time_ms);
        let cursor = Cursor { seq: entry.seq, ..self.head() };
        let history = &mut self.channels[index as usize].history;
        // It is the oldest that is held: what is not known by name to be lost was before it.
        history.trimmed_through = history.trimmed_through.min(entry.seq - 1);
        self.append(index, Arc::new(Frame::new(cursor, self.last_ms, entry.channel.clone(), &entry.event)));
        index
    }

    fn remember(&mut self, index: u32, entry: &Entry, recipients: usize) {
        let Some(id) = entry.event.id() else { return };
        let channel = &mut self.channels[index as usize];
        channel.history.remember(id, entry.seq, recipients, self.last_ms, &channel.keep.retention);
    }

    /// Takes in a part of the log, and that what it doesn't hold is lost.
    pub fn adopt_stretch(&mut self, stretch: &Stretch, wake: &mut impl FnMut(&W)) {
        self.adopt_losses(stretch, wake);
        for entry in &stretch.entries {
            if entry.seq <= stretch.began {
                self.adopt_held(entry);
            } else if entry.seq > self.head {
                self.adopt(entry, wake);
            }
        }
        self.adopted(stretch, wake);
    }

    /// Takes in what a part of the log says is lost, before its entries. From here on nothing that is new is shown to
    /// subscribers until the last part is [`adopted`](Self::adopted).
    pub fn adopt_losses(&mut self, stretch: &Stretch, wake: &mut impl FnMut(&W)) {
        self.shown_through.get_or_insert(self.head);
        for (name, through) in &stretch.lost {
            self.lose(name, *through, wake);
        }
        let read_through = self.read_through();
        if stretch.forgotten_through > read_through.max(self.forgotten.through) {
            self.suspected = (read_through, stretch.forgotten_through);
        }
        self.forgotten.through = self.forgotten.through.max(stretch.forgotten_through);
        let (from, through) = self.suspected;
        let through = through.min(stretch.through);
        if through > read_through {
            let named: HashSet<&ChannelName> = stretch.lost.iter().map(|(name, _)| name).collect();
            for (_, channel) in &mut self.channels {
                let history = &mut channel.history;
                // Of a channel that holds what came since, all before that is known.
                let holds_news = history.last_seq() > from.max(history.trimmed_through);
                let is_known = holds_news || named.contains(&channel.name);
                if channel.board.is_none() && !is_known {
                    let before = history.bytes();
                    history.lose(through);
                    self.bytes -= before - history.bytes();
                }
            }
        }
    }

    /// A part of the log is taken in. With the last, all of them are shown.
    pub fn adopted(&mut self, stretch: &Stretch, wake: &mut impl FnMut(&W)) {
        self.pass(stretch.through);
        self.note_read(stretch.through);
        let Some(shown_through) = self.shown_through.filter(|_| stretch.is_last()) else { return };
        self.shown_through = None;
        if self.suspected.1 > shown_through {
            self.tell_suspicion(shown_through, wake);
        }
        self.suspected = (0, 0);
        for index in std::mem::take(&mut self.hidden_from) {
            if let Some(subscriber) = self.subscribers.get_mut(index as usize)
                && !subscriber.awake
            {
                subscriber.awake = true;
                wake(&subscriber.wake);
            }
        }
    }

    /// Channels whose very names are forgotten lost something that was not here yet. Any may be one of them, and every
    /// stream is told so.
    fn tell_suspicion(&mut self, at: u64, wake: &mut impl FnMut(&W)) {
        let keys: Vec<u32> = self.subscribers.iter().map(|(index, _)| index as u32).collect();
        for index in keys {
            let selectors = self.selectors_of(&self.subscribers[index as usize]);
            let subscriber = &mut self.subscribers[index as usize];
            for selector in selectors.iter().filter(|selector| !selector.is_hubs_own()) {
                subscriber.note_once(Note::gap(at, selector, "trimmed"));
            }
            subscriber.wake_for_notes(wake);
        }
    }

    /// Goes on past places that have nothing for the rings.
    pub fn pass(&mut self, through: u64) {
        self.head = self.head.max(through);
    }

    /// How many of the hub's streams had the event of that id, where it is remembered.
    pub fn recipients_of(&self, channel: &ChannelName, id: &str) -> Option<usize> {
        let &index = self.by_name.get(channel)?;
        Some(self.channels[index as usize].history.remembered(id)?.recipients)
    }

    /// The channel's events through a place are gone wherever they were: who has not had them is told a gap.
    fn lose(&mut self, name: &ChannelName, through: u64, wake: &mut impl FnMut(&W)) {
        let index = self.channel(name);
        let channel = &mut self.channels[index as usize];
        if channel.history.trimmed_through >= through {
            return;
        }
        let before = channel.history.bytes();
        channel.history.lose(through);
        self.bytes -= before - channel.history.bytes();
        // Not by `notify`, which passes over whoever was told of something at this head.
        for reader in self.readers(&self.channels[index as usize]) {
            self.subscribers[reader as usize].rouse(index, wake);
        }
    }
}
