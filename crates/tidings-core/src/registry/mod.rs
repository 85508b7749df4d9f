//! The books: who is connected, and why each one that left did.
//!
//! A connection enters by [`Books::admit`] and leaves by [`Books::settle`]; there is no other door. `admit` gives a
//! [`Seat`], which can't be copied. The first to settle a connection wins and is told so; all later calls find
//! nothing. The count of connections is the length of the table, and nothing is counted beside it.
//!
//! Invariant, at the end of every call: `opened == live + Σ closed[reason]`.

mod admission;
mod group;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use slab::Slab;

use self::admission::FLIP_FLOP_CLIENTS_BEFORE_SWEEP;
pub use self::admission::{Admitted, Candidate, Evidence, Limits, OnFull, Refused};
use self::group::Groups;
use crate::close::CloseReason;
use crate::sweep::SweepMark;

/// Closed connections that are remembered for operators.
pub const CLOSED_RING_LEN: usize = 10_000;

/// How long a client that was told not to come back is remembered.
pub const UNWELCOME_MS: u64 = 60_000;

/// Clients that may be remembered so before those whose time is over are let go.
const UNWELCOME_CLIENTS_BEFORE_SWEEP: usize = 1_000;

/// A connection's place in the books. Never reused: the serial tells late calls from their successors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnKey {
    index: u32,
    serial: u64,
}

impl ConnKey {
    /// The connection's number since the books were opened.
    pub fn serial(self) -> u64 {
        self.serial
    }

    /// The key with this place and number, if it was ever given out is for the books to say.
    pub fn from_parts(index: u32, serial: u64) -> Self {
        Self { index, serial }
    }

    /// Where it stands in the table.
    pub fn index(self) -> u32 {
        self.index
    }
}

/// The right to one connection's place. It can't be copied; whoever drops it must settle it.
#[derive(Debug)]
pub struct Seat(ConnKey);

impl Seat {
    /// The place that this seat stands for.
    pub fn key(&self) -> ConnKey {
        self.0
    }
}

/// One live connection.
#[derive(Debug)]
pub struct Entry<C> {
    /// Its place.
    pub key: ConnKey,
    /// Whose it is.
    pub user: Arc<str>,
    /// The name its client chose.
    pub client_id: Option<Box<str>>,
    /// Its label.
    pub kind: Arc<str>,
    /// The address that counts for limits: the client's own, also behind a trusted proxy.
    pub ip: IpAddr,
    /// The user's own limit, where its grant has one.
    pub connections_max: Option<u32>,
    /// When it was opened, by the monotonic clock.
    pub opened_ms: u64,
    /// What the shell keeps for it.
    pub handle: C,
    user_at: u32,
    ip_at: u32,
}

/// One that left.
#[derive(Clone, Debug, Serialize)]
pub struct Closed<T> {
    /// Why.
    pub reason: CloseReason,
    /// When, by the monotonic clock.
    #[serde(skip)]
    pub at_ms: u64,
    /// What the shell tells of it.
    #[serde(flatten)]
    pub tale: T,
}

/// The books of one node. `C` is what the shell keeps for a live connection, `T` what it tells of a closed one.
#[derive(Debug)]
pub struct Books<C, T> {
    table: Slab<Entry<C>>,
    opened: u64,
    /// Numbers given to connections, those included that never came.
    drawn: u64,
    closed: [u64; CloseReason::ALL.len()],
    refused: [u64; Refused::KINDS.len()],
    users: Groups<Arc<str>>,
    ips: Groups<IpAddr>,
    clients: Groups<(Arc<str>, Box<str>)>,
    /// When a client's connections were last superseded, for those that flip-flop.
    supersedes: HashMap<(Arc<str>, Box<str>), VecDeque<u64>, foldhash::fast::RandomState>,
    supersedes_sweep: SweepMark,
    unwelcome: HashMap<(Arc<str>, Box<str>), u64, foldhash::fast::RandomState>,
    unwelcome_sweep: SweepMark,
    ring: VecDeque<Closed<T>>,
}

impl<C, T> Default for Books<C, T> {
    fn default() -> Self {
        Self {
            table: Slab::new(),
            opened: 0,
            drawn: 0,
            closed: [0; CloseReason::ALL.len()],
            refused: [0; Refused::KINDS.len()],
            users: Groups::default(),
            ips: Groups::default(),
            clients: Groups::default(),
            supersedes: HashMap::default(),
            supersedes_sweep: SweepMark::new(FLIP_FLOP_CLIENTS_BEFORE_SWEEP),
            unwelcome: HashMap::default(),
            unwelcome_sweep: SweepMark::new(UNWELCOME_CLIENTS_BEFORE_SWEEP),
            ring: VecDeque::new(),
        }
    }
}

