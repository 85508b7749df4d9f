//! What a client says of its own stream may reach any hub, and so may its ticket. Where another hub has it, that one is
//! asked, by the log that they share: it does what is asked in a place among the events, and answers the same way.

mod words;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::value::RawValue;
use tidings_core::channel::Selector;
use tidings_core::grant::Grant;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(super) use self::words::{Answer, Ask};
use self::words::{No, Papers};
use super::orders::What;
use super::shared::Shared;
use super::{ChangeError, ChannelChange, EngineState, FastMap, Hub, NoSuchConnection, NoTicket, locked};

/// How long the other hub's answer is waited for. Without one a stream counts as gone: its client opens another.
const ANSWER: Duration = Duration::from_secs(1);
/// When to come again where nothing can be asked.
const AWAY_RETRY_MS: u64 = 1_000;
/// Answers that are waited for, at most; what is more is not asked.
const WAITING_MAX: usize = 1_000;
/// Users of streams at other hubs that are remembered, and for how long a stream that is gone is.
const KNOWN_MAX: usize = 10_000;
const GONE_MS: u64 = 3_000;
/// A hub that is not known is looked for where the last look is so old.
const LOOK_MS: u64 = 20;

/// Who waits for an answer, and what is known of streams at other hubs.
#[derive(Debug, Default)]
pub(super) struct Forwarded {
    waiting: Mutex<Waiting>,
    /// By their public ids.
    users: Mutex<FastMap<Box<str>, Known>>,
}

/// Whose a stream is, or that it was gone, and when that was heard.
type Known = (Option<Arc<str>>, u64);

#[derive(Debug, Default)]
struct Waiting {
    asked: u64,
    answers: FastMap<u64, oneshot::Sender<Answer>>,
}

/// An answer that is waited for until this is dropped.
pub(super) struct Pending<'f> {
    forwarded: &'f Forwarded,
    number: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Pending<'_> {
    /// `None` where there is none in time.
    pub(super) async fn answer(mut self) -> Option<Answer> {
        timeout(ANSWER, &mut self.answer).await.ok()?.ok()
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        locked(&self.forwarded.waiting).answers.remove(&self.number);
    }
}

impl Forwarded {
    fn begin(&self) -> Option<Pending<'_>> {
        let mut waiting = locked(&self.waiting);
        if waiting.answers.len() >= WAITING_MAX {
            return None;
        }
        waiting.asked += 1;
        let (number, (sender, answer)) = (waiting.asked, oneshot::channel());
        waiting.answers.insert(number, sender);
        Some(Pending { forwarded: self, number, answer })
    }

    pub(super) fn answered(&self, number: u64, answer: Answer) {
        // Nobody may wait for it any longer.
        let _ = locked(&self.waiting).answers.remove(&number).map(|asker| asker.send(answer).is_ok());
    }

    /// Whose stream it is: known, or known to be nobody's, or neither.
    fn user(&self, id: &str, now_ms: u64) -> Option<Option<Arc<str>>> {
        let users = locked(&self.users);
        let (user, at_ms) = users.get(id)?;
        (user.is_some() || now_ms < at_ms + GONE_MS).then(|| user.clone())
    }

    fn note_user(&self, id: &str, user: Option<Arc<str>>, now_ms: u64) {
        let mut users = locked(&self.users);
        if users.len() >= KNOWN_MAX {
            // They are asked for again.
            users.clear();
        }
        users.insert(id.into(), (user, now_ms));
    }
}

impl Hub {
    /// Whose connection this is, by its secret id, at whichever hub.
    pub async fn stream_user(&self, connection_id: &str) -> Result<Arc<str>, ChangeError> {
        let Some((shared, id)) = self.forwards(connection_id).await? else {
            return Ok(self.user_of(connection_id)?);
        };
        // Nobody has shown a token yet: the other hub is not to be asked again and again.
        let forwarded = &shared.forwarded;
        let known = match forwarded.user(id, self.0.clock.now_ms()) {
            Some(known) => known,
            None => {
                let user = match self.ask(id, Ask::User { id: id.to_owned() })?.answer().await {
                    Some(Answer::User(user)) => Some(Arc::from(user)),
                    None => return Err(self.unanswered()),
                    Some(_) => None,
                };
                forwarded.note_user(id, user.clone(), self.0.clock.now_ms());
                user
            }
        };
        Ok(known.ok_or(NoSuchConnection)?)
    }

