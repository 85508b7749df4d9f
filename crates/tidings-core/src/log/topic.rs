//! What can be subscribed to: channels, which hold events, and patterns, which are matched to channels once, when
//! either of them is new.

use smallvec::SmallVec;

use super::{Board, Keep, Log};
use crate::channel::{ChannelName, Pattern};
use crate::history::History;

/// The subscribers of a channel or a pattern, by their place in the table.
#[derive(Debug, Default)]
pub(super) struct Topic {
    pub(super) members: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: ChannelName,
    pub(super) topic: Topic,
    /// The patterns that match the name.
    pub(super) patterns: SmallVec<[u32; 2]>,
    pub(super) history: History,
    pub(super) keep: Keep,
    /// Of a channel of the hub's own: what it shows. Nothing is published there.
    pub(super) board: Option<Box<Board>>,
}

impl Channel {
    /// Whether the event at `seq` is still in the ring.
    pub(super) fn holds(&self, seq: u64) -> bool {
        seq.checked_sub(1)
            .and_then(|before| self.history.get(self.history.index_after(before)))
            .is_some_and(|frame| frame.seq == seq)
    }
}

impl<W> Log<W> {
    /// The places of a channel's subscribers, each once.
    pub(super) fn readers(&self, channel: &Channel) -> Vec<u32> {
        let mut readers = channel.topic.members.clone();
        for &pattern in &channel.patterns {
            readers.extend_from_slice(&self.patterns[pattern as usize].1.members);
        }
        if !channel.patterns.is_empty() {
            readers.sort_unstable();
            readers.dedup();
        }
        readers
    }

    /// The channel of that name, made if it is new.
    pub(super) fn channel(&mut self, name: &ChannelName) -> u32 {
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        let mut history = History::default();
        let board = name.is_hubs_own().then(Box::default);
        if board.is_none() {
            history.trimmed_through = self.forgotten.take_back(name);
        }
        let is_board = board.is_some();
        let channel = Channel {
            name: name.clone(),
            topic: Topic::default(),
            patterns: self
                .patterns
                .iter()
                .filter(|(_, (pattern, _))| pattern.matches(name.as_str()))
                .map(|(index, _)| index as u32)
                .collect(),
            history,
            keep: self.rules.keep(name),
            board,
        };
        let index = self.channels.insert(channel) as u32;
        self.by_name.insert(name.clone(), index);
        if is_board {
            self.boards.push(index);
        }
        index
    }

    /// The pattern's topic, made and matched to the channels there are if it is new.
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> u32 {
        if let Some(&index) = self.by_pattern.get(pattern) {
            return index;
        }
        let index = self.patterns.insert((pattern.clone(), Topic::default())) as u32;
        self.by_pattern.insert(pattern.clone(), index);
        for (_, channel) in &mut self.channels {
            if pattern.matches(channel.name.as_str()) {
                channel.patterns.push(index);
            }
        }
        index
    }

    pub(super) fn drop_pattern(&mut self, index: u32) {
        let (pattern, _) = self.patterns.remove(index as usize);
        self.by_pattern.remove(&pattern);
        for (_, channel) in &mut self.channels {
            channel.patterns.retain(|other| *other != index);
        }
    }

    /// Whether a channel holds nothing and nobody subscribes to it by name or is behind on it by a pattern.
    pub(super) fn is_idle(&self, index: usize) -> bool {
        let channel = &self.channels[index];
        channel.topic.members.is_empty()
            && channel.history.is_empty()
            && !channel.patterns.iter().any(|&pattern| {
                let members = &self.patterns[pattern as usize].1.members;
                members.iter().any(|&m| self.subscribers[m as usize].ready.contains(&(index as u32)))
            })
    }

    /// Lets go of a channel that nobody reads and that holds nothing, but not of what it lost.
    pub(super) fn forget(&mut self, index: usize) {
        let channel = self.channels.remove(index);
        self.by_name.remove(&channel.name);
        if channel.board.is_some() {
            self.boards.retain(|board| *board as usize != index);
        }
        let lost = channel.history.trimmed_through;
        if lost > 0 {
            self.forgotten.remember(channel.name, lost);
        }
    }
}
