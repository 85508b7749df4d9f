//! What has to be so, whatever happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidings_core::quota::{Evidence, OnFull, Put};

use crate::world::{Fate, LEASE_MS, Late, Node, Without, World};

/// Rounds of a fourth of a lease after which all is right again.
const ROUNDS: usize = 5;

impl World {
    /// Who is told that a limit is held is told the truth: by so many others, each of which is there, or was when its hub
    /// could last tell.
    pub(crate) fn assert_is_no_false_refusal(&self, node: usize, put: &Put, held_by: &[Evidence]) {
        let newcomer = put.newcomer.as_ref().expect("only a newcomer is refused");
        let clients: BTreeSet<_> = held_by.iter().map(|held| &held.client).collect();
        assert!(clients.len() >= self.terms.limit as usize, "too few hold it: {held_by:?}");
        assert!(!clients.contains(&newcomer.client), "by its own ghost: {held_by:?}");
        assert!(!self.nodes[node].has(&put.user, &newcomer.client), "its hub has it");
        for (incarnation, _, held) in self.store.held(&put.user, self.host_ms()) {
            let Some(at) = self.is_of_present_life(incarnation.as_str()) else { continue };
            let Node { portions, asking, here, .. } = &self.nodes[at];
            // What its hub has yet to say, nobody can know.
            let has_said_all = !portions.is_dirty()
                && asking.is_none()
                && incarnation == portions.incarnation()
                && portions.line() == Some(self.line);
            for held in held.iter().filter(|_| has_said_all) {
                assert!(here.contains_key(&held.connection), "by one that is not there: {held:?}");
            }
        }
    }

    /// Holds at every moment.
    pub(crate) fn assert_holds(&self) {
        for node in &self.nodes {
            let known: BTreeSet<_> = node.portions.connections().map(|(_, held)| &held.connection).collect();
            assert_eq!(known, node.here.keys().collect(), "a hub's part is what it has");
        }
        if self.is_whole && self.terms.on_full == OnFull::Refuse {
            for (user, clients) in self.clients() {
                assert!(clients.len() <= self.terms.limit as usize, "{user} has {clients:?}");
            }
        }
    }

    /// Nothing goes wrong any more: within a lease and a sweep the count is what there is, and what comes later still
    /// changes nothing.
    pub(crate) fn assert_settles(mut self) {
        self.let_a_lease_pass();
        self.assert_is_true("settled");
        self.store.forget_void(self.host_ms());
        if self.terms.without != Without::Versions {
            assert_eq!(self.store.users(), self.clients().len(), "what is void is kept");
        }
        // A beat that comes late may begin a lease that nobody keeps.
        self.late.sort_by_key(|late| matches!(late, Late::Put(_)));
        while let Some(Late::Beat(_)) = self.late.first() {
            self.arrive_late(0);
        }
        self.assert_is_true("after a late beat");
        self.let_a_lease_pass();
        while !self.late.is_empty() {
            self.arrive_late(0);
            self.assert_is_true("after a late call");
        }
    }

    fn let_a_lease_pass(&mut self) {
        for _ in 0..ROUNDS {
            self.now_ms += LEASE_MS / 4;
            for node in 0..self.nodes.len() {
                self.settle(node);
            }
        }
    }

    fn settle(&mut self, node: usize) {
        if self.nodes[node].asking.is_some() {
            self.finish(node, Fate::Answered);
        }
        self.beat(node, Fate::Answered);
        if self.nodes[node].portions.line().is_none() {
            self.beat(node, Fate::Answered);
        }
        if !matches!(self.terms.without, Without::Sweep | Without::Known) {
            self.nodes[node].portions.sweep(usize::MAX);
        }
        while self.nodes[node].portions.is_dirty() && self.nodes[node].portions.line().is_some() {
            self.flush(node);
            self.finish(node, Fate::Answered);
        }
    }

    fn assert_is_true(&self, when: &str) {
        self.assert_holds();
        let is = self.clients();
        let mut counted: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
        for user in &self.users {
            let parts = self.store.held(user, self.host_ms());
            let clients: BTreeSet<_> =
                parts.iter().flat_map(|(_, _, held)| held.iter().map(|held| held.client.clone())).collect();
            let connections: usize = parts.iter().map(|(_, _, held)| held.len()).sum();
            assert_eq!(connections, clients.len(), "{when}: a client stands twice");
            if !clients.is_empty() {
                counted.insert(user.clone(), clients);
            }
        }
        assert_eq!(counted, is, "{when}: the count is not what there is");
        for (user, clients) in is {
            assert!(clients.len() <= self.terms.limit as usize, "{when}: {user} keeps {clients:?}");
        }
    }

    /// Who is truly connected, over all hubs.
    fn clients(&self) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
        let mut all: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
        for (user, client) in self.nodes.iter().flat_map(|node| node.here.values()) {
            all.entry(user.clone()).or_default().insert(client.clone());
        }
        all
    }
}
