//! Places of users' connections over all hubs: asked for before a connection is let into the books, and given back as it
//! is settled. Where there is no cluster, the books' own limits hold alone.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tidings_core::close::CloseReason;
use tidings_core::quota::Leases;
use tidings_core::registry::{ConnKey, Refused};
use tokio::time::sleep;

use super::cluster::Look;
use super::quota::{Asking, Closing, Desk, DeskOptions, DeskState, Evidence, Place, Refusal, WhileAway, Why};
use super::{FastMap, Hub, Open, OpenError, locked};

/// A place, and the number in the books that it was asked for by.
#[derive(Debug)]
pub(super) struct Reserved {
    pub(super) serial: u64,
    place: Place,
}

/// The places of live connections, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Places {
    desk: OnceLock<Desk>,
    held: std::sync::Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    places: FastMap<u64, (ConnKey, Place)>,
    /// Those that were told to go before they were in the books, and why.
    doomed: FastMap<u64, CloseReason>,
}

impl Held {
    /// The connection that has to go, or nothing where it is not in the books yet: then it goes as it comes.
    fn doom(&mut self, serial: u64, reason: CloseReason) -> Option<ConnKey> {
        let key = self.places.get(&serial).map(|(key, _)| *key);
        if key.is_none() {
            if self.doomed.len() >= DOOMED_MAX {
                // Most of them had gone, or never came.
                self.doomed.clear();
            }
            self.doomed.insert(serial, reason);
        }
        key
    }
}

/// Nobody is refused before a connection that ended at another hub has surely stopped counting.
const SECOND_LOOK: Duration = Duration::from_millis(250);

/// Told to go and never in the books: so many are remembered.
const DOOMED_MAX: usize = 10_000;

impl Hub {
    /// Opens the desk, where there is a store for it.
    pub(super) fn open_desk(&self, leases: Arc<dyn Leases>) {
        let Some(shared) = &self.0.shared else { return };
        let options = &self.0.options;
        let desk = DeskOptions {
            lease_ms: options.cluster.lease_ms,
            on_full: options.limits.on_full,
            while_away: options.cluster.limits_while_away,
            ..DeskOptions::new(self.0.node.as_str())
        };
        let hub = Weak::clone(&Arc::downgrade(&self.0));
        let close = move |closing: Closing| {
            if let Some(hub) = hub.upgrade().map(Hub) {
                hub.give_way(&closing);
            }
        };
        let _ = shared.places.desk.set(Desk::open(leases, desk, close));
    }

    fn desk(&self) -> Option<&Desk> {
        self.0.shared.as_ref()?.places.desk.get()
    }

    /// How the desk stands, if there is one: for operators.
    pub fn desk_state(&self) -> Option<DeskState> {
        self.desk().map(Desk::state)
    }

    /// Whether users' limits hold over all hubs just now; without a cluster, they are this hub's own.
    pub fn limits_are_shared(&self) -> bool {
        self.desk().is_some_and(|desk| !desk.is_away())
    }

    /// Whether nobody is let in, since nobody knows what other hubs have.
    pub fn is_closed_meanwhile(&self) -> bool {
        self.0.options.cluster.limits_while_away == WhileAway::Closed
            && self.desk().is_some_and(Desk::is_away)
    }

    /// Asks for a place among the connections of the user at all hubs that share the log. It goes with `open`, and is
    /// given back with it, or as the connection that it opens ends. A stream that is opened without is held to this hub's
    /// limit alone. Without a cluster, nothing is asked.
    pub async fn reserve(&self, open: &mut Open) -> Result<(), OpenError> {
        let Some(desk) = self.desk().filter(|_| !open.grant.is_anonymous()) else { return Ok(()) };
        // Nobody makes room for one who is refused for something else.
        self.may_come(open)?;
        let serial = {
            let mut books = self.0.books();
            let serial = books.draw();
            let room = books.has_room(&self.candidate(open, Some(serial)), &self.0.options.limits);
            room.map_err(|refused| {
                books.note_refusal(refused.kind());
                self.full(refused)
            })?;
            serial
        };
        let limit = open.grant.connections_max.unwrap_or(self.0.options.limits.connections_per_user);
        let asking = Asking {
            user: Arc::clone(&open.grant.user),
            client_id: open.client_id.as_deref().map(Arc::from),
            connection: self.place_name(serial),
            since_ms: self.0.clock.wall_ms(),
            limit,
        };
        let mut answer = desk.admit(asking.clone()).await;
        if matches!(answer, Err(Refusal::Limit { .. })) {
            sleep(SECOND_LOOK).await;
            answer = desk.admit(asking).await;
        }
        match answer {
            Ok(place) => {
                open.reserved = Some(Reserved { serial, place });
                Ok(())
            }
            Err(Refusal::Limit { limit, held_by }) => {
                let refused = Refused::User { limit, held_by: Vec::new() };
                self.0.books().note_refusal(refused.kind());
                Err(OpenError::Full { refused, held_by: self.shown_evidence(&held_by).await })
            }
            Err(Refusal::Away) => {
                self.0.books().note_refusal("unavailable");
                Err(OpenError::NotYet)
            }
        }
    }

