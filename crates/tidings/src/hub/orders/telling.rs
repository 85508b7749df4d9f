//! What is yet to be told to the other hubs. A decision waits here until it is in the log, however long Redis is away: of
//! each user, token and set of channels only the last. An order waits as long, as many as there is room for.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tidings_core::channel::ChannelName;
use tidings_core::event::{Draft, Event};
use tokio::time::sleep;

use super::{ASKED, CHANNELS, ORDERS, Order, TOKENS, USERS, What, Word};
use crate::hub::decisions::Decision;
use crate::hub::publish::{Checked, PublishError};
use crate::hub::{FastMap, Hub, Inner, locked};

/// Orders that wait; more are let go of, and told in the log of the process.
const ORDERS_MAX: usize = 10_000;
/// How much is told in one go.
const TOLD_MAX: usize = 64;
/// How long what was not taken waits until it is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(250);

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// Each with a number: one that was decided anew meanwhile is not told yet.
    decisions: FastMap<Decision, (u64, Event)>,
    /// Each for its channel.
    orders: VecDeque<(&'static str, Event)>,
    decided: u64,
}

/// Something that waits, as it is told.
enum Waiting {
    Decision(Decision, u64),
    Order,
}

impl Untold {
    pub(super) fn decide(&mut self, decision: Decision, event: Event) {
        self.decided += 1;
        self.decisions.insert(decision, (self.decided, event));
    }

    /// Whether there is room for it.
    pub(super) fn order(&mut self, channel: &'static str, event: Event) -> bool {
        let has_room = self.orders.len() < ORDERS_MAX;
        if has_room {
            self.orders.push_back((channel, event));
        }
        has_room
    }

    pub(super) fn has(&self, decision: &Decision) -> bool {
        self.decisions.contains_key(decision)
    }

    fn next(&self) -> Vec<(Waiting, ChannelName, Event)> {
        let decisions = self.decisions.iter().map(|(decision, (number, event))| {
            let channel = channel_of(decision);
            (Waiting::Decision(decision.clone(), *number), channel, event.clone())
        });
        let orders = self.orders.iter().map(|(name, event)| (Waiting::Order, channel(name), event.clone()));
        orders.take(TOLD_MAX).chain(decisions.take(TOLD_MAX)).collect()
    }

    fn told(&mut self, waiting: &Waiting) {
        match waiting {
            Waiting::Order => drop(self.orders.pop_front()),
            Waiting::Decision(decision, number) => {
                if self.decisions.get(decision).is_some_and(|(last, _)| last == number) {
                    self.decisions.remove(decision);
                }
            }
        }
    }
}

impl Word {
    /// What is said, as an event. A name may be longer than a key: then every decision of it is kept.
    pub(super) fn event(&self, id: Option<&str>, key: Option<&str>) -> Event {
        let data = serde_json::value::to_raw_value(self).expect("texts and numbers are JSON");
        let draft = |key| Draft { ty: Some("order"), data: &data, id, key };
        Event::kept(draft(key)).or_else(|_| Event::kept(draft(None))).expect("a type that is a label")
    }
}

impl Hub {
    /// Tells the other hubs what was decided here.
    pub(in crate::hub) fn tell_decisions(&self, decided: &[Decision]) {
        let Some(shared) = &self.0.shared else { return };
        for decision in decided {
            let line = decision.line(&locked(&self.0.permissions));
            let word = self.word(What::Decision(line));
            let event = word.event(None, Some(decision.name()));
            locked(&shared.orders.taken).forget(decision);
            locked(&shared.orders.untold).decide(decision.clone(), event);
        }
        shared.orders.said.notify_one();
    }

    /// The same of all that was ever decided and holds: the log has lost it.
    pub(in crate::hub) fn tell_all_decisions(&self) {
        let all: Vec<Decision> = locked(&self.0.permissions).decided().collect();
        self.tell_decisions(&all);
    }

    /// Tells the other hubs to do what this one did. Nothing, where there are none.
    pub(in crate::hub) fn order(&self, order: Order) {
        self.say(What::Order(order));
    }

    /// Says what other hubs have to hear, in the order of these calls. Nothing, where there are none.
    pub(in crate::hub) fn say(&self, what: What) {
        let Some(shared) = &self.0.shared else { return };
        // With an id, it is there once, however often it is sent.
        let id = format!("{}-{:x}", self.0.secrets.incarnation(), rand::random::<u64>());
        let channel = match what {
            What::Ask { .. } | What::Answer { .. } => ASKED,
            _ => ORDERS,
        };
        let event = self.word(what).event(Some(&id), None);
        if !locked(&shared.orders.untold).order(channel, event) {
            tracing::error!(
                "the other hubs were not told to do what was ordered here: too much waits for Redis"
            );
        }
        shared.orders.said.notify_one();
    }

    fn word(&self, what: What) -> Word {
        Word { by: self.0.secrets.incarnation().to_owned(), what }
    }
}

/// Tells what waits for as long as the hub is held.
pub(in crate::hub) async fn tell(hub: Weak<Inner>) {
    loop {
        let Some(said) = hub.upgrade().and_then(|hub| Some(Arc::clone(&hub.shared.as_ref()?.orders.said)))
        else {
            return;
        };
        if is_all_told(&hub).await {
            said.notified().await;
        } else {
            sleep(AWAY_PAUSE).await;
        }
    }
}

/// Tells what waits, until none does or the log does not take it.
async fn is_all_told(hub: &Weak<Inner>) -> bool {
    loop {
        let Some(hub) = hub.upgrade().map(Hub) else { return true };
        let Some(shared) = &hub.0.shared else { return true };
        let waiting = locked(&shared.orders.untold).next();
        if waiting.is_empty() {
            return true;
        }
        let events = waiting
            .iter()
            .map(|(_, channel, event)| Checked { channels: vec![channel.clone()], event: event.clone() });
        let results = hub.publish_shared(shared, events.collect(), true).await;
        let mut untold = locked(&shared.orders.untold);
        for ((waiting, ..), result) in waiting.iter().zip(&results) {
            // Orders stay in their order: what comes behind one that was not taken is sent again, and there once.
            match result {
                Ok(_) => untold.told(waiting),
                Err(PublishError::Away { .. } | PublishError::Unknown) => return false,
                Err(error) => {
                    tracing::error!(%error, "the other hubs can't be told what was decided here");
                    untold.told(waiting);
                }
            }
        }
    }
}

fn channel_of(decision: &Decision) -> ChannelName {
    channel(match decision {
        Decision::User(_) => USERS,
        Decision::Token(_) => TOKENS,
        Decision::Channels(_) => CHANNELS,
    })
}

fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).expect("a name")
}
