//! Subscribers: a cursor, the channels it stands for, and the boundary at which each subscription began.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::json;
use smallvec::SmallVec;

use super::note::Note;
use super::{Log, Topic};
use crate::channel::{ChannelName, Selector};
use crate::position::{Cursor, EARLIEST};

/// A subscriber's place. It is never reused, so that a late call can't reach a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubscriberKey {
    pub(super) index: u32,
    generation: u32,
}

/// What became of a channel's position at (re)connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resume {
    /// Everything since the cursor is still held and follows.
    Ok,
    /// Something since the cursor is lost: a `gap` event says so.
    Gap,
    /// There was no cursor.
    New,
}

/// The answer to a subscription.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// The subscriber's place.
    pub key: SubscriberKey,
    /// Where the stream goes on from.
    pub cursor: Cursor,
    /// What became of each channel or pattern, in the order asked for.
    pub resume: Vec<(Selector, Resume)>,
}

/// One subscription of a subscriber: to a channel or a pattern, from a boundary on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) topic: u32,
    /// Where the subscriber stands in the topic's member list.
    at: u32,
    pub(super) from: u64,
}

#[derive(Debug)]
pub(super) struct Subscriber<W> {
    generation: u32,
    pub(super) awake: bool,
    pub(super) envelope: bool,
    pub(super) cursor: u64,
    /// The head when it came: what is before is replay.
    pub(super) born: u64,
    /// The last publish that counted it, so that a name and a pattern count it once.
    pub(super) marked: u64,
    pub(super) channels: SmallVec<[Place; 1]>,
    pub(super) patterns: SmallVec<[Place; 1]>,
    /// Channels with something to take.
    pub(super) ready: SmallVec<[u32; 4]>,
    #[expect(clippy::box_collection, reason = "most subscribers have none, and each is counted in bytes")]
    pub(super) notes: Option<Box<VecDeque<Note>>>,
    pub(super) wake: W,
}

impl<W> Subscriber<W> {
    /// Puts a channel on the list of what to take, and wakes the subscriber unless it is awake.
    pub(super) fn rouse(&mut self, channel: u32, wake: &mut impl FnMut(&W)) {
        if !self.ready.contains(&channel) {
            self.ready.push(channel);
        }
        if !self.awake {
            self.awake = true;
            wake(&self.wake);
        }
    }

    /// From where on a channel is this subscriber's, if it is at all.
    pub(super) fn since(&self, channel: u32, patterns: &[u32]) -> Option<u64> {
        let named = self.channels.iter().filter(|place| place.topic == channel);
        let matched = self.patterns.iter().filter(|place| patterns.contains(&place.topic));
        named.chain(matched).map(|place| place.from).min().map(|from| from.max(self.cursor))
    }
}

impl<W> Log<W> {
    /// Adds a subscriber that goes on from a cursor, if it brings one, or else from the head. The boundary between
    /// replay and live is the head at this moment: nothing is missed or told twice, however publishes interleave.
    /// [`EARLIEST`] in place of a cursor asks for all that is held.
    pub fn subscribe(
        &mut self,
        selectors: &[Selector],
        cursor: Option<&str>,
        envelope: bool,
        wake: W,
    ) -> Subscribed {
        let given = cursor.map(|text| match text {
            EARLIEST => Some(0),
            _ => Cursor::parse(text)
                .filter(|c| c.epoch == self.epoch && c.seq <= self.head && !c.owed)
                .map(|c| c.seq),
        });
        self.generation = self.generation.wrapping_add(1);
        let subscriber = Subscriber {
            generation: self.generation,
            awake: true,
            envelope,
            cursor: given.flatten().unwrap_or(self.head),
            born: self.head,
            marked: 0,
            channels: SmallVec::new(),
            patterns: SmallVec::new(),
            ready: SmallVec::new(),
            notes: None,
            wake,
        };
        let from = subscriber.cursor;
        let index = self.subscribers.insert(subscriber) as u32;
        let key = SubscriberKey { index, generation: self.generation };
        for selector in selectors {
            self.join(index, selector, from);
        }
        let mut cursor = self.cursor(from);
        let resume = match given {
            None => selectors.iter().map(|selector| (selector.clone(), Resume::New)).collect(),
            Some(None) => {
                cursor.owed = !selectors.is_empty();
                self.owe_everything(index, selectors);
                selectors.iter().map(|selector| (selector.clone(), Resume::Gap)).collect()
            }
            Some(Some(seq)) => selectors
                .iter()
                .map(|selector| (selector.clone(), self.catch_up(index, selector, seq)))
                .collect(),
        };
        Subscribed { key, cursor, resume }
    }

