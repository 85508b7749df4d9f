//! The way in: what a newcomer displaces, and what it is refused for.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Books, ConnKey, Entry, Seat, group_ip};
use crate::grant::ANONYMOUS;

/// Superseded this often …
const FLIP_FLOP_TIMES: usize = 3;
/// … within this time, two tabs are taken to share one client id, and both may stand.
const FLIP_FLOP_MS: u64 = 10_000;
/// Clients whose supersedes may be remembered before the table is swept of the old ones.
pub(super) const FLIP_FLOP_CLIENTS_BEFORE_SWEEP: usize = 10_000;

/// Who asks to come in.
#[derive(Debug)]
pub struct Candidate {
    /// Whose connection it is.
    pub user: Arc<str>,
    /// The name its client chose.
    pub client_id: Option<Box<str>>,
    /// Its label.
    pub kind: Arc<str>,
    /// Where it comes from.
    pub ip: IpAddr,
    /// The user's own limit, where the grant has one.
    pub connections_max: Option<u32>,
    /// The number that was drawn for it, where its place was asked for over all hubs: then the user's limit is not for
    /// these books to hold.
    pub drawn: Option<u64>,
}

/// What to do when a user's limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnFull {
    /// The newcomer is refused.
    Refuse,
    /// The user's oldest connection makes room.
    ReplaceOldest,
}

/// Limits of one node; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections of one user.
    pub connections_per_user: u32,
    /// Connections of one address.
    pub connections_per_ip: u32,
    /// Connections of the node.
    pub connections: u32,
    /// What to do when a user's limit is reached.
    pub on_full: OnFull,
}

/// One of the connections that hold a user's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its place.
    pub key: ConnKey,
    /// When it was opened.
    pub opened_ms: u64,
}

/// Why a newcomer is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The user has as many connections as it may; these are they.
    User {
        /// The limit.
        limit: u32,
        /// The connections that hold it.
        held_by: Vec<Evidence>,
    },
    /// The address has as many connections as it may.
    Ip {
        /// The limit.
        limit: u32,
    },
    /// The node is full.
    Node {
        /// The limit.
        limit: u32,
    },
}

impl Refused {
    /// Every kind of refusal that is counted, as the statistics name it. `limit` is a user's, an address's or a
    /// rate's; `full` the node's.
    pub const KINDS: [&'static str; 7] =
        ["limit", "full", "rate", "draining", "unauthorized", "bad_request", "unavailable"];

    /// The kind under which it is counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } | Self::Ip { .. } => "limit",
            Self::Node { .. } => "full",
        }
    }
}

/// A newcomer that was let in.
#[derive(Debug)]
pub struct Admitted {
    /// Its seat.
    pub seat: Seat,
    /// Earlier connections of the same client, to be settled as superseded.
    pub superseded: Vec<ConnKey>,
    /// The user's oldest, to be settled to make room.
    pub displaced: Vec<ConnKey>,
}

impl<C, T> Books<C, T> {
    /// Lets a connection in, or says what it is refused for. The newcomer is in the table before anything can end
    /// it. A predecessor of the same client never counts against it. The caller settles whom it displaces.
    pub fn admit(
        &mut self,
        candidate: Candidate,
        limits: &Limits,
        now_ms: u64,
        handle: impl FnOnce(ConnKey) -> C,
    ) -> Result<Admitted, Refused> {
        let mut superseded = self.predecessors(&candidate);
        if self.flip_flops(&candidate, now_ms) {
            superseded.clear();
        }
        let displaced = match self.displace(&candidate, limits, &superseded) {
            Ok(displaced) => displaced,
            Err(refused) => {
                self.note_refusal(refused.kind());
                return Err(refused);
            }
        };
        if !superseded.is_empty() {
            self.note_supersede(&candidate, now_ms);
        }
        let seat = self.enter(candidate, now_ms, handle);
        Ok(Admitted { seat, superseded, displaced })
    }

    /// Whether a newcomer would be let in by now, whomever it displaces.
    pub fn has_room(&self, candidate: &Candidate, limits: &Limits) -> Result<(), Refused> {
        self.displace(candidate, limits, &self.predecessors(candidate)).map(drop)
    }

    /// A number for a connection that may come: no other has it.
    pub fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    /// Whether a connection is to give way to its own client elsewhere, and notes that it does: not where that has done so
    /// again and again, and must be two.
    pub fn may_be_superseded(&mut self, key: ConnKey, now_ms: u64) -> bool {
        let Some(Entry { user, client_id: Some(client), .. }) = self.get(key) else { return true };
        let client = (Arc::clone(user), client.clone());
        let flips = self.flips(&client, now_ms);
        if !flips {
            self.note_flip(client, now_ms);
        }
        !flips
    }

