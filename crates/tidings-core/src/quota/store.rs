//! What a store does, as a plain machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::judge::{Claim, judge};
use super::{Beat, Beaten, Holding, Incarnation, Lease, Put, PutAnswer};

/// A lease that is over is remembered for this long. What stood under it counts no more, remembered or not.
const REMEMBERED_MS: u64 = 600_000;

/// The store's time does not leap by more than this from one call to the next, where the caller knows better.
const LEAP_MS: u64 = 500;

/// One store. Its time is that of the host that is passed in, but for what is said of its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    clock: Clock,
    leases: BTreeMap<Incarnation, Record>,
    users: BTreeMap<Arc<str>, BTreeMap<Incarnation, Portion>>,
}

/// Never goes back: a host that was set back is gone on from. One that was set on by more than a moment is not followed
/// where the caller knows better: no lease is over by that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Clock {
    last_ms: u64,
    ahead_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Record {
    node: Arc<str>,
    until_ms: u64,
    kept_ms: u64,
    /// The highest version that was written under it.
    seen: u64,
    floor: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Portion {
    version: u64,
    held: Vec<Holding>,
}

impl Clock {
    fn now_ms(self, host_ms: u64) -> u64 {
        self.last_ms.max(host_ms.saturating_add_signed(self.ahead_ms))
    }

    /// The time of a call whose caller knew this time, or none.
    fn time_of(self, host_ms: u64, known_ms: u64) -> u64 {
        let now_ms = self.now_ms(host_ms);
        let on_ms = self.last_ms.max(known_ms);
        if known_ms > 0 && now_ms > on_ms + LEAP_MS { on_ms } else { now_ms }
    }

    /// Something is written at this time: what comes later is not earlier.
    fn set(&mut self, host_ms: u64, now_ms: u64) {
        self.ahead_ms = now_ms.cast_signed().wrapping_sub(host_ms.cast_signed());
        self.last_ms = now_ms;
    }
}

impl Record {
    fn lives(&self, now_ms: u64) -> bool {
        self.until_ms > now_ms
    }

    /// Whether no two beats in a row were missed, of the four in a lease.
    fn is_sure(&self, now_ms: u64) -> bool {
        8 * (self.until_ms - now_ms) >= 3 * (self.until_ms - self.kept_ms)
    }
}

impl Store {
    /// Keeps a lease, or begins one.
    pub fn beat(&mut self, beat: &Beat, host_ms: u64) -> Beaten {
        let now_ms = self.clock.time_of(host_ms, beat.at_ms);
        self.clock.set(host_ms, now_ms);
        if let Some(before) = &beat.instead_of {
            self.end(before, now_ms);
        }
        let (seen, floor) = match self.leases.get(&beat.incarnation) {
            Some(record) if record.lives(now_ms) && record.seen >= beat.known => (record.seen, record.floor),
            None if beat.is_first => (0, 0),
            _ => return Beaten::Fenced,
        };
        let until_ms = now_ms + beat.lease_ms;
        let (node, floor) = (Arc::clone(&beat.node), floor.max(beat.floor));
        let record = Record { node, until_ms, kept_ms: now_ms, seen, floor };
        self.leases.insert(beat.incarnation.clone(), record);
        self.leases.retain(|_, record| record.until_ms + REMEMBERED_MS > now_ms);
        Beaten::Kept { now_ms }
    }

    /// Writes a user's part, and says what becomes of the newcomer.
    pub fn put(&mut self, put: &Put, host_ms: u64) -> PutAnswer {
        let now_ms = self.clock.time_of(host_ms, put.at_ms);
        let Some(own) = self.leases.get_mut(&put.incarnation) else { return PutAnswer::Fenced };
        if !own.lives(now_ms) || own.seen < put.known {
            return PutAnswer::Fenced;
        }
        let user = self.users.entry(Arc::clone(&put.user)).or_default();
        let stored = user.get(&put.incarnation).map_or(0, |portion| portion.version);
        if put.version <= own.floor.max(stored) {
            return PutAnswer::Stale;
        }
        own.seen = own.seen.max(put.version);
        self.clock.set(host_ms, now_ms);
        let leases = &self.leases;
        user.retain(|incarnation, portion| counts(leases, incarnation, portion, now_ms));
        user.remove(&put.incarnation);
        let verdict = judge(claims(leases, user, put, now_ms), put.limit, put.on_full, put.is_back);
        let newcomer = put.newcomer.iter().filter(|_| verdict.is_ok());
        let held = put.held.iter().chain(newcomer).cloned().collect();
        user.insert(put.incarnation.clone(), Portion { version: put.version, held });
        match verdict {
            Ok(leaving) => PutAnswer::Placed { leaving },
            Err(held_by) => PutAnswer::Refused { held_by },
        }
    }

    /// Ends a lease.
    pub fn leave(&mut self, incarnation: &Incarnation) {
        self.end(incarnation, self.clock.last_ms);
    }

    /// The leases, by incarnation.
    pub fn list(&self, host_ms: u64) -> Vec<Lease> {
        let now_ms = self.clock.now_ms(host_ms);
        let lease = |(incarnation, record): (&Incarnation, &Record)| Lease {
            incarnation: incarnation.clone(),
            node: Arc::clone(&record.node),
            left_ms: record.until_ms.saturating_sub(now_ms),
            age_ms: now_ms - record.kept_ms,
        };
        self.leases.iter().map(lease).collect()
    }

    /// Lets go of what nothing depends on any more, as an engine does by the age of its keys.
    pub fn forget_void(&mut self, host_ms: u64) {
        let now_ms = self.clock.now_ms(host_ms);
        let leases = &self.leases;
        for user in self.users.values_mut() {
            user.retain(|incarnation, portion| counts(leases, incarnation, portion, now_ms));
        }
        self.users.retain(|_, user| !user.is_empty());
    }

    /// What a user's part is under the leases that live: for each, its version and what it holds.
    pub fn held(&self, user: &str, host_ms: u64) -> Vec<(&Incarnation, u64, &[Holding])> {
        let now_ms = self.clock.now_ms(host_ms);
        let parts = self.users.get(user).into_iter().flatten();
        let live = parts.filter(|(incarnation, _)| {
            self.leases.get(incarnation).is_some_and(|record| record.lives(now_ms))
        });
        live.map(|(incarnation, part)| (incarnation, part.version, part.held.as_slice())).collect()
    }

    /// The users of whom anything is kept.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    fn end(&mut self, incarnation: &Incarnation, now_ms: u64) {
        if let Some(record) = self.leases.get_mut(incarnation) {
            record.until_ms = record.until_ms.min(now_ms);
        }
    }
}

