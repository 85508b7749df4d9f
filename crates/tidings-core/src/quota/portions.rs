//! A hub's side of one store: what it has, what it is to say next, and what an answer means.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::hub::{Closing, Hub, Outcome, Refusal, WhileAway};
use super::judge::{Claim, judge};
use super::{Beat, Beaten, Holding, Incarnation, LeaseError, Leaving, Line, Put, PutAnswer, Why};

/// What one hub has of the users of one store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Portions {
    hub: Hub,
    number: u64,
    incarnation: Incarnation,
    former: Option<Incarnation>,
    is_registered: bool,
    /// Given to calls, over all lives: none is given twice.
    version: u64,
    acked: u64,
    in_flight: BTreeSet<u64>,
    line: Option<Line>,
    /// The last call that was sent by another line.
    before_line: u64,
    kept_ms: Option<u64>,
    doubts_until_ms: u64,
    /// The store's time less this hub's.
    ahead_ms: i64,
    users: BTreeMap<Arc<str>, User>,
    dirty: BTreeSet<Arc<str>>,
    /// Users of whom nothing is here any more, and when that was said last.
    gone: BTreeMap<Arc<str>, u64>,
    said: Option<Arc<str>>,
    swept: Option<Arc<str>>,
    has_left: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct User {
    limit: u32,
    held: Vec<Held>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    holding: Holding,
    came_ms: u64,
}

impl Portions {
    /// Of a hub that has nothing yet. All times are of one clock of the hub, which never goes back.
    pub fn new(hub: Hub) -> Self {
        Self {
            incarnation: Incarnation::new(&hub.inbox, 1),
            number: 1,
            hub,
            former: None,
            is_registered: false,
            version: 0,
            acked: 0,
            in_flight: BTreeSet::new(),
            line: None,
            before_line: 0,
            kept_ms: None,
            doubts_until_ms: 0,
            ahead_ms: 0,
            users: BTreeMap::new(),
            dirty: BTreeSet::new(),
            gone: BTreeMap::new(),
            said: None,
            swept: None,
            has_left: false,
        }
    }

    /// Its present life.
    pub fn incarnation(&self) -> &Incarnation {
        &self.incarnation
    }

    /// By which line the store is to be asked; none before the first beat of a life was answered.
    pub fn line(&self) -> Option<Line> {
        self.line.filter(|_| self.is_registered && !self.has_left)
    }

    /// Whether the store's word on newcomers is to be taken: its lease is surely kept, and no other hub can have failed
    /// to tell a store that was put back.
    pub fn trusts(&self, now_ms: u64) -> bool {
        let is_kept = self.kept_ms.is_some_and(|kept| now_ms < kept + self.hub.lease_ms / 4 * 3);
        self.line().is_some() && is_kept && now_ms >= self.doubts_until_ms
    }

    /// The beat to send now; none once it has left.
    pub fn beat(&self, now_ms: u64) -> Option<Beat> {
        (!self.has_left).then(|| Beat {
            incarnation: self.incarnation.clone(),
            node: Arc::clone(&self.hub.node),
            is_first: !self.is_registered,
            instead_of: self.former.clone(),
            floor: self.in_flight.first().map_or(self.version, |first| first - 1),
            known: self.acked,
            lease_ms: self.hub.lease_ms,
            at_ms: self.store_ms(now_ms),
        })
    }

    /// Takes the answer to a beat that was sent then. Whether another life has begun, which needs a beat at once.
    pub fn beaten(
        &mut self,
        beat: &Beat,
        answer: Result<(Line, Beaten), LeaseError>,
        sent_ms: u64,
        now_ms: u64,
    ) -> bool {
        let Ok((line, answer)) = answer else { return false };
        if beat.incarnation != self.incarnation {
            return false;
        }
        let Beaten::Kept { now_ms: store_ms } = answer else {
            self.begin_anew();
            return true;
        };
        if self.line.is_some_and(|before| before != line) {
            // Behind another line may be an older state, which each hub can tell of its own part alone.
            self.doubts_until_ms = sent_ms + self.hub.lease_ms / 2;
            // A call that it had not seen yet may come to it once more, and let in who was refused or has left. Nothing
            // of a state that is older than a lease counts, with room for a clock that was set back.
            self.before_line = self.version;
            self.dirty.extend(std::mem::take(&mut self.gone).into_keys());
        }
        self.gone.retain(|_, said_ms| *said_ms + 2 * self.hub.lease_ms > sent_ms);
        self.line = Some(line);
        self.is_registered = true;
        self.former = None;
        self.kept_ms = Some(sent_ms);
        // It may have waited for a connection before it went out, and not on its way back.
        self.ahead_ms = store_ms.cast_signed().wrapping_sub(now_ms.cast_signed());
        false
    }

