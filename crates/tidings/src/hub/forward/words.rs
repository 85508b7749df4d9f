//! What hubs ask of one another about a stream or a ticket, and answer, as it is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidings_core::channel::Selector;
use tidings_core::grant::{AdminRole, Grant};

use crate::hub::tickets::Key;
use crate::hub::{ChangeError, ChannelChange, HubChannelError, NoSuchConnection};

/// What the hub is asked that has the stream of a public id, or the ticket of a hash.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::hub) enum Ask {
    /// Whose stream it is.
    User { id: String },
    /// To give the stream other channels, and the grant where that allows more than its own.
    Change { id: String, grant: Papers, add: Vec<Selector>, remove: Vec<Selector> },
    /// To put the stream under another grant.
    Refresh { id: String, grant: Papers },
    /// What a ticket grants, and to keep it for the hub that asks, which calls that by a number.
    Claim { key: Key, number: u64 },
    /// To let go of it, or to let others use it. There is no answer.
    Settle { key: Key, number: u64, is_used: bool },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::hub) enum Answer {
    User(String),
    Changed(ChannelChange),
    Claimed(Box<Papers>),
    NoTicket { is_claimed: bool },
    No(No),
}

/// A [`ChangeError`] as it is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::hub) enum No {
    Gone,
    NotGranted { channel: Selector },
    TooMany { channels_per_connection: usize },
    Behind { retry_ms: u64 },
    HubChannels { hub_channels_max: usize },
    BadHubChannel { channel: Selector },
}

/// A grant as it is told.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::hub) struct Papers {
    user: String,
    subscribe: Vec<Selector>,
    publish: Vec<Selector>,
    admin: Option<String>,
    kind: Option<String>,
    connections_max: Option<u32>,
    issued_at_ms: Option<u64>,
    expires_at_ms: Option<u64>,
    token_id: Option<String>,
    info: Option<Box<RawValue>>,
}

impl From<Result<ChannelChange, ChangeError>> for Answer {
    fn from(change: Result<ChannelChange, ChangeError>) -> Self {
        change.map_or_else(
            |error| {
                Self::No(match error {
                    ChangeError::Gone(NoSuchConnection) | ChangeError::Away { .. } => No::Gone,
                    ChangeError::NotGranted { channel } => No::NotGranted { channel },
                    ChangeError::TooMany { channels_per_connection } => {
                        No::TooMany { channels_per_connection }
                    }
                    ChangeError::Behind { retry_ms } => No::Behind { retry_ms },
                    ChangeError::HubChannels(HubChannelError::TooMany { hub_channels_max }) => {
                        No::HubChannels { hub_channels_max }
                    }
                    ChangeError::HubChannels(
                        HubChannelError::Unknown { channel } | HubChannelError::Query { channel, .. },
                    ) => No::BadHubChannel { channel: Selector::Channel(channel) },
                })
            },
            Self::Changed,
        )
    }
}

impl From<No> for ChangeError {
    fn from(no: No) -> Self {
        match no {
            No::Gone => NoSuchConnection.into(),
            No::NotGranted { channel } => Self::NotGranted { channel },
            No::TooMany { channels_per_connection } => Self::TooMany { channels_per_connection },
            No::Behind { retry_ms } => Self::Behind { retry_ms },
            No::HubChannels { hub_channels_max } => HubChannelError::TooMany { hub_channels_max }.into(),
            No::BadHubChannel { channel: Selector::Channel(channel) } => HubChannelError::of(channel).into(),
            No::BadHubChannel { channel } => Self::NotGranted { channel },
        }
    }
}

impl Papers {
    pub(in crate::hub) fn of(grant: &Grant) -> Self {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        Self {
            user: grant.user.as_ref().to_owned(),
            subscribe: grant.subscribe.clone(),
            publish: grant.publish.clone(),
            admin: grant.admin.name().map(str::to_owned),
            kind: text(&grant.kind),
            connections_max: grant.connections_max,
            issued_at_ms: grant.issued_at_ms,
            expires_at_ms: grant.expires_at_ms,
            token_id: text(&grant.token_id),
            info: grant.info.clone(),
        }
    }
}

impl From<Papers> for Grant {
    fn from(papers: Papers) -> Self {
        Self {
            user: papers.user.into(),
            subscribe: papers.subscribe,
            publish: papers.publish,
            admin: papers.admin.as_deref().and_then(AdminRole::parse).unwrap_or_default(),
            kind: papers.kind.map(Arc::from),
            connections_max: papers.connections_max,
            issued_at_ms: papers.issued_at_ms,
            expires_at_ms: papers.expires_at_ms,
            token_id: papers.token_id.map(Arc::from),
            info: papers.info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_the_same_at_the_other_hub() {
        let grant = Grant {
            subscribe: vec![Selector::parse("a.*").unwrap(), Selector::parse("$hub/stats").unwrap()],
            publish: vec![Selector::everything()],
            admin: AdminRole::Read,
            kind: Some("board".into()),
            connections_max: Some(3),
            issued_at_ms: Some(1),
            expires_at_ms: Some(2),
            token_id: Some("t".into()),
            info: Some(RawValue::from_string(r#"{"n":1}"#.to_owned()).unwrap()),
            ..Grant::nothing("ann")
        };
        let ask = Ask::Refresh { id: "a-0-1".to_owned(), grant: Papers::of(&grant) };
        let told = serde_json::to_string(&ask).unwrap();
        let Ask::Refresh { grant: papers, .. } = serde_json::from_str(&told).unwrap() else {
            panic!("{told}")
        };
        assert_eq!(format!("{:?}", Grant::from(papers)), format!("{grant:?}"));
    }
}
