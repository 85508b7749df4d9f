//! Why a connection ended: a closed list, the same in `closing`, the books, the metrics and the logs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The one reason that each ended connection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum CloseReason {
    /// FIN, RST or a reset of the HTTP/2 stream.
    ClientLeft,
    /// The client's own beacon.
    Disconnected,
    /// The same `client_id` of the same user connected again.
    Superseded,
    /// The token's time is over.
    Expired,
    /// An admin ended it.
    Kicked,
    /// The token or the user was revoked.
    Revoked,
    /// It was open for as long as a stream may be.
    MaxAge,
    /// The oldest made room for a new one.
    Limit,
    /// It fell off the log on a channel whose rule is `disconnect`.
    Slow,
    /// It took no bytes for too long.
    Stalled,
    /// The far end is silently gone.
    Lost,
    /// It promised to check in and did not.
    Lease,
    /// The hub is going down.
    Draining,
    /// Something broke on this side.
    Error,
}

impl CloseReason {
    /// Every reason, at the index of its number.
    pub const ALL: [CloseReason; 14] = [
        CloseReason::ClientLeft,
        CloseReason::Disconnected,
        CloseReason::Superseded,
        CloseReason::Expired,
        CloseReason::Kicked,
        CloseReason::Revoked,
        CloseReason::MaxAge,
        CloseReason::Limit,
        CloseReason::Slow,
        CloseReason::Stalled,
        CloseReason::Lost,
        CloseReason::Lease,
        CloseReason::Draining,
        CloseReason::Error,
    ];

    /// The name that the contract gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            CloseReason::ClientLeft => "client_left",
            CloseReason::Disconnected => "disconnected",
            CloseReason::Superseded => "superseded",
            CloseReason::Expired => "expired",
            CloseReason::Kicked => "kicked",
            CloseReason::Revoked => "revoked",
            CloseReason::MaxAge => "max_age",
            CloseReason::Limit => "limit",
            CloseReason::Slow => "slow",
            CloseReason::Stalled => "stalled",
            CloseReason::Lost => "lost",
            CloseReason::Lease => "lease",
            CloseReason::Draining => "draining",
            CloseReason::Error => "error",
        }
    }

    /// The reason by its name.
    pub fn parse(name: &str) -> Option<CloseReason> {
        CloseReason::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether a `closing` event goes out first. Not to one who left, who takes no bytes, or whose stream is broken.
    pub fn told(self) -> bool {
        !matches!(
            self,
            CloseReason::ClientLeft
                | CloseReason::Disconnected
                | CloseReason::Stalled
                | CloseReason::Lost
                | CloseReason::Error
        )
    }

    /// What `closing` says of coming back, unless whoever ended the stream chose otherwise.
    ///
    /// `superseded`: its successor is already here, and the two would throw each other out for ever. `limit`: it
    /// would take the place of the next oldest, which would come back in turn: with one tab too many the eviction
    /// would go round without end. `kicked` and `revoked`: someone wants it gone. All others come back: with a new
    /// token (`expired`), to another node (`draining`), from a cursor that gets its `gap` (`slow`). Who left by
    /// itself (`client_left`, `disconnected`) may come back too, as a reload does with the same `client_id`.
    pub fn default_reconnect(self) -> bool {
        !matches!(
            self,
            CloseReason::Superseded | CloseReason::Limit | CloseReason::Kicked | CloseReason::Revoked
        )
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_json_agree() {
        for (number, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(reason.to_string(), reason.as_str());
            let json = format!("\"{reason}\"");
            assert_eq!(CloseReason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), json);
            assert_eq!(serde_json::from_str::<CloseReason>(&json).unwrap(), reason);
        }
        assert!(serde_json::from_str::<CloseReason>("\"bored\"").is_err());
    }

    #[test]
    fn who_is_told_and_who_comes_back() {
        let names = |pick: fn(CloseReason) -> bool| -> Vec<&str> {
            CloseReason::ALL.into_iter().filter(|r| !pick(*r)).map(CloseReason::as_str).collect()
        };
        assert_eq!(names(CloseReason::told), ["client_left", "disconnected", "stalled", "lost", "error"]);
        assert_eq!(names(CloseReason::default_reconnect), ["superseded", "kicked", "revoked", "limit"]);
    }
}
