//! The log read back, a page at a time.

use std::sync::Arc;

use super::Log;
use crate::channel::ChannelName;
use crate::history::Frame;
use crate::position::Cursor;

/// A part of a channel's history.
#[derive(Debug)]
pub struct Page {
    /// The events, in order.
    pub events: Vec<Arc<Frame>>,
    /// Whether something after the position is no longer held.
    pub gap: bool,
    /// Where to go on from.
    pub next: Cursor,
    /// Whether there is more after this page.
    pub more: bool,
}

impl<W> Log<W> {
    /// Events of a channel after a position, or from the oldest that is held. None from before `floor`, for one who may
    /// not read those; and none of what is left of earlier lives of the log while that is being read.
    pub fn history(&self, channel: &ChannelName, floor: u64, since: Option<&str>, events_max: usize) -> Page {
        let known = since.map(|text| {
            Cursor::parse(text).filter(|c| c.epoch == self.epoch && c.seq <= self.head && !c.owed)
        });
        let after = known.flatten().map_or(0, |cursor| cursor.seq);
        let unread = self.unread_through();
        let Some(&index) = self.by_name.get(channel) else {
            let lost = self.forgotten.lost_by(channel);
            let gap = known == Some(None) || (since.is_some() && lost > after) || unread > after;
            return Page { events: Vec::new(), gap, next: self.head(), more: false };
        };
        let history = &self.channels[index as usize].history;
        let start = history.index_after(after.max(floor).max(unread));
        let events: Vec<_> = history.frames().skip(start).take(events_max).cloned().collect();
        let more = start + events.len() < history.len();
        let last = events.last().filter(|_| more).and_then(|last| last.cursor());
        let next = last.unwrap_or_else(|| self.head());
        let lost = history.trimmed_through.max(floor);
        let gap = known == Some(None) || (since.is_some() && lost > after) || unread > after;
        Page { events, gap, next, more }
    }
}