/// Whether a part still says something: under a lease that lives it does, unless it is empty and no call from before it
/// can come any more.
fn counts(
    leases: &BTreeMap<Incarnation, Record>,
    incarnation: &Incarnation,
    portion: &Portion,
    now_ms: u64,
) -> bool {
    leases.get(incarnation).is_some_and(|record| {
        record.lives(now_ms) && (!portion.held.is_empty() || portion.version > record.floor)
    })
}

fn claims<'a>(
    leases: &'a BTreeMap<Incarnation, Record>,
    others: &'a BTreeMap<Incarnation, Portion>,
    put: &'a Put,
    now_ms: u64,
) -> Vec<Claim<'a>> {
    let claim = |incarnation: &'a Incarnation, holding: &'a Holding| {
        let record = &leases[incarnation];
        // Whoever calls is there.
        let is_here = *incarnation == put.incarnation || record.is_sure(now_ms);
        let is_sure = holding.is_proven && is_here;
        Claim { incarnation, node: &record.node, holding, is_sure, is_newcomer: false }
    };
    let own = put.held.iter().map(|holding| claim(&put.incarnation, holding));
    let newcomer = put.newcomer.iter();
    let newcomer = newcomer.map(|holding| Claim { is_newcomer: true, ..claim(&put.incarnation, holding) });
    let others = others.iter().flat_map(|(incarnation, portion)| {
        portion.held.iter().map(move |holding| claim(incarnation, holding))
    });
    own.chain(newcomer).chain(others).collect()
}
