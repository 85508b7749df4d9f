//! Hubs that tell each other what they appended by instances of Redis beside that of the log.
//!
//! With many hubs, most of what an append costs Redis is to send it to each of them. Instances that only do that take it
//! off the one that keeps the log. They need not agree and may come and go: places tell the order, and what none of them
//! told is missed at the next beat and read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redis::Cmd;
use tidings_core::engine::{Appended, Offer};

use super::{Shared, Whose};
use crate::connection::{Connection, UrlError};
use crate::log::entry;

/// The instances; none where the Redis of the log tells, in the step that stores.
pub(super) struct FanOut {
    buses: Vec<Connection>,
    turn: AtomicUsize,
}

impl FanOut {
    /// Begins to connect, and to hear.
    pub(super) fn open(shared: &Arc<Shared>) -> Result<Self, UrlError> {
        let mut greeting = shared.clone().to_the_bus(Whose::Hubs);
        // Nothing to anybody, and refused where this hub may not tell: better known now.
        greeting.commands.push(shared.to_tell(&[]));
        let open = |options| Connection::open(options, greeting.clone());
        let buses = shared.options.fan_out.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { buses, turn: AtomicUsize::new(0) })
    }

    /// What there is to be heard on, beside the Redis of the log.
    pub(super) fn buses(&self) -> &[Connection] {
        &self.buses
    }

    /// Tells the other hubs, by each instance in its turn. One that is away is left out; where all are, the Redis of the
    /// log tells.
    pub(super) fn tell(&self, shared: &Shared, log: &Connection, offers: &[Offer], appended: &Appended) {
        if self.buses.is_empty() {
            return;
        }
        let Some(told) = entry::told(offers, appended) else { return };
        let (before, from_here) =
            self.buses.split_at(self.turn.fetch_add(1, Ordering::Relaxed) % self.buses.len());
        let by = from_here.iter().chain(before).find(|bus| bus.is_up()).unwrap_or(log).clone();
        let (command, call_ms) = (shared.to_tell(&told), shared.options.look_ms);
        // The publisher has its answer: nobody waits for this one.
        tokio::spawn(async move { by.call(&command, call_ms).await });
    }
}

impl Shared {
    fn to_tell(&self, told: &[u8]) -> Cmd {
        let mut command = redis::cmd(self.bounds.publish());
        command.arg(&self.bounds.bus).arg(told);
        command
    }
}
