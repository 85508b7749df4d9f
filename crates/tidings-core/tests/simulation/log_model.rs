//! The log as a list of everything ever published, each event with what became of it. Nothing is fast.

use tidings_core::channel::{ChannelName, Selector};
use tidings_core::history::{Envelope, Frame};
use tidings_core::log::{Keep, Rules};
use tidings_core::position::{Cursor, Epoch};

pub(crate) const CHANNELS: [&str; 5] = ["jobs", "logs", "group:1", "group:2", "other:1"];

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Held,
    /// A newer event of its key took its place.
    Replaced,
    /// Gone for a bound's sake.
    Lost,
}

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) seq: u64,
    pub(crate) time_ms: u64,
    pub(crate) channel: usize,
    pub(crate) ty: Option<&'static str>,
    pub(crate) id: Option<&'static str>,
    pub(crate) key: Option<&'static str>,
    pub(crate) data: String,
    /// What it takes of a ring.
    pub(crate) bytes: usize,
    pub(crate) fate: Fate,
}

/// What was answered to the first publish of an id.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: &'static str,
    seq: u64,
    recipients: usize,
    time_ms: u64,
}

pub(crate) struct Model {
    pub(crate) epoch: Epoch,
    pub(crate) head: u64,
    pub(crate) rules: Rules,
    pub(crate) events: Vec<Event>,
    names: [ChannelName; CHANNELS.len()],
    keeps: [Keep; CHANNELS.len()],
    known: [Vec<Known>; CHANNELS.len()],
    last_ms: u64,
}

impl Model {
    pub(crate) fn new(epoch: u64, rules: Rules) -> Self {
        let names = CHANNELS.map(|name| ChannelName::parse(name).expect("a name"));
        Self {
            epoch: Epoch::from(epoch),
            head: 0,
            keeps: names.each_ref().map(|name| rules.keep(name)),
            rules,
            events: Vec::new(),
            names,
            known: Default::default(),
            last_ms: 0,
        }
    }

    pub(crate) fn name(&self, channel: usize) -> &ChannelName {
        &self.names[channel]
    }

    pub(crate) fn keep(&self, channel: usize) -> Keep {
        self.keeps[channel]
    }

    pub(crate) fn selected(&self, selector: &Selector) -> impl Iterator<Item = usize> {
        (0..CHANNELS.len()).filter(|channel| selector.matches(self.name(*channel)))
    }

