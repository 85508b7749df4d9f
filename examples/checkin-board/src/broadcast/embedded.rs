//! A hub in this process: a call is enough.

use tidings::core::grant::Label;
use tidings::{Hub, Publisher, Revocation, Selector};

use super::Telling;
use crate::clock;
use crate::event::{EVERY_GROUP, channel};

#[derive(Clone)]
pub(crate) struct Embedded {
    hub: Hub,
    publisher: Publisher,
    every_group: Selector,
    /// How long a token that is out there may still be good.
    token_ms: u64,
}

impl Embedded {
    pub(crate) fn new(hub: &Hub, token_ms: u64) -> Self {
        let every_group = Selector::parse(EVERY_GROUP).expect("a pattern");
        Self { publisher: hub.publisher(), hub: hub.clone(), every_group, token_ms }
    }

    pub(super) fn tell(&self, telling: &Telling) {
        let done = match telling {
            Telling::Event(event) => {
                self.publisher.enqueue(&event.channel(), event.ty.name(), event).map_err(|e| e.to_string())
            }
            Telling::Rights { user, groups } => {
                let add: Vec<_> = groups.iter().map(|group| Selector::Channel(channel(*group))).collect();
                let every = std::slice::from_ref(&self.every_group);
                // By then each token that is out there was made after this.
                let until_ms = clock::now_ms() + self.token_ms;
                self.hub
                    .amend_user(&label(*user), &add, every, Some(until_ms))
                    .map(drop)
                    .map_err(|e| e.to_string())
            }
            Telling::ShutOut { user } => {
                self.hub.revoke_user(&label(*user), self.token_ms).map(drop).map_err(|e| e.to_string())
            }
            Telling::LetIn { user } => {
                self.hub.lift_revocation(Some(&label(*user)), None).map(drop).map_err(|e| e.to_string())
            }
            Telling::TokenOver { id } => {
                let token_id = Label::parse(id).ok();
                let until_ms = Some(clock::now_ms() + self.token_ms);
                let order = Revocation { user: None, token_id, until_ms };
                self.hub.revoke(&order).map(drop).map_err(|e| e.to_string())
            }
        };
        if let Err(error) = done {
            tracing::warn!(?telling, error, "the hub was not told");
        }
    }
}

fn label(user: i64) -> Label {
    Label::parse(&user.to_string()).expect("a number makes a name")
}
