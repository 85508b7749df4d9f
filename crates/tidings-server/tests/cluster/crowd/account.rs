//! What was seen while people moved, and what all of it costs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::TOLD_MAX;
use super::words::Told;
use crate::hub::now;
use crate::scene::Scene;

/// Those who are told and those who ask for the count do not look at the same moment.
const LOOKS_APART: usize = 2;

/// What the hubs said of all connections over a time, beside what there was.
pub(super) struct Account {
    went: Instant,
    total: usize,
    looks: Vec<Look>,
    /// When the first and the last was seen to have lost its stream.
    lost: Option<(Duration, Duration)>,
    lost_count: usize,
    greeted_count: usize,
}

struct Look {
    at: Instant,
    held: u64,
    /// Streams that ended and that were greeted so far.
    lost: usize,
    greeted: usize,
    /// The least and the most that a hub said.
    counts: (u64, u64),
}

impl Account {
    pub(super) fn new(went: Instant, total: usize) -> Self {
        Self { went, total, looks: Vec::new(), lost: None, lost_count: 0, greeted_count: 0 }
    }

    pub(super) fn note_moved(&mut self, told: &Told, before: &Told) {
        self.greeted_count = told.greeted - before.greeted;
        let lost = ended(told) - ended(before);
        if lost > self.lost_count {
            self.lost_count = lost;
            let at = self.went.elapsed();
            self.lost = Some((self.lost.map_or(at, |(first, _)| first), at));
        }
    }

    pub(super) fn note_counts(&mut self, held: usize, counts: impl Iterator<Item = u64>) {
        let counts = counts.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
        let (lost, greeted) = (self.lost_count, self.greeted_count);
        self.looks.push(Look { at: now(), held: held as u64, lost, greeted, counts });
    }

    /// No hub ever said what was not so within the time that a count may be old, or at a look beside; but for so many
    /// of a dead hub, which count until its lease ends, and those who came or left just now.
    pub(super) fn assert_true(&self, ghosts: u64, stale: Duration) {
        for (n, look) in self.looks.iter().enumerate() {
            let near = self.looks.iter().enumerate().filter(|(other, there)| {
                let apart = if there.at > look.at { there.at - look.at } else { look.at - there.at };
                n.abs_diff(*other) <= LOOKS_APART || apart <= TOLD_MAX
            });
            let held = near.map(|(_, there)| there.held);
            let (least, most) = held.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
            let before = self.looks[..n].iter().rev().find(|there| look.at - there.at > stale);
            let after = &self.looks[(n + LOOKS_APART).min(self.looks.len() - 1)];
            let left = (after.lost - before.map_or(0, |there| there.lost)) as u64;
            let came = (after.greeted - before.map_or(0, |there| there.greeted)) as u64;
            let (least, most) = (least.saturating_sub(came), most + left + ghosts);
            let (from, to) = look.counts;
            let passed = look.at - self.went;
            assert!(least <= from && to <= most, "{from} to {to} where {least} to {most}, {passed:?} after");
        }
    }

    pub(super) fn range(&self) -> String {
        let least = |of: fn(&Look) -> u64| self.looks.iter().map(of).min().unwrap_or_default();
        let most = self.looks.iter().map(|look| look.counts.1).max().unwrap_or_default();
        let (counted, held) = (least(|look| look.counts.0), least(|look| look.held));
        format!(
            "{counted} to {most} of {}, at {} looks; there were {held} at the least",
            self.total,
            self.looks.len()
        )
    }

    /// How the streams ended, and over which time.
    pub(super) fn ends(&self, after: &Told, before: &Told) -> String {
        let (first, last) = self.lost.unwrap_or_default();
        let since = |after: &BTreeMap<String, usize>, before: &BTreeMap<String, usize>| {
            let of = |(why, count): (&String, &usize)| (why.clone(), count - before.get(why).unwrap_or(&0));
            after.iter().map(of).filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>()
        };
        format!(
            "told {:?}, {} without a word, from {} s to {} s after; refused on the way {:?}",
            since(&after.closings, &before.closings),
            after.cut - before.cut,
            seconds(first),
            seconds(last),
            since(&after.refused, &before.refused)
        )
    }
}

fn ended(told: &Told) -> usize {
    told.cut + told.closings.values().sum::<usize>()
}

/// All parts as one.
pub(super) fn together(parts: Vec<Told>) -> Told {
    parts.into_iter().fold(Told::default(), |mut all, part| {
        all.held += part.held;
        all.people += part.people;
        all.greeted += part.greeted;
        all.wait_most_ms = all.wait_most_ms.max(part.wait_most_ms);
        all.away_most_ms = all.away_most_ms.max(part.away_most_ms);
        all.cut += part.cut;
        all.missed += part.missed;
        all.twice += part.twice;
        all.gaps += part.gaps;
        for (into, from) in [(&mut all.closings, part.closings), (&mut all.refused, part.refused)] {
            from.into_iter().for_each(|(why, count)| *into.entry(why).or_default() += count);
        }
        all
    })
}

/// What hubs and Redis have of the machine's memory.
pub(super) struct Memory {
    hubs: Vec<u64>,
    redis_rss: u64,
    redis_used: u64,
}

impl Memory {
    pub(super) fn of(scene: &Scene) -> Self {
        let info = scene.redis.cli(&["INFO", "memory"]);
        let of = |name: &str| {
            let value = info.lines().find_map(|line| line.strip_prefix(name)).expect(name);
            value.trim().parse().expect("bytes")
        };
        Self {
            hubs: scene.hubs.iter().map(crate::hub::Hub::rss_bytes).collect(),
            redis_rss: of("used_memory_rss:"),
            redis_used: of("used_memory:"),
        }
    }

    pub(super) fn show_one_full(&self, before: &Self, connections: usize) {
        let grown = |hub: usize| self.hubs[hub].saturating_sub(before.hubs[hub]) / connections as u64;
        println!(
            "memory, one hub full: {} bytes for each of its own, {} for each at another hub",
            grown(0),
            grown(1)
        );
    }

    pub(super) fn show(&self, when: &str, before: &Self, connections: usize) {
        const MIB: u64 = 1 << 20;
        let (least, most) = (self.hubs.iter().min(), self.hubs.iter().max());
        let [least, most] = [least, most].map(|bytes| bytes.copied().unwrap_or_default());
        let own = self.hubs[0].saturating_sub(before.hubs[0]) / (connections / self.hubs.len()) as u64;
        println!(
            "memory, {when}: a hub has {} to {} MiB (empty {}), {own} bytes for each of its own with all the others; \
             Redis {} MiB ({} used), {} bytes a connection",
            least / MIB,
            most / MIB,
            before.hubs[0] / MIB,
            self.redis_rss / MIB,
            self.redis_used / MIB,
            self.redis_used.saturating_sub(before.redis_used) / connections as u64
        );
    }
}

pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

/// Of sorted microseconds, in milliseconds.
pub(super) fn share(sorted_us: &[u64], share: f64) -> f64 {
    let rank = (share * sorted_us.len() as f64).ceil() as usize;
    (sorted_us[rank.clamp(1, sorted_us.len()) - 1] / 100) as f64 / 10.0
}
