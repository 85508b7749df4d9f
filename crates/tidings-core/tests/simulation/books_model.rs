//! The books as a list and a few rules, with nothing to be fast.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tidings_core::close::CloseReason;
use tidings_core::registry::{ConnKey, Limits, OnFull, group_ip};

/// A connection, as the list has it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) key: ConnKey,
    pub(crate) user: &'static str,
    pub(crate) client: Option<&'static str>,
    pub(crate) ip: IpAddr,
}

/// Who asks to come in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) user: &'static str,
    pub(crate) client: Option<&'static str>,
    pub(crate) ip: IpAddr,
    pub(crate) own_limit: Option<u32>,
}

/// What ought to come of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    In { superseded: Vec<ConnKey>, displaced: Vec<ConnKey> },
    UserIsFull { limit: u32, held_by: Vec<ConnKey> },
    IpIsFull { limit: u32 },
    NodeIsFull { limit: u32 },
}

#[derive(Default)]
pub(crate) struct Model {
    /// In the order of their coming.
    pub(crate) live: Vec<Live>,
    pub(crate) gone: Vec<ConnKey>,
    pub(crate) opened: u64,
    pub(crate) closed: BTreeMap<CloseReason, u64>,
    pub(crate) refused: BTreeMap<&'static str, u64>,
    supersedes: Vec<(&'static str, &'static str, u64)>,
    unwelcome: Vec<(&'static str, &'static str, u64)>,
}

impl Model {
    pub(crate) fn judge(&self, asker: &Asker, limits: &Limits, now_ms: u64) -> Verdict {
        let superseded = self.superseded_by(asker, now_ms);
        let mut stay: Vec<&Live> = self.live.iter().filter(|live| !superseded.contains(&live.key)).collect();
        let limit = asker.own_limit.unwrap_or(limits.connections_per_user);
        let mine: Vec<ConnKey> =
            stay.iter().filter(|live| live.user == asker.user).map(|live| live.key).collect();
        let mut displaced = Vec::new();
        if asker.user != "anonymous" && limit > 0 && mine.len() >= limit as usize {
            if limits.on_full == OnFull::Refuse {
                return Verdict::UserIsFull { limit, held_by: mine };
            }
            displaced = mine[..=mine.len() - limit as usize].to_vec();
            stay.retain(|live| !displaced.contains(&live.key));
        }
        let limit = limits.connections_per_ip;
        let here = stay.iter().filter(|live| group_ip(live.ip) == group_ip(asker.ip)).count();
        if limit > 0 && here >= limit as usize {
            return Verdict::IpIsFull { limit };
        }
        let limit = limits.connections;
        if limit > 0 && stay.len() >= limit as usize {
            return Verdict::NodeIsFull { limit };
        }
        Verdict::In { superseded, displaced }
    }

    /// A client's own earlier connections give way, but not to a client that must be two: three times within ten
    /// seconds it gave way already.
    fn superseded_by(&self, asker: &Asker, now_ms: u64) -> Vec<ConnKey> {
        let own = self.live.iter().filter(|live| live.user == asker.user && live.client == asker.client);
        let own: Vec<ConnKey> = own.filter(|live| live.client.is_some()).map(|live| live.key).collect();
        let lately = self.supersedes.iter().filter(|(user, client, at)| {
            *user == asker.user && Some(*client) == asker.client && at + 10_000 > now_ms
        });
        if lately.count() >= 3 { Vec::new() } else { own }
    }

    pub(crate) fn let_in(&mut self, key: ConnKey, asker: &Asker, superseded: &[ConnKey], now_ms: u64) {
        self.opened += 1;
        self.live.push(Live { key, user: asker.user, client: asker.client, ip: asker.ip });
        if let (Some(client), false) = (asker.client, superseded.is_empty()) {
            self.supersedes.push((asker.user, client, now_ms));
        }
    }

    pub(crate) fn refuse(&mut self, kind: &'static str) {
        *self.refused.entry(kind).or_default() += 1;
    }

    /// Answers who it was, if it was there.
    pub(crate) fn settle(&mut self, key: ConnKey, reason: CloseReason) -> Option<Live> {
        let at = self.live.iter().position(|live| live.key == key)?;
        *self.closed.entry(reason).or_default() += 1;
        self.gone.push(key);
        Some(self.live.remove(at))
    }

    pub(crate) fn turn_away(&mut self, user: &'static str, client: &'static str, now_ms: u64) {
        self.unwelcome.push((user, client, now_ms + 60_000));
    }

    pub(crate) fn is_unwelcome(&self, user: &str, client: &str, now_ms: u64) -> bool {
        self.unwelcome.iter().any(|(u, c, until)| *u == user && *c == client && *until > now_ms)
    }

    pub(crate) fn users(&self) -> Vec<(&'static str, usize)> {
        let mut users = BTreeMap::new();
        for live in &self.live {
            *users.entry(live.user).or_insert(0) += 1;
        }
        users.into_iter().collect()
    }
}
