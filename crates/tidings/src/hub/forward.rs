//! What a client says of its own stream may reach any hub, and so may its ticket. Where another hub has it, that one is
//! asked, by the log that they share: it does what is asked in a place among the events, and answers the same way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidings_core::channel::Selector;
use tidings_core::grant::{AdminRole, Grant};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::boards::HubChannelError;
use super::orders::What;
use super::tickets::Key;
use super::{ChangeError, ChannelChange, EngineState, FastMap, Hub, NoSuchConnection, locked};

/// How long the other hub's answer is waited for. Without one a stream counts as gone: its client opens another.
const ANSWER: Duration = Duration::from_secs(1);
/// Answers that are waited for, at most; what is more is not asked.
const WAITING_MAX: usize = 10_000;

/// What the hub is asked that has the stream of a public id, or the ticket of a hash.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    /// Whose stream it is.
    User { id: String },
    /// To give the stream other channels, and the grant where that allows more than its own.
    Change { id: String, grant: Papers, add: Vec<Selector>, remove: Vec<Selector> },
    /// To put the stream under another grant.
    Refresh { id: String, grant: Papers },
    /// What a ticket grants.
    Ticket { key: Key },
    /// To keep it for the hub that asks, which calls that by a number.
    Claim { key: Key, number: u64 },
    /// To let go of it, or to let others use it. There is no answer.
    Settle { key: Key, number: u64, is_used: bool },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    User(String),
    Changed(ChannelChange),
    Ticket(Box<Papers>),
    Claimed,
    No(No),
}

/// A [`ChangeError`] as it is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum No {
    Gone,
    NotGranted { channel: Selector },
    TooMany { channels_per_connection: usize },
    Behind { retry_ms: u64 },
    HubChannels { hub_channels_max: usize },
}

/// A grant as it is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Papers {
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

/// Who waits for an answer.
#[derive(Debug, Default)]
pub(super) struct Forwarded(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    asked: u64,
    answers: FastMap<u64, oneshot::Sender<Answer>>,
}

/// Waits no longer, however that came.
struct Ended<'f>(&'f Forwarded, u64);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        locked(&self.0.0).answers.remove(&self.1);
    }
}

impl Forwarded {
    fn begin(&self) -> Option<(Ended<'_>, oneshot::Receiver<Answer>)> {
        let mut waiting = locked(&self.0);
        if waiting.answers.len() >= WAITING_MAX {
            return None;
        }
        waiting.asked += 1;
        let (number, (sender, receiver)) = (waiting.asked, oneshot::channel());
        waiting.answers.insert(number, sender);
        Some((Ended(self, number), receiver))
    }

    pub(super) fn answered(&self, number: u64, answer: Answer) {
        // Nobody may wait for it any longer.
        let _ = locked(&self.0).answers.remove(&number).map(|asker| asker.send(answer));
    }
}

impl Hub {
    /// Whose connection this is, by its secret id, at whichever hub.
    pub async fn stream_user(&self, connection_id: &str) -> Result<Arc<str>, NoSuchConnection> {
        let Some(id) = self.forwards(connection_id) else { return self.user_of(connection_id) };
        match self.ask(id, Ask::User { id: id.to_owned() }).await {
            Some(Answer::User(user)) => Ok(user.into()),
            _ => Err(NoSuchConnection),
        }
    }

