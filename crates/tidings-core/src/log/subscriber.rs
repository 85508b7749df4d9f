//! Subscribers: a cursor, the channels it stands for, and the boundary at which each subscription began.

use std::collections::VecDeque;

use serde::Serialize;
use smallvec::SmallVec;

use super::change::Claim;
use super::note::Note;
use super::take::Next;
use super::topic::Channel;
use super::{Log, Map};
use crate::channel::{ChannelName, Selector};
use crate::history::Envelope;
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
    /// There was no cursor, or the channel is the hub's own, which shows what is.
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
    pub(super) at: u32,
    pub(super) from: u64,
}

/// Channels whose gap was told before events of others, each with the last that it had lost, while the cursor is before
/// that. By name, since a channel may be let go meanwhile, and come back.
type GapsTold = Option<Box<Map<ChannelName, u64>>>;

#[derive(Debug)]
pub(super) struct Subscriber<W> {
    generation: u32,
    pub(super) awake: bool,
    pub(super) envelope: Envelope,
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
    #[expect(clippy::box_collection, reason = "most subscribers have none, and each is counted in bytes")]
    pub(super) claims: Option<Box<Vec<Claim>>>,
    gaps_told: GapsTold,
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

    /// From where on a channel is this subscriber's and not taken yet, if it is at all.
    pub(super) fn since(&self, channel: u32, patterns: &[u32]) -> Option<u64> {
        self.owned_after(self.cursor, channel, patterns)
    }

    /// From where on a channel is this subscriber's after a place that is not before its cursor.
    pub(super) fn owned_after(&self, place: u64, channel: u32, patterns: &[u32]) -> Option<u64> {
        let covered = self.covered_from(channel, patterns);
        let claimed = self.claims_on(channel).filter(|claim| claim.until > place).map(|claim| claim.from);
        claimed.chain(covered).min().map(|from| from.max(place))
    }

    /// Where the selectors that mean a channel begin on it.
    pub(super) fn covered_from(&self, channel: u32, patterns: &[u32]) -> Option<u64> {
        let named = self.channels.iter().filter(|place| place.topic == channel);
        let matched = self.patterns.iter().filter(|place| patterns.contains(&place.topic));
        named.chain(matched).map(|place| place.from).min()
    }

    /// Something of these channels is left to take, and nothing of others.
    pub(super) fn wait_for(&mut self, channels: impl Iterator<Item = u32>) {
        self.ready.clear();
        self.ready.extend(channels);
        self.ready.sort_unstable();
        self.ready.dedup();
        let cursor = self.cursor;
        if let Some(claims) = &mut self.claims {
            claims.retain(|claim| claim.until > cursor);
            self.claims = self.claims.take().filter(|claims| !claims.is_empty());
        }
        if let Some(told) = &mut self.gaps_told {
            told.retain(|_, through| *through > cursor);
            self.gaps_told = self.gaps_told.take().filter(|told| !told.is_empty());
        }
    }

    /// It was told of a channel's gap, which ends at `through`.
    pub(super) fn gap_told(&mut self, channel: &ChannelName, through: u64) {
        if through > self.cursor {
            self.gaps_told.get_or_insert_default().insert(channel.clone(), through);
        }
    }

    /// The gap of a channel that is to be told next, with the place that it comes at.
    pub(super) fn next_gap(&self, index: u32, channel: &Channel) -> Option<(u64, Next)> {
        let told = self.gaps_told.as_ref().and_then(|told| told.get(&channel.name)).copied();
        let since = self.owned_after(told.unwrap_or(0).max(self.cursor), index, &channel.patterns)?;
        let lost = channel.history.trimmed_through;
        let through = self.gap_through(index, channel, since, lost);
        // Before all that may be behind its first lost event: whoever is cut after that, and goes on where less was let go,
        // would never be told.
        (lost > since).then_some((since + 1, Next::Gap { through, channel: index }))
    }

    /// The log is another, and new from a place on: of what it had in the old one, only what it was to be told of its
    /// channels counts.
    pub(super) fn begin(&mut self, began: u64) {
        (self.cursor, self.born, self.marked) = (began, began, began);
        self.channels.iter_mut().chain(&mut self.patterns).for_each(|place| place.from = began);
        self.ready.clear();
        self.claims = None;
        self.gaps_told = None;
        let notes = self.notes.take().into_iter().flat_map(|notes| *notes);
        for note in notes.filter(|note| note.ty != "gap") {
            // A cursor from before the gaps that follow is still owed them.
            self.note(Note { at: began, through: began, owed: true, ..note });
        }
    }

    /// Nothing up to a place is left to take, and nothing beyond is shown yet.
    pub(super) fn rest(&mut self, shown_through: u64) {
        self.cursor = self.cursor.max(shown_through);
        self.awake = false;
    }
}

impl<W> Log<W> {
    /// Adds a subscriber that goes on from a cursor, if it brings one, or else from the head. The boundary between
    /// replay and live is the head at this moment: nothing is missed or told twice, however publishes interleave.
    /// [`EARLIEST`] in place of a cursor asks for all that is held. While what is left of earlier lives of a shared log is
    /// being read, whoever asks for some of it is owed a gap.
    pub fn subscribe(
        &mut self,
        selectors: &[Selector],
        cursor: Option<&str>,
        envelope: Envelope,
        wake: W,
    ) -> Subscribed {
        self.subscribe_since(selectors, &|_| 0, cursor, envelope, wake)
    }

