//! Channels that were let go, with what they lost: a cursor from before that gets its gap for exactly them, as long as
//! their names are remembered.

use std::collections::VecDeque;

use super::Map;
use crate::channel::ChannelName;
use crate::sweep::SweepMark;

/// Entries of the order, below which it is not worth going through for those of names that came back.
const ORDER_ENTRIES_MIN: usize = 1024;

#[derive(Debug)]
pub(super) struct Forgotten {
    names_max: usize,
    lost: Map<ChannelName, Lost>,
    /// Oldest first. An entry counts only where the name was not let go again, or taken back, since.
    order: VecDeque<(ChannelName, u64)>,
    order_sweep: SweepMark,
    turn: u64,
    /// The newest event lost by a channel whose very name was let go.
    pub(super) through: u64,
}

#[derive(Clone, Copy, Debug)]
struct Lost {
    through: u64,
    turn: u64,
}

impl Forgotten {
    pub(super) fn new(names_max: usize) -> Self {
        Self {
            names_max,
            lost: Map::default(),
            order: VecDeque::new(),
            order_sweep: SweepMark::new(ORDER_ENTRIES_MIN),
            turn: 0,
            through: 0,
        }
    }

    /// A channel is let go. What it lost is remembered by its name, and beyond the bound by no name.
    pub(super) fn remember(&mut self, name: ChannelName, through: u64) {
        self.turn += 1;
        self.order.push_back((name.clone(), self.turn));
        self.lost.insert(name, Lost { through, turn: self.turn });
        while self.lost.len() > self.names_max {
            let Some((name, turn)) = self.order.pop_front() else { break };
            if is_current(&self.lost, &name, turn)
                && let Some(lost) = self.lost.remove(&name)
            {
                self.through = self.through.max(lost.through);
            }
        }
        if self.order_sweep.is_due(self.order.len()) {
            self.order.retain(|(name, turn)| is_current(&self.lost, name, *turn));
            self.order_sweep.swept(self.order.len());
        }
    }

    /// Nothing was lost yet.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.names_max);
    }

    /// What a channel of that name has lost, as far as is known.
    pub(super) fn lost_by(&self, name: &ChannelName) -> u64 {
        self.lost.get(name).map_or(self.through, |lost| lost.through)
    }

    /// The same of a channel that is there again and remembers it by itself.
    pub(super) fn take_back(&mut self, name: &ChannelName) -> u64 {
        self.lost.remove(name).map_or(self.through, |lost| lost.through)
    }

    /// The names, each with the newest event that its channel lost.
    pub(super) fn names(&self) -> impl Iterator<Item = (&ChannelName, u64)> {
        self.lost.iter().map(|(name, lost)| (name, lost.through))
    }
}

fn is_current(lost: &Map<ChannelName, Lost>, name: &ChannelName, turn: u64) -> bool {
    lost.get(name).is_some_and(|lost| lost.turn == turn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ChannelName {
        ChannelName::parse(text).expect("a name")
    }

    #[test]
    fn a_name_that_comes_and_goes_pushes_no_other_out() {
        let mut forgotten = Forgotten::new(3);
        forgotten.remember(name("early"), 1);
        for through in 2..100_000 {
            assert_eq!(forgotten.take_back(&name("busy")), if through == 2 { 0 } else { through - 1 });
            forgotten.remember(name("busy"), through);
        }
        assert_eq!((forgotten.through, forgotten.names().count()), (0, 2));
        assert_eq!(forgotten.lost_by(&name("busy")), 99_999);
        assert!(forgotten.order.len() <= ORDER_ENTRIES_MIN, "{} stale entries", forgotten.order.len());
    }

    #[test]
    fn one_that_comes_and_goes_and_loses_nothing_piles_up_nothing_either() {
        let mut forgotten = Forgotten::new(3);
        for _ in 0..10_000 {
            forgotten.remember(name("quiet"), 7);
            forgotten.take_back(&name("quiet"));
        }
        assert!(forgotten.order.len() <= ORDER_ENTRIES_MIN, "{} stale entries", forgotten.order.len());
    }

    #[test]
    fn beyond_the_bound_the_name_that_was_let_go_first_is_forgotten() {
        let mut forgotten = Forgotten::new(2);
        forgotten.remember(name("a"), 1);
        forgotten.remember(name("b"), 2);
        forgotten.take_back(&name("a"));
        forgotten.remember(name("a"), 3);
        forgotten.remember(name("c"), 4);
        assert_eq!(forgotten.through, 2, "of b, not of a, which came back");
        assert_eq!(forgotten.lost_by(&name("a")), 3);
        assert_eq!(forgotten.lost_by(&name("never there")), 2);
    }
}
