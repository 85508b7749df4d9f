//! The rules of delivery, held against recorded histories. A pure function: what it is given decides what it says.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::history::{Publication, Reader, Seen};
use super::walk::Walk;

/// What was checked.
#[derive(Clone, Debug, Default)]
#[expect(dead_code, reason = "some are printed alone")]
pub(crate) struct Figures {
    pub(crate) published: usize,
    pub(crate) deliveries: usize,
    pub(crate) connections: usize,
    /// Connections that went on, with their cursor, at another hub than before.
    pub(crate) moves: usize,
    /// Gaps by their reason.
    pub(crate) gaps: BTreeMap<String, usize>,
    /// Events that gaps stood for, but for those of lost epochs.
    pub(crate) lost: usize,
    /// Events that a newer one of their key stood for.
    pub(crate) replaced: usize,
    pub(crate) epochs: usize,
}

/// Checks all histories. `held_events` tells how many events of a channel the hub keeps. Answers what is wrong.
pub(crate) fn check(
    publications: &[Publication],
    readers: &[Reader],
    held_events: &dyn Fn(&str) -> usize,
) -> (Figures, Vec<String>) {
    let (truth, mut wrong) = Truth::of(publications, readers, held_events);
    let mut figures = Figures { published: publications.len(), epochs: truth.epochs(), ..Figures::default() };
    for reader in readers {
        wrong.extend(Walk::new(&truth, reader).check(&mut figures));
    }
    (figures, wrong)
}

/// An event that is in the log: somebody was told so, or saw it.
pub(crate) struct Logged<'a> {
    pub(crate) publication: &'a Publication,
    /// When the first of the newer events of its key was sent.
    pub(crate) superseded: Option<u64>,
    /// When it was known to be there.
    acked: Option<u64>,
}

/// What was published, and where it stands in the log of each epoch.
pub(crate) struct Truth<'a> {
    pub(crate) channels: BTreeSet<&'a str>,
    held_events: &'a dyn Fn(&str) -> usize,
    by_number: HashMap<(&'a str, u64), &'a Publication>,
    by_channel: HashMap<&'a str, Vec<&'a Publication>>,
    /// By epoch and channel, then by offset.
    logs: HashMap<(&'a str, &'a str), BTreeMap<u64, Logged<'a>>>,
    /// Where each epoch began, as the first gap for it says that was told.
    began: HashMap<&'a str, u64>,
}

impl<'a> Truth<'a> {
    fn of(
        publications: &'a [Publication],
        readers: &'a [Reader],
        held_events: &'a dyn Fn(&str) -> usize,
    ) -> (Self, Vec<String>) {
        let by_number: HashMap<_, _> = publications.iter().map(|p| ((p.channel.as_str(), p.n), p)).collect();
        let channels = publications.iter().map(|p| p.channel.as_str()).collect();
        let mut by_channel: HashMap<_, Vec<_>> = HashMap::new();
        for publication in publications {
            by_channel.entry(publication.channel.as_str()).or_default().push(publication);
        }
        let mut truth = Self {
            channels,
            held_events,
            by_number,
            by_channel,
            logs: HashMap::new(),
            began: HashMap::new(),
        };
        let mut wrong = Vec::new();
        let mut places = HashMap::new();
        for publication in publications {
            for ack in &publication.acks {
                let at = (ack.epoch.as_str(), ack.offset, Some(ack.tick));
                wrong.extend(truth.enter(&mut places, publication, at));
            }
        }
        for seen in readers.iter().flat_map(|reader| &reader.seen) {
            match seen {
                Seen::Event { channel, n, at, .. } => {
                    let at = (at.epoch.as_str(), at.offset, None);
                    let publication = truth.publication(channel, *n);
                    wrong.extend(publication.and_then(|sent| truth.enter(&mut places, sent, at)));
                }
                Seen::Gap { reason, at, .. } if reason == "epoch" => {
                    let began = truth.began.entry(&at.epoch).or_insert(at.offset);
                    *began = at.offset.min(*began);
                }
                _ => {}
            }
        }
        for log in truth.logs.values_mut() {
            mark_superseded(log);
            wrong.extend(overtaken(log));
        }
        (truth, wrong)
    }

