//! Every history of two hubs and one user, within bounds on what happens.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tidings_core::quota::OnFull;

use crate::world::{Fate, LEASE_MS, Terms, Without, World};

/// How often each may happen in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Bounds {
    asks: u8,
    leaves: u8,
    /// More than half a lease passes.
    waits: u8,
    crashes: u8,
    wipes: u8,
    restores: u8,
    losses: u8,
    delays: u8,
    doubles: u8,
}

#[derive(Clone, Debug)]
enum Step {
    Ask(usize, Arc<str>),
    Leave(usize, Arc<str>),
    Flush(usize),
    Finish(usize, Fate),
    Beat(usize, Fate),
    Late(usize),
    Wait,
    Crash(usize),
    Wipe,
    Snapshot,
    Restore,
}

/// Of calls that are sent: what each fate takes of the bounds.
const FATES: [Fate; 5] = [Fate::Answered, Fate::Lost, Fate::AnswerLost, Fate::Delayed, Fate::Doubled];

impl Bounds {
    fn take(&mut self, step: &Step) -> bool {
        let bound = match step {
            Step::Ask(..) => &mut self.asks,
            Step::Leave(..) => &mut self.leaves,
            Step::Wait => &mut self.waits,
            Step::Crash(_) => &mut self.crashes,
            Step::Wipe => &mut self.wipes,
            Step::Restore => &mut self.restores,
            Step::Finish(_, fate) | Step::Beat(_, fate) => match fate {
                Fate::Answered => return true,
                Fate::Lost | Fate::AnswerLost => &mut self.losses,
                Fate::Delayed => &mut self.delays,
                Fate::Doubled => &mut self.doubles,
            },
            Step::Flush(_) | Step::Late(_) => return true,
            // What is kept of the store matters only where it is put back.
            Step::Snapshot => return self.restores > 0,
        };
        let is_left = *bound > 0;
        *bound = bound.saturating_sub(1);
        is_left
    }
}

fn steps(world: &World, clients: &[Arc<str>]) -> Vec<Step> {
    let mut steps = vec![Step::Wait, Step::Wipe];
    if world.snapshot.is_none() {
        steps.push(Step::Snapshot);
    } else {
        steps.push(Step::Restore);
    }
    steps.extend((0..world.late.len()).map(Step::Late));
    for (number, node) in world.nodes.iter().enumerate() {
        if node.asking.is_some() {
            steps.extend(FATES.map(|fate| Step::Finish(number, fate)));
        } else {
            steps.extend(clients.iter().map(|client| Step::Ask(number, client.clone())));
            if node.portions.is_dirty() {
                steps.push(Step::Flush(number));
            }
        }
        steps.extend(node.here.keys().map(|connection| Step::Leave(number, connection.clone())));
        steps.extend(FATES.map(|fate| Step::Beat(number, fate)));
        steps.push(Step::Crash(number));
    }
    steps
}

fn take(world: &mut World, step: &Step, user: &Arc<str>) {
    match step {
        Step::Ask(node, client) => world.ask(*node, user, client),
        Step::Leave(node, connection) => world.leave(*node, connection),
        Step::Flush(node) => world.flush(*node),
        Step::Finish(node, fate) => world.finish(*node, *fate),
        Step::Beat(node, fate) => world.beat(*node, *fate),
        Step::Late(at) => world.arrive_late(*at),
        Step::Wait => world.now_ms += LEASE_MS * 3 / 5,
        Step::Crash(node) => world.crash(*node),
        Step::Wipe => world.wipe(),
        Step::Snapshot => world.snapshot = Some(world.store.clone()),
        Step::Restore => world.restore(),
    }
}

struct Search {
    user: Arc<str>,
    clients: Vec<Arc<str>>,
    seen: HashSet<u64>,
    trail: Vec<Step>,
}

impl Search {
    fn new() -> Self {
        let clients = ["a", "b", "c"].map(Arc::from).into();
        Self { user: "u".into(), clients, seen: HashSet::new(), trail: Vec::new() }
    }

