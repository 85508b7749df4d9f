//! The hub's own channels. Each shows what is, where the others tell what happened: only the latest posting stands, so
//! a reader that was away or is slow gets that one, and there is nothing to replay, to keep or to lose.

use std::sync::Arc;

use slab::Slab;

use super::subscriber::Subscriber;
use super::topic::Channel;
use super::{Log, Piece};
use crate::channel::ChannelName;
use crate::event::Event;
use crate::history::Frame;

/// What a channel of the hub's own is to show.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The event's type.
    pub ty: &'static str,
    /// All of it, as JSON: for whoever did not have the posting before this one.
    pub whole: String,
    /// What it is to those who had.
    pub news: News,
}

/// What a posting is to those who had the one before it.
#[derive(Clone, Debug)]
pub enum News {
    /// None: they are told nothing.
    None,
    /// All of it.
    Whole,
    /// This, as JSON.
    Change(String),
}

/// A channel of the hub's own that somebody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardInfo {
    /// Its name.
    pub channel: ChannelName,
    /// Whether it shows something by now.
    pub is_posted: bool,
}

/// What such a channel shows. A reader's place there is the version that it had, 0 for none.
#[derive(Debug, Default)]
pub(super) struct Board {
    version: u64,
    /// The version that `change` starts from.
    before: u64,
    change: Option<Arc<Frame>>,
    whole: Option<Arc<Frame>>,
}

impl Board {
    /// What a reader that had a version is to be given.
    fn due(&self, had: u64) -> Option<&Arc<Frame>> {
        if had == self.version {
            return None;
        }
        self.change.as_ref().filter(|_| had > 0 && had == self.before).or(self.whole.as_ref())
    }
}

impl<W> Log<W> {
    /// The hub's own channels that are read.
    pub fn boards(&self) -> Vec<BoardInfo> {
        let channels = self.boards.iter().map(|&index| &self.channels[index as usize]);
        let read = channels.filter(|channel| !channel.topic.members.is_empty());
        let is_posted = |channel: &Channel| channel.board.as_ref().is_some_and(|board| board.whole.is_some());
        read.map(|channel| BoardInfo { channel: channel.name.clone(), is_posted: is_posted(channel) })
            .collect()
    }

    /// Shows something on a channel of the hub's own, in place of what it showed. It is no event: it has no place in
    /// the log and counts for nothing. Where nobody reads the channel, nothing is kept.
    pub fn post(&mut self, now_ms: u64, channel: &ChannelName, posting: Posting, wake: &mut impl FnMut(&W)) {
        let Some(&index) = self.by_name.get(channel) else { return };
        let place = &mut self.channels[index as usize];
        let Some(board) = place.board.as_mut().filter(|_| !place.topic.members.is_empty()) else { return };
        let is_news = board.whole.is_none() || !matches!(posting.news, News::None);
        if is_news {
            self.posted += 1;
            board.before = std::mem::replace(&mut board.version, self.posted);
        }
        let frame = |data| {
            let event = Event::internal(posting.ty, data);
            Arc::new(Frame::posted(board.version, now_ms, channel.clone(), &event))
        };
        board.whole = Some(frame(posting.whole));
        match posting.news {
            News::None => {}
            News::Whole => board.change = None,
            News::Change(change) => board.change = Some(frame(change)),
        }
        if is_news {
            for &member in &place.topic.members {
                self.subscribers[member as usize].rouse(index, wake);
            }
        }
    }

    /// A newcomer has had nothing, and is given what is shown.
    pub(super) fn join_board(&mut self, subscriber: u32, index: u32) {
        let shows = self.channels[index as usize].board.as_ref().is_some_and(|board| board.whole.is_some());
        let subscriber = &mut self.subscribers[subscriber as usize];
        subscriber.set_had(index, 0);
        if shows && !subscriber.ready.contains(&index) {
            subscriber.ready.push(index);
        }
    }

    /// The last reader has gone: what was shown would be old to the next.
    pub(super) fn clear_board(&mut self, index: u32) {
        if let Some(board) = &mut self.channels[index as usize].board {
            **board = Board::default();
        }
    }
}

impl<W> Subscriber<W> {
    /// The hub's own channels among those with something to take.
    pub(super) fn boards(&self, channels: &Slab<Channel>) -> Vec<u32> {
        let is_board = |index: &u32| channels.get(*index as usize).is_some_and(|c| c.board.is_some());
        self.ready.iter().copied().filter(is_board).collect()
    }

    /// Gives what is due of them. Answers how many postings that is.
    pub(super) fn take_boards(
        &mut self,
        boards: &[u32],
        channels: &Slab<Channel>,
        out: &mut Vec<Piece>,
    ) -> usize {
        let mut given = 0;
        for &index in boards {
            let board = channels.get(index as usize).and_then(|channel| channel.board.as_ref());
            let had = self.channels.iter().find(|place| place.topic == index).map(|place| place.from);
            let (Some(board), Some(had)) = (board, had) else { continue };
            if let Some(frame) = board.due(had) {
                out.push(Piece::Event(Arc::clone(frame)));
                self.set_had(index, board.version);
                given += 1;
            }
        }
        given
    }

    fn set_had(&mut self, index: u32, version: u64) {
        if let Some(place) = self.channels.iter_mut().find(|place| place.topic == index) {
            place.from = version;
        }
    }
}
