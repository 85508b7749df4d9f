//! Lives of a shared log: one that lost something begins anew, behind what is left of it.

use super::Log;
use crate::position::{Cursor, Epoch};

/// Where a life of the log began, and how far what is left of those before is read, while it is.
#[derive(Debug, Default)]
pub(super) struct Life {
    began: u64,
    read_through: Option<u64>,
}

impl<W> Log<W> {
    /// Through where the log is of lives before this one.
    pub fn began(&self) -> Cursor {
        self.cursor(self.life.began)
    }

    /// Another life of the log, in which all through `began` is of those before: nothing is held of it until it is
    /// [`adopted`](Self::adopt_held), and each stream is told a gap up to there of all that it reads.
    pub fn begin(&mut self, epoch: Epoch, began: u64, wake: &mut impl FnMut(&W)) {
        (self.epoch, self.head, self.bytes, self.last_ms) = (epoch, began, 0, 0);
        self.life = Life { began, read_through: (began > 0).then_some(0) };
        self.order.clear();
        (self.shown_through, self.suspected) = (None, (0, 0));
        self.hidden_from.clear();
        self.forgotten.clear();
        for (_, channel) in self.channels.iter_mut().filter(|(_, channel)| channel.board.is_none()) {
            channel.history = Default::default();
        }
        let keys: Vec<u32> = self.subscribers.iter().map(|(index, _)| index as u32).collect();
        for index in keys {
            let selectors = self.selectors_of(&self.subscribers[index as usize]);
            self.subscribers[index as usize].begin(began);
            self.owe_everything(index, &selectors);
            let subscriber = &mut self.subscribers[index as usize];
            subscriber.wake_for_notes(wake);
        }
    }

    /// Through where the log is read, as far as anybody is given of it: that is the head, but for what is left of lives
    /// before and still to come.
    pub(super) fn read_through(&self) -> u64 {
        self.life.read_through.unwrap_or(self.head)
    }

    /// Through where nobody can be given anything yet, since it is being read.
    pub(super) fn unread_through(&self) -> u64 {
        self.life.read_through.map_or(0, |_| self.life.began)
    }

    /// It is read through there.
    pub(super) fn note_read(&mut self, through: u64) {
        self.life.read_through =
            self.life.read_through.map(|_| through).filter(|through| *through < self.life.began);
    }
}
