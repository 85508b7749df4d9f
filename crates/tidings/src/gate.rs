//! What a channel's rule says of publishing to it.

use tidings_core::channel::{ChannelName, Selector};
use tidings_core::event::EventError;

use crate::hub::PublishError;
use crate::schema::Schema;

/// What may be published to the channels that a rule fits.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Nobody publishes over HTTP, whatever is granted: only the application that the hub lives in does.
    pub is_closed: bool,
    /// What data must be like, whoever publishes.
    pub schema: Option<Schema>,
    /// While the engine that several hubs share is away: an event reaches this hub's own subscribers, and is in no log.
    pub accepts_while_away: bool,
}

impl Gate {
    /// Whether a channel is no other with it than without.
    pub fn says_nothing(&self) -> bool {
        !self.is_closed && self.schema.is_none() && !self.accepts_while_away
    }
}

/// The gate of a channel.
pub(crate) fn of<'g>(gates: &'g [(Selector, Gate)], channel: &ChannelName) -> Option<&'g Gate> {
    gates.iter().find(|(selector, _)| selector.matches(channel)).map(|(_, gate)| gate)
}

/// Holds data to the schemas of all channels that it is for, to each schema once.
pub(crate) fn check(
    gates: &[(Selector, Gate)],
    channels: &[ChannelName],
    data: &str,
    event_bytes_max: usize,
) -> Result<(), PublishError> {
    let mut met: Vec<&Schema> = Vec::new();
    let mut value = None;
    for schema in channels.iter().filter_map(|channel| of(gates, channel)?.schema.as_ref()) {
        if met.iter().any(|other| std::ptr::eq(*other, schema)) {
            continue;
        }
        // Before it is looked through.
        if event_bytes_max > 0 && data.len() > 2 * event_bytes_max {
            return Err(EventError::TooLarge { bytes: data.len(), event_bytes_max }.into());
        }
        if value.is_none() {
            value = Some(Schema::read(data)?);
        }
        schema.check(value.as_ref().expect("it was read"))?;
        met.push(schema);
    }
    Ok(())
}
