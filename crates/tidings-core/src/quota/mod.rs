//! Limits of users over several hubs, without a counter: each hub writes whole which clients of a user it has, under a
//! lease, and the count is the union over the leases that live.
//!
//! Nobody ever adds or takes away one, so that there is nothing to lose count of. A hub that dies takes its clients out
//! of the count with its lease; a call that was lost is made good by the next; a call that comes late is known by its
//! version, or by the floor below which its hub has given up waiting. A store that lost something knows less than the
//! hub does that asks it, and fences it: the hub takes another incarnation, of which no old call can be, and writes all
//! anew.
//!
//! [`Store`] is what a store does, as a plain machine: an engine does the same, call by call. [`Portions`] is a hub's
//! side. Users are spread over [`SHARDS`] stores that know nothing of each other.

mod hub;
mod judge;
mod portions;
mod store;

use std::sync::Arc;

pub use self::hub::{Closing, Hub, Outcome, Refusal, WhileAway};
pub use self::judge::{Evidence, Leaving, Why};
pub use self::portions::Portions;
pub use self::store::Store;
use crate::engine::Answer;
pub use crate::registry::OnFull;

/// Users are spread over so many stores.
pub const SHARDS: u16 = 16;

/// The store of a user: the same at every hub (FNV-1a).
pub fn shard_of(user: &str) -> u16 {
    let hash = user.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    ((hash ^ (hash >> 32)) % u64::from(SHARDS)) as u16
}

/// One life of a hub's part: `<inbox>-<number>`. Another begins with each start and each fencing, and none comes twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(Arc<str>);

impl Incarnation {
    /// The life with this number of the hub that is told under this name.
    pub fn new(inbox: &str, number: u64) -> Self {
        Self(format!("{inbox}-{number}").into())
    }

    /// As it was written.
    pub fn read(text: &str) -> Self {
        Self(text.into())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A client of a user, as its hub has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holding {
    /// The name that it chose: one user's clients of the same name are one.
    pub client: Arc<str>,
    /// Its connection, as operators and refused ones are shown it.
    pub connection: Arc<str>,
    /// Since when, for people, in milliseconds since 1970.
    pub since_ms: u64,
    /// When it came, by the store's clock: of two, the later stands.
    pub rank_ms: u64,
    /// Whether its far end gave proof of life lately. Others give way first.
    pub is_proven: bool,
}

impl Holding {
    /// A newcomer's. One without a name of its own is a client apart.
    pub fn new(client_id: Option<&str>, connection: Arc<str>, since_ms: u64) -> Self {
        let client = match client_id {
            Some(client) => client.into(),
            // No label begins so: nobody can choose it.
            None => format!("{NAMELESS}{connection}").into(),
        };
        Self { client, connection, since_ms, rank_ms: 0, is_proven: true }
    }
}

/// How the client of a connection is called that has no name of its own.
const NAMELESS: char = '\u{1}';

/// The name that a client chose, if it did.
pub fn chosen(client: &str) -> Option<&str> {
    (!client.starts_with(NAMELESS)).then_some(client)
}

/// Keeps a lease, or begins one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Beat {
    /// Whose.
    pub incarnation: Incarnation,
    /// The hub's name, for people.
    pub node: Arc<str>,
    /// Whether it begins: that happens once in an incarnation's life.
    pub is_first: bool,
    /// The life before, which ends with this.
    pub instead_of: Option<Incarnation>,
    /// No call of up to this version is waited for any longer: what comes late is void.
    pub floor: u64,
    /// The highest version that the store is known to have had.
    pub known: u64,
    /// For how long.
    pub lease_ms: u64,
    /// The store's time as this was sent, as far as the hub knows; 0 where it does not.
    pub at_ms: u64,
}

/// What a store says to a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beaten {
    /// The lease is over, or the store has lost something: another life has to begin.
    Fenced,
    /// The lease is kept.
    Kept {
        /// The store's time.
        now_ms: u64,
    },
}

/// A user's clients at one hub, whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Put {
    /// Whose part.
    pub incarnation: Incarnation,
    /// Of which user.
    pub user: Arc<str>,
    /// Higher than that of any call before it.
    pub version: u64,
    /// The highest version that the store is known to have had.
    pub known: u64,
    /// The clients that the hub has, the newcomer apart.
    pub held: Vec<Holding>,
    /// One that asks to come in.
    pub newcomer: Option<Holding>,
    /// The hub has the newcomer's client already, which it follows: it is not refused.
    pub is_back: bool,
    /// How many the user may have; 0 is no limit.
    pub limit: u32,
    /// What to do with a newcomer beyond the limit.
    pub on_full: OnFull,
    /// The store's time as this was sent, as far as the hub knows; 0 where it does not.
    pub at_ms: u64,
}

/// What a store says to a [`Put`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutAnswer {
    /// The lease is over, or the store has lost something: nothing was written.
    Fenced,
    /// A later call came before it: nothing was written.
    Stale,
    /// It is written, the newcomer too.
    Placed {
        /// Those that are to go, here and at other hubs, which are told.
        leaving: Vec<Leaving>,
    },
    /// It is written without the newcomer.
    Refused {
        /// Who holds the limit, oldest first.
        held_by: Vec<Evidence>,
    },
}

/// A lease, as a store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose.
    pub incarnation: Incarnation,
    /// The hub's name, for people.
    pub node: Arc<str>,
    /// For how much longer; 0 once it is over.
    pub left_ms: u64,
    /// How long ago it was last kept.
    pub age_ms: u64,
}

/// The connection to a store by which something was answered. A store that was started anew, or gave way to a replica,
/// is behind another one.
pub type Line = u64;

/// Why a store gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Nothing was done.
    #[error("the store of the quotas is away")]
    Away,
    /// It may have been done or not, or be done yet.
    #[error("the store of the quotas did not answer in time")]
    Unknown,
}

/// What a store tells a hub by itself. It may be lost: what matters comes again with later answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A connection of this hub has to go.
    Leave {
        /// Whose.
        user: Arc<str>,
        /// Which.
        leaving: Leaving,
    },
    /// A connection to the store was made anew.
    Anew,
}

/// Who is told. Called from the store's own tasks: it must not block.
pub type LeaseEar = Arc<dyn Fn(Told) + Send + Sync>;

/// The stores of one cluster. Every call has a deadline of its own.
pub trait Leases: Send + Sync + 'static {
    /// The name under which this hub is told, with which its incarnations begin: random, and without a `-`.
    fn inbox(&self) -> &str;

    /// Keeps a lease, and says by which line.
    fn beat(&self, shard: u16, beat: Beat) -> Answer<'_, Result<(Line, Beaten), LeaseError>>;

    /// Writes a user's part, by this line or not at all.
    fn put(&self, line: Line, put: Put) -> Answer<'_, Result<PutAnswer, LeaseError>>;

    /// Ends a lease, and with it all that stands under it.
    fn leave(&self, shard: u16, incarnation: Incarnation) -> Answer<'_, Result<(), LeaseError>>;

    /// The leases of one store, those that are over a while longer.
    fn list(&self, shard: u16) -> Answer<'_, Result<Vec<Lease>, LeaseError>>;

    /// Begins to tell.
    fn follow(&self, ear: LeaseEar);
}