    /// Changes a live stream's channels at its own client's word, at whichever hub it is. A stream is under one grant:
    /// where this one allows what that does not, it takes its place. It has to be one of the stream's user.
    pub async fn change_stream(
        &self,
        connection_id: &str,
        grant: &Grant,
        add: &[Selector],
        remove: &[Selector],
    ) -> Result<ChannelChange, ChangeError> {
        let Some((_, id)) = self.forwards(connection_id).await? else {
            return self.change_under(self.0.secrets.parse_secret(connection_id), grant, add, remove);
        };
        let most = self.0.options.bounds.channels_per_connection;
        if most > 0 && add.iter().collect::<HashSet<_>>().len() > most {
            return Err(ChangeError::TooMany { channels_per_connection: most });
        }
        let (add, remove) = (add.to_vec(), remove.to_vec());
        self.ask_change(id, Ask::Change { id: id.to_owned(), grant: Papers::of(grant), add, remove }).await
    }

    /// Puts a live stream under a new grant of its user, at whichever hub it is: see [`Hub::refresh`].
    pub async fn refresh_stream(
        &self,
        connection_id: &str,
        grant: &Grant,
    ) -> Result<ChannelChange, ChangeError> {
        let Some((_, id)) = self.forwards(connection_id).await? else {
            return Ok(self.refresh(connection_id, grant)?);
        };
        self.ask_change(id, Ask::Refresh { id: id.to_owned(), grant: Papers::of(grant) }).await
    }

    async fn ask_change(&self, id: &str, ask: Ask) -> Result<ChannelChange, ChangeError> {
        match self.ask(id, ask)?.answer().await {
            Some(Answer::Changed(change)) => Ok(change),
            Some(Answer::No(no)) => Err(no.into()),
            _ => Err(self.unanswered()),
        }
    }

    /// What no answer means: that hub is gone, or the store between is.
    fn unanswered(&self) -> ChangeError {
        if self.engine_state() == EngineState::Here { NoSuchConnection.into() } else { Unasked.into() }
    }

