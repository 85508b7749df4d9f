//! What hubs that share a log tell one another: what operators decided and ordered at one of them holds at all. It has
//! places in the log, between the events before which and after which it was said, and never gets into a ring: it is
//! done, and what comes later in the log is delivered after that.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tidings_core::channel::ChannelName;
use tidings_core::close::CloseReason;
use tidings_core::engine::Entry;
use tidings_core::event::{Draft, Event};
use tidings_core::history::Retention;

use super::amendments::Said;
use super::decisions::{Decision, Line};
use super::publish::Checked;
use super::{FastMap, Hub, KickOrder, locked};

/// Channels that nobody can read: they have no board.
const PREFIX: &str = "$hub/cluster/";
const USERS: &str = "$hub/cluster/users";
const TOKENS: &str = "$hub/cluster/tokens";
const CHANNELS: &str = "$hub/cluster/channels";
const ORDERS: &str = "$hub/cluster/orders";

/// By its key only the latest of each decision is kept, for hubs that come later: as many and for as long as there can be
/// any. An order is for whom it finds.
pub(super) const RETENTION: Retention =
    Retention { count: 100_000, age_ms: 400 * 24 * 3600 * 1000, bytes: 64 << 20 };

/// For how long what another hub decided is set against what this one decided at the same time.
const CONTESTED_MS: u64 = 60_000;

/// What is to be done wherever it applies.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// By the public id.
    Kick {
        id: String,
        detail: Option<Box<str>>,
        reconnect: bool,
    },
    KickUser {
        user: String,
        detail: Option<Box<str>>,
        reconnect: bool,
    },
    /// By the secret id, at its client's word.
    Disconnect {
        connection_id: String,
    },
    /// The same: it checks in.
    Alive {
        connection_id: String,
    },
    /// The streams that stand on a token, as its end would.
    Expire {
        token_id: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Decision(Line),
    Order(Order),
    /// A channel got its first reader of all hubs, or lost the last: for the hub that `by` names to tell.
    Occupied {
        channel: String,
        occupied: bool,
    },
}

/// As it stands in the log.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    /// Which hub said so: the same after a restart is another.
    by: String,
    what: What,
}

/// When other hubs' decisions were taken in, by the clock. One of this hub's own comes back as an entry, and is set
/// again only if another was taken in since it was made: all hubs end with the one that is later in the log.
#[derive(Debug, Default)]
pub(super) struct Orders(Mutex<FastMap<Decision, u64>>);

/// Whether it is for hubs, and nobody else.
pub(super) fn is_order(channel: &ChannelName) -> bool {
    channel.as_str().starts_with(PREFIX)
}

impl Hub {
    /// Tells the other hubs what was decided here.
    pub(super) fn tell_decisions(&self, decided: &[Decision]) {
        let Some(shared) = &self.0.shared else { return };
        for decision in decided {
            locked(&shared.orders.0).remove(decision);
            let line = decision.line(&locked(&self.0.permissions));
            let (channel, name) = match decision {
                Decision::User(name) => (USERS, name),
                Decision::Token(name) => (TOKENS, name),
                Decision::Channels(name) => (CHANNELS, name),
            };
            self.say(channel, Some(name), What::Decision(line));
        }
    }

    /// The same of all that was ever decided and holds: the log has lost it.
    pub(super) fn tell_all_decisions(&self) {
        let all: Vec<Decision> = locked(&self.0.permissions).decided().collect();
        self.tell_decisions(&all);
    }

    /// Tells the other hubs to do what this one did. Nothing, where there are none.
    pub(super) fn order(&self, order: Order) {
        if self.0.shared.is_some() {
            self.say(ORDERS, None, What::Order(order));
        }
    }

