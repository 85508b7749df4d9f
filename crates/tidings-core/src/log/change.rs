//! A live subscriber's channels change, from one place of the log on. It may be behind that place: what lay before it is
//! still the subscriber's as it was, so that nothing is missing between two events that it is given.

use std::collections::HashSet;

use serde_json::json;

use super::note::Note;
use super::subscriber::Subscriber;
use super::take::Next;
use super::topic::Channel;
use super::{Log, SubscriberKey};
use crate::channel::Selector;

/// What a subscriber that does not read may have waiting for it of changes to its channels, before no more are taken.
pub const PENDING_CHANGE_BYTES_MAX: usize = 64 * 1024;

/// Why a subscriber's channels are not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unchanged {
    /// There is no such subscriber.
    #[error("there is no such stream")]
    Gone,
    /// It has not taken what its earlier changes left for it: what it is told of each, and the events that were still
    /// its own.
    #[error("the stream has not read its earlier changes: read it, and then change it again")]
    Behind,
}

/// What a subscriber had not taken yet of a channel when it dropped a selector that meant it: the events after `from`,
/// up to the channel's newest at that moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    channel: u32,
    pub(super) from: u64,
    pub(super) until: u64,
}

impl<W> Log<W> {
    /// Changes what a live subscriber reads, from the head on. `subscribed` and `unsubscribed` are told in their
    /// place, and what was published before a channel was left is still given. Answers what was new and what was
    /// dropped. Of one that does not read, only so much is kept.
    pub fn change(
        &mut self,
        key: SubscriberKey,
        add: &[Selector],
        remove: &[Selector],
        wake: &mut impl FnMut(&W),
    ) -> Result<(Vec<Selector>, Vec<Selector>), Unchanged> {
        let subscriber = self.subscriber(key).ok_or(Unchanged::Gone)?;
        if subscriber.pending_change_bytes() >= PENDING_CHANGE_BYTES_MAX {
            return Err(Unchanged::Behind);
        }
        let head = self.head;
        let waiting = if remove.is_empty() { Vec::new() } else { self.waiting(key.index) };
        let removed: Vec<_> =
            remove.iter().filter(|selector| self.part(key.index, selector)).cloned().collect();
        self.claim(key.index, &waiting);
        let added: Vec<_> =
            add.iter().filter(|selector| self.join(key.index, selector, head)).cloned().collect();
        added.iter().for_each(|selector| self.catch_up_ahead(key.index, selector, head));
        let subscriber = &mut self.subscribers[key.index as usize];
        for (ty, list) in [("unsubscribed", &removed), ("subscribed", &added)] {
            if !list.is_empty() {
                let data = json!({ "channels": list }).to_string();
                subscriber.note(Note::new(head, ty, data));
            }
        }
        subscriber.wake_for_notes(wake);
        Ok((added, removed))
    }

    /// Takes from a live subscriber, at this moment, what it may no longer read, and gives it `add`. Unlike with
    /// [`Log::change`], what waits of a channel that is no longer its own is not given any more, whoever had left that
    /// channel. `unsubscribed` and `subscribed` are told in their place.
    pub fn withdraw(
        &mut self,
        key: SubscriberKey,
        add: &[Selector],
        may_read: &mut dyn FnMut(&Selector) -> bool,
        wake: &mut impl FnMut(&W),
    ) -> Result<(Vec<Selector>, Vec<Selector>), Unchanged> {
        self.subscriber(key).ok_or(Unchanged::Gone)?;
        let mut gone = self.selectors(key);
        gone.retain(|selector| !may_read(selector));
        self.void_claims(key.index, may_read);
        if gone.is_empty() {
            return if add.is_empty() { Ok(Default::default()) } else { self.change(key, add, &[], wake) };
        }
        let claims = self.subscribers[key.index as usize].claims.take();
        let changed = self.change(key, add, &gone, wake);
        // What was waiting is claimed by the change: of that, only what is still meant by another selector stays.
        let subscriber = &mut self.subscribers[key.index as usize];
        let made = subscriber.claims.take().unwrap_or_default();
        subscriber.claims = claims;
        for claim in *made {
            let patterns = &self.channels[claim.channel as usize].patterns;
            if subscriber.covered_from(claim.channel, patterns).is_some() {
                subscriber.claims.get_or_insert_default().push(claim);
            }
        }
        changed
    }

    /// Drops the claims to what may not be read.
    fn void_claims(&mut self, index: u32, may_read: &mut dyn FnMut(&Selector) -> bool) {
        let (subscriber, channels) = (&mut self.subscribers[index as usize], &self.channels);
        let Some(claims) = &mut subscriber.claims else { return };
        claims.retain(|claim| may_read(&Selector::Channel(channels[claim.channel as usize].name.clone())));
        if claims.is_empty() {
            subscriber.claims = None;
        }
    }

