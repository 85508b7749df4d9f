//! Streams added to a server, and what they cost it in memory.

use std::io;

use crate::load::worker::Order;
use crate::rounds::Side;
use crate::watch::memory::Memory;

const FIRST_ROUNDS: usize = 3;

/// Memory before and after so many streams were added.
#[derive(Clone, Copy)]
pub(crate) struct Added {
    pub(crate) before: Memory,
    pub(crate) after: Memory,
    pub(crate) streams: usize,
}

impl Added {
    pub(crate) fn per_stream(self, of: fn(Memory) -> u64) -> f64 {
        (of(self.after) as f64 - of(self.before) as f64) / self.streams.max(1) as f64
    }
}

/// Opens the first streams and publishes, so that what a server sets up once is not counted; then the rest of them.
pub(crate) fn fill(side: &mut Side, first: usize, all: usize, data_bytes: usize) -> io::Result<Added> {
    side.load.order(&Order::Open { streams: first })?;
    for _ in 0..FIRST_ROUNDS {
        side.load.order(&Order::Round { events: 1, data_bytes })?;
    }
    let before = Memory::settled(side.server.pid())?;
    let streams = all.saturating_sub(first);
    side.load.order(&Order::Open { streams })?;
    let after = Memory::settled(side.server.pid())?;
    Ok(Added { before, after, streams })
}
