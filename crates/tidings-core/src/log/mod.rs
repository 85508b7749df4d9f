//! The log is the queue: one sequence over all channels, a bounded ring for each, and subscribers that are cursors.
//!
//! Live delivery, replay after a reconnect and catching up after being slow are one path: [`Log::take`] gives a
//! subscriber what lies between its cursor and the head. A subscriber costs its cursor and the list of its channels,
//! never a queue. Since one sequence orders everything, one number stands for the positions in all channels.
//!
//! Invariant: when a subscriber's cursor is `c`, every event at or before `c` on its channels was handed to it, was
//! before its subscription began, was replaced by a newer event of its key, or was told as a gap. While a shared log is
//! read in parts, what is new in them waits for the last one.

mod board;
mod change;
mod forgotten;
mod life;
mod list;
mod membership;
mod note;
mod occupancy;
mod page;
mod passing;
mod shared;
mod snapshot;
mod subscriber;
mod take;
mod topic;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use slab::Slab;

use self::board::Board;
pub use self::board::{BoardInfo, News, Posting};
pub use self::change::{PENDING_CHANGE_BYTES_MAX, Unchanged};
use self::forgotten::Forgotten;
use self::life::Life;
pub use self::list::{ChannelInfo, ChannelView, Channels};
pub use self::page::Page;
pub use self::passing::PASSING_EVENTS_MAX;
pub use self::snapshot::{RestoreError, Snapshot};
use self::subscriber::Subscriber;
pub use self::subscriber::{Resume, Subscribed, SubscriberKey};
pub use self::take::{Piece, Taken, control};
use self::topic::{Channel, Topic};
use crate::channel::{ChannelName, Pattern, Selector};
use crate::event::Event;
use crate::history::{Frame, Retention};
use crate::position::{Cursor, Epoch};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Channels that nobody reads and that hold nothing are remembered by name up to this many, so that a cursor from
/// before their last event still gets its gap for exactly them.
pub const REMEMBERED_CHANNELS_MAX: usize = 100_000;

/// How a channel is kept, by its rule or the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What stays for replay.
    pub retention: Retention,
    /// What happens to a reader whose cursor falls off the ring.
    pub slow: Slow,
    /// Who learns who is there.
    pub presence: Presence,
}

/// Who learns who is on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Whoever may read it, by asking.
    #[default]
    Asked,
    /// These, and subscribers are told of each other's joins and leaves.
    Told,
    /// Operators alone.
    Hidden,
}

/// What happens to a reader whose cursor falls off the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    /// It is told a `gap` and goes on.
    Gap,
    /// Its stream is ended with the reason `slow`.
    Disconnect,
}

/// How channels are kept: the first rule whose selector matches decides.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Rules in the order of the configuration.
    pub rules: Vec<(Selector, Keep)>,
    /// For channels that no rule matches.
    pub default: Keep,
    /// Encoded bytes kept over all channels, 0 for no bound.
    pub total_bytes: usize,
}

impl Rules {
    /// How a channel is kept.
    pub fn keep(&self, channel: &ChannelName) -> Keep {
        self.rules
            .iter()
            .find(|(selector, _)| selector.matches(channel))
            .map_or(self.default, |(_, keep)| *keep)
    }
}

/// What a publish came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The event's id: the publisher's, or one made from its place.
    pub id: String,
    /// Its place in the log.
    pub offset: u64,
    /// Subscribers on this node.
    pub recipients: usize,
    /// The id was given before within the channel's history: this is the first answer again.
    pub duplicate: bool,
    /// It is not in the log, and no more than on its way to this node's subscribers: it has no place, and whoever is not
    /// there now never has it.
    pub accepted: bool,
}

/// Counters that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events published.
    pub published: u64,
    /// Events handed to subscribers.
    pub delivered: u64,
    /// Of these, events from before the subscriber came.
    pub replayed: u64,
    /// Gaps told.
    pub gaps: u64,
}

/// The log of one node. `W` is how a subscriber is woken.
#[derive(Debug)]
pub struct Log<W> {
    epoch: Epoch,
    head: u64,
    life: Life,
    rules: Rules,
    channels: Slab<Channel>,
    by_name: Map<ChannelName, u32>,
    /// The channels of the hub's own that are there.
    boards: Vec<u32>,
    /// Postings that there ever were.
    posted: u64,
    patterns: Slab<(Pattern, Topic)>,
    by_pattern: Map<Pattern, u32>,
    subscribers: Slab<Subscriber<W>>,
    /// Subscribers that may have claims.
    claimants: HashSet<u32>,
    generation: u32,
    forgotten: Forgotten,
    /// While a shared log is read in parts: through where it is shown to subscribers, and from whom more is hidden. What
    /// lies in one part may be told to be lost with another.
    shown_through: Option<u64>,
    hidden_from: HashSet<u32>,
    /// Of a shared log: after and through which place any channel may have lost something that this hub never had.
    suspected: (u64, u64),
    /// Every event in the order of the log, for the bound over all channels; entries whose event is gone are skipped.
    order: VecDeque<(u64, u32)>,
    order_max: usize,
    bytes: usize,
    last_ms: u64,
    totals: Totals,
    occupancy: occupancy::Observer,
}