    /// A newcomer's call, or without one what is to be said of a user again.
    pub fn put(&mut self, user: &Arc<str>, newcomer: Option<(Holding, u32)>, now_ms: u64) -> Put {
        self.version += 1;
        self.in_flight.insert(self.version);
        self.dirty.remove(user);
        let (newcomer, limit) = match newcomer {
            Some((holding, limit)) => (Some(Holding { rank_ms: self.rank(now_ms), ..holding }), limit),
            None => (None, self.users.get(user).map_or(0, |user| user.limit)),
        };
        let mut held = self.held(user);
        let before = held.len();
        held.retain(|holding| newcomer.as_ref().is_none_or(|newcomer| newcomer.client != holding.client));
        Put {
            is_back: held.len() < before,
            incarnation: self.incarnation.clone(),
            user: Arc::clone(user),
            version: self.version,
            known: self.acked,
            held,
            newcomer,
            limit: if now_ms < self.doubts_until_ms { 0 } else { limit },
            on_full: self.hub.on_full,
            at_ms: self.store_ms(now_ms),
        }
    }

    /// Takes the answer to a call. A newcomer that was let in is in from here on, with this limit for its user.
    pub fn answered(
        &mut self,
        put: &Put,
        limit: u32,
        answer: Result<PutAnswer, LeaseError>,
        now_ms: u64,
    ) -> Outcome {
        let is_current = put.incarnation == self.incarnation;
        self.in_flight.remove(&put.version);
        match answer {
            Ok(PutAnswer::Placed { leaving }) if is_current => {
                self.acked = self.acked.max(put.version);
                if let Some(newcomer) = &put.newcomer {
                    self.enter(&put.user, newcomer.clone(), limit, now_ms);
                }
                self.forget(put, now_ms);
                Outcome::Placed(leaving.iter().filter_map(|leaving| self.told(&put.user, leaving)).collect())
            }
            Ok(PutAnswer::Refused { held_by }) if is_current => {
                self.acked = self.acked.max(put.version);
                self.forget(put, now_ms);
                Outcome::Refused(held_by)
            }
            Ok(PutAnswer::Fenced) if is_current => {
                self.begin_anew();
                self.dirty.insert(Arc::clone(&put.user));
                Outcome::Fenced
            }
            _ => {
                self.dirty.insert(Arc::clone(&put.user));
                Outcome::Unknown
            }
        }
    }

    /// Judges a newcomer by what this hub has alone. One that is let in is in from here on.
    pub fn admit_here(
        &mut self,
        user: &Arc<str>,
        newcomer: Holding,
        limit: u32,
        now_ms: u64,
    ) -> Result<Vec<Closing>, Refusal> {
        let bound = match self.hub.while_away {
            WhileAway::Local => limit,
            WhileAway::Open => 0,
            WhileAway::Closed => return Err(Refusal::Away),
        };
        let newcomer = Holding { rank_ms: self.rank(now_ms), ..newcomer };
        let held = self.held(user);
        let claim = |holding, is_newcomer| Claim {
            incarnation: &self.incarnation,
            node: &self.hub.node,
            holding,
            is_sure: holding.is_proven,
            is_newcomer,
        };
        let mut claims: Vec<_> = held.iter().map(|holding| claim(holding, false)).collect();
        claims.push(claim(&newcomer, true));
        let leaving = judge(claims, bound, self.hub.on_full, false)
            .map_err(|held_by| Refusal::Limit { limit, held_by })?
            .into_iter()
            // Whom a newcomer follows on the same hub is for that hub's books.
            .filter(|leaving| leaving.why == Why::Limit);
        let closing = leaving.filter_map(|leaving| self.told(user, &leaving)).collect();
        self.enter(user, newcomer, limit, now_ms);
        self.dirty.insert(Arc::clone(user));
        Ok(closing)
    }

    /// A connection has gone.
    pub fn give_back(&mut self, user: &Arc<str>, connection: &str) {
        let Some(held) = self.users.get_mut(user) else { return };
        held.held.retain(|held| *held.holding.connection != *connection);
        self.dirty.insert(Arc::clone(user));
    }

    /// A connection gave proof of life, or has not for too long.
    pub fn mark(&mut self, user: &Arc<str>, connection: &str, is_proven: bool) {
        let held = self.users.get_mut(user).into_iter().flat_map(|user| &mut user.held);
        for held in held.filter(|held| *held.holding.connection == *connection) {
            if held.holding.is_proven != is_proven {
                held.holding.is_proven = is_proven;
                self.dirty.insert(Arc::clone(user));
            }
        }
    }