    /// The same for one who may read some of it only `since` a place: what was published before that is not replayed,
    /// and told as a gap where the cursor is older.
    pub fn subscribe_since(
        &mut self,
        selectors: &[Selector],
        since: &dyn Fn(&Selector) -> u64,
        cursor: Option<&str>,
        envelope: Envelope,
        wake: W,
    ) -> Subscribed {
        let unread = self.unread_through();
        let given = cursor.map(|text| match text {
            EARLIEST => (unread == 0).then_some(0),
            _ => Cursor::parse(text)
                .filter(|c| c.epoch == self.epoch && (unread..=self.head).contains(&c.seq) && !c.owed)
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
            claims: None,
            gaps_told: None,
            wake,
        };
        let from = subscriber.cursor;
        let index = self.subscribers.insert(subscriber) as u32;
        let key = SubscriberKey { index, generation: self.generation };
        let floor = |selector: &Selector| since(selector).max(from);
        let floors: Vec<u64> = selectors.iter().map(floor).collect();
        for (selector, floor) in selectors.iter().zip(&floors) {
            self.join(index, selector, *floor);
        }
        let mut cursor = self.cursor(from);
        let resume = match given {
            None => {
                selectors.iter().for_each(|selector| self.catch_up_ahead(index, selector, from));
                selectors.iter().map(|selector| (selector.clone(), Resume::New)).collect()
            }
            Some(None) => {
                cursor.owed = self.owe_everything(index, selectors);
                let lost = |own| if own { Resume::New } else { Resume::Gap };
                selectors.iter().map(|selector| (selector.clone(), lost(selector.is_hubs_own()))).collect()
            }
            Some(Some(seq)) => {
                let mut caught_up = Vec::new();
                for (selector, floor) in selectors.iter().zip(floors) {
                    let resume = self.catch_up(index, selector, floor);
                    let withheld = floor > seq && !selector.is_hubs_own();
                    if withheld {
                        self.note_withheld(index, selector, floor);
                    }
                    caught_up.push((selector.clone(), if withheld { Resume::Gap } else { resume }));
                }
                caught_up
            }
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

    /// What a subscriber reads: names and patterns, as they were asked for.
    pub fn selectors(&self, key: SubscriberKey) -> Vec<Selector> {
        self.subscriber(key).map_or_else(Vec::new, |subscriber| self.selectors_of(subscriber))
    }

    pub(super) fn selectors_of(&self, subscriber: &Subscriber<W>) -> Vec<Selector> {
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
        let readers = self.reader_indices(name).into_iter();
        readers.map(|reader| &self.subscribers[reader as usize].wake).collect()
    }

    pub(super) fn reader_indices(&self, name: &ChannelName) -> Vec<u32> {
        match self.by_name.get(name) {
            Some(&index) => self.readers(&self.channels[index as usize]),
            None => self.matching_patterns(name),
        }
    }

    fn matching_patterns(&self, name: &ChannelName) -> Vec<u32> {
        let mut readers: Vec<u32> = Vec::new();
        for (_, (pattern, topic)) in &self.patterns {
            if pattern.matches(name.as_str()) {
                readers.extend_from_slice(&topic.members);
            }
        }
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    /// How far a subscriber is behind the log, in events of its channels that it has not taken.
    pub fn behind(&self, key: SubscriberKey) -> usize {
        let Some(subscriber) = self.subscriber(key) else { return 0 };
        let mut behind = 0;
        for &index in &subscriber.ready {
            if let Some(channel) = self.channels.get(index as usize)
                && let Some(since) = subscriber.since(index, &channel.patterns)
            {
                behind += subscriber.held_of(index, channel, since);
            }
        }
        behind
    }

    pub(super) fn subscriber(&self, key: SubscriberKey) -> Option<&Subscriber<W>> {
        self.subscribers.get(key.index as usize).filter(|s| s.generation == key.generation)
    }

    /// Lists what a subscriber that begins at the head has to be told of what is lost behind that, while a shared log is
    /// read.
    pub(super) fn catch_up_ahead(&mut self, index: u32, selector: &Selector, head: u64) {
        if self.shown_through.is_some() {
            self.catch_up(index, selector, head);
        }
    }

    /// Lists what a resuming subscriber has to take. Answers whether something of it is lost.
    fn catch_up(&mut self, index: u32, selector: &Selector, seq: u64) -> Resume {
        let mut resume = Resume::Ok;
        let subscriber = &mut self.subscribers[index as usize];
        let mut look_at = |channel_index: u32, channel: &Channel| {
            if channel.history.last_seq() > seq {
                subscriber.ready.push(channel_index);
            }
            if channel.history.trimmed_through > seq {
                resume = Resume::Gap;
            }
        };
        match selector {
            Selector::Channel(name) if name.is_hubs_own() => return Resume::New,
            Selector::Channel(name) => {
                // It was made, if need be, when the subscriber joined it.
                if let Some(&at) = self.by_name.get(name) {
                    look_at(at, &self.channels[at as usize]);
                }
            }
            Selector::Pattern(pattern) => {
                let behind = self.channels.iter().filter(|(_, channel)| channel.history.last_seq() > seq);
                let mine = behind.filter(|(_, channel)| pattern.matches(channel.name.as_str()));
                mine.for_each(|(at, channel)| look_at(at as u32, channel));
            }
        }
        subscriber.ready.sort_unstable();
        subscriber.ready.dedup();
        if let Selector::Pattern(pattern) = selector
            && self.recall_forgotten(index, pattern, seq)
        {
            resume = Resume::Gap;
        }
        resume
    }
}
