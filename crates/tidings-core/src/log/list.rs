//! The channels as an operator sees them.

use std::cell::RefCell;

use serde::Serialize;
use smallvec::SmallVec;

use super::topic::Channel;
use super::{Log, Map};
use crate::channel::ChannelName;
use crate::history::Retention;

/// Over how long the rate of a channel's events is taken.
const RATE_WINDOW_MS: u64 = 10_000;

/// A channel as an operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelInfo {
    /// Its name.
    pub channel: ChannelName,
    /// Connections subscribed to it, by name or by pattern.
    pub subscribers: usize,
    /// Events kept for replay.
    pub events: usize,
    /// Encoded bytes kept for replay.
    pub bytes: usize,
    /// Events kept of the last ten seconds, a second.
    pub rate: f64,
    /// The newest event's place in the log.
    pub offset: u64,
    /// The newest event that the ring let go; 0 where it still holds everything.
    pub trimmed_through: u64,
    /// What bounds the ring.
    pub retention: Retention,
}

/// The channels of a log, without the hub's own.
#[derive(Debug)]
pub struct Channels<'a, W> {
    log: &'a Log<W>,
    now_ms: u64,
    /// How many subscribe to one or the other of some patterns. Channels that the same patterns match share it.
    by_patterns: RefCell<Map<SmallVec<[u32; 2]>, usize>>,
}

/// One channel, of which nothing is looked at that isn't asked for.
#[derive(Debug)]
pub struct ChannelView<'a, W> {
    channels: &'a Channels<'a, W>,
    channel: &'a Channel,
}

impl<W> Log<W> {
    /// Channels that have subscribers or hold events, without the hub's own.
    pub fn channel_count(&self) -> usize {
        self.channels.len() - self.boards.len()
    }

    /// The channels, as they are at this time.
    pub fn channels(&self, now_ms: u64) -> Channels<'_, W> {
        Channels { log: self, now_ms, by_patterns: RefCell::default() }
    }
}

impl<W> Channels<'_, W> {
    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = ChannelView<'_, W>> {
        let own = self.log.channels.iter().filter(|(_, channel)| channel.board.is_none());
        own.map(|(_, channel)| ChannelView { channels: self, channel })
    }

    /// The channel of that name.
    pub fn get(&self, name: &ChannelName) -> Option<ChannelView<'_, W>> {
        let &index = self.log.by_name.get(name)?;
        let channel = &self.log.channels[index as usize];
        channel.board.is_none().then_some(ChannelView { channels: self, channel })
    }

    fn subscribed_by(&self, patterns: &SmallVec<[u32; 2]>) -> usize {
        let members = |pattern: &u32| &self.log.patterns[*pattern as usize].1.members;
        match patterns.as_slice() {
            [] => 0,
            [one] => members(one).len(),
            several => *self.by_patterns.borrow_mut().entry(patterns.clone()).or_insert_with(|| {
                let mut all: Vec<u32> = several.iter().flat_map(members).copied().collect();
                all.sort_unstable();
                all.dedup();
                all.len()
            }),
        }
    }
}

impl<'a, W> ChannelView<'a, W> {
    /// Its name.
    pub fn name(&self) -> &'a ChannelName {
        &self.channel.name
    }

    /// Connections subscribed to it, by name or by pattern, each once.
    pub fn subscribers(&self) -> usize {
        let patterns = &self.channel.patterns;
        let by_pattern = |member: &u32| {
            let subscriber = &self.channels.log.subscribers[*member as usize];
            subscriber.patterns.iter().any(|place| patterns.contains(&place.topic))
        };
        let named = self.channel.topic.members.iter();
        named.filter(|member| !by_pattern(member)).count() + self.channels.subscribed_by(patterns)
    }

    /// Events kept for replay.
    pub fn events(&self) -> usize {
        self.channel.history.len()
    }

    /// Encoded bytes kept for replay.
    pub fn bytes(&self) -> usize {
        self.channel.history.bytes()
    }

    /// Events kept of the last ten seconds.
    pub fn events_lately(&self) -> usize {
        self.channel.history.count_since(self.channels.now_ms.saturating_sub(RATE_WINDOW_MS))
    }

    /// All that there is to see.
    pub fn info(&self) -> ChannelInfo {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
        let rate = self.events_lately() as f64 / (RATE_WINDOW_MS / 1000) as f64;
        ChannelInfo {
            channel: self.name().clone(),
            subscribers: self.subscribers(),
            events: self.events(),
            bytes: self.bytes(),
            rate,
            offset: self.channel.history.last_seq(),
            trimmed_through: self.channel.history.trimmed_through,
            retention: self.channel.keep.retention,
        }
    }
}
