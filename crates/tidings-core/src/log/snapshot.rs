//! The log as it is kept over an orderly restart: same epoch, same places, so that every cursor goes on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Log, Rules};
use crate::channel::{ChannelName, HUBS_OWN};
use crate::event::{Draft, Event};
use crate::history::{Frame, Remembered};
use crate::position::{Cursor, Epoch};

/// Places and times are below what JSON carries exactly, with more to come in this life of the log.
const NUMBER_MAX: u64 = 1 << 52;

/// One line of a kept log: the head first, then what each channel lost, then every event
/// and every id that outlived its event, in the order of the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Snapshot {
    /// The log as a whole.
    Log {
        /// Its epoch.
        epoch: u64,
        /// The place of its newest event.
        head: u64,
        /// The newest event lost by a channel whose name was let go.
        forgotten_through: u64,
    },
    /// A channel that has lost events.
    Channel {
        /// Its name.
        name: String,
        /// The newest event that it lost.
        trimmed_through: u64,
    },
    /// An event.
    Event {
        /// Its channel.
        channel: String,
        /// Its place.
        seq: u64,
        /// When it was published, in milliseconds of the wall clock.
        time_ms: u64,
        /// Its type.
        #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
        ty: Option<String>,
        /// The id its publisher gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// How many had it when it was published: what a repeat of its id is answered.
        #[serde(default)]
        recipients: usize,
        /// Its JSON.
        data: Box<RawValue>,
    },
    /// An id whose event a newer one of its key replaced: a repeat of it is still answered as the first was.
    Id {
        /// Its channel.
        channel: String,
        /// The id.
        id: String,
        /// The place that its event had.
        seq: u64,
        /// When that was published, in milliseconds of the wall clock.
        time_ms: u64,
        /// How many had it.
        recipients: usize,
    },
    /// The end: a log without it was cut short and is not used.
    End {
        /// The number of lines before this one.
        lines: u64,
    },
}

impl Snapshot {
    fn channel(&self) -> Option<&str> {
        match self {
            Self::Channel { name: channel, .. } | Self::Event { channel, .. } | Self::Id { channel, .. } => {
                Some(channel)
            }
            Self::Log { .. } | Self::End { .. } => None,
        }
    }
}

/// Why a kept log can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The first line is not the log's head, or a line is out of place.
    #[error("a kept log starts with its head and ends with its end, and has no other between")]
    OutOfPlace,
    /// A number that no log has.
    #[error("an event's place is not after the one before it, or a number is out of all bounds")]
    Incredible,
    /// A name or an event is not valid.
    #[error("{0}")]
    Invalid(String),
}

impl<W> Log<W> {
    /// The log's lines, without the end.
    pub fn snapshot(&self) -> Vec<Snapshot> {
        let mut lines = vec![Snapshot::Log {
            epoch: self.epoch.get(),
            head: self.head,
            forgotten_through: self.forgotten.through,
        }];
        let live = self.channels.iter().map(|(_, c)| (&c.name, c.history.trimmed_through));
        lines.extend(
            live.chain(self.forgotten.names())
                .filter(|(_, lost)| *lost > 0)
                .map(|(name, trimmed_through)| Snapshot::Channel { name: name.to_string(), trimmed_through }),
        );
        let mut placed: Vec<(u64, Snapshot)> = Vec::new();
        for (_, channel) in &self.channels {
            for frame in channel.history.frames() {
                let first = frame.given_id().and_then(|id| channel.history.remembered(id));
                placed.push((frame.seq, kept_event(frame, first.map_or(0, |first| first.recipients))));
            }
            let ids = channel.history.outliving_ids();
            placed.extend(ids.map(|(id, first)| (first.seq, kept_id(&channel.name, id, first))));
        }
        placed.sort_by_key(|(seq, _)| *seq);
        lines.extend(placed.into_iter().map(|(_, line)| line));
        lines
    }

