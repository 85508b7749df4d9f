//! What operators decided, as it is kept in the data directory: who is shut out, and whose channels are amended. It
//! holds over whatever ends the process.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidings_core::channel::Selector;
use tidings_core::grant::Label;
use tidings_core::position::Cursor;

use super::amendments::{Amendment, Said, Term};
use super::permissions::Permissions;
use super::revocations::Shut;
use super::{Hub, locked};
use crate::journal::Journal;
use crate::store::Store;

const DECISIONS: &str = "decisions.jsonl";
/// The form of the lines; a file of another is not read.
const FORMAT: u32 = 1;

/// It is in force, and could not be written down: it ends with this process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is in force, but could not be written to the data directory ({reason}), and ends with this process: see to \
     the disk, and ask again"
)]
pub struct NotKept {
    reason: String,
}

/// Of whom something was decided. What, is looked up when it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Decision {
    User(Arc<str>),
    Token(Arc<str>),
    Channels(Arc<str>),
}

/// A line: of whom, and what holds by now; nothing where nothing does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Format(u32),
    User { name: String, shut: Option<Shut> },
    Token { name: String, shut: Option<Shut> },
    Channels { name: String, amendment: Option<KeptAmendment> },
}

/// A channel, where the log stood, and for how long it holds.
type KeptSaid = (String, String, Term);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptAmendment {
    added: Vec<KeptSaid>,
    removed: Vec<KeptSaid>,
    returned: Vec<KeptSaid>,
}

impl Decision {
    pub(super) fn of(user: Option<&Label>, token_id: Option<&Label>) -> Vec<Self> {
        let user = user.map(|user| Self::User(Arc::clone(user.as_arc())));
        let token = token_id.map(|id| Self::Token(Arc::clone(id.as_arc())));
        user.into_iter().chain(token).collect()
    }

    /// Of whom.
    pub(super) fn name(&self) -> &str {
        let (Self::User(name) | Self::Token(name) | Self::Channels(name)) = self;
        name
    }

    /// What holds of it by now.
    pub(super) fn line(&self, permissions: &Permissions) -> Line {
        let revoked = &permissions.revoked;
        match self {
            Self::User(name) => Line::User { name: name.to_string(), shut: revoked.users.get(name).copied() },
            Self::Token(name) => {
                Line::Token { name: name.to_string(), shut: revoked.tokens.get(name).copied() }
            }
            Self::Channels(name) => Line::Channels {
                name: name.to_string(),
                amendment: permissions.amendments.get(name).map(KeptAmendment::from),
            },
        }
    }
}

fn text(line: &Line) -> String {
    serde_json::to_string(line).expect("texts and numbers are JSON")
}

impl From<&Amendment> for KeptAmendment {
    fn from(from: &Amendment) -> Self {
        let kept = |all: &[Said]| {
            let one = |said: &Said| (said.selector.to_string(), said.since.to_string(), said.term);
            all.iter().map(one).collect()
        };
        Self { added: kept(&from.added), removed: kept(&from.removed), returned: kept(&from.returned) }
    }
}

impl KeptAmendment {
    fn read(self) -> Option<Amendment> {
        let read = |all: Vec<KeptSaid>| -> Option<Vec<Said>> {
            let one = |(selector, since, term): KeptSaid| {
                Some(Said { selector: Selector::parse(&selector).ok()?, since: Cursor::parse(&since)?, term })
            };
            all.into_iter().map(one).collect()
        };
        Some(Amendment {
            added: read(self.added)?,
            removed: read(self.removed)?,
            returned: read(self.returned)?,
        })
    }
}

impl Permissions {
    /// What was decided before this start, and where it is written down from now on.
    pub(super) fn restore(store: &Store) -> io::Result<(Self, Journal)> {
        let (journal, lines) = Journal::open(store, DECISIONS)?;
        let mut permissions = Self::default();
        for (number, line) in lines.iter().enumerate() {
            // A hub that went on without it would let in who was shut out.
            permissions.take_up(number, line).ok_or_else(|| {
                let path = store.path(DECISIONS).unwrap_or_default();
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "data directory: {}: line {} can't be read: mend it, or remove the file, and with it all \
                         revocations and changes of users' channels",
                        path.display(),
                        number + 1
                    ),
                )
            })?;
        }
        Ok((permissions, journal))
    }

    fn take_up(&mut self, number: usize, line: &str) -> Option<()> {
        match (number, serde_json::from_str(line).ok()?) {
            (0, Line::Format(FORMAT)) => Some(()),
            (0, _) | (_, Line::Format(_)) => None,
            (_, line) => self.put(line),
        }
    }

    /// Takes over what holds of somebody. `None` where it can't be understood.
    pub(super) fn put(&mut self, line: Line) -> Option<()> {
        fn put<T>(table: &mut super::FastMap<Arc<str>, T>, name: String, value: Option<T>) {
            match value {
                Some(value) => table.insert(name.into(), value),
                None => table.remove(&*name),
            };
        }
        match line {
            Line::Format(_) => return None,
            Line::User { name, shut } => put(&mut self.revoked.users, name, shut),
            Line::Token { name, shut } => put(&mut self.revoked.tokens, name, shut),
            Line::Channels { name, amendment } => {
                let amendment = amendment.map(|kept| kept.read().ok_or(())).transpose().ok()?;
                put(&mut self.amendments, name, amendment);
            }
        }
        Some(())
    }

    /// Of whom anything was decided that holds.
    pub(super) fn decided(&self) -> impl Iterator<Item = Decision> + '_ {
        let users = self.revoked.users.keys().cloned().map(Decision::User);
        let tokens = self.revoked.tokens.keys().cloned().map(Decision::Token);
        let channels = self.amendments.keys().cloned().map(Decision::Channels);
        users.chain(tokens).chain(channels)
    }

    /// What is given by a decision that is of channels.
    pub(super) fn gifts(&self, decision: &Decision) -> Vec<Said> {
        let Decision::Channels(name) = decision else { return Vec::new() };
        self.amendments.get(name).map(|amendment| amendment.added.clone()).unwrap_or_default()
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.decided().map(|decision| text(&decision.line(self)));
        std::iter::once(text(&Line::Format(FORMAT))).chain(lines).collect()
    }
}

impl Hub {
    /// Writes down what holds by now of these. On the disk when it returns.
    pub(super) fn write_down(&self, decided: &[Decision]) -> Result<(), NotKept> {
        let lines = || {
            let permissions = locked(&self.0.permissions);
            decided.iter().map(|decision| text(&decision.line(&permissions))).collect()
        };
        let all = || locked(&self.0.permissions).lines();
        self.0.decisions.add(&self.0.store, lines, all).map_err(|error| {
            tracing::error!(%error, file = DECISIONS, "a decision could not be kept: it ends with this process");
            NotKept { reason: error.kind().to_string() }
        })
    }

    /// The same where nobody waits for it.
    pub(super) fn write_down_later(&self, decision: Decision) {
        let hub = self.clone();
        self.0.runtime.spawn_blocking(move || hub.write_down(&[decision]));
    }
}