impl<W> Log<W> {
    /// An empty log. Its epoch must be new: a cursor of another epoch is owed a gap.
    pub fn new(epoch: Epoch, rules: Rules) -> Self {
        Self {
            epoch,
            head: 0,
            life: Life::default(),
            rules,
            channels: Slab::new(),
            by_name: Map::default(),
            boards: Vec::new(),
            posted: 0,
            patterns: Slab::new(),
            by_pattern: Map::default(),
            subscribers: Slab::new(),
            claimants: HashSet::new(),
            generation: 0,
            forgotten: Forgotten::new(REMEMBERED_CHANNELS_MAX),
            shown_through: None,
            hidden_from: HashSet::new(),
            suspected: (0, 0),
            order: VecDeque::new(),
            order_max: 1024,
            bytes: 0,
            last_ms: 0,
            totals: Totals::default(),
            occupancy: occupancy::Observer::default(),
        }
    }

    /// The cursor of the newest event.
    pub fn head(&self) -> Cursor {
        self.cursor(self.head)
    }

    /// Counters that only grow.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How channels are kept.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Encoded bytes held over all channels.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends an event to a channel and wakes its subscribers.
    pub fn publish(
        &mut self,
        now_ms: u64,
        channel: &ChannelName,
        event: &Event,
        wake: &mut impl FnMut(&W),
    ) -> Published {
        let index = self.channel(channel);
        if let Some(id) = event.id()
            && let Some(first) = self.channels[index as usize].history.remembered(id)
        {
            return Published {
                id: id.to_owned(),
                offset: first.seq,
                recipients: first.recipients,
                duplicate: true,
                accepted: false,
            };
        }
        self.last_ms = self.last_ms.max(now_ms);
        self.head += 1;
        let frame = Arc::new(Frame::new(self.head(), self.last_ms, channel.clone(), event));
        let id = frame.id();
        self.append(index, frame);
        let recipients = self.notify(index, wake);
        if let Some(id) = event.id() {
            let (head, last_ms) = (self.head, self.last_ms);
            let channel = &mut self.channels[index as usize];
            channel.history.remember(id, head, recipients, last_ms, &channel.keep.retention);
        }
        self.totals.published += 1;
        Published { id, offset: self.head, recipients, duplicate: false, accepted: false }
    }

    /// Lets go of events that are too old, and of channels that hold nothing and that nobody reads.
    pub fn expire(&mut self, now_ms: u64) {
        for (_, channel) in &mut self.channels {
            self.bytes -= channel.history.expire(now_ms, &channel.keep.retention);
        }
        let claimed = self.claimed();
        let indexes: Vec<_> = self.channels.iter().map(|(index, _)| index).collect();
        for index in indexes {
            if self.is_idle(index) && !claimed.contains(&(index as u32)) {
                self.forget(index);
            }
        }
        while let Some(&(seq, index)) = self.order.front() {
            if self.channels.get(index as usize).is_some_and(|channel| channel.holds(seq)) {
                break;
            }
            self.order.pop_front();
        }
    }

    fn cursor(&self, seq: u64) -> Cursor {
        Cursor { epoch: self.epoch, seq, owed: false }
    }

    fn append(&mut self, index: u32, frame: Arc<Frame>) {
        let channel = &mut self.channels[index as usize];
        self.order.push_back((frame.seq, index));
        let before = channel.history.bytes();
        channel.history.push(frame, &channel.keep.retention);
        self.bytes = self.bytes + channel.history.bytes() - before;
        self.shed();
    }

    /// Keeps the bound over all channels by letting go of the oldest events, whatever their channel.
    fn shed(&mut self) {
        while self.rules.total_bytes > 0 && self.bytes > self.rules.total_bytes && self.order.len() > 1 {
            let Some((seq, index)) = self.order.pop_front() else { return };
            if let Some(channel) = self.channels.get_mut(index as usize)
                && channel.holds(seq)
            {
                let before = channel.history.bytes();
                channel.history.pop();
                self.bytes -= before - channel.history.bytes();
            }
        }
        // Entries of events that their own channel let go pile up behind an old event that lives.
        if self.order.len() > self.order_max {
            let channels = &self.channels;
            self.order.retain(|&(seq, index)| channels.get(index as usize).is_some_and(|c| c.holds(seq)));
            self.order_max = 1024.max(2 * self.order.len());
        }
    }

    /// Tells each subscriber of a channel once that there is something to take. Answers how many there are.
    fn notify(&mut self, index: u32, wake: &mut impl FnMut(&W)) -> usize {
        let mark = self.head;
        let mut recipients = 0;
        let channel = &self.channels[index as usize];
        let topics = std::iter::once(&channel.topic)
            .chain(channel.patterns.iter().map(|&pattern| &self.patterns[pattern as usize].1));
        for topic in topics {
            for &member in &topic.members {
                let subscriber = &mut self.subscribers[member as usize];
                if subscriber.marked != mark {
                    subscriber.marked = mark;
                    recipients += 1;
                    subscriber.rouse(index, wake);
                }
            }
        }
        recipients
    }
}
