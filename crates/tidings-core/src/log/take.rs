//! The one path out of the log: what lies between a subscriber's cursor and the head, in order, within a budget.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use serde_json::json;

use super::note::Note;
use super::{Log, Slow, SubscriberKey};
use crate::channel::ChannelName;
use crate::history::{Envelope, Frame};
use crate::position::{Cursor, Epoch};
use crate::wire::{self, Framed};

/// Something to write to a stream.
#[derive(Clone, Debug)]
pub enum Piece {
    /// An event, encoded once for everyone.
    Event(Arc<Frame>),
    /// A control event for this stream alone.
    Control(Arc<Framed>),
}

/// What a take gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Events among the pieces.
    pub events: usize,
    /// Of these, events from before the subscriber came.
    pub replayed: u64,
    /// Gaps among the pieces, those of `lagged` included.
    pub gaps: u64,
    /// Postings of the hub's own channels among them, which are no events of the log.
    pub postings: usize,
    /// More is to be taken: the subscriber stays awake and must take again.
    pub more: bool,
    /// Channels on which the subscriber had fallen off the ring and was told a gap.
    pub lagged: Vec<ChannelName>,
    /// A channel whose rule ends the stream of a reader that fell off. Nothing after that point was taken.
    pub ended_by: Option<ChannelName>,
}

/// What comes next, smallest place first; a gap comes before the event at the same place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    Gap { through: u64, channel: u32 },
    Event { channel: u32, at: usize },
}

impl Next {
    fn channel(&self) -> u32 {
        let (Self::Gap { channel, .. } | Self::Event { channel, .. }) = self;
        *channel
    }
}

/// What is left for a subscriber to take, as far as it is shown.
struct Left {
    shown_through: u64,
    next: BinaryHeap<Reverse<(u64, Next)>>,
    /// Channels that have more, which is not shown yet.
    hidden: Vec<u32>,
}

impl Left {
    fn push(&mut self, next: Option<(u64, Next)>) {
        match next {
            Some((place, next)) if place > self.shown_through => self.hidden.push(next.channel()),
            Some(next) => self.next.push(Reverse(next)),
            None => {}
        }
    }

    /// The place of what comes next, or where something may.
    fn due(&self) -> u64 {
        self.next.peek().map_or(self.shown_through + 1, |Reverse((place, _))| *place)
    }
}

