//! Hubs that tell each other what they appended by instances of Redis beside that of the log.
//!
//! With many hubs, most of what an append costs Redis is to send it to each of them. Instances that only do that take it
//! off the one that keeps the log. They need not agree and may come and go: places tell the order, and what none of them
//! told is missed at the next beat and read.

use std::sync::Arc;

use redis::Cmd;
use tidings_core::engine::{Appended, Offer};

use super::Shared;
use crate::connection::{Connection, UrlError};
use crate::log::entry;

/// The instances; none where the Redis of the log tells, in the step that stores.
pub(super) struct FanOut(Vec<Connection>);

impl FanOut {
    /// Begins to connect, and to hear.
    pub(super) fn open(shared: &Arc<Shared>) -> Result<Self, UrlError> {
        let mut greeting = shared.clone().to_the_bus();
        // Nothing to anybody, and refused where this hub may not tell: better known now.
        greeting.commands.push(shared.to_tell(&[]));
        let open = |options| Connection::open(options, greeting.clone());
        shared.options.fan_out.iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// What there is to be heard on, beside the Redis of the log.
    pub(super) fn buses(&self) -> &[Connection] {
        &self.0
    }

    /// Tells the other hubs, by each instance in its turn. One that is away is left out; where all are, the Redis of the
    /// log tells.
    pub(super) fn tell(&self, shared: &Shared, log: &Connection, offers: &[Offer], appended: &Appended) {
        if self.0.is_empty() {
            return;
        }
        let Some(told) = entry::told(offers, appended) else { return };
        let turn = appended.placed.iter().map(|placed| placed.seq).max().unwrap_or_default();
        let first = usize::try_from(turn).unwrap_or_default() % self.0.len();
        let in_turn = self.0[first..].iter().chain(&self.0[..first]);
        let by = in_turn.into_iter().find(|bus| bus.is_up()).unwrap_or(log).clone();
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
