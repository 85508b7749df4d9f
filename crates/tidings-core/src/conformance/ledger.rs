//! A shared log as plainly as it can be told: what engines are compared with, and no engine itself.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::channel::ChannelName;
use crate::engine::{Appended, Entry, Head, Offer, Placed, Stretch};
use crate::history::Retention;
use crate::position::Epoch;

/// A log in memory, whose time comes in as an argument.
#[derive(Clone, Debug)]
pub struct Ledger {
    head: Head,
    began: u64,
    time_ms: u64,
    total_bytes: usize,
    bytes: usize,
    entries: BTreeMap<u64, Held>,
    channels: HashMap<ChannelName, Kept>,
    lost: HashMap<ChannelName, u64>,
}

#[derive(Clone, Debug)]
struct Held {
    entry: Entry,
    bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    places: VecDeque<u64>,
    bytes: usize,
    age_ms: u64,
    keys: HashMap<String, u64>,
    /// Oldest first: id, place and time.
    ids: VecDeque<(String, u64, u64)>,
}

impl Ledger {
    /// An empty log. A bound of 0 over all channels is no bound.
    pub fn new(epoch: Epoch, total_bytes: usize) -> Self {
        Self {
            head: Head { epoch, seq: 0 },
            began: 0,
            time_ms: 0,
            total_bytes,
            bytes: 0,
            entries: BTreeMap::new(),
            channels: HashMap::new(),
            lost: HashMap::new(),
        }
    }

    /// Its newest place.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether a hub that knows of this place knows more than there is.
    pub fn is_behind(&self, known: Option<Head>) -> bool {
        known.is_some_and(|known| known.epoch == self.head.epoch && known.seq > self.head.seq)
    }

    /// Another life, with what there is.
    pub fn begin_anew(&mut self, epoch: Epoch) {
        (self.head.epoch, self.began) = (epoch, self.head.seq);
    }

    /// Puts offers at the end.
    pub fn append(&mut self, now_ms: u64, offers: &[Offer]) -> Appended {
        self.time_ms = self.time_ms.max(now_ms);
        let placed = offers.iter().map(|offer| self.place(offer)).collect();
        Appended { epoch: self.head.epoch, placed }
    }

    /// What is held after a place, at most so many events.
    pub fn read(&self, after: u64, events_max: usize) -> Stretch {
        let held = self.entries.range(after + 1..).map(|(_, held)| held.entry.clone());
        let entries: Vec<Entry> = held.take(events_max).collect();
        let is_full = entries.len() == events_max;
        let last = entries.last().map(|entry| entry.seq).filter(|_| is_full);
        let through = last.unwrap_or(self.head.seq.max(after));
        let is_told = |lost: &u64| (after + 1..=through).contains(lost);
        let mut lost: Vec<_> = self.lost.iter().filter(|(_, lost)| is_told(lost)).collect();
        lost.sort_by_key(|(_, lost)| **lost);
        let lost = lost.into_iter().map(|(name, lost)| (name.clone(), *lost)).collect();
        Stretch { head: self.head, through, entries, lost, forgotten_through: 0, began: self.began }
    }

    /// Lets go of what is too old.
    pub fn sweep(&mut self, now_ms: u64) {
        self.time_ms = self.time_ms.max(now_ms);
        let names: Vec<_> = self.channels.keys().cloned().collect();
        names.iter().for_each(|name| self.expire(name));
    }

    fn place(&mut self, offer: &Offer) -> Placed {
        let name = &offer.channel;
        self.channels.entry(name.clone()).or_default().age_ms = offer.retention.age_ms;
        self.expire(name);
        let kept = self.channels.entry(name.clone()).or_default();
        kept.age_ms = offer.retention.age_ms;
        let first = |id: &str| kept.ids.iter().find(|(known, ..)| known == id);
        if let Some(&(_, seq, time_ms)) = offer.event.id().and_then(first) {
            return Placed { seq, time_ms, duplicate: true };
        }
        self.head.seq += 1;
        let (seq, time_ms) = (self.head.seq, self.time_ms);
        if let Some(key) = offer.event.key()
            && let Some(old) = kept.keys.insert(key.to_owned(), seq)
            && let Some(old) = self.entries.remove(&old)
        {
            kept.places.retain(|place| *place != old.entry.seq);
            kept.bytes -= old.bytes;
            self.bytes -= old.bytes;
        }
        let bytes = offer.bytes();
        let entry = Entry { seq, time_ms, channel: name.clone(), event: offer.event.clone() };
        self.entries.insert(seq, Held { entry, bytes });
        kept.places.push_back(seq);
        kept.bytes += bytes;
        self.bytes += bytes;
        while self.is_over(name, &offer.retention) {
            self.pop(name);
        }
        while self.total_bytes > 0 && self.bytes > self.total_bytes && self.entries.len() > 1 {
            let oldest = self.entries.first_key_value().map(|(_, held)| held.entry.channel.clone());
            self.pop(&oldest.expect("there are two"));
        }
        if let Some(id) = offer.event.id() {
            let kept = self.channels.entry(name.clone()).or_default();
            kept.ids.push_back((id.to_owned(), seq, time_ms));
            while offer.retention.count > 0 && kept.ids.len() > offer.retention.count {
                kept.ids.pop_front();
            }
        }
        Placed { seq, time_ms, duplicate: false }
    }

    fn is_over(&self, name: &ChannelName, retention: &Retention) -> bool {
        let kept = &self.channels[name];
        let events = kept.places.len();
        let too_many = retention.count > 0 && events > retention.count;
        let too_large = retention.bytes > 0 && kept.bytes > retention.bytes;
        events > 1 && (too_many || too_large)
    }

    fn expire(&mut self, name: &ChannelName) {
        let age_ms = self.channels[name].age_ms;
        let oldest = self.time_ms.saturating_sub(age_ms);
        let is_old = |ledger: &Self, place: &u64| ledger.entries[place].entry.time_ms < oldest;
        while age_ms > 0 && self.channels[name].places.front().is_some_and(|place| is_old(self, place)) {
            self.pop(name);
        }
        let kept = self.channels.get_mut(name).expect("it is there");
        while age_ms > 0 && kept.ids.front().is_some_and(|(_, _, time_ms)| *time_ms < oldest) {
            kept.ids.pop_front();
        }
        if kept.places.is_empty() {
            self.channels.remove(name);
        }
    }

    fn pop(&mut self, name: &ChannelName) {
        let kept = self.channels.get_mut(name).expect("it is there");
        let Some(place) = kept.places.pop_front() else { return };
        let held = self.entries.remove(&place).expect("it is held");
        kept.bytes -= held.bytes;
        self.bytes -= held.bytes;
        if let Some(key) = held.entry.event.key() {
            kept.keys.remove(key);
        }
        while kept.ids.front().is_some_and(|(_, seq, _)| *seq <= place) {
            kept.ids.pop_front();
        }
        self.lost.insert(name.clone(), place);
    }
}
