//! The rules of delivery, held against recorded histories. A pure function: what it is given decides what it says.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::history::{Publication, Reader, Seen};
use crate::walk::Walk;

/// What was checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) published: usize,
    pub(crate) deliveries: usize,
    pub(crate) connections: usize,
    pub(crate) gaps: usize,
    /// Events that gaps stood for.
    pub(crate) lost: usize,
    pub(crate) epochs: usize,
}

/// Checks all histories. Answers what is wrong with them.
pub(crate) fn check(publications: &[Publication], readers: &[Reader]) -> (Figures, Vec<String>) {
    let (truth, mut wrong) = Truth::of(publications, readers);
    let mut figures = Figures { published: publications.len(), epochs: truth.epochs(), ..Figures::default() };
    for reader in readers {
        wrong.extend(Walk::new(&truth, reader).check(&mut figures));
    }
    (figures, wrong)
}

/// An event that is in the log: somebody was told so, or saw it.
pub(crate) struct Logged<'a> {
    pub(crate) publication: &'a Publication,
    /// A newer event of its key is in the log too.
    pub(crate) superseded: bool,
}

/// What was published, and where it stands in the log of each epoch.
pub(crate) struct Truth<'a> {
    pub(crate) channels: BTreeSet<&'a str>,
    by_number: HashMap<(&'a str, u64), &'a Publication>,
    /// By epoch and channel, then by offset.
    logs: HashMap<(&'a str, &'a str), BTreeMap<u64, Logged<'a>>>,
}

impl<'a> Truth<'a> {
    fn of(publications: &'a [Publication], readers: &'a [Reader]) -> (Self, Vec<String>) {
        let by_number: HashMap<_, _> =
            publications.iter().map(|p| ((p.channel.as_str(), p.n), p)).collect();
        let channels = publications.iter().map(|p| p.channel.as_str()).collect();
        let mut truth = Self { channels, by_number, logs: HashMap::new() };
        let acked = publications
            .iter()
            .flat_map(|p| p.acks.iter().map(move |ack| (p, ack.epoch.as_str(), ack.offset)));
        let mut places: Vec<_> = acked.collect();
        for seen in readers.iter().flat_map(|reader| &reader.seen) {
            if let Seen::Event { channel, n, epoch, offset } = seen
                && let Some(publication) = truth.publication(channel, *n)
            {
                places.push((publication, epoch, *offset));
            }
        }
        let wrong = truth.enter(places);
        truth.mark_superseded();
        (truth, wrong)
    }

    /// An event has one place in an epoch, however often it was sent, and a place has one event.
    fn enter(&mut self, places: Vec<(&'a Publication, &'a str, u64)>) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut known: HashMap<(&str, &str, u64), u64> = HashMap::new();
        for (publication, epoch, offset) in places {
            let channel = publication.channel.as_str();
            let place = *known.entry((epoch, channel, publication.n)).or_insert(offset);
            if place != offset {
                wrong.push(format!("two places: {channel} {} is at {place} and {offset}", publication.n));
            }
            let log = self.logs.entry((epoch, channel)).or_default();
            let there = log.entry(offset).or_insert(Logged { publication, superseded: false });
            if there.publication.n != publication.n {
                wrong.push(format!("two events: {channel} {} and {}", publication.n, there.publication.n));
            }
        }
        wrong
    }

    fn mark_superseded(&mut self) {
        for log in self.logs.values_mut() {
            let mut newer = HashSet::new();
            for logged in log.values_mut().rev() {
                if let Some(key) = logged.publication.key.as_deref() {
                    logged.superseded = !newer.insert(key);
                }
            }
        }
    }

    pub(crate) fn publication(&self, channel: &str, n: u64) -> Option<&'a Publication> {
        self.by_number.get(&(channel, n)).copied()
    }

    /// What a channel's log has after one place and before another.
    pub(crate) fn between(
        &self,
        epoch: &'a str,
        channel: &'a str,
        after: Option<u64>,
        before: Option<u64>,
    ) -> impl Iterator<Item = &Logged<'a>> {
        let range = after.map_or(0, |after| after + 1)..before.unwrap_or(u64::MAX);
        let range = if range.start > range.end { 0..0 } else { range };
        self.logs.get(&(epoch, channel)).into_iter().flat_map(move |log| log.range(range.clone())).map(|(_, l)| l)
    }

    fn epochs(&self) -> usize {
        self.logs.keys().map(|(epoch, _)| *epoch).collect::<HashSet<_>>().len()
    }
}