    /// The connection is in the books: its end gives the place back.
    pub(super) fn seat_place(&self, key: ConnKey, reserved: Reserved) {
        let Some(shared) = &self.0.shared else { return };
        let doomed = {
            let held = &mut *locked(&shared.places.held);
            held.places.insert(reserved.serial, (key, reserved.place));
            held.doomed.remove(&reserved.serial)
        };
        if let Some(reason) = doomed {
            self.settle(key, reason, None);
        }
        // Whoever ended it meanwhile found no place to give back.
        if self.0.books().get(key).is_none() {
            self.give_place_back(key);
        }
    }

    pub(super) fn give_place_back(&self, key: ConnKey) {
        let Some(shared) = &self.0.shared else { return };
        let place = locked(&shared.places.held).places.remove(&key.serial());
        drop(place);
    }

    /// Whether a connection's far end gave proof of life lately: whoever did gives way last.
    pub(super) fn mark_proof(&self, key: ConnKey, is_proven: bool) {
        let Some(shared) = &self.0.shared else { return };
        if let Some((_, place)) = locked(&shared.places.held).places.get(&key.serial()) {
            place.mark(is_proven);
        }
    }

    pub(super) async fn leave_desk(&self) {
        if let Some(desk) = self.desk()
            && !desk.leave().await
        {
            tracing::warn!(
                "places of this hub count until its lease ends: the store did not hear that it stops"
            );
        }
    }

    /// A connection of this hub has to go, since its client came back at another, or its user has too many.
    fn give_way(&self, closing: &Closing) {
        let (Some(shared), Some(serial)) = (&self.0.shared, self.serial_of(&closing.connection)) else {
            return;
        };
        let reason = match closing.why {
            Why::Superseded => CloseReason::Superseded,
            Why::Limit => CloseReason::Limit,
        };
        let Some(key) = locked(&shared.places.held).doom(serial, reason) else { return };
        let stays = reason == CloseReason::Superseded
            && !self.0.books().may_be_superseded(key, self.0.clock.now_ms());
        if !stays {
            self.settle(key, reason, None);
        }
    }

    /// How a connection is called while it has no place in the books yet: by this hub's life and its number.
    fn place_name(&self, serial: u64) -> Arc<str> {
        format!("{}-{serial}", self.0.secrets.incarnation()).into()
    }

    fn serial_of(&self, place: &str) -> Option<u64> {
        let (life, serial) = place.split_once('-')?;
        if life != self.0.secrets.incarnation() {
            return None;
        }
        serial.parse().ok()
    }

    /// Those who hold a limit, by their public ids.
    async fn shown_evidence(&self, held_by: &[Evidence]) -> Vec<Value> {
        let others = self.rows_of_others(Look::EVERYBODYS).await;
        let public = |place: &str| {
            if let (Some(shared), Some(serial)) = (&self.0.shared, self.serial_of(place)) {
                let held = locked(&shared.places.held);
                return held.places.get(&serial).map(|(key, _)| self.0.secrets.public(*key));
            }
            others
                .iter()
                .find(|info| place_of(&info.id).as_deref() == Some(place))
                .map(|info| info.id.clone())
        };
        let shown = |evidence: &Evidence| {
            let id = public(&evidence.connection).unwrap_or_else(|| evidence.connection.to_string());
            json!({ "id": id, "node": evidence.node, "since": evidence.since_ms })
        };
        held_by.iter().map(shown).collect()
    }
}

/// The place of the connection with this public id.
fn place_of(id: &str) -> Option<String> {
    let (life, rest) = id.split_once('-')?;
    let (_, serial) = rest.split_once('-')?;
    Some(format!("{life}-{}", u64::from_str_radix(serial, 36).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_go_before_it_came_is_remembered_within_the_limit() {
        let mut held = Held::default();
        for serial in 0..DOOMED_MAX as u64 {
            assert_eq!(held.doom(serial, CloseReason::Limit), None);
        }
        assert_eq!(held.doomed.len(), DOOMED_MAX);
        assert_eq!(held.doom(u64::MAX, CloseReason::Superseded), None);
        assert_eq!(held.doomed.len(), 1);
        assert_eq!(held.doomed.get(&u64::MAX), Some(&CloseReason::Superseded));
    }
}
