//! Connections by something that they share. A group's size is the length of its list.

use std::collections::HashMap;
use std::hash::Hash;

use smallvec::SmallVec;

#[derive(Debug)]
pub(super) struct Groups<K> {
    map: HashMap<K, SmallVec<[u32; 4]>, foldhash::fast::RandomState>,
}

impl<K> Default for Groups<K> {
    fn default() -> Self {
        Self { map: HashMap::default() }
    }
}

impl<K: Eq + Hash> Groups<K> {
    /// The number of groups: none is empty.
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Members over all groups.
    pub(super) fn members(&self) -> usize {
        self.map.values().map(SmallVec::len).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, usize)> {
        self.map.iter().map(|(key, members)| (key, members.len()))
    }

    pub(super) fn of(&self, key: &K) -> &[u32] {
        self.map.get(key).map_or(&[], SmallVec::as_slice)
    }

    pub(super) fn at(&self, key: &K, at: u32) -> Option<u32> {
        self.of(key).get(at as usize).copied()
    }

    /// Enters a member and answers where it stands.
    pub(super) fn join(&mut self, key: K, member: u32) -> u32 {
        let members = self.map.entry(key).or_default();
        members.push(member);
        members.len() as u32 - 1
    }

    /// Takes out the member at a place. Answers the member that stands there now, if another took it.
    pub(super) fn leave(&mut self, key: &K, at: u32) -> Option<u32> {
        let members = self.map.get_mut(key)?;
        members.swap_remove(at as usize);
        let moved = members.get(at as usize).copied();
        if members.is_empty() {
            self.map.remove(key);
        }
        moved
    }

    /// Takes out a member wherever it stands; for groups that stay small.
    pub(super) fn remove(&mut self, key: &K, member: u32) {
        let Some(members) = self.map.get_mut(key) else { return };
        members.retain(|other| *other != member);
        if members.is_empty() {
            self.map.remove(key);
        }
    }
}