    /// The log again, from lines whose end was seen. What it says of a time after now is taken to be of now: an event
    /// dated by a clock that was ahead would else outlive those that come, and date them.
    pub fn restore(
        rules: Rules,
        now_ms: u64,
        lines: impl IntoIterator<Item = Snapshot>,
    ) -> Result<Self, RestoreError> {
        let mut lines = lines.into_iter();
        let Some(Snapshot::Log { epoch, head, forgotten_through }) = lines.next() else {
            return Err(RestoreError::OutOfPlace);
        };
        if head > NUMBER_MAX || forgotten_through > head {
            return Err(RestoreError::Incredible);
        }
        let mut log = Self::new(Epoch::from(epoch), rules);
        for line in lines {
            log.restore_line(line, head, now_ms)?;
        }
        // What a channel lost was set before its events came; the boundary over all names comes last, so that it
        // is not taken for the loss of a channel that was just read.
        (log.head, log.forgotten.through) = (head, forgotten_through);
        Ok(log)
    }

    fn restore_line(&mut self, line: Snapshot, head: u64, now_ms: u64) -> Result<(), RestoreError> {
        let last = self.order.back().map_or(0, |(seq, _)| *seq);
        let credible = match &line {
            Snapshot::Channel { trimmed_through, .. } => *trimmed_through <= head,
            Snapshot::Event { seq, time_ms, .. } => (last + 1..=head).contains(seq) && *time_ms <= NUMBER_MAX,
            Snapshot::Id { seq, time_ms, .. } => *seq <= head && *time_ms <= NUMBER_MAX,
            _ => true,
        };
        if !credible {
            return Err(RestoreError::Incredible);
        }
        // Names that became the hub's own since the log was kept.
        if line.channel().is_some_and(|name| name.starts_with(HUBS_OWN)) {
            return Ok(());
        }
        let invalid = |error: &dyn std::fmt::Display| RestoreError::Invalid(error.to_string());
        match line {
            Snapshot::Channel { name, trimmed_through } => {
                let name = ChannelName::parse(&name).map_err(|error| invalid(&error))?;
                let index = self.channel(&name);
                self.channels[index as usize].history.trimmed_through = trimmed_through;
            }
            Snapshot::Event { channel, seq, time_ms, ty, id, key, recipients, data } => {
                let time_ms = time_ms.min(now_ms);
                let name = ChannelName::parse(&channel).map_err(|error| invalid(&error))?;
                let draft = Draft { ty: ty.as_deref(), data: &data, id: id.as_deref(), key: key.as_deref() };
                let event = Event::kept(draft).map_err(|error| invalid(&error))?;
                let cursor = Cursor { epoch: self.epoch, seq, owed: false };
                let index = self.channel(&name);
                self.append(index, Arc::new(Frame::new(cursor, time_ms, name, &event)));
                if let Some(id) = &id {
                    let channel = &mut self.channels[index as usize];
                    channel.history.remember(id, seq, recipients, time_ms, &channel.keep.retention);
                }
                self.last_ms = self.last_ms.max(time_ms);
            }
            Snapshot::Id { channel, id, seq, time_ms, recipients } => {
                let name = ChannelName::parse(&channel).map_err(|error| invalid(&error))?;
                let index = self.channel(&name);
                let channel = &mut self.channels[index as usize];
                let time_ms = time_ms.min(now_ms);
                channel.history.remember(&id, seq, recipients, time_ms, &channel.keep.retention);
            }
            Snapshot::Log { .. } | Snapshot::End { .. } => return Err(RestoreError::OutOfPlace),
        }
        Ok(())
    }
}

fn kept_event(frame: &Frame, recipients: usize) -> Snapshot {
    Snapshot::Event {
        channel: frame.channel().to_string(),
        seq: frame.seq,
        time_ms: frame.time_ms,
        ty: frame.ty().map(str::to_owned),
        id: frame.given_id().map(str::to_owned),
        key: frame.key().map(str::to_owned),
        recipients,
        data: RawValue::from_string(frame.data().to_owned()).expect("an event's data is JSON"),
    }
}

fn kept_id(channel: &ChannelName, id: &str, first: Remembered) -> Snapshot {
    let Remembered { seq, recipients, time_ms } = first;
    Snapshot::Id { channel: channel.to_string(), id: id.to_owned(), seq, time_ms, recipients }
}
