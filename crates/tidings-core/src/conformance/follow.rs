//! One that follows a log as a hub does: what is heard may lack, repeat and be out of order, and places tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use super::Bench;
use crate::channel::ChannelName;
use crate::engine::{Engine, Entry, Head, Heard, Stretch};

/// How often a reader listens before it says that something never comes, and how long it waits between.
const PATIENCE: u32 = 2_000;
const PAUSE_MS: u64 = 5;

/// Follows a log and has all of it, as far as it was still held.
pub struct Reader {
    engine: Arc<dyn Engine>,
    heard: Receiver<Heard>,
    ahead: BTreeMap<u64, Entry>,
    /// Up to where it has everything.
    pub at: Head,
    /// What it has, in order.
    pub entries: Vec<Entry>,
    /// What it was told that channels lost.
    pub lost: Vec<(ChannelName, u64)>,
    /// How often something was missing, and had to be read.
    pub reads: u32,
    /// Whether the last that it heard was that the engine is away.
    pub is_away: bool,
}

impl Reader {
    /// Begins to follow, and reads what is there.
    pub async fn follow(engine: Arc<dyn Engine>) -> Self {
        let (sender, heard) = channel();
        // Once the reader is gone, nobody wants to know.
        let ear = move |heard| _ = sender.send(heard);
        let head = engine.follow(Arc::new(ear)).await.expect("followed");
        let at = Head { epoch: head.epoch, seq: 0 };
        let (entries, lost, ahead) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut reader = Self { engine, heard, ahead, at, entries, lost, reads: 0, is_away: false };
        if head.seq > 0 {
            reader.read().await;
        }
        reader
    }

    /// Listens until it has everything up to a place, of that life of the log. Panics where that never comes.
    pub async fn reach(&mut self, bench: &dyn Bench, place: Head) {
        for _ in 0..PATIENCE {
            self.listen().await;
            if self.at.epoch == place.epoch && self.at.seq >= place.seq {
                return;
            }
            bench.pause(PAUSE_MS).await;
        }
        panic!("at {:?}, and {place:?} never comes", self.at);
    }

    /// Takes in what was heard since.
    pub async fn listen(&mut self) {
        while let Ok(heard) = self.heard.try_recv() {
            // Events may be heard from an engine that is asked in vain.
            self.is_away =
                matches!(heard, Heard::Away) || self.is_away && matches!(heard, Heard::Entries(..));
            match heard {
                Heard::Entries(epoch, entries) => {
                    self.is_of_now(epoch);
                    self.ahead.extend(entries.into_iter().map(|entry| (entry.seq, entry)));
                    self.take_in_order();
                    if !self.ahead.is_empty() {
                        self.read().await;
                    }
                }
                Heard::Head(head) => {
                    self.is_of_now(head.epoch);
                    if head.seq > self.at.seq {
                        self.read().await;
                    }
                }
                Heard::Away => {}
            }
        }
    }

    async fn read(&mut self) {
        self.reads += 1;
        loop {
            // Away: what is missing is noticed again by the next that is heard.
            let Ok(stretch) = self.engine.read(self.at.seq).await else { return };
            if !self.is_of_now(stretch.head.epoch) {
                continue;
            }
            assert!(stretch.through >= self.at.seq, "{} does not reach {}", stretch.through, self.at.seq);
            check_stretch(self.at.seq, &stretch);
            self.at.seq = stretch.through;
            self.entries.extend(stretch.entries);
            self.lost.extend(stretch.lost);
            self.take_in_order();
            if self.at.seq >= stretch.head.seq && self.ahead.is_empty() {
                return;
            }
        }
    }

    fn is_of_now(&mut self, epoch: crate::position::Epoch) -> bool {
        let is_of_now = epoch == self.at.epoch;
        if !is_of_now {
            self.at = Head { epoch, seq: 0 };
            self.entries.clear();
            self.lost.clear();
            self.ahead.clear();
        }
        is_of_now
    }

    fn take_in_order(&mut self) {
        while let Some(first) = self.ahead.first_entry() {
            let seq = *first.key();
            if seq > self.at.seq + 1 {
                return;
            }
            let entry = first.remove();
            if seq == self.at.seq + 1 {
                self.entries.push(entry);
                self.at.seq = seq;
            }
        }
    }
}

/// Everything after a place, put together from its parts.
pub(super) async fn read_all(engine: &dyn Engine, after: u64) -> Stretch {
    let mut whole = engine.read(after).await.expect("read");
    check_stretch(after, &whole);
    while whole.through < whole.head.seq {
        let part = engine.read(whole.through).await.expect("read");
        check_stretch(whole.through, &part);
        assert!(part.through > whole.through, "a part that leads nowhere: {part:?}");
        whole.entries.extend(part.entries);
        whole.lost.extend(part.lost);
        (whole.through, whole.head, whole.forgotten_through) =
            (part.through, part.head, part.forgotten_through);
    }
    whole
}

fn check_stretch(after: u64, stretch: &Stretch) {
    let places: Vec<u64> = stretch.entries.iter().map(|entry| entry.seq).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "in order, and each once: {places:?}");
    assert!(places.iter().all(|seq| (after + 1..=stretch.through).contains(seq)), "{after} {stretch:?}");
}
