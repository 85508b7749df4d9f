//! What became of a call that failed: what a caller has to know to say whether it happened.

use redis::ServerError;

/// Replies after which nothing is stored: Redis gives them before it runs anything of a command or script.
const REFUSALS: [&str; 19] = [
    "ASK",
    "BUSY",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "DENIED",
    "EXECABORT",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "MOVED",
    "NOAUTH",
    "NOPERM",
    "NOREPLICAS",
    "NOSCRIPT",
    "OOM",
    "READONLY",
    "TRYAGAIN",
    "UNBLOCKED",
    "WRONGPASS",
];

/// Replies of a server that is the wrong one, or is no longer the right one: another connection may find another.
const WRONG_SERVER: [&str; 4] = ["MASTERDOWN", "MOVED", "READONLY", "UNBLOCKED"];

/// What became of a call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing happened: it was not sent, or Redis refused it before it did anything.
    #[error("Redis is away: {why}")]
    NotSent {
        /// In words for operators.
        why: Box<str>,
        /// When the next try to connect is due; 0 where that is not what it waits for.
        retry_ms: u64,
    },
    /// It was sent and not answered: it may have happened, or happen yet.
    #[error("Redis did not answer: {why}")]
    Unknown {
        /// In words for operators.
        why: Box<str>,
    },
}

/// Why a URL is none that can be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a URL of a Redis (`redis://host:6379`, or `rediss://` for TLS): {0}")]
pub struct UrlError(pub(super) String);

impl CallError {
    /// Whether nothing happened.
    pub fn is_not_sent(&self) -> bool {
        matches!(self, Self::NotSent { .. })
    }

    /// Redis answered, and nobody knows what.
    pub(crate) fn not_understood() -> Self {
        Self::Unknown { why: "Redis answered what this version does not understand".into() }
    }

    /// Whether it is what a node of a cluster says of what another one has.
    pub(crate) fn is_moved(&self) -> bool {
        // The reply's code is the first word of why.
        matches!(self, Self::NotSent { why, .. } if why.starts_with("MOVED "))
    }

    pub(super) fn of(reply: &ServerError) -> Self {
        let why = format!("{} {}", reply.code(), reply.details().unwrap_or_default()).into_boxed_str();
        // Inside a script it may come after something was done, unless it is for want of what the first write wants.
        let is_of_script = why.contains("script: ");
        if REFUSALS.contains(&reply.code()) && !(is_of_script && reply.code() == "NOPERM") {
            Self::NotSent { why, retry_ms: 0 }
        } else {
            Self::Unknown { why }
        }
    }
}

pub(super) fn is_of_wrong_server(reply: &ServerError) -> bool {
    WRONG_SERVER.contains(&reply.code())
}

/// Where a cluster says that it is: `MOVED 3999 host:port`.
pub(super) fn moved_to(reply: &ServerError) -> Option<String> {
    let details = reply.details().filter(|_| reply.code() == "MOVED")?;
    details.split_ascii_whitespace().nth(1).map(str::to_owned)
}