    pub(crate) fn of(&self, channel: usize) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().filter(move |event| event.channel == channel)
    }

    pub(crate) fn held(&self, channel: usize) -> impl DoubleEndedIterator<Item = &Event> {
        self.of(channel).filter(|event| event.fate == Fate::Held)
    }

    /// The newest event that a channel lost, or 0.
    pub(crate) fn lost(&self, channel: usize) -> u64 {
        self.of(channel).filter(|event| event.fate == Fate::Lost).map(|event| event.seq).max().unwrap_or(0)
    }

    pub(crate) fn cursor(&self, seq: u64, owed: bool) -> String {
        Cursor { epoch: self.epoch, seq, owed }.to_string()
    }

    /// Answers the place, the recipients, and whether the id was known.
    pub(crate) fn publish(&mut self, now_ms: u64, event: Event, recipients: usize) -> (u64, usize, bool) {
        let channel = event.channel;
        let known = self.known[channel].iter().find(|known| Some(known.id) == event.id);
        if let Some(known) = known {
            return (known.seq, known.recipients, true);
        }
        self.head += 1;
        self.last_ms = self.last_ms.max(now_ms);
        let (seq, time_ms) = (self.head, self.last_ms);
        for older in self.events.iter_mut().filter(|older| older.channel == channel) {
            if older.fate == Fate::Held && event.key.is_some() && older.key == event.key {
                older.fate = Fate::Replaced;
            }
        }
        let id = event.id;
        let mut event = Event { seq, time_ms, fate: Fate::Held, ..event };
        event.bytes = self.bytes_of(&event);
        self.events.push(event);
        self.keep_bounds(channel);
        if let Some(id) = id {
            self.known[channel].push(Known { id, seq, recipients, time_ms });
            self.bound_known(channel);
        }
        (seq, recipients, false)
    }

    pub(crate) fn expire(&mut self, now_ms: u64) {
        for channel in 0..CHANNELS.len() {
            let age_ms = self.keep(channel).retention.age_ms;
            let oldest = now_ms.saturating_sub(age_ms);
            if age_ms == 0 {
                continue;
            }
            let old: Vec<u64> =
                self.held(channel).filter(|event| event.time_ms < oldest).map(|event| event.seq).collect();
            old.into_iter().for_each(|seq| self.lose(seq));
            self.known[channel].retain(|known| known.time_ms >= oldest);
        }
    }

    /// After an orderly restart: an event that is held brings its id back, should that have been forgotten, and nothing
    /// is of a time to come.
    pub(crate) fn restart(&mut self, now_ms: u64) {
        self.events.iter_mut().for_each(|event| event.time_ms = event.time_ms.min(now_ms));
        self.known.iter_mut().flatten().for_each(|known| known.time_ms = known.time_ms.min(now_ms));
        for channel in 0..CHANNELS.len() {
            let mut known = self.known[channel].clone();
            for event in self.held(channel) {
                if let Some(id) = event.id.filter(|id| !known.iter().any(|known| known.id == *id)) {
                    known.push(Known { id, seq: event.seq, recipients: 0, time_ms: event.time_ms });
                }
            }
            known.sort_by_key(|known| known.seq);
            self.known[channel] = known;
            self.bound_known(channel);
        }
        let held = self.events.iter().filter(|event| event.fate == Fate::Held);
        self.last_ms = held.map(|event| event.time_ms).max().unwrap_or(0);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.events.iter().filter(|event| event.fate == Fate::Held).map(|event| event.bytes).sum()
    }

    /// The event as it is written.
    pub(crate) fn text(&self, event: &Event, envelope: Envelope) -> String {
        let cursor = self.cursor(event.seq, false);
        let ty = event.ty.map_or(String::new(), |ty| format!("event: {ty}\n"));
        if envelope == Envelope::None {
            return format!("id: {cursor}\n{ty}data: {}\n\n", event.data);
        }
        let ty = if envelope == Envelope::Message { String::new() } else { ty };
        let channel = CHANNELS[event.channel];
        let inner = event.ty.map_or(String::new(), |ty| format!("\"type\":\"{ty}\","));
        let id = event.id.unwrap_or(&cursor);
        let (offset, time, data) = (event.seq, event.time_ms, &event.data);
        format!(
            "id: {cursor}\n{ty}data: {{\"channel\":\"{channel}\",{inner}\"id\":\"{id}\",\"offset\":{offset},\
             \"time\":{time},\"data\":{data}}}\n\n"
        )
    }

    fn bytes_of(&self, event: &Event) -> usize {
        let payload = self.text(event, Envelope::None).len();
        payload + format!("{payload:x}\r\n\r\n").len() + size_of::<Frame>()
    }

    /// The newest event of a channel stays whatever its bounds say, and the newest of all whatever the whole's say.
    fn keep_bounds(&mut self, channel: usize) {
        let retention = self.keep(channel).retention;
        loop {
            let count = self.held(channel).count();
            let bytes: usize = self.held(channel).map(|event| event.bytes).sum();
            let over = retention.count > 0 && count > retention.count
                || retention.bytes > 0 && bytes > retention.bytes;
            let Some(oldest) = self.held(channel).next().filter(|_| over && count > 1) else { break };
            self.lose(oldest.seq);
        }
        while self.rules.total_bytes > 0 && self.bytes() > self.rules.total_bytes {
            let oldest = self.events.iter().find(|event| event.fate == Fate::Held).map(|event| event.seq);
            let Some(oldest) = oldest.filter(|seq| *seq < self.head) else { break };
            self.lose(oldest);
        }
    }

    /// With it go the ids up to it, those of replaced events too.
    fn lose(&mut self, seq: u64) {
        let Some(event) = self.events.iter_mut().find(|event| event.seq == seq) else { return };
        event.fate = Fate::Lost;
        self.known[event.channel].retain(|known| known.seq > seq);
    }

    fn bound_known(&mut self, channel: usize) {
        let count = self.keep(channel).retention.count;
        let known = &mut self.known[channel];
        if count > 0 && known.len() > count {
            known.drain(..known.len() - count);
        }
    }
}