    /// What the store says has to go, if it is still here.
    pub fn told(&self, user: &Arc<str>, leaving: &Leaving) -> Option<Closing> {
        let mut held = self.users.get(user)?.held.iter();
        let is_here = held.any(|held| held.holding.connection == leaving.connection);
        is_here.then(|| Closing {
            user: Arc::clone(user),
            client: Arc::clone(&leaving.client),
            connection: Arc::clone(&leaving.connection),
            why: leaving.why,
        })
    }

    /// Somebody of whom something is to be said. Everybody has a turn.
    pub fn next_dirty(&mut self) -> Option<Arc<str>> {
        let after = self.said.take();
        let next = next_after(&self.dirty, after.as_ref()).or_else(|| self.dirty.first())?.clone();
        self.dirty.remove(&next);
        self.said = Some(Arc::clone(&next));
        Some(next)
    }

    /// Whether something is to be said.
    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() && !self.has_left
    }

    /// Of the next users, all is to be said again: in turn, so that in time that is so of each.
    pub fn sweep(&mut self, users: usize) {
        let bound = self.swept.take().map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.users.range((bound, Bound::Unbounded)).map(|(user, _)| Arc::clone(user));
        let next: Vec<_> = next.take(users).collect();
        // One that came to the end begins again the next time.
        self.swept = next.last().filter(|_| next.len() == users).cloned();
        self.dirty.extend(next);
    }

    /// Something is to be said of a user after all.
    pub fn touch(&mut self, user: &Arc<str>) {
        self.dirty.insert(Arc::clone(user));
    }

    /// Of how many users something is to be said.
    pub fn unsaid(&self) -> usize {
        self.dirty.len()
    }

    /// How many users have something here.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// The connections that are here.
    pub fn connections(&self) -> impl Iterator<Item = (&Arc<str>, &Holding)> {
        self.users.iter().flat_map(|(user, held)| held.held.iter().map(move |held| (user, &held.holding)))
    }

    /// All is over: what stands under this life is void once the store knows that it has ended. Nothing is said after.
    pub fn leave(&mut self) -> Incarnation {
        self.has_left = true;
        self.incarnation.clone()
    }

    /// What is said of a user: each client once, with its newest connection, oldest first.
    fn held(&self, user: &Arc<str>) -> Vec<Holding> {
        let mut said = Vec::<Holding>::new();
        for held in self.users.get(user).into_iter().flat_map(|user| user.held.iter().rev()) {
            if said.iter().all(|other| other.client != held.holding.client) {
                said.push(Holding { rank_ms: self.rank(held.came_ms), ..held.holding.clone() });
            }
        }
        said.reverse();
        said
    }

    fn enter(&mut self, user: &Arc<str>, newcomer: Holding, limit: u32, now_ms: u64) {
        let user = self.users.entry(Arc::clone(user)).or_default();
        user.limit = limit;
        user.held.push(Held { holding: newcomer, came_ms: now_ms });
    }

    fn forget(&mut self, put: &Put, now_ms: u64) {
        let user = &put.user;
        if !self.dirty.contains(user) && self.users.get(user).is_none_or(|user| user.held.is_empty()) {
            self.users.remove(user);
            if put.version > self.before_line {
                self.gone.insert(Arc::clone(user), now_ms);
            } else {
                // Answered by the store as it was before.
                self.dirty.insert(Arc::clone(user));
            }
        }
    }

    /// The store's time, by this hub's clock since the last beat; 0 before there was one.
    fn store_ms(&self, now_ms: u64) -> u64 {
        self.kept_ms.map_or(0, |_| self.rank(now_ms))
    }

    fn rank(&self, came_ms: u64) -> u64 {
        came_ms.saturating_add_signed(self.ahead_ms)
    }

    fn begin_anew(&mut self) {
        if self.is_registered || self.former.is_none() {
            self.former = Some(self.incarnation.clone());
        }
        self.number += 1;
        self.incarnation = Incarnation::new(&self.hub.inbox, self.number);
        self.is_registered = false;
        self.acked = 0;
        self.in_flight.clear();
        self.gone.clear();
        self.dirty.extend(self.users.keys().cloned());
    }
}

fn next_after<'a>(all: &'a BTreeSet<Arc<str>>, after: Option<&Arc<str>>) -> Option<&'a Arc<str>> {
    all.range((Bound::Excluded(after?.clone()), Bound::Unbounded)).next()
}
