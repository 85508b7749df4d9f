//! What several hubs promise besides, on a log that lost nothing: it is one log, all its life, and the same at each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::history::{Publication, Reader, Seen};

/// Of an epoch of the log on Redis, those that are no number of its life.
const CHANCE_BITS: u32 = 40;

/// Checks all histories of hubs whose log was kept. `held_events` tells how many events of a channel are. Answers what
/// is wrong.
pub(crate) fn check(
    publications: &[Publication],
    readers: &[Reader],
    held_events: &dyn Fn(&str) -> usize,
) -> Vec<String> {
    let mut wrong = lives(publications, readers);
    wrong.extend(lost(publications, readers, held_events));
    wrong
}

/// Readers who came with one cursor, each to another hub, saw the same on each channel.
pub(crate) fn differences(readers: &[Reader]) -> Vec<String> {
    let Some((first, others)) = readers.split_first() else { return Vec::new() };
    let wanted = told(first);
    let mut wrong = Vec::new();
    for other in others {
        let given = told(other);
        let channels: BTreeSet<&str> = wanted.keys().chain(given.keys()).copied().collect();
        for channel in channels {
            let [mut wanted, mut given] =
                [&wanted, &given].map(|told| told.get(channel).into_iter().flatten());
            let differs = std::iter::repeat_with(|| (wanted.next(), given.next()))
                .take_while(|pair| *pair != (None, None))
                .find(|(wanted, given)| wanted != given);
            if let Some((wanted, given)) = differs {
                let (one, other) = (&first.name, &other.name);
                wrong.push(format!("hubs differ: {channel} {wanted:?} for {one}, {given:?} for {other}"));
            }
        }
    }
    wrong
}

/// What a reader was told on each channel: the number of an event, or none for a gap, and its place.
fn told(reader: &Reader) -> BTreeMap<&str, Vec<(Option<u64>, u64)>> {
    let mut told: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for seen in &reader.seen {
        let (channel, n, at) = match seen {
            Seen::Event { channel, n, at, .. } => (channel, Some(*n), at),
            Seen::Gap { selector, at, .. } => (selector, None, at),
            Seen::Connected { .. } | Seen::Subscribed { .. } | Seen::Unsubscribed { .. } => continue,
        };
        told.entry(channel).or_default().push((n, at.offset));
    }
    told
}

/// What was acknowledged before the log began anew is held yet as far as that life began behind it: a reader of all that
/// is held has it, where its channel keeps all. Answers of how many that was shown, and what is wrong.
pub(crate) fn handed_on(
    publications: &[Publication],
    readers: &[Reader],
    of_all: &[Reader],
    held_events: &dyn Fn(&str) -> usize,
) -> (usize, Vec<String>) {
    let mut began: BTreeMap<u64, u64> = BTreeMap::new();
    for seen in readers.iter().flat_map(|reader| &reader.seen) {
        if let Seen::Gap { reason, at, .. } = seen
            && reason == "epoch"
        {
            let began = began.entry(life(&at.epoch)).or_insert(at.offset);
            *began = at.offset.min(*began);
        }
    }
    let is_kept = |publication: &&Publication| {
        let is_behind = |life: u64, place| began.range(life + 1..).all(|(_, began)| place <= *began);
        let mut acks = publication.acks.iter();
        publication.key.is_none()
            && held_events(&publication.channel) == usize::MAX
            && acks.any(|ack| {
                began.range(life(&ack.epoch) + 1..).next().is_some()
                    && is_behind(life(&ack.epoch), ack.offset)
            })
    };
    let kept: Vec<&Publication> = publications.iter().filter(is_kept).collect();
    let mut wrong = Vec::new();
    for reader in of_all {
        let events = reader.seen.iter().filter_map(|seen| match seen {
            Seen::Event { channel, n, .. } => Some((channel.as_str(), *n)),
            _ => None,
        });
        let had: HashSet<_> = events.collect();
        let missing = kept.iter().filter(|sent| !had.contains(&(sent.channel.as_str(), sent.n)));
        let blame = |sent: &&Publication| {
            format!("lost with its life: {} {} for {}", sent.channel, sent.n, reader.name)
        };
        wrong.extend(missing.map(blame));
    }
    (kept.len(), wrong)
}

/// The number of a life, as its epoch has it above what is chance.
fn life(epoch: &str) -> u64 {
    u64::from_str_radix(epoch, 36).unwrap_or_else(|_| panic!("no epoch: {epoch}")) >> CHANCE_BITS
}

/// The log has one life, whoever speaks of it.
fn lives(publications: &[Publication], readers: &[Reader]) -> Vec<String> {
    let acked = publications.iter().flat_map(|publication| &publication.acks).map(|ack| ack.epoch.as_str());
    let seen = readers.iter().flat_map(|reader| &reader.seen).map(|seen| match seen {
        Seen::Connected { at, .. }
        | Seen::Event { at, .. }
        | Seen::Gap { at, .. }
        | Seen::Subscribed { at, .. }
        | Seen::Unsubscribed { at, .. } => at.epoch.as_str(),
    });
    let lives: HashSet<&str> = acked.chain(seen).collect();
    if lives.len() < 2 { Vec::new() } else { vec![format!("the log began anew: {lives:?}")] }
}

/// What was acknowledged is there, where its channel keeps all, unless a newer event of its key stands for it.
fn lost(
    publications: &[Publication],
    readers: &[Reader],
    held_events: &dyn Fn(&str) -> usize,
) -> Vec<String> {
    let mut had = HashSet::new();
    for seen in readers.iter().flat_map(|reader| &reader.seen) {
        if let Seen::Event { channel, n, .. } = seen {
            had.insert((channel.as_str(), *n));
        }
    }
    let mut newest: HashMap<(&str, &str), u64> = HashMap::new();
    for (publication, key, offset) in keyed(publications) {
        let newest = newest.entry((&publication.channel, key)).or_default();
        *newest = (*newest).max(offset);
    }
    let replaced: HashSet<(&str, u64)> = keyed(publications)
        .filter(|(publication, key, offset)| newest[&(publication.channel.as_str(), *key)] > *offset)
        .map(|(publication, ..)| (publication.channel.as_str(), publication.n))
        .collect();
    let acknowledged = publications.iter().filter(|publication| !publication.acks.is_empty());
    acknowledged
        .filter(|publication| held_events(&publication.channel) == usize::MAX)
        .map(|publication| (publication.channel.as_str(), publication.n))
        .filter(|event| !had.contains(event) && !replaced.contains(event))
        .map(|(channel, n)| format!("acknowledged and lost: {channel} {n}"))
        .collect()
}

/// Events that have a key, with it and their place.
fn keyed(publications: &[Publication]) -> impl Iterator<Item = (&Publication, &str, u64)> {
    publications.iter().filter_map(|publication| {
        Some((publication, publication.key.as_deref()?, publication.acks.first()?.offset))
    })
}