    /// Live connections of the same client of the same user.
    fn predecessors(&self, candidate: &Candidate) -> Vec<ConnKey> {
        let Some(client) = &candidate.client_id else { return Vec::new() };
        let members = self.clients.of(&(Arc::clone(&candidate.user), client.clone()));
        members.iter().map(|&index| self.table[index as usize].key).collect()
    }

    /// Who makes room for the newcomer beside its own predecessors. Whoever makes room counts against no limit.
    fn displace(
        &self,
        candidate: &Candidate,
        limits: &Limits,
        own: &[ConnKey],
    ) -> Result<Vec<ConnKey>, Refused> {
        let mut displaced = Vec::new();
        let limit = candidate.connections_max.unwrap_or(limits.connections_per_user) as usize;
        let named = &*candidate.user != ANONYMOUS && candidate.drawn.is_none();
        if named && limit > 0 && self.users.of(&candidate.user).len() - own.len() >= limit {
            let mut held_by = self.evidence(&candidate.user, own);
            if limits.on_full == OnFull::Refuse {
                return Err(Refused::User { limit: limit as u32, held_by });
            }
            held_by.truncate(held_by.len() + 1 - limit);
            displaced.extend(held_by.iter().map(|evidence| evidence.key));
        }
        let leaving = own.iter().chain(&displaced);
        let ip = group_ip(candidate.ip);
        let leaving_here = leaving.filter(|key| self.ip_of(**key) == Some(ip)).count();
        let limit = limits.connections_per_ip;
        if limit > 0 && self.ips.of(&ip).len() - leaving_here >= limit as usize {
            return Err(Refused::Ip { limit });
        }
        let limit = limits.connections;
        if limit > 0 && self.table.len() - own.len() - displaced.len() >= limit as usize {
            return Err(Refused::Node { limit });
        }
        Ok(displaced)
    }

    fn ip_of(&self, key: ConnKey) -> Option<IpAddr> {
        self.get(key).map(|entry| group_ip(entry.ip))
    }

    /// A user's connections but for the client's own, oldest first.
    fn evidence(&self, user: &Arc<str>, own: &[ConnKey]) -> Vec<Evidence> {
        let mut held: Vec<_> = self
            .of_user(user)
            .filter(|entry| !own.contains(&entry.key))
            .map(|entry| Evidence { key: entry.key, opened_ms: entry.opened_ms })
            .collect();
        held.sort_unstable_by_key(|evidence| evidence.key.serial());
        held
    }

    /// Whether a client has superseded itself so often that it must be two.
    fn flip_flops(&self, candidate: &Candidate, now_ms: u64) -> bool {
        let Some(client) = &candidate.client_id else { return false };
        self.flips(&(Arc::clone(&candidate.user), client.clone()), now_ms)
    }

    fn flips(&self, client: &(Arc<str>, Box<str>), now_ms: u64) -> bool {
        let times = self.supersedes.get(client);
        let lately = times.into_iter().flatten().filter(|at| **at + FLIP_FLOP_MS > now_ms);
        lately.count() >= FLIP_FLOP_TIMES
    }

    /// Only of one who comes in: a refusal supersedes nobody.
    fn note_supersede(&mut self, candidate: &Candidate, now_ms: u64) {
        let Some(client) = &candidate.client_id else { return };
        self.note_flip((Arc::clone(&candidate.user), client.clone()), now_ms);
    }

    fn note_flip(&mut self, client: (Arc<str>, Box<str>), now_ms: u64) {
        if self.supersedes_sweep.is_due(self.supersedes.len()) {
            self.supersedes.retain(|_, times| times.back().is_some_and(|last| last + FLIP_FLOP_MS > now_ms));
            self.supersedes_sweep.swept(self.supersedes.len());
        }
        let times = self.supersedes.entry(client).or_default();
        times.push_back(now_ms);
        if times.len() > FLIP_FLOP_TIMES {
            times.pop_front();
        }
    }

    fn enter(&mut self, candidate: Candidate, now_ms: u64, handle: impl FnOnce(ConnKey) -> C) -> Seat {
        let index = self.table.vacant_key() as u32;
        let serial = candidate.drawn.unwrap_or_else(|| self.draw());
        let key = ConnKey::from_parts(index, serial);
        // The caller's own code first: should it panic, nothing has begun.
        let handle = handle(key);
        self.opened += 1;
        let Candidate { user, client_id, kind, ip, connections_max, drawn: _ } = candidate;
        if let Some(client) = &client_id {
            self.clients.join((Arc::clone(&user), client.clone()), index);
        }
        let user_at = self.users.join(Arc::clone(&user), index);
        let ip_at = self.ips.join(group_ip(ip), index);
        self.table.insert(Entry {
            key,
            user,
            client_id,
            kind,
            ip,
            connections_max,
            opened_ms: now_ms,
            handle,
            user_at,
            ip_at,
        });
        Seat(key)
    }
}