    fn run(&mut self, world: &World, bounds: Bounds) {
        let mut hasher = DefaultHasher::new();
        (world, bounds).hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return;
        }
        world.assert_holds();
        world.clone().assert_settles();
        for step in steps(world, &self.clients) {
            let mut bounds = bounds;
            if !bounds.take(&step) {
                continue;
            }
            let mut next = world.clone();
            self.trail.push(step);
            take(&mut next, self.trail.last().expect("just now"), &self.user);
            self.run(&next, bounds);
            self.trail.pop();
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {:?}", self.trail);
        }
    }
}

/// Searches all, and says how many states there are.
fn search(limit: u32, on_full: OnFull, without: Without, bounds: Bounds) -> usize {
    let mut search = Search::new();
    let terms = Terms { limit, on_full, without };
    search.run(&World::new(2, vec![search.user.clone()], terms), bounds);
    println!("{limit} {on_full:?} {bounds:?}: {} states", search.seen.len());
    search.seen.len()
}

/// What the search says of a rule that is left out.
fn caught(without: Without, bounds: Bounds) -> String {
    let found = catch_unwind(AssertUnwindSafe(|| search(2, OnFull::Refuse, without, bounds)));
    let found = found.expect_err("it is needed");
    let text = found.downcast_ref::<String>().cloned();
    let text = text.unwrap_or_else(|| found.downcast_ref::<&str>().map(ToString::to_string).unwrap_or_default());
    println!("without {without:?}: {text}");
    text
}

fn all_at(scale: u8) -> usize {
    let plain = Bounds { asks: 2 + scale, leaves: 1 + scale, ..Bounds::default() };
    let histories = [
        Bounds { asks: 3 + scale, ..plain },
        Bounds { waits: 2, ..plain },
        Bounds { crashes: 1, losses: 1, ..plain },
        Bounds { wipes: 1, delays: 1, ..plain },
        Bounds { restores: 1, delays: 1, ..plain },
        Bounds { crashes: 1, restores: 1, waits: scale, ..plain },
        Bounds { losses: 1, delays: 1, doubles: 1, ..plain },
        Bounds { waits: 2, doubles: 1, wipes: scale, ..plain },
    ];
    let mut states = 0;
    for on_full in [OnFull::Refuse, OnFull::ReplaceOldest] {
        states += histories.map(|bounds| search(2, on_full, Without::Nothing, bounds)).iter().sum::<usize>();
    }
    println!("{states} states in all");
    states
}

#[test]
fn every_short_history_keeps_the_count_true() {
    assert!(all_at(0) > 10_000);
}

#[test]
#[ignore = "prove: every history of two hubs with up to 3 clients and all faults, some millions of states"]
fn prove_quota_model() {
    assert!(all_at(1) > 1_000_000);
}

#[test]
fn without_versions_a_late_call_brings_back_who_has_gone() {
    let bounds = Bounds { asks: 1, leaves: 1, delays: 1, ..Bounds::default() };
    assert!(caught(Without::Versions, bounds).contains("after a late call"));
}

#[test]
fn without_the_fence_who_is_here_is_not_counted() {
    let bounds = Bounds { asks: 1, waits: 2, ..Bounds::default() };
    assert!(caught(Without::Fence, bounds).contains("the count is not what there is"));
}

#[test]
fn without_the_sweep_too_many_stay() {
    let bounds = Bounds { asks: 3, losses: 1, ..Bounds::default() };
    assert!(caught(Without::Sweep, bounds).contains("keeps"));
}

#[test]
fn without_the_floor_a_late_call_brings_back_who_was_forgotten() {
    let bounds = Bounds { asks: 1, leaves: 1, delays: 1, ..Bounds::default() };
    assert!(caught(Without::Floor, bounds).contains("after a late call"));
}

#[test]
fn without_what_is_known_an_older_state_stands() {
    let bounds = Bounds { asks: 1, leaves: 1, restores: 1, ..Bounds::default() };
    assert!(caught(Without::Known, bounds).contains("the count is not what there is"));
}
