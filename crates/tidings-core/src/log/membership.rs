//! Who is in which topic. Each knows its place in the member list, so that leaving costs the same however many there are.

use super::subscriber::Place;
use super::{Log, Topic};
use crate::channel::Selector;

impl<W> Log<W> {
    /// Enters a subscriber into a topic. Answers whether it was new there.
    pub(super) fn join(&mut self, index: u32, selector: &Selector, from: u64) -> bool {
        let topic = match selector {
            Selector::Channel(name) => self.channel(name),
            Selector::Pattern(pattern) => self.pattern(pattern),
        };
        let subscriber = &mut self.subscribers[index as usize];
        let (places, topics): (_, &mut Topic) = match selector {
            Selector::Channel(_) => (&mut subscriber.channels, &mut self.channels[topic as usize].topic),
            Selector::Pattern(_) => (&mut subscriber.patterns, &mut self.patterns[topic as usize].1),
        };
        if places.iter().any(|place| place.topic == topic) {
            return false;
        }
        places.push(Place { topic, at: topics.members.len() as u32, from });
        topics.members.push(index);
        if let Selector::Channel(_) = selector {
            self.occupancy.came(&self.channels[topic as usize]);
        }
        if selector.is_hubs_own() {
            self.join_board(index, topic);
        }
        true
    }

    pub(super) fn part(&mut self, index: u32, selector: &Selector) -> bool {
        let topic = match selector {
            Selector::Channel(name) => self.by_name.get(name).copied(),
            Selector::Pattern(pattern) => self.by_pattern.get(pattern).copied(),
        };
        let Some(topic) = topic else { return false };
        let subscriber = &mut self.subscribers[index as usize];
        let places = match selector {
            Selector::Channel(_) => &mut subscriber.channels,
            Selector::Pattern(_) => &mut subscriber.patterns,
        };
        let Some(at) = places.iter().position(|place| place.topic == topic) else { return false };
        let place = places.swap_remove(at);
        match selector {
            Selector::Channel(_) => self.leave_channel(place),
            Selector::Pattern(_) => self.leave_pattern(place),
        }
        true
    }

    pub(super) fn leave_channel(&mut self, place: Place) {
        let members = &mut self.channels[place.topic as usize].topic.members;
        members.swap_remove(place.at as usize);
        self.occupancy.left(&self.channels[place.topic as usize]);
        let members = &self.channels[place.topic as usize].topic.members;
        if let Some(&moved) = members.get(place.at as usize) {
            reseat(&mut self.subscribers[moved as usize].channels, place);
        } else if members.is_empty() {
            self.clear_board(place.topic);
        }
    }

    pub(super) fn leave_pattern(&mut self, place: Place) {
        let members = &mut self.patterns[place.topic as usize].1.members;
        members.swap_remove(place.at as usize);
        if let Some(&moved) = members.get(place.at as usize) {
            reseat(&mut self.subscribers[moved as usize].patterns, place);
        } else if members.is_empty() {
            self.drop_pattern(place.topic);
        }
    }
}

/// The member that took a leaver's seat learns of its new place.
fn reseat(places: &mut [Place], left: Place) {
    if let Some(place) = places.iter_mut().find(|place| place.topic == left.topic) {
        place.at = left.at;
    }
}