    fn say(&self, channel: &str, key: Option<&str>, what: What) {
        let said = Word { by: self.0.secrets.incarnation().to_owned(), what };
        let data = serde_json::value::to_raw_value(&said).expect("texts and numbers are JSON");
        let channel = ChannelName::parse(channel).expect("a name");
        // A name may be longer than a key: then every decision of it is kept.
        let draft = Draft { ty: Some("order"), data: &data, id: None, key };
        match Event::kept(draft) {
            Ok(event) => {
                if let Err(error) = self.enqueue(Checked { channels: vec![channel], event }) {
                    tracing::error!(%error, "the other hubs were not told what was decided here");
                }
            }
            Err(error) => tracing::error!(%error, "the other hubs can't be told what was decided here"),
        }
    }

    /// Does what a hub said.
    pub(super) fn obey(&self, entry: &Entry) {
        let Ok(Word { by, what }) = serde_json::from_str(entry.event.data()) else {
            tracing::error!(channel = %entry.channel, "what another hub said can't be understood: is it of another version?");
            return;
        };
        let is_own = by.split('.').next() == Some(self.0.secrets.incarnation());
        match what {
            What::Decision(line) => self.take_over(line, is_own),
            What::Order(_) if is_own => {}
            What::Order(order) => self.carry_out(&order),
            What::Occupied { channel, occupied } if is_own => {
                if let Ok(channel) = ChannelName::parse(&channel) {
                    self.observe_channel(&channel, occupied);
                }
            }
            What::Occupied { .. } => {}
        }
    }

    fn take_over(&self, line: Line, is_own: bool) {
        let (Some(shared), Some(decision)) = (&self.0.shared, line.of()) else { return };
        {
            let now_ms = self.0.clock.now_ms();
            let mut taken = locked(&shared.orders.0);
            taken.retain(|_, at_ms| *at_ms + CONTESTED_MS > now_ms);
            match is_own {
                true if taken.remove(&decision).is_none() => return,
                true => {}
                false => drop(taken.insert(decision.clone(), now_ms)),
            }
        }
        let shuts_out = line.shuts_out();
        let given = {
            let permissions = &mut *locked(&self.0.permissions);
            let before = permissions.gifts(&decision);
            if permissions.put(line).is_none() {
                tracing::error!("a decision of another hub can't be understood: is it of another version?");
                return;
            }
            let is_new = |gift: &Said| !before.contains(gift);
            permissions
                .gifts(&decision)
                .into_iter()
                .filter(is_new)
                .map(|gift| gift.selector)
                .collect::<Vec<_>>()
        };
        match &decision {
            Decision::User(name) if shuts_out => self.end_revoked(Some(name), None),
            Decision::Token(name) if shuts_out => self.end_revoked(None, Some(name)),
            Decision::Channels(name) => drop(self.hold_streams(name, &given)),
            Decision::User(_) | Decision::Token(_) => {}
        }
        self.write_down_later(decision);
    }

    fn carry_out(&self, order: &Order) {
        match order {
            Order::Kick { id, detail, reconnect } => {
                let order = KickOrder { detail: detail.clone(), reconnect: *reconnect };
                let _ = self.kick_here(id, &order);
            }
            Order::KickUser { user, detail, reconnect } => {
                let order = KickOrder { detail: detail.clone(), reconnect: *reconnect };
                self.kick_user_here(user, &order);
            }
            Order::Disconnect { connection_id } => {
                if let Some(key) = self.0.secrets.parse_secret(connection_id) {
                    self.settle(key, CloseReason::Disconnected, None);
                }
            }
            Order::Alive { connection_id } => drop(self.alive_here(connection_id)),
            Order::Expire { token_id } => drop(self.expire_token_here(token_id)),
        }
    }
}

impl Line {
    /// Of whom it is.
    fn of(&self) -> Option<Decision> {
        match self {
            Self::Format(_) => None,
            Self::User { name, .. } => Some(Decision::User(Arc::from(name.as_str()))),
            Self::Token { name, .. } => Some(Decision::Token(Arc::from(name.as_str()))),
            Self::Channels { name, .. } => Some(Decision::Channels(Arc::from(name.as_str()))),
        }
    }

    fn shuts_out(&self) -> bool {
        matches!(self, Self::User { shut: Some(_), .. } | Self::Token { shut: Some(_), .. })
    }
}