impl<C, T> Books<C, T> {
    /// The number of live connections: the length of the table.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// How many were ever opened.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// How many were closed, by reason.
    pub fn closed(&self) -> impl Iterator<Item = (CloseReason, u64)> + '_ {
        CloseReason::ALL.iter().map(|&reason| (reason, self.closed[reason as usize]))
    }

    /// How many were refused, by kind.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Refused::KINDS.iter().copied().zip(self.refused)
    }

    /// Users with a live connection.
    pub fn user_count(&self) -> usize {
        self.users.len()
    }

    /// Whether `opened == live + Σ closed`, and every index agrees with the table.
    pub fn balance(&self) -> bool {
        let closed: u64 = self.closed.iter().sum();
        self.opened == self.table.len() as u64 + closed
            && self.users.members() == self.table.len()
            && self.ips.members() == self.table.len()
            && self.clients.members() == self.iter().filter(|entry| entry.client_id.is_some()).count()
            && self.table.iter().all(|(index, entry)| {
                self.users.at(&entry.user, entry.user_at) == Some(index as u32)
                    && self.ips.at(&group_ip(entry.ip), entry.ip_at) == Some(index as u32)
            })
    }

    /// A live connection.
    pub fn get(&self, key: ConnKey) -> Option<&Entry<C>> {
        self.table.get(key.index as usize).filter(|entry| entry.key == key)
    }

    /// The live connections, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<C>> {
        self.table.iter().map(|(_, entry)| entry)
    }

    /// A user's live connections.
    pub fn of_user<'a>(&'a self, user: &Arc<str>) -> impl Iterator<Item = &'a Entry<C>> + use<'a, C, T> {
        self.users.of(user).iter().map(|&index| &self.table[index as usize])
    }

    /// Users with their number of live connections, in no order.
    pub fn users(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.users.iter()
    }

    /// The last that left, newest first, each with its number among all that ever left.
    pub fn recently_closed(&self) -> impl Iterator<Item = (u64, &Closed<T>)> {
        let left: u64 = self.closed.iter().sum();
        (0..left).rev().zip(self.ring.iter().rev())
    }

    /// Closes a connection's entry. Whoever is first is given it; to all others there is nothing there.
    pub fn settle(
        &mut self,
        key: ConnKey,
        reason: CloseReason,
        now_ms: u64,
        tale: impl FnOnce(&Entry<C>) -> T,
    ) -> Option<Entry<C>> {
        let tale = tale(self.get(key)?);
        let entry = self.table.remove(key.index as usize);
        self.closed[reason as usize] += 1;
        if let Some(moved) = self.users.leave(&entry.user, entry.user_at) {
            self.table[moved as usize].user_at = entry.user_at;
        }
        if let Some(moved) = self.ips.leave(&group_ip(entry.ip), entry.ip_at) {
            self.table[moved as usize].ip_at = entry.ip_at;
        }
        if let Some(client) = &entry.client_id {
            self.clients.remove(&(Arc::clone(&entry.user), client.clone()), key.index);
        }
        if self.ring.len() == CLOSED_RING_LEN {
            self.ring.pop_front();
        }
        self.ring.push_back(Closed { reason, at_ms: now_ms, tale });
        Some(entry)
    }

    /// Remembers for a minute that a client was told not to come back.
    pub fn turn_away(&mut self, user: &Arc<str>, client_id: &str, now_ms: u64) {
        if self.unwelcome_sweep.is_due(self.unwelcome.len()) {
            self.unwelcome.retain(|_, until| *until > now_ms);
            self.unwelcome_sweep.swept(self.unwelcome.len());
        }
        self.unwelcome.insert((Arc::clone(user), client_id.into()), now_ms + UNWELCOME_MS);
    }

    /// Whether a client was told not to come back, less than a minute ago.
    pub fn is_unwelcome(&self, user: &Arc<str>, client_id: &str, now_ms: u64) -> bool {
        self.unwelcome.get(&(Arc::clone(user), client_id.into())).is_some_and(|until| *until > now_ms)
    }

    /// Notes a refusal that was decided elsewhere.
    pub fn note_refusal(&mut self, kind: &'static str) {
        if let Some(at) = Refused::KINDS.iter().position(|&other| other == kind) {
            self.refused[at] += 1;
        }
    }
}

/// The address as it counts for limits: an IPv6 customer has a /64, not an address.
pub fn group_ip(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}
