//! What several hubs share, as one of them sees it: a log in one order, of which each keeps the whole in its own rings.
//!
//! A hub appends to the shared log and follows it. What others appended comes by whatever the engine has for that, which
//! may lose, repeat and reorder: the places tell, and [`Engine::read`] fetches what is missing before anything later is
//! delivered. So every ring holds the same, a cursor of one hub is good at any other, and a reader is served from memory.

mod follower;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use self::follower::{AHEAD_EVENTS_MAX, Follower, PATIENCE_MS};
use crate::channel::ChannelName;
use crate::event::Event;
use crate::history::{Frame, Retention};
use crate::position::Epoch;
use crate::quota::Leases;
use crate::roster::Roster;

/// An engine's answer, when it comes.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An event that is to have a place in the log.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Where it is published.
    pub channel: ChannelName,
    /// What is.
    pub event: Event,
    /// What the channel keeps: every hub has the same rules.
    pub retention: Retention,
}

impl Offer {
    /// What the event counts against an engine's bounds: about what it takes in a ring, and never more, so that an
    /// engine holds what its rings hold.
    pub fn bytes(&self) -> usize {
        Frame::bytes_min(&self.event)
    }
}

/// An event at its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place: one more than that of the event before it, whatever their channels.
    pub seq: u64,
    /// When it was appended, in milliseconds since 1970 by the engine's clock.
    pub time_ms: u64,
    /// Where it was published.
    pub channel: ChannelName,
    /// What was.
    pub event: Event,
}

/// The newest place of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The life of the log. An engine that lost what was acknowledged begins another, with what it still has.
    pub epoch: Epoch,
    /// The place of the newest event, 0 where there is none.
    pub seq: u64,
}

/// What became of an [`Offer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its place; of a duplicate, the place of the first.
    pub seq: u64,
    /// When it was appended.
    pub time_ms: u64,
    /// Its id was given before within the channel's history, and nothing was appended.
    pub duplicate: bool,
}

/// What became of offers that were made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The life of the log that they are in.
    pub epoch: Epoch,
    /// One for each offer, in their order.
    pub placed: Vec<Placed>,
}

/// Why offers have no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was appended.
    #[error("the engine is away: come again in {retry_ms} ms")]
    Away {
        /// When to come again.
        retry_ms: u64,
    },
    /// The engine did not answer in time: they may be in the log or not.
    #[error(
        "the engine did not answer in time: send it again with the same `id`, which appends nothing twice"
    )]
    Unknown,
}

/// A part of the log, as it is held.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The log's head when this was read.
    pub head: Head,
    /// Up to which place this speaks: places without an entry are no longer held.
    pub through: u64,
    /// What is held, in order.
    pub entries: Vec<Entry>,
    /// Channels that lost events after the place that was asked for, and through which place, should that be in the stretch:
    /// told where a place of the stretch has no entry. What is missing here may be of a channel that a later part tells.
    pub lost: Vec<(ChannelName, u64)>,
    /// Of channels that are not remembered by name, something was lost through this place.
    pub forgotten_through: u64,
    /// Through which place the log is of lives before this one: held as history, and no news to whoever was told that it
    /// begins anew.
    pub began: u64,
}

impl Stretch {
    /// Whether there was nothing behind it when it was read.
    pub fn is_last(&self) -> bool {
        self.through >= self.head.seq
    }
}

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine is away")]
pub struct ReadError;

/// What an engine tells a hub that follows it.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Events that were appended, by this hub or another: in whatever order, perhaps again, perhaps not all.
    Entries(Epoch, Vec<Entry>),
    /// The newest place: told at least each half second while the engine answers, so that a lost tail is noticed.
    Head(Head),
    /// The engine answers no longer.
    Away,
}

/// Who is told. Called from the engine's own tasks: it must not block.
pub type Ear = Arc<dyn Fn(Heard) + Send + Sync>;

/// A log that several hubs share.
pub trait Engine: Send + Sync + 'static {
    /// Puts events at the end of the log, in their order with none between: all of them, or none. `known` is the newest
    /// place that this hub knows of: an engine whose own is before it lost something, and begins a new epoch behind what
    /// it has.
    fn append(&self, known: Option<Head>, offers: Vec<Offer>) -> Answer<'_, Result<Appended, AppendError>>;

    /// What is held after a place, from the oldest on, so much as comes in one answer: the next call goes on from
    /// `through`.
    fn read(&self, after: u64) -> Answer<'_, Result<Stretch, ReadError>>;

    /// Where hubs write what is theirs, if the engine has that.
    fn roster(&self) -> Option<&dyn Roster> {
        None
    }

    /// The stores of users' quotas, for a hub that keeps this lease, if the engine has them.
    fn leases(&self, lease_ms: u64) -> Option<Arc<dyn Leases>> {
        let _ = lease_ms;
        None
    }

    /// Begins to tell. What is appended after this returned is told or can be read.
    fn follow(&self, ear: Ear) -> Answer<'_, Result<Head, ReadError>>;
}