    /// The channels of which something that was left is still somebody's.
    pub(super) fn claimed(&mut self) -> HashSet<u32> {
        let subscribers = &self.subscribers;
        let claims = |index: u32| subscribers.get(index as usize)?.claims.as_deref();
        self.claimants.retain(|index| claims(*index).is_some());
        self.claimants
            .iter()
            .filter_map(|index| claims(*index))
            .flatten()
            .map(|claim| claim.channel)
            .collect()
    }

    /// Where the selectors of a subscriber begin on the channels that it has to take from.
    fn waiting(&self, index: u32) -> Vec<(u32, Option<u64>)> {
        let subscriber = &self.subscribers[index as usize];
        let from = |channel: u32| {
            let patterns = &self.channels.get(channel as usize)?.patterns;
            Some((channel, subscriber.covered_from(channel, patterns)))
        };
        subscriber.ready.iter().filter_map(|&channel| from(channel)).collect()
    }

    /// Keeps what was waiting where no selector, or one that began later, means it by now.
    fn claim(&mut self, index: u32, before: &[(u32, Option<u64>)]) {
        let now = self.waiting(index);
        let subscriber = &mut self.subscribers[index as usize];
        let cursor = subscriber.cursor;
        for (&(channel, before), (_, now)) in before.iter().zip(now) {
            let Some(from) = before.filter(|&from| now.is_none_or(|now| now > from)) else { continue };
            // What is lost may be known before the log has come to it.
            let until = self.channels[channel as usize].history.last_seq().min(self.head);
            if until > from.max(cursor) {
                subscriber.claims.get_or_insert_default().push(Claim { channel, from, until });
                self.claimants.insert(index);
            }
        }
    }
}

impl<W> Subscriber<W> {
    /// What waits for it of changes to its channels. Gaps are not among it: they are bounded by what it reads.
    fn pending_change_bytes(&self) -> usize {
        let notes = self.notes.iter().flat_map(|notes| notes.iter()).filter(|note| note.ty != "gap");
        let told: usize = notes.map(|note| size_of::<Note>() + note.data.len()).sum();
        told + self.claims.as_ref().map_or(0, |claims| claims.len() * size_of::<Claim>())
    }

    /// Claims of which something is not taken yet.
    pub(super) fn claims_on(&self, channel: u32) -> impl Iterator<Item = &Claim> {
        let claims = self.claims.iter().flat_map(|claims| claims.iter());
        claims.filter(move |claim| claim.channel == channel && claim.until > self.cursor)
    }

    /// The first event of a channel, from an index on, that is this subscriber's, and its place.
    pub(super) fn next_event(&self, index: u32, channel: &Channel, at: usize) -> Option<(u64, Next)> {
        let mut rest = (at..channel.history.len()).filter_map(|at| Some((channel.history.get(at)?.seq, at)));
        let (place, at) = match self.claims {
            None => rest.next()?,
            Some(_) => rest.find(|(place, _)| self.owns(index, channel, *place))?,
        };
        Some((place, Next::Event { channel: index, at }))
    }

    /// How many events of a channel after `since` are this subscriber's and held.
    pub(super) fn held_of(&self, index: u32, channel: &Channel, since: u64) -> usize {
        let rest = channel.history.index_after(since)..channel.history.len();
        if self.claims.is_none() {
            return rest.len();
        }
        rest.filter_map(|at| channel.history.get(at))
            .filter(|frame| self.owns(index, channel, frame.seq))
            .count()
    }

    /// Where the gap of a channel that let go of events up to `lost` ends, of those after `since` that are this
    /// subscriber's: there, or where it had left the channel before.
    pub(super) fn gap_through(&self, index: u32, channel: &Channel, since: u64, lost: u64) -> u64 {
        let mut end = since;
        loop {
            // What begins no earlier than the rest ended is a subscription of its own, and has a gap of its own.
            let is_one = |from: u64| from <= since || from < end;
            if self.covered_from(index, &channel.patterns).is_some_and(is_one) {
                return lost;
            }
            let claims = self.claims_on(index).filter(|claim| is_one(claim.from) && claim.until > end);
            match claims.map(|claim| claim.until).max() {
                Some(further) => end = further,
                None => return end.min(lost),
            }
        }
    }

    fn owns(&self, index: u32, channel: &Channel, seq: u64) -> bool {
        self.covered_from(index, &channel.patterns).is_some_and(|from| seq > from)
            || self.claims_on(index).any(|claim| claim.from < seq && seq <= claim.until)
    }
}
