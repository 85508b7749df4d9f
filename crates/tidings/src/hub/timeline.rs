//! What happened to one connection, for whoever looks into it. Nothing is kept of one to which nothing happens.

use std::collections::VecDeque;

use serde::Serialize;
use tidings_core::close::CloseReason;
use tidings_core::registry::ConnKey;

use super::{FastMap, Hub, locked};
use crate::outlet::Outlet;

/// Entries that a timeline is told with: its first, the latest, and one that stands for those between.
pub const TIMELINE_ENTRIES_MAX: usize = 32;
/// Beside how it opened, how it closed, and those left out.
const NOTES_MAX: usize = TIMELINE_ENTRIES_MAX - 3;

/// Of live connections to which something happened. Held with no other lock.
pub(super) type Timelines = FastMap<ConnKey, Timeline>;

/// What happened to a connection between its beginning and its end. Times are of the monotonic clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    notes: VecDeque<(u64, Happening)>,
    left_out: u64,
    left_out_ms: u64,
}

/// An entry of a connection's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// It came.
    Opened,
    /// It was given events from before it came.
    Replayed {
        /// How many.
        events: u64,
    },
    /// It was told of a loss that its cursor had met.
    Gap {
        /// Of how many channels.
        channels: usize,
    },
    /// It took up channels.
    Subscribed {
        /// How many.
        channels: usize,
    },
    /// It let go of channels.
    Unsubscribed {
        /// How many.
        channels: usize,
    },
    /// It lives under a fresh grant.
    Refreshed,
    /// It fell off the log.
    Lagged {
        /// On how many channels.
        channels: usize,
    },
    /// Entries that are not kept, the last of which was here.
    LeftOut {
        /// How many.
        entries: u64,
    },
    /// It ended.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Something that happened, and when, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TimelineEntry {
    /// When.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

impl Timeline {
    fn add(&mut self, now_ms: u64, what: Happening) {
        // A replay takes as many turns as it is long.
        if let (Some((_, Happening::Replayed { events })), Happening::Replayed { events: more }) =
            (self.notes.back_mut(), what)
        {
            *events += more;
            return;
        }
        self.notes.push_back((now_ms, what));
        if self.notes.len() > NOTES_MAX
            && let Some((at_ms, _)) = self.notes.pop_front()
        {
            self.left_out += 1;
            self.left_out_ms = at_ms;
        }
    }

    /// In their order, those left out in the place of the last of them.
    pub(super) fn told(&self) -> impl Iterator<Item = (u64, Happening)> + '_ {
        let left_out = Happening::LeftOut { entries: self.left_out };
        let left_out = (self.left_out > 0).then_some((self.left_out_ms, left_out));
        left_out.into_iter().chain(self.notes.iter().copied())
    }
}

impl Hub {
    /// Notes what happened to a live connection.
    pub(crate) fn note(&self, outlet: &Outlet, what: Happening) {
        let now_ms = self.0.clock.now_ms();
        let mut timelines = locked(&self.0.timelines);
        // Once its end is set, its timeline was taken, or will be.
        if outlet.ending().is_none() {
            timelines.entry(outlet.key).or_default().add(now_ms, what);
        }
    }

    /// The same of channels, where there are any.
    pub(super) fn note_channels(&self, outlet: &Outlet, added: usize, removed: usize) {
        if removed > 0 {
            self.note(outlet, Happening::Unsubscribed { channels: removed });
        }
        if added > 0 {
            self.note(outlet, Happening::Subscribed { channels: added });
        }
        if added + removed > 0 {
            self.row_changed(outlet.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_it_is_said_how_many_are_not() {
        let mut timeline = Timeline::default();
        for n in 0..1_000 {
            timeline.add(n, Happening::Lagged { channels: n as usize });
        }
        let told: Vec<_> = timeline.told().collect();
        assert_eq!(told.len(), TIMELINE_ENTRIES_MAX - 2, "with its beginning and its end");
        let left_out = 1_000 - NOTES_MAX as u64;
        assert_eq!(told[0], (left_out - 1, Happening::LeftOut { entries: left_out }));
        assert_eq!(told[1], (left_out, Happening::Lagged { channels: left_out as usize }));
        assert_eq!(told.last(), Some(&(999, Happening::Lagged { channels: 999 })));
    }

    #[test]
    fn one_replay_is_one_entry_however_many_turns_it_takes() {
        let mut timeline = Timeline::default();
        for events in [3, 4, 5] {
            timeline.add(1, Happening::Replayed { events });
        }
        timeline.add(2, Happening::Refreshed);
        let told: Vec<_> = timeline.told().collect();
        assert_eq!(told, [(1, Happening::Replayed { events: 12 }), (2, Happening::Refreshed)]);
    }
}
