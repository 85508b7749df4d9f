//! What hubs that share a log tell one another: what operators decided and ordered at one of them holds at all. It has
//! places in the log, between the events before which and after which it was said, and never gets into a ring: it is
//! done, and what comes later in the log is delivered after that.

mod telling;

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidings_core::channel::ChannelName;
use tidings_core::close::CloseReason;
use tidings_core::engine::Entry;
use tidings_core::history::Retention;
use tokio::sync::Notify;

use self::telling::Untold;
pub(super) use self::telling::tell;
use super::amendments::Said;
use super::decisions::{Decision, Line};
use super::{FastMap, Hub, KickOrder, locked};

/// Channels that nobody can read: they have no board.
const PREFIX: &str = "$hub/cluster/";
const USERS: &str = "$hub/cluster/users";
const TOKENS: &str = "$hub/cluster/tokens";
const CHANNELS: &str = "$hub/cluster/channels";
const ORDERS: &str = "$hub/cluster/orders";
const ASKED: &str = "$hub/cluster/asked";

/// By its key only the latest of each decision is kept, for hubs that come later: as many and for as long as there can be
/// any.
const DECISIONS_KEPT: Retention =
    Retention { count: 100_000, age_ms: 400 * 24 * 3600 * 1000, bytes: 64 << 20 };
/// An order is for whom it finds: it is kept for hubs that missed it.
const ORDERS_KEPT: Retention = Retention { count: 1_000, age_ms: 60_000, bytes: 1 << 20 };
/// For a hub that did not hear it at once. Not for long: done late, it would undo what came after it.
const ASKED_KEPT: Retention = Retention { count: 10_000, age_ms: 3_000, bytes: 4 << 20 };

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
pub(super) enum What {
    Decision(Line),
    Order(Order),
    /// A channel got its first reader of all hubs, or lost the last: for the hub that `by` names to tell.
    Occupied {
        channel: String,
        occupied: bool,
    },
    /// For the hub whose life that is, which answers by the number.
    Ask {
        to: String,
        number: u64,
        ask: Box<RawValue>,
    },
    Answer {
        to: String,
        number: u64,
        answer: Box<RawValue>,
    },
}

/// As it stands in the log.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    /// Which hub said so: the same after a restart is another.
    by: String,
    what: What,
}

/// What this hub has to tell, and what it heard.
#[derive(Debug, Default)]
pub(super) struct Orders {
    taken: Mutex<Taken>,
    untold: Mutex<Untold>,
    /// Something waits to be told.
    said: Arc<Notify>,
}

/// When other hubs' decisions were taken in, by the clock. One of this hub's own comes back as an entry, and is set
/// again only if another was taken in since it was made: all hubs end with the one that is later in the log.
#[derive(Debug, Default)]
struct Taken {
    at_ms: FastMap<Decision, u64>,
    swept_ms: u64,
}

impl Taken {
    fn note(&mut self, decision: &Decision, now_ms: u64) {
        if self.swept_ms + CONTESTED_MS < now_ms {
            self.at_ms.retain(|_, at_ms| *at_ms + CONTESTED_MS > now_ms);
            self.swept_ms = now_ms;
        }
        self.at_ms.insert(decision.clone(), now_ms);
    }

    fn forget(&mut self, decision: &Decision) {
        self.at_ms.remove(decision);
    }
}

/// How long a channel of hubs is kept.
pub(super) fn retention(channel: &ChannelName) -> Retention {
    match channel.as_str() {
        ORDERS => ORDERS_KEPT,
        ASKED => ASKED_KEPT,
        _ => DECISIONS_KEPT,
    }
}

/// Whether it is for hubs, and nobody else.
pub(super) fn is_order(channel: &ChannelName) -> bool {
    channel.as_str().starts_with(PREFIX)
}

impl Hub {
    /// Does what a hub said.
    pub(super) fn obey(&self, entry: &Entry) {
        let Ok(Word { by, what }) = serde_json::from_str(entry.event.data()) else {
            tracing::error!(channel = %entry.channel, "what another hub said can't be understood: is it of another version?");
            return;
        };
        let own = self.0.secrets.incarnation();
        let is_own = by.split('.').next() == Some(own);
        match what {
            What::Decision(line) => self.take_over(line, is_own),
            What::Order(_) if is_own => {}
            What::Order(order) => self.carry_out(&order),
            What::Occupied { channel, occupied } if is_own => {
                if let Ok(channel) = ChannelName::parse(&channel) {
                    self.observe_channel(&channel, occupied);
                }
            }
            What::Ask { to, number, ask } if to == own => {
                self.reply(by, number, &ask);
            }
            What::Answer { to, number, answer } if to == own => {
                if let (Some(shared), Ok(answer)) = (&self.0.shared, serde_json::from_str(answer.get())) {
                    shared.forwarded.answered(number, answer);
                }
            }
            What::Occupied { .. } | What::Ask { .. } | What::Answer { .. } => {}
        }
    }

    fn take_over(&self, line: Line, is_own: bool) {
        let (Some(shared), Some(decision)) = (&self.0.shared, line.of()) else { return };
        if is_own {
            // Nothing else was heard since it was made.
            if !locked(&shared.orders.taken).at_ms.contains_key(&decision) {
                return;
            }
        } else {
            // What this hub decided and has not told yet will be later in the log.
            if locked(&shared.orders.untold).has(&decision) {
                return;
            }
            locked(&shared.orders.taken).note(&decision, self.0.clock.now_ms());
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
