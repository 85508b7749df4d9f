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
/// What other hubs are asked and answered, and waits; more is not said. And its bytes.
const ASKED_MAX: usize = 1_000;
const ASKED_BYTES_MAX: usize = 8 << 20;
/// How much is told in one go.
const TOLD_MAX: usize = 64;
/// How long what was not taken waits until it is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(250);

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// Each with a number: one that was decided anew meanwhile is not told yet.
    decisions: FastMap<Decision, (u64, Event)>,
    orders: VecDeque<Event>,
    /// Each with when it is too late for it.
    asked: VecDeque<(u64, Event)>,
    asked_bytes: usize,
    decided: u64,
}

/// Something that waits, as it is told.
enum Waiting {
    Decision(Decision, u64),
    Order,
    Asked,
}

impl Untold {
    pub(super) fn decide(&mut self, decision: Decision, event: Event) {
        self.decided += 1;
        self.decisions.insert(decision, (self.decided, event));
    }

    /// Whether there is room for it.
    pub(super) fn order(&mut self, event: Event) -> bool {
        let has_room = self.orders.len() < ORDERS_MAX;
        if has_room {
            self.orders.push_back(event);
        }
        has_room
    }

    /// The same of what is soon too late.
    fn ask(&mut self, until_ms: u64, event: Event) -> bool {
        let has_room =
            self.asked.len() < ASKED_MAX && self.asked_bytes + event.data().len() <= ASKED_BYTES_MAX;
        if has_room {
            self.asked_bytes += event.data().len();
            self.asked.push_back((until_ms, event));
        }
        has_room
    }

    fn asked(&mut self) -> Option<(u64, Event)> {
        let (until_ms, event) = self.asked.pop_front()?;
        self.asked_bytes -= event.data().len();
        Some((until_ms, event))
    }

    pub(super) fn has(&self, decision: &Decision) -> bool {
        self.decisions.contains_key(decision)
    }

    fn next(&mut self, now_ms: u64) -> Vec<(Waiting, ChannelName, Event)> {
        self.asked.retain(|(until_ms, _)| *until_ms > now_ms);
        self.asked_bytes = self.asked.iter().map(|(_, event)| event.data().len()).sum();
        let decisions = self.decisions.iter().map(|(decision, (number, event))| {
            let channel = channel_of(decision);
            (Waiting::Decision(decision.clone(), *number), channel, event.clone())
        });
        let orders = self.orders.iter().map(|event| (Waiting::Order, channel(ORDERS), event.clone()));
        let asked = self.asked.iter().map(|(_, event)| (Waiting::Asked, channel(ASKED), event.clone()));
        orders.take(TOLD_MAX).chain(decisions.take(TOLD_MAX)).chain(asked.take(TOLD_MAX)).collect()
    }

    fn told(&mut self, waiting: &Waiting) {
        match waiting {
            Waiting::Order => drop(self.orders.pop_front()),
            Waiting::Asked => drop(self.asked()),
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

    /// The same of all that was ever decided and holds: the log may have lost it.
    pub(in crate::hub) fn tell_all_decisions(&self) {
        let all: Vec<Decision> = locked(&self.0.permissions).decided().collect();
        self.tell_decisions(&all);
    }

    /// Tells the other hubs to do what this one did. Nothing, where there are none.
    pub(in crate::hub) fn order(&self, order: Order) {
        let Some(shared) = &self.0.shared else { return };
        let event = self.once(What::Order(order));
        if !locked(&shared.orders.untold).order(event) {
            tracing::error!(
                "the other hubs were not told to do what was ordered here: too much waits for Redis"
            );
        }
        shared.orders.said.notify_one();
    }

    /// Says something to one hub, if that can be done before it is too late. Whether there was room for it.
    pub(in crate::hub) fn say_within(&self, while_good: Duration, what: What) -> bool {
        let Some(shared) = &self.0.shared else { return false };
        let until_ms = self.0.clock.now_ms() + u64::try_from(while_good.as_millis()).unwrap_or(u64::MAX);
        let has_room = locked(&shared.orders.untold).ask(until_ms, self.once(what));
        shared.orders.said.notify_one();
        has_room
    }

    /// With an id it is there once, however often it is sent.
    fn once(&self, what: What) -> Event {
        let id = format!("{}-{:x}", self.0.secrets.incarnation(), rand::random::<u64>());
        self.word(what).event(Some(&id), None)
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
        let waiting = locked(&shared.orders.untold).next(hub.0.clock.now_ms());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Event {
        let data = serde_json::value::to_raw_value(data).unwrap();
        Event::kept(Draft { ty: None, data: &data, id: None, key: None }).unwrap()
    }

    #[test]
    fn what_hubs_ask_of_one_another_leaves_room_for_orders_and_is_let_go_when_it_is_too_late() {
        let mut untold = Untold::default();
        let asked = (0..=ASKED_MAX).filter(|_| untold.ask(1_000, event("ask"))).count();
        assert_eq!(asked, ASKED_MAX);
        assert!(untold.order(event("order")));
        let next = untold.next(999);
        assert!(matches!(next[0].0, Waiting::Order), "before all that is asked");
        assert_eq!(next.len(), 1 + TOLD_MAX);
        next.iter().for_each(|(waiting, ..)| untold.told(waiting));
        assert_eq!((untold.orders.len(), untold.asked.len()), (0, ASKED_MAX - TOLD_MAX));
        assert!(untold.next(1_000).is_empty());
        assert_eq!(untold.asked_bytes, 0);
    }

    #[test]
    fn no_more_waits_than_the_limits() {
        let mut untold = Untold::default();
        let large = "x".repeat(ASKED_BYTES_MAX / 4);
        assert_eq!(
            (0..10).filter(|_| untold.ask(1, event(&large))).count(),
            3,
            "with its quotes a fourth is too much"
        );
        assert_eq!((0..=ORDERS_MAX).filter(|_| untold.order(event("order"))).count(), ORDERS_MAX);
    }
}
