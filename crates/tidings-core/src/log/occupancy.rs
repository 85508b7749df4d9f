//! Whoever wants to know which channels have a reader by their name: a pattern's reader watches channels, and is on none.

use std::fmt;

use super::Log;
use super::topic::Channel;
use crate::channel::ChannelName;

type Tell = Box<dyn Fn(&ChannelName, bool) + Send + Sync>;

/// Nobody, in most logs.
#[derive(Default)]
pub(super) struct Observer(Option<Tell>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}

impl Observer {
    /// After a reader came to a channel: whether it is the first.
    pub(super) fn came(&self, channel: &Channel) {
        if channel.topic.members.len() == 1 {
            self.tell(channel, true);
        }
    }

    /// After a reader left a channel: whether it was the last.
    pub(super) fn left(&self, channel: &Channel) {
        if channel.topic.members.is_empty() {
            self.tell(channel, false);
        }
    }

    fn tell(&self, channel: &Channel, occupied: bool) {
        if let (Some(tell), None) = (&self.0, &channel.board) {
            tell(&channel.name, occupied);
        }
    }
}

impl<W> Log<W> {
    /// Whether a channel has a reader by its name.
    pub fn has_reader(&self, name: &ChannelName) -> bool {
        self.by_name.get(name).is_some_and(|&index| !self.channels[index as usize].topic.members.is_empty())
    }

    /// The channels that have readers by their names, without the hub's own.
    pub fn read_channels(&self) -> Vec<ChannelName> {
        let read = self.channels.iter().filter(|(_, channel)| !channel.topic.members.is_empty());
        read.filter(|(_, channel)| channel.board.is_none()).map(|(_, channel)| channel.name.clone()).collect()
    }

    /// From here on tells of each channel that gets its first reader by name, with `true`, and of each that loses its
    /// last, in the order in which it happens. The hub's own channels are not told of.
    pub fn observe_occupancy(&mut self, tell: impl Fn(&ChannelName, bool) + Send + Sync + 'static) {
        self.occupancy = Observer(Some(Box::new(tell)));
    }
}
