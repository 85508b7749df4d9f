//! Every history of two hubs and one user, within bounds on what happens.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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
    /// Whether beats fail as calls do.
    beats_fail: bool,
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
        if matches!(step, Step::Beat(_, fate) if *fate != Fate::Answered) && !self.beats_fail {
            return false;
        }
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
            // By a line that is gone it would be said in vain, as often as one likes.
            if node.portions.is_dirty() && node.portions.line() == Some(world.line) {
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
        Step::Wait => world.wait(LEASE_MS * 3 / 5),
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
    /// One client more than the limit.
    fn new(limit: u32) -> Self {
        let clients = ["a", "b", "c"].iter().take(limit as usize + 1).map(|name| Arc::from(*name)).collect();
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
    let mut search = Search::new(limit);
    let terms = Terms { limit, on_full, without };
    search.run(&World::new(2, vec![search.user.clone()], terms), bounds);
    println!("{limit} {on_full:?} {bounds:?}: {} states", search.seen.len());
    search.seen.len()
}

/// What the search says of a rule that is left out.
fn caught(without: Without, bounds: Bounds) -> String {
    let found = catch_unwind(AssertUnwindSafe(|| search(1, OnFull::Refuse, without, bounds)));
    let found = found.expect_err("it is needed");
    let text = found.downcast_ref::<String>().cloned();
    let text =
        text.unwrap_or_else(|| found.downcast_ref::<&str>().map(ToString::to_string).unwrap_or_default());
    println!("without {without:?}: {text}");
    text
}

const PLAIN: Bounds = Bounds {
    asks: 2,
    leaves: 1,
    waits: 0,
    crashes: 0,
    wipes: 0,
    restores: 0,
    losses: 0,
    delays: 0,
    doubles: 0,
    beats_fail: false,
};

/// One kind of fault in each.
const SINGLE: [Bounds; 8] = [
    Bounds { asks: 3, leaves: 2, ..PLAIN },
    Bounds { waits: 2, leaves: 0, ..PLAIN },
    Bounds { crashes: 1, waits: 1, leaves: 0, ..PLAIN },
    Bounds { wipes: 1, ..PLAIN },
    Bounds { restores: 1, ..PLAIN },
    Bounds { losses: 2, ..PLAIN },
    Bounds { delays: 1, ..PLAIN },
    Bounds { doubles: 1, ..PLAIN },
];

/// Several that have to do with each other.
const TOGETHER: [Bounds; 7] = [
    Bounds { waits: 2, ..PLAIN },
    Bounds { waits: 2, delays: 1, leaves: 0, ..PLAIN },
    Bounds { crashes: 1, losses: 1, ..PLAIN },
    Bounds { wipes: 1, delays: 1, ..PLAIN },
    Bounds { restores: 1, delays: 1, ..PLAIN },
    Bounds { crashes: 1, restores: 1, ..PLAIN },
    Bounds { losses: 1, delays: 1, doubles: 1, ..PLAIN },
];

/// All at once, on as many threads as there are.
fn search_all(limit: u32, beats_fail: bool, histories: &[Bounds]) -> usize {
    let policies = [OnFull::Refuse, OnFull::ReplaceOldest];
    let all: Vec<_> = histories.iter().flat_map(|bounds| policies.map(|policy| (policy, bounds))).collect();
    let (next, states) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((policy, bounds)) = all.get(next.fetch_add(1, Relaxed)) {
                    let bounds = Bounds { beats_fail, ..**bounds };
                    states.fetch_add(search(limit, *policy, Without::Nothing, bounds), Relaxed);
                }
            });
        }
    });
    println!("{} states in all", states.load(Relaxed));
    states.into_inner()
}

#[test]
fn every_short_history_keeps_the_count_true() {
    assert!(search_all(1, false, &SINGLE) > 100_000);
}

#[test]
#[ignore = "prove: every history of two hubs with several faults, some millions of states"]
fn prove_quota_model() {
    let states =
        search_all(1, true, &SINGLE) + search_all(2, false, &SINGLE) + search_all(1, false, &TOGETHER);
    println!("{states} states");
    assert!(states > 1_000_000);
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
fn without_the_sweep_who_was_not_told_to_go_stays() {
    let bounds = Bounds { asks: 2, doubles: 1, ..Bounds::default() };
    assert!(caught(Without::Sweep, bounds).contains("a client stands twice"));
}

#[test]
fn without_the_floor_nobody_is_ever_forgotten() {
    let bounds = Bounds { asks: 1, leaves: 1, ..Bounds::default() };
    assert!(caught(Without::Floor, bounds).contains("what is void is kept"));
}

#[test]
fn without_what_is_known_an_older_state_stands_until_the_sweep() {
    let bounds = Bounds { asks: 1, leaves: 1, restores: 1, ..Bounds::default() };
    search(1, OnFull::Refuse, Without::Sweep, bounds);
    assert!(caught(Without::Known, bounds).contains("the count is not what there is"));
}
