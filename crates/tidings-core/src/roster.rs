//! What hubs that share a log know of one another. Each writes what is its own, as it is and under a lease; nobody counts
//! up or down, and nobody writes what is another's. What a hub leaves that is no more, whoever comes next lets go, and
//! that is when its users are told to have left.

use crate::channel::ChannelName;
use crate::engine::{Answer, Offer};

/// What a hub tells of itself.
#[derive(Clone, Debug)]
pub struct Report {
    /// The hub's name.
    pub node: String,
    /// Which life of the hub this is: what it wrote under another is another's.
    pub incarnation: String,
    /// The life that this one takes the place of, whose connections count no more. What else it had is let go once this
    /// one has told all.
    pub replaces: Option<String>,
    /// How far the store has what was told before; 0 where nothing was.
    pub base: u64,
    /// How far it has it with this.
    pub version: u64,
    /// For how long it holds, in milliseconds.
    pub lease_ms: u64,
    /// Live connections.
    pub active: u64,
    /// What changed since `base`.
    pub changes: Vec<Change>,
    /// How far this life has come.
    pub stage: Stage,
}

/// How far a life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not all is told yet.
    Coming,
    /// All is told.
    Here,
    /// It ends: what is left of it is let go.
    Leaving,
}

/// Something of a hub's own, as it is now.
#[derive(Clone, Debug)]
pub enum Change {
    /// A connection as operators see it.
    Row {
        /// Its public id.
        id: String,
        /// A JSON text; `None` where it has gone.
        row: Option<String>,
    },
    /// A user on a channel that tells who is there.
    Member(Box<Member>),
    /// Whether a channel has a reader by its name here.
    Reader {
        /// The channel.
        channel: ChannelName,
        /// Whether it has.
        is_there: bool,
    },
}

/// A user on a channel of a hub.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user.
    pub user: String,
    /// Connections there; 0 is gone.
    pub connections: usize,
    /// What is shown with it: a JSON text on one line.
    pub info: Option<String>,
    /// What the channel is told if it is the user's first anywhere. It names the channel.
    pub joined: Offer,
    /// And if it was the last.
    pub left: Offer,
}

/// A hub, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub node: String,
    /// Which life of it.
    pub incarnation: String,
    /// Its live connections.
    pub active: u64,
    /// How long ago it was heard of.
    pub age_ms: u64,
    /// How long it counts without another word; 0 where it has lapsed.
    pub left_ms: u64,
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It is taken over.
    Taken {
        /// All hubs that there are.
        peers: Vec<Peer>,
        /// Whether more is left of hubs that are no more: the next report lets go of some of it.
        more: bool,
    },
    /// The store does not have what this builds on: all is to be told again, in another life.
    Behind,
}

/// A user on a channel, over all hubs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentUser {
    /// The user.
    pub user: String,
    /// Connections.
    pub connections: usize,
    /// What is shown with it, by one of the hubs.
    pub info: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store that the hubs share does not answer")]
pub struct RosterError;

/// Where hubs write what is theirs.
pub trait Roster: Send + Sync {
    /// Takes over what a hub tells, renews its lease, lets go of some of what hubs left that are no more, and tells the
    /// channels who joined and left by that. Made again as it was after an error, it is taken over once.
    fn report(&self, report: &Report) -> Answer<'_, Result<Reported, RosterError>>;

    /// All hubs that there are.
    fn peers(&self) -> Answer<'_, Result<Vec<Peer>, RosterError>>;

    /// The connections that a life of a hub told, each as it was told last.
    fn rows(&self, incarnation: &str) -> Answer<'_, Result<Vec<String>, RosterError>>;

    /// Who is on a channel.
    fn present(&self, channel: &ChannelName) -> Answer<'_, Result<Vec<PresentUser>, RosterError>>;

    /// A secret that all hubs share: the first that was offered.
    fn secret(&self, offered: [u8; 32]) -> Answer<'_, Result<[u8; 32], RosterError>>;
}