    /// Changes a live stream's channels at its own client's word, at whichever hub it is. A stream is under one grant:
    /// where this one allows what that does not, it takes its place.
    pub async fn change_stream(
        &self,
        connection_id: &str,
        grant: &Grant,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<ChannelChange, ChangeError> {
        let Some(id) = self.forwards(connection_id) else {
            return self.change_under(self.0.secrets.parse_secret(connection_id), grant, add, remove);
        };
        let ask = Ask::Change {
            id: id.to_owned(),
            grant: Papers::of(grant),
            add: add.to_vec(),
            remove: remove.to_vec(),
        };
        match self.ask(id, ask).await {
            Some(Answer::Changed(change)) => Ok(change),
            Some(Answer::No(no)) => Err(no.into()),
            _ => Err(NoSuchConnection.into()),
        }
    }

    /// Puts a live stream under a new grant, at whichever hub it is: see [`Hub::refresh`].
    pub async fn refresh_stream(
        &self,
        connection_id: &str,
        grant: &Grant,
    ) -> Result<ChannelChange, NoSuchConnection> {
        let Some(id) = self.forwards(connection_id) else { return self.refresh(connection_id, grant) };
        match self.ask(id, Ask::Refresh { id: id.to_owned(), grant: Papers::of(grant) }).await {
            Some(Answer::Changed(change)) => Ok(change),
            _ => Err(NoSuchConnection),
        }
    }

    /// The public id of a connection that another hub has.
    fn forwards<'i>(&self, connection_id: &'i str) -> Option<&'i str> {
        let (id, _) = connection_id.split_once('.')?;
        self.is_genuine_of_peer(connection_id).then_some(id)
    }

    /// Asks the hub that this id begins with. `None` where it can't be asked, or doesn't answer in time.
    pub(super) async fn ask(&self, id: &str, ask: Ask) -> Option<Answer> {
        let shared = self.0.shared.as_ref().filter(|_| self.engine_state() == EngineState::Here)?;
        let (ended, answer) = shared.forwarded.begin()?;
        self.forward(id, ended.1, ask);
        timeout(ANSWER, answer).await.ok()?.ok()
    }

    /// The same of what has no answer.
    pub(super) fn tell_owner(&self, id: &str, ask: Ask) {
        self.forward(id, 0, ask);
    }

    fn forward(&self, id: &str, number: u64, ask: Ask) {
        let to = id.split('-').next().unwrap_or_default().to_owned();
        self.say(What::Ask { to, number, ask });
    }

    /// Does what another hub asks for.
    pub(super) fn answer(&self, ask: Ask) -> Option<Answer> {
        Some(match ask {
            Ask::User { id } => {
                let key = self.0.secrets.parse_public(&id);
                let user = key.and_then(|key| Some(self.0.books().get(key)?.user.to_string()));
                user.map_or(Answer::No(No::Gone), Answer::User)
            }
            Ask::Change { id, grant, add, remove } => {
                let key = self.0.secrets.parse_public(&id);
                let change = self.check_hub_channels(&add).map_err(ChangeError::from);
                change.and_then(|()| self.change_under(key, &grant.into(), &add, &remove)).into()
            }
            Ask::Refresh { id, grant } => {
                let outlet = self.0.secrets.parse_public(&id).and_then(|key| self.outlet(key));
                let refreshed = outlet.ok_or(NoSuchConnection);
                refreshed
                    .and_then(|outlet| self.refresh_of(&outlet, &grant.into()))
                    .map_err(ChangeError::from)
                    .into()
            }
            Ask::Ticket { key } => match self.ticket_grant_here(&key) {
                Some(grant) => Answer::Ticket(Box::new(Papers::of(&grant))),
                None => Answer::No(No::Gone),
            },
            Ask::Claim { key, number } if self.claim_here(&key, number) => Answer::Claimed,
            Ask::Claim { .. } => Answer::No(No::Gone),
            Ask::Settle { key, number, is_used } => {
                self.settle_ticket_here(&key, number, is_used);
                return None;
            }
        })
    }
}

impl From<Result<ChannelChange, ChangeError>> for Answer {
    fn from(change: Result<ChannelChange, ChangeError>) -> Self {
        change.map_or_else(
            |error| {
                Self::No(match error {
                    ChangeError::Gone(NoSuchConnection) => No::Gone,
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
                    ) => No::NotGranted { channel: Selector::Channel(channel) },
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
        }
    }
}

impl Papers {
    fn of(grant: &Grant) -> Self {
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
        let told = serde_json::to_string(&What::Ask { to: "a".to_owned(), number: 7, ask }).unwrap();
        let What::Ask { ask: Ask::Refresh { grant: papers, .. }, .. } = serde_json::from_str(&told).unwrap()
        else {
            panic!("{told}");
        };
        assert_eq!(format!("{:?}", Grant::from(papers)), format!("{grant:?}"));
    }

    #[test]
    fn no_more_answers_are_waited_for_than_the_limit_and_none_that_nobody_wants() {
        let forwarded = Forwarded::default();
        let mut asked: Vec<_> = (0..WAITING_MAX).map(|_| forwarded.begin().unwrap()).collect();
        assert!(forwarded.begin().is_none());
        let (ended, mut answer) = asked.pop().unwrap();
        forwarded.answered(ended.1, Answer::Claimed);
        assert!(matches!(answer.try_recv(), Ok(Answer::Claimed)));
        drop(asked);
        forwarded.answered(1, Answer::Claimed);
        assert!(locked(&forwarded.0).answers.is_empty());
    }
}
