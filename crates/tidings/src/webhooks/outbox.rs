//! From the hub's queue into the journal: a thread of its own, since a disk may take its time, and the hub has none.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidings_core::close::CloseReason;
use tokio::sync::{mpsc, oneshot, watch};

use super::deliver::Progress;
use super::journal::Journal;
use super::record::{Connection, Happened};
use crate::clock::Clock;
use crate::hub::{Observation, Observed};

/// Records that are written at a time.
const TURN_MAX: usize = 4_096;
/// Between two turns: what happens meanwhile is written, and made so for good, at once.
const TURN_PAUSE: Duration = Duration::from_millis(20);
/// After a turn that failed.
const FAILED_PAUSE: Duration = Duration::from_millis(1_000);

/// What the thread has and tells.
pub(super) struct Outbox {
    pub(super) queue: mpsc::Receiver<Observed>,
    /// What found no place in the queue.
    pub(super) missed: Arc<AtomicU64>,
    /// Told of the number of the next record whenever those before it are on the disk.
    pub(super) written: watch::Sender<u64>,
    pub(super) lost: Arc<AtomicU64>,
    /// Who is told, and how far.
    pub(super) all: Arc<Vec<Arc<Progress>>>,
    pub(super) clock: Clock,
    /// Dropped last: who waits for its directory begins when the deliveries of this one know that it is over.
    pub(super) journal: Journal,
}

impl Outbox {
    /// Writes until the hub is gone.
    pub(super) fn run(mut self) {
        // Lost to the disk, and not told yet.
        let mut untold = 0;
        while let Some(first) = self.queue.blocking_recv() {
            let (mut what, mut marks) = (VecDeque::new(), Vec::new());
            let mut next = Some(first);
            while let Some(one) = next {
                match happened(one) {
                    Ok(one) => what.push_back(one),
                    Err(mark) => marks.push(mark),
                }
                next = (what.len() < TURN_MAX).then(|| self.queue.try_recv().ok()).flatten();
            }
            let missed = self.missed.swap(0, Ordering::Relaxed);
            self.lost.fetch_add(missed, Ordering::Relaxed);
            untold += missed;
            let written = self.write(what, &mut untold);
            for mark in marks {
                let _ = mark.send(());
            }
            std::thread::sleep(if written { TURN_PAUSE } else { FAILED_PAUSE });
        }
    }

    fn write(&mut self, mut what: VecDeque<(u64, Happened)>, untold: &mut u64) -> bool {
        let notice = u64::from(*untold > 0);
        if *untold > 0 {
            let overflow = Happened::Overflow { lost: Some(*untold) };
            what.push_front((self.clock.wall_ms(), overflow));
        }
        let all = what.len() as u64;
        if what.is_empty() {
            return true;
        }
        let wanted = self.all.iter().map(|one| one.next.load(Ordering::Relaxed)).min();
        let appended = self.journal.append(&mut what, wanted.unwrap_or(u64::MAX));
        let left = what.len() as u64;
        self.written.send_replace(self.journal.next());
        match appended {
            Ok(shed) => {
                if shed > 0 {
                    tracing::warn!(records = shed, "the outbox is full: the oldest events made room");
                    self.lost.fetch_add(shed, Ordering::Relaxed);
                }
                *untold = 0;
                true
            }
            Err(error) => {
                // The notice of those before them is the first, and told where any of this is.
                let lost = left - if left == all { notice } else { 0 };
                *untold = lost + if left == all { *untold } else { 0 };
                tracing::error!(%error, events = lost, "the outbox can't be written: events for webhooks are lost");
                self.lost.fetch_add(lost, Ordering::Relaxed);
                false
            }
        }
    }
}

/// What a crash left undone: those who were told to be there are told to be gone.
pub(super) fn lost_ones(left: (Vec<Connection>, Vec<String>), at_ms: u64) -> VecDeque<(u64, Happened)> {
    let (connections, channels) = left;
    let gone = |connection| Happened::Disconnected { connection, reason: CloseReason::Lost };
    let vacated = |channel| Happened::ChannelVacated { channel };
    let all = connections.into_iter().map(gone).chain(channels.into_iter().map(vacated));
    all.map(|what| (at_ms, what)).collect()
}

fn happened(observed: Observed) -> Result<(u64, Happened), oneshot::Sender<()>> {
    Ok(match observed {
        Observed::Connected(mut one) => {
            let channels = mem::take(&mut one.channels);
            let channels = channels.iter().map(ToString::to_string).collect();
            (one.at_ms, Happened::Connected { connection: connection(*one), channels })
        }
        Observed::Disconnected(one, reason) => {
            (one.at_ms, Happened::Disconnected { connection: connection(*one), reason })
        }
        Observed::Channel { channel, occupied: true, at_ms } => {
            (at_ms, Happened::ChannelOccupied { channel: channel.to_string() })
        }
        Observed::Channel { channel, occupied: false, at_ms } => {
            (at_ms, Happened::ChannelVacated { channel: channel.to_string() })
        }
        Observed::Mark(mark) => return Err(mark),
    })
}

fn connection(one: Observation) -> Connection {
    Connection {
        id: one.id,
        user: one.user.to_string(),
        client_id: one.client_id.map(String::from),
        r#type: one.kind.to_string(),
        connected_at: one.opened_ms,
    }
}
