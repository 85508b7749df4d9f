//! What the test and those who hold its crowd say to each other, one JSON text a line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// What all of the crowd read.
pub(super) const ALL: &str = "everyone";

/// Each is answered with what was [`Told`].
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// So many open a stream at this hub, of which each user has so many.
    Come {
        to: SocketAddr,
        count: usize,
        of_a_user: usize,
    },
    /// Who has to leave from now on goes to one of these, by how much room each has.
    Homes(Vec<(SocketAddr, u64)>),
    Tell,
    /// The same, and how long the last event for all took.
    TellTimes,
    /// All leave, at once.
    Leave,
}

/// What one part of the crowd met since it was started.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Told {
    /// Streams that are open now.
    pub(super) held: usize,
    /// Those who have a stream or want one.
    pub(super) people: usize,
    /// Streams that were greeted.
    pub(super) greeted: usize,
    /// By the reason that `closing` gave.
    pub(super) closings: BTreeMap<String, usize>,
    /// The longest wait that `closing` told.
    pub(super) wait_most_ms: u64,
    /// The longest that somebody was away between two streams.
    pub(super) away_most_ms: u64,
    /// Streams that ended without a word.
    pub(super) cut: usize,
    /// By what was answered, or by what the kernel said.
    pub(super) refused: BTreeMap<String, usize>,
    pub(super) missed: u64,
    pub(super) twice: u64,
    pub(super) gaps: u64,
    /// The last events that each of them has had, for all and for this part.
    pub(super) all_have: Numbers,
    /// From the publisher until each of them had the last event for all.
    pub(super) took_us: Vec<u64>,
}

/// The number of the last event, by whom it is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Numbers {
    pub(super) all: u64,
    pub(super) part: u64,
}

/// An event's data.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) struct News {
    /// Whether it is for all, or for one part.
    pub(super) for_all: bool,
    pub(super) n: u64,
    /// When it was published.
    pub(super) at_us: u64,
}

/// The channel of one part of the crowd.
pub(super) fn channel_of(part: usize) -> String {
    format!("part:{part}")
}

/// A clock that all processes of the machine share.
#[expect(clippy::disallowed_methods, reason = "one process publishes, another reads")]
pub(super) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    since.as_micros() as u64
}