    /// Removes a subscriber. Doing it again is no harm.
    pub fn unsubscribe(&mut self, key: SubscriberKey) {
        if self.subscriber(key).is_none() {
            return;
        }
        let subscriber = &mut self.subscribers[key.index as usize];
        let (channels, patterns) =
            (std::mem::take(&mut subscriber.channels), std::mem::take(&mut subscriber.patterns));
        for place in channels {
            self.leave_channel(place);
        }
        for place in patterns {
            self.leave_pattern(place);
        }
        self.subscribers.remove(key.index as usize);
    }

    /// Changes what a live subscriber reads, from the head on. `subscribed` and `unsubscribed` are told in their
    /// place. Answers what was new and what was dropped.
    pub fn change(
        &mut self,
        key: SubscriberKey,
        add: &[Selector],
        remove: &[Selector],
        wake: &mut impl FnMut(&W),
    ) -> Option<(Vec<Selector>, Vec<Selector>)> {
        self.subscriber(key)?;
        let head = self.head;
        let removed: Vec<_> =
            remove.iter().filter(|selector| self.part(key.index, selector)).cloned().collect();
        self.untell_unread(key.index);
        let added: Vec<_> =
            add.iter().filter(|selector| self.join(key.index, selector, head)).cloned().collect();
        let subscriber = &mut self.subscribers[key.index as usize];
        for (ty, list) in [("unsubscribed", &removed), ("subscribed", &added)] {
            if !list.is_empty() {
                let data = json!({ "channels": list }).to_string();
                subscriber.note(Note::new(head, ty, data));
            }
        }
        if subscriber.notes.is_some() && !subscriber.awake {
            subscriber.awake = true;
            wake(&subscriber.wake);
        }
        Some((added, removed))
    }

    /// What a subscriber reads: names and patterns, as they were asked for.
    pub fn selectors(&self, key: SubscriberKey) -> Vec<Selector> {
        let Some(subscriber) = self.subscriber(key) else { return Vec::new() };
        let channels = subscriber.channels.iter();
        let patterns = subscriber.patterns.iter();
        channels
            .map(|place| Selector::Channel(self.channels[place.topic as usize].name.clone()))
            .chain(patterns.map(|place| Selector::Pattern(self.patterns[place.topic as usize].0.clone())))
            .collect()
    }

    /// How many channels and patterns a subscriber reads.
    pub fn selector_count(&self, key: SubscriberKey) -> usize {
        self.subscriber(key).map_or(0, |s| s.channels.len() + s.patterns.len())
    }

    /// The subscribers of a channel, each once.
    pub fn subscribers_of(&self, name: &ChannelName) -> Vec<&W> {
        let Some(&index) = self.by_name.get(name) else {
            return self.matching_patterns(name);
        };
        let readers = self.readers(&self.channels[index as usize]);
        readers.into_iter().map(|reader| &self.subscribers[reader as usize].wake).collect()
    }

    fn matching_patterns(&self, name: &ChannelName) -> Vec<&W> {
        let mut readers: Vec<u32> = Vec::new();
        for (_, (pattern, topic)) in &self.patterns {
            if pattern.matches(name.as_str()) {
                readers.extend_from_slice(&topic.members);
            }
        }
        readers.sort_unstable();
        readers.dedup();
        readers.into_iter().map(|reader| &self.subscribers[reader as usize].wake).collect()
    }