    /// An event has one place in an epoch, however often it was sent, and a place has one event.
    fn enter(
        &mut self,
        places: &mut HashMap<(&'a str, &'a str, u64), u64>,
        publication: &'a Publication,
        (epoch, offset, acked): (&'a str, u64, Option<u64>),
    ) -> Option<String> {
        let (channel, n) = (publication.channel.as_str(), publication.n);
        let place = *places.entry((epoch, channel, n)).or_insert(offset);
        if place != offset {
            return Some(format!("two places: {channel} {n} is at {place} and {offset}"));
        }
        let log = self.logs.entry((epoch, channel)).or_default();
        let there = log.entry(offset).or_insert(Logged { publication, superseded: None, acked: None });
        there.acked = there.acked.into_iter().chain(acked).min();
        let other = there.publication.n;
        (other != n).then(|| format!("two events in one place: {channel} {n} and {other}"))
    }

    pub(crate) fn publication(&self, channel: &str, n: u64) -> Option<&'a Publication> {
        self.by_number.get(&(channel, n)).copied()
    }

    /// What a channel's log has after one place and before another, each with its place.
    pub(crate) fn between(
        &self,
        epoch: &'a str,
        channel: &'a str,
        (after, before): (u64, u64),
    ) -> impl Iterator<Item = (u64, &Logged<'a>)> {
        let range = after + 1..before.max(after + 1);
        let log = self.logs.get(&(epoch, channel));
        log.into_iter().flat_map(move |log| log.range(range.clone())).map(|(at, logged)| (*at, logged))
    }

    /// Whether a place is of lives before: what they lost is known of none.
    pub(crate) fn is_before(&self, epoch: &str, place: u64) -> bool {
        self.began.get(epoch).is_some_and(|began| place < *began)
    }

    /// Whether others were told that this epoch began before that place.
    pub(crate) fn is_after_beginning(&self, epoch: &str, place: u64) -> bool {
        self.began.get(epoch).is_some_and(|began| *began < place)
    }

    /// Whether a channel may have let go of the event at a place by a moment: behind it are as many as are held.
    pub(crate) fn may_be_gone(&self, epoch: &'a str, channel: &'a str, offset: u64, tick: u64) -> bool {
        self.newer(epoch, channel, offset, tick) >= (self.held_events)(channel)
    }

    /// How many events newer than a place its channel may have had at a moment: those that were sent by then and
    /// stand behind it, or whose place nobody was told when the hub died.
    fn newer(&self, epoch: &'a str, channel: &'a str, offset: u64, tick: u64) -> usize {
        let logged = self.between(epoch, channel, (offset, u64::MAX));
        let logged = logged.filter(|(_, logged)| logged.publication.invoked < tick).count();
        let sent = self.by_channel.get(channel).into_iter().flatten();
        let untold = sent.filter(|sent| sent.invoked < tick && sent.acks.iter().all(|ack| ack.tick > tick));
        let untold = untold
            .filter(|sent| !sent.is_refused() && sent.acks.iter().all(|ack| ack.epoch != epoch))
            .count();
        logged + untold
    }

    fn epochs(&self) -> usize {
        self.logs.keys().map(|(epoch, _)| *epoch).collect::<HashSet<_>>().len()
    }
}

fn mark_superseded(log: &mut BTreeMap<u64, Logged<'_>>) {
    let mut newer: HashMap<&str, u64> = HashMap::new();
    for logged in log.values_mut().rev() {
        let Some(key) = logged.publication.key.as_deref() else { continue };
        logged.superseded = newer.get(key).copied();
        let first = newer.entry(key).or_insert(u64::MAX);
        *first = (*first).min(logged.publication.invoked);
    }
}

/// Whoever was answered before another was sent stands before it.
fn overtaken(log: &BTreeMap<u64, Logged<'_>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut acked = u64::MAX;
    for (offset, Logged { publication, acked: here, .. }) in log.iter().rev() {
        if publication.invoked > acked {
            let (channel, n) = (&publication.channel, publication.n);
            wrong.push(format!("out of the order of publishing: {channel} {n} at {offset}"));
        }
        acked = acked.min(here.unwrap_or(u64::MAX));
    }
    wrong
}