impl<W> Log<W> {
    /// Gives a subscriber what it has not had and is shown, in the order of the log, up to about `bytes_max` bytes and at
    /// least one piece where there is any. `None` when there is no such subscriber.
    pub fn take(&mut self, key: SubscriberKey, bytes_max: usize, out: &mut Vec<Piece>) -> Option<Taken> {
        let epoch = self.epoch;
        self.subscriber(key)?;
        let channels = &self.channels;
        let subscriber = &mut self.subscribers[key.index as usize];
        let shown_through = self.shown_through.unwrap_or(self.head);
        let mut left = Left { shown_through, next: BinaryHeap::new(), hidden: Vec::new() };
        for &index in &subscriber.ready {
            let Some(channel) = channels.get(index as usize) else { continue };
            let Some(since) = subscriber.since(index, &channel.patterns) else { continue };
            let lost = channel.history.trimmed_through;
            if lost > since {
                left.push(subscriber.next_gap(index, channel));
            }
            left.push(subscriber.next_event(index, channel, channel.history.index_after(since.max(lost))));
        }
        let boards = if self.boards.is_empty() { Vec::new() } else { subscriber.boards(channels) };
        let mut taken = Taken::default();
        let mut bytes = 0;
        while bytes < bytes_max {
            if let Some(note) = subscriber.note_before(left.due()) {
                taken.gaps += u64::from(note.ty == "gap");
                taken.events += usize::from(note.passing.is_some());
                let piece = piece_of(note, subscriber.cursor, epoch);
                bytes += piece.bytes(subscriber.envelope);
                out.push(piece);
                continue;
            }
            let Some(Reverse((place, next))) = left.next.pop() else { break };
            match next {
                Next::Gap { through, channel: index } => {
                    let channel = &channels[index as usize];
                    let slow = through > subscriber.born;
                    if slow && channel.keep.slow == Slow::Disconnect {
                        taken.ended_by = Some(channel.name.clone());
                        break;
                    }
                    if slow {
                        taken.lagged.push(channel.name.clone());
                    }
                    let reason = if slow { "slow" } else { "trimmed" };
                    let data = json!({ "channel": channel.name, "reason": reason }).to_string();
                    subscriber.pass(through, left.due());
                    subscriber.gap_told(&channel.name, through);
                    left.push(subscriber.next_gap(index, channel));
                    let cursor = Cursor { epoch, seq: subscriber.cursor, owed: false };
                    let framed = control(Some(cursor), "gap", &data);
                    bytes += framed.chunk().len();
                    taken.gaps += 1;
                    out.push(Piece::Control(Arc::new(framed)));
                }
                Next::Event { channel: index, at } => {
                    let channel = &channels[index as usize];
                    let Some(frame) = channel.history.get(at) else { continue };
                    bytes += frame.wire(subscriber.envelope).chunk().len();
                    taken.events += 1;
                    taken.replayed += u64::from(frame.seq <= subscriber.born);
                    out.push(Piece::Event(Arc::clone(frame)));
                    subscriber.cursor = subscriber.cursor.max(place);
                    left.push(subscriber.next_event(index, channel, at + 1));
                }
            }
        }
        taken.more = !left.next.is_empty() || subscriber.is_noted_by(shown_through);
        if taken.ended_by.is_none() {
            if !left.hidden.is_empty() || !taken.more && subscriber.notes.is_some() {
                self.hidden_from.insert(key.index);
            }
            if !taken.more {
                subscriber.rest(shown_through);
            }
            let channels_left = left.next.into_iter().map(|Reverse((_, next))| next.channel());
            subscriber.wait_for(channels_left.chain(left.hidden));
            taken.postings = subscriber.take_boards(&boards, channels, out);
        }
        self.totals.delivered += taken.events as u64;
        self.totals.replayed += taken.replayed;
        self.totals.gaps += taken.gaps;
        Some(taken)
    }
}

impl Piece {
    fn bytes(&self, envelope: Envelope) -> usize {
        match self {
            Self::Event(frame) => frame.wire(envelope).chunk().len(),
            Self::Control(framed) => framed.chunk().len(),
        }
    }
}

fn piece_of(note: Note, seq: u64, epoch: Epoch) -> Piece {
    if let Some(frame) = note.passing {
        return Piece::Event(frame);
    }
    let cursor = Cursor { epoch, seq, owed: note.owed };
    Piece::Control(Arc::new(control(Some(cursor), note.ty, &note.data)))
}

/// A control event as it goes on the wire.
pub fn control(cursor: Option<Cursor>, ty: &str, data: &str) -> Framed {
    let mut out = Vec::with_capacity(data.len() + 64);
    let id = cursor.map(|cursor| cursor.to_string());
    wire::event(&mut out, id.as_deref(), Some(ty), data);
    Framed::new(&out)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::channel::Selector;
    use crate::event::{Draft, Event};
    use crate::history::Retention;
    use crate::log::{Keep, Rules};

    #[test]
    fn a_channel_of_which_all_was_taken_is_not_looked_at_again() {
        let retention = Retention { count: 100, age_ms: 0, bytes: 0 };
        let default = Keep { retention, slow: Slow::Gap, presence: crate::log::Presence::Asked };
        let mut log = Log::new(Epoch::from(7), Rules { rules: Vec::new(), default, total_bytes: 0 });
        let all = [Selector::parse("*").expect("a pattern")];
        let key = log.subscribe(&all, None, Envelope::None, ()).key;
        let data = RawValue::from_string("1".to_owned()).expect("JSON");
        let event = Event::new(Draft { ty: None, data: &data, id: None, key: None }, 0).expect("an event");
        for n in 0..100 {
            let name = ChannelName::parse(&format!("jobs:{n}")).expect("a name");
            log.publish(1, &name, &event, &mut |()| {});
        }
        for taken in 1..100 {
            assert!(log.take(key, 1, &mut Vec::new()).expect("a subscriber").more);
            assert_eq!(log.subscriber(key).expect("there").ready.len(), 100 - taken);
        }
        assert!(!log.take(key, 1, &mut Vec::new()).expect("a subscriber").more);
    }
}