    /// How far a subscriber is behind the log, in events of its channels that it has not taken.
    pub fn behind(&self, key: SubscriberKey) -> usize {
        let Some(subscriber) = self.subscriber(key) else { return 0 };
        let mut behind = 0;
        for &index in &subscriber.ready {
            if let Some(channel) = self.channels.get(index as usize)
                && let Some(since) = subscriber.since(index, &channel.patterns)
            {
                behind += channel.history.len() - channel.history.index_after(since);
            }
        }
        behind
    }

    pub(super) fn subscriber(&self, key: SubscriberKey) -> Option<&Subscriber<W>> {
        self.subscribers.get(key.index as usize).filter(|s| s.generation == key.generation)
    }

    /// Lists what a resuming subscriber has to take. Answers whether something of it is lost.
    fn catch_up(&mut self, index: u32, selector: &Selector, seq: u64) -> Resume {
        let mut resume = Resume::Ok;
        let subscriber = &mut self.subscribers[index as usize];
        for (channel_index, channel) in &self.channels {
            let mine = match selector {
                Selector::Channel(name) => *name == channel.name,
                Selector::Pattern(pattern) => pattern.matches(channel.name.as_str()),
            };
            let channel_index = channel_index as u32;
            if mine && channel.history.last_seq() > seq && !subscriber.ready.contains(&channel_index) {
                subscriber.ready.push(channel_index);
            }
            if mine && channel.history.trimmed_through > seq {
                resume = Resume::Gap;
            }
        }
        if let Selector::Pattern(pattern) = selector
            && self.note_forgotten(index, pattern, seq)
        {
            resume = Resume::Gap;
        }
        resume
    }

    /// Enters a subscriber into a topic. Answers whether it was new there.
    fn join(&mut self, index: u32, selector: &Selector, from: u64) -> bool {
        let topic = match selector {
            Selector::Channel(name) => self.channel(name),
            Selector::Pattern(pattern) => self.pattern(pattern),
        };
        let subscriber = &mut self.subscribers[index as usize];
        let (places, topics): (_, &mut Topic) = match selector {
            Selector::Channel(_) => (&mut subscriber.channels, &mut self.channels[topic as usize].topic),
            Selector::Pattern(_) => (&mut subscriber.patterns, &mut self.patterns[topic as usize].1),
        };
        if places.iter().any(|place| place.topic == topic) {
            return false;
        }
        places.push(Place { topic, at: topics.members.len() as u32, from });
        topics.members.push(index);
        true
    }

    fn part(&mut self, index: u32, selector: &Selector) -> bool {
        let topic = match selector {
            Selector::Channel(name) => self.by_name.get(name).copied(),
            Selector::Pattern(pattern) => self.by_pattern.get(pattern).copied(),
        };
        let Some(topic) = topic else { return false };
        let subscriber = &mut self.subscribers[index as usize];
        let places = match selector {
            Selector::Channel(_) => &mut subscriber.channels,
            Selector::Pattern(_) => &mut subscriber.patterns,
        };
        let Some(at) = places.iter().position(|place| place.topic == topic) else { return false };
        let place = places.swap_remove(at);
        match selector {
            Selector::Channel(_) => self.leave_channel(place),
            Selector::Pattern(_) => self.leave_pattern(place),
        }
        true
    }

    fn leave_channel(&mut self, place: Place) {
        let members = &mut self.channels[place.topic as usize].topic.members;
        members.swap_remove(place.at as usize);
        if let Some(&moved) = members.get(place.at as usize) {
            reseat(&mut self.subscribers[moved as usize].channels, place);
        }
    }

    fn leave_pattern(&mut self, place: Place) {
        let members = &mut self.patterns[place.topic as usize].1.members;
        members.swap_remove(place.at as usize);
        if let Some(&moved) = members.get(place.at as usize) {
            reseat(&mut self.subscribers[moved as usize].patterns, place);
        } else if members.is_empty() {
            self.drop_pattern(place.topic);
        }
    }
}

/// The member that took a leaver's seat learns of its new place.
fn reseat(places: &mut [Place], left: Place) {
    if let Some(place) = places.iter_mut().find(|place| place.topic == left.topic) {
        place.at = left.at;
    }
}
