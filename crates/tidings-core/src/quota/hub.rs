//! What a hub is, and what it is told.

use std::sync::Arc;

use super::{Evidence, OnFull, Why};

/// What to do with newcomers while the store is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhileAway {
    /// Let them in as long as this hub alone has less than the user's limit.
    Local,
    /// Let them all in.
    Open,
    /// Let none in.
    Closed,
}

/// What a hub is, and how it decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hub {
    /// Its name, for people.
    pub node: Arc<str>,
    /// What its incarnations begin with.
    pub inbox: Arc<str>,
    /// How long its part stands after it was last heard of.
    pub lease_ms: u64,
    /// What to do with a newcomer beyond a limit.
    pub on_full: OnFull,
    /// What to do while the store is away.
    pub while_away: WhileAway,
}

/// A connection of this hub that has to go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Closing {
    /// Whose.
    pub user: Arc<str>,
    /// Its client.
    pub client: Arc<str>,
    /// Which it is.
    pub connection: Arc<str>,
    /// Why.
    pub why: Why,
}

/// Why a newcomer may not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user has as many as it may.
    Limit {
        /// The limit.
        limit: u32,
        /// Who holds it, oldest first.
        held_by: Vec<Evidence>,
    },
    /// The store is away, and nobody is let in meanwhile.
    Away,
}

/// What the answer to a [`Put`](super::Put) means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is written. The newcomer is in; those named have to go.
    Placed(Vec<Closing>),
    /// It is written. The newcomer is not in.
    Refused(Vec<Evidence>),
    /// Another life has begun, and needs a beat before anything else.
    Fenced,
    /// Nobody knows, and it will be said again: newcomers are for the hub to judge.
    Unknown,
}