    /// The public id of a connection that another hub has, by its secret one.
    async fn forwards<'i>(&self, connection_id: &'i str) -> Result<Option<(&Shared, &'i str)>, Unasked> {
        let is_elsewhere = self.is_elsewhere(connection_id).await?;
        let shared = self.0.shared.as_ref().filter(|_| is_elsewhere);
        Ok(shared.zip(connection_id.split_once('.').map(|(id, _)| id)))
    }

    /// Whether another hub made this id or ticket, which may be one that came just now.
    pub(super) async fn is_elsewhere(&self, id: &str) -> Result<bool, Unasked> {
        let life = id.split_once('-').map(|(life, _)| life);
        if !self.is_clustered() || life.is_none_or(|life| life == self.0.secrets.incarnation()) {
            return Ok(false);
        }
        if !self.0.secrets.is_agreed() {
            // Nobody can tell yet.
            return Err(Unasked);
        }
        if !self.0.secrets.is_genuine(id) {
            return Ok(false);
        }
        if self.engine_state() != EngineState::Here {
            return Err(Unasked);
        }
        if !self.is_of_peer(id) {
            self.look_at_peers(LOOK_MS).await;
        }
        Ok(self.is_of_peer(id))
    }

    /// Asks the hub that this id begins with, or says why it can't be asked.
    pub(super) fn ask(&self, id: &str, ask: Ask) -> Result<Pending<'_>, Unasked> {
        let shared = self.0.shared.as_ref().filter(|_| self.engine_state() == EngineState::Here);
        let pending = shared.and_then(|shared| shared.forwarded.begin()).ok_or(Unasked)?;
        self.forward(id, pending.number, ask, ANSWER).then_some(pending).ok_or(Unasked)
    }

    /// Asks, as long as that is of use. Whether there was room for it.
    pub(super) fn forward(&self, id: &str, number: u64, ask: Ask, while_good: Duration) -> bool {
        let to = id.split('-').next().unwrap_or_default().to_owned();
        let ask = serde_json::value::to_raw_value(&ask).expect("texts and numbers are JSON");
        self.say_within(while_good, What::Ask { to, number, ask })
    }

    /// Does what another hub asks for, and answers.
    pub(super) fn reply(&self, by: String, number: u64, ask: &RawValue) {
        let answer = match serde_json::from_str(ask.get()) {
            Ok(ask) => self.answer(ask),
            Err(error) => {
                tracing::error!(%error, "what another hub asks can't be understood: is it of another version?");
                Some(Answer::No(No::Gone))
            }
        };
        if let Some(answer) = answer {
            let answer = serde_json::value::to_raw_value(&answer).expect("texts and numbers are JSON");
            self.say_within(ANSWER, What::Answer { to: by, number, answer });
        }
    }

    fn answer(&self, ask: Ask) -> Option<Answer> {
        Some(match ask {
            Ask::User { id } => {
                let key = self.0.secrets.parse_public(&id);
                let user = key.and_then(|key| Some(self.0.books().get(key)?.user.to_string()));
                user.map_or(Answer::No(No::Gone), Answer::User)
            }
            Ask::Change { id, grant, add, remove } => {
                let key = self.0.secrets.parse_public(&id);
                self.change_under(key, &grant.into(), &add, &remove).into()
            }
            Ask::Refresh { id, grant } => {
                let outlet = self.0.secrets.parse_public(&id).and_then(|key| self.outlet(key));
                let refreshed = outlet.ok_or(NoSuchConnection);
                let refreshed = refreshed.and_then(|outlet| self.refresh_of(&outlet, &grant.into()));
                refreshed.map_err(ChangeError::from).into()
            }
            Ask::Claim { key, number } => match self.claim_here(&key, number) {
                Ok(grant) => Answer::Claimed(Box::new(Papers::of(&grant))),
                Err(why) => Answer::NoTicket { is_claimed: why == NoTicket::Claimed },
            },
            Ask::Settle { key, number, is_used } => {
                self.settle_ticket_here(&key, number, is_used);
                return None;
            }
        })
    }
}

/// The hub that has it can't be asked now.
#[derive(Debug)]
pub(super) struct Unasked;

impl From<Unasked> for ChangeError {
    fn from(_: Unasked) -> Self {
        Self::Away { retry_ms: AWAY_RETRY_MS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_answers_are_waited_for_than_the_limit_and_none_that_nobody_wants() {
        let forwarded = Forwarded::default();
        let mut asked: Vec<_> = (0..WAITING_MAX).map(|_| forwarded.begin().unwrap()).collect();
        assert!(forwarded.begin().is_none());
        let mut last = asked.pop().unwrap();
        forwarded.answered(last.number, Answer::No(No::Gone));
        assert!(matches!(last.answer.try_recv(), Ok(Answer::No(No::Gone))));
        drop(asked);
        forwarded.answered(1, Answer::No(No::Gone));
        assert!(locked(&forwarded.waiting).answers.is_empty());
    }

    #[test]
    fn a_user_stays_known_and_a_stream_that_is_gone_is_asked_for_again() {
        let forwarded = Forwarded::default();
        forwarded.note_user("a-0-1", Some("ann".into()), 0);
        forwarded.note_user("a-0-2", None, 0);
        assert_eq!(forwarded.user("a-0-1", 10 * GONE_MS), Some(Some("ann".into())));
        assert_eq!(forwarded.user("a-0-2", GONE_MS - 1), Some(None));
        assert_eq!(forwarded.user("a-0-2", GONE_MS), None);
        (0..=KNOWN_MAX).for_each(|n| forwarded.note_user(&format!("b-{n}"), None, 0));
        assert!(locked(&forwarded.users).len() <= KNOWN_MAX);
    }
}
