//! The table: each way of leaving done on the real binary, how long it took, and what was left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Sealed, Speaks, Target};
use crate::ghost::{Ghost, HEARTBEAT_MS, MAX_AGE_MS, STALL_MS, SWEEP_MS, Through, USER_TIMEOUT_MS};
use crate::hub::{Hub, PATIENCE};
use crate::nginx::Nginx;
use crate::place::Place;
use crate::watch::{Closed, Watch};

/// A hub that is haunted, and what stands in front of it.
pub struct Scene {
    hub: Arc<Hub>,
    aged: Option<Arc<Hub>>,
    watches: Vec<Watch>,
    nginx: Vec<Nginx>,
    place: Option<Place>,
    users: AtomicUsize,
}

/// What came of a row, once for each time that it was done.
struct Outcome {
    ghost: Ghost,
    reasons: Vec<String>,
    took_ms: Vec<u64>,
    left: usize,
}

impl Scene {
    /// For these rows.
    pub fn set(place: Option<Place>, ghosts: &[Ghost]) -> Self {
        Self::set_by(Hub::start_with, place, ghosts)
    }

    /// The same with hubs that speak TLS.
    pub fn set_sealed(place: Option<Place>, ghosts: &[Ghost]) -> Self {
        Self::set_by(Hub::start_sealed, place, ghosts)
    }

    fn set_by(start_with: fn(&[(&str, &str)]) -> Hub, place: Option<Place>, ghosts: &[Ghost]) -> Self {
        let start = |max_age_ms| start(start_with, max_age_ms);
        let hub = Arc::new(start(0));
        let behind = ghosts.iter().any(|ghost| ghost.through != Through::Nothing);
        let aging = ghosts.iter().any(|ghost| ghost.through == Through::NginxWithMaxAge);
        let aged = aging.then(|| Arc::new(start(MAX_AGE_MS)));
        let hubs: Vec<&Arc<Hub>> = [&hub].into_iter().chain(&aged).collect();
        let watches = hubs.iter().map(|hub| Watch::over(hub)).collect();
        let nginx = hubs.iter().filter(|_| behind).map(|hub| Nginx::before(hub.address())).collect();
        Self { watches, nginx, aged, hub, place, users: AtomicUsize::new(0) }
    }

    /// Does all rows so many times, prints the table and holds each to its promise: one after the other where
    /// milliseconds count, the rest at once.
    pub fn show(self, title: &str, ghosts: &[Ghost], times: usize) {
        let mut outcomes: Vec<Outcome> = ghosts.iter().map(|ghost| Outcome::of(*ghost)).collect();
        for _ in 0..times {
            let (quick, slow): (Vec<_>, Vec<_>) =
                outcomes.iter_mut().partition(|outcome| outcome.ghost.is_at_once());
            quick.into_iter().for_each(|outcome| self.haunt(outcome));
            thread::scope(|scope| {
                for outcome in slow {
                    scope.spawn(|| self.haunt(outcome));
                }
            });
        }
        print(title, &outcomes);
        for outcome in &outcomes {
            outcome.check();
        }
        self.nothing_is_left();
    }

    fn haunt(&self, outcome: &mut Outcome) {
        let ghost = outcome.ghost;
        let user = format!("ghost-{}", self.users.fetch_add(1, Ordering::Relaxed));
        let at = usize::from(ghost.through == Through::NginxWithMaxAge);
        let hub = if at == 0 { &self.hub } else { self.aged.as_ref().expect("a hub with a maximum age") };
        let address = match ghost.through {
            Through::Nothing => hub.address(),
            _ => self.nginx[at].address(ghost.speaks),
        };
        let sealed = Sealed::with(hub).filter(|_| ghost.through == Through::Nothing);
        let target = Target { address, user, query: ghost.query(), sealed };
        let deed = ghost.haunt(hub, self.place.as_ref(), &target);
        let patience = Duration::from_millis(ghost.asserted_ms()) + PATIENCE;
        match self.watches[at].wait_for(&target.user, patience) {
            Some(Closed { reason, at_ms }) => {
                outcome.took_ms.push(at_ms.saturating_sub(deed.at_ms));
                outcome.reasons.push(reason);
            }
            None => outcome.reasons.push("never noticed".to_owned()),
        }
        let listed = hub.get(&format!("/api/sse/connections?user={}", target.user));
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        outcome.left += listed["connections"].as_array().expect("a list").len();
    }

    fn nothing_is_left(self) {
        drop(self.watches);
        drop(self.nginx);
        for hub in [&self.hub].into_iter().chain(&self.aged) {
            hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
            hub.assert_books_balance();
            hub.wait_for_sockets(0);
        }
    }
}

fn start(start_with: fn(&[(&str, &str)]) -> Hub, max_age_ms: u64) -> Hub {
    let settings = [
        ("TIDINGS_STREAM_HEARTBEAT_MS", HEARTBEAT_MS),
        ("TIDINGS_STREAM_USER_TIMEOUT_MS", USER_TIMEOUT_MS),
        ("TIDINGS_STREAM_STALL_MS", STALL_MS),
        ("TIDINGS_STREAM_MAX_AGE_MS", max_age_ms),
        ("TIDINGS_STREAM_MAX_AGE_JITTER_PERCENT", 0),
        ("TIDINGS_CLEANUP_INTERVAL_MS", SWEEP_MS),
    ]
    .map(|(name, value)| (name, value.to_string()));
    start_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str())))
}

impl Outcome {
    fn of(ghost: Ghost) -> Self {
        Self { ghost, reasons: Vec::new(), took_ms: Vec::new(), left: 0 }
    }

    fn check(&self) {
        let what = format!("{} {}", self.ghost.speaks.name(), self.ghost.what());
        for reason in &self.reasons {
            assert_eq!(reason, self.ghost.reason(), "{what}");
        }
        let slowest = self.took_ms.iter().max().expect("it was done");
        assert!(*slowest <= self.ghost.asserted_ms(), "{what}: noticed after {slowest} ms");
        assert_eq!(self.left, 0, "{what}: left over");
    }
}

fn print(title: &str, outcomes: &[Outcome]) {
    let mut out = format!(
        "{title}: heartbeat {HEARTBEAT_MS} ms, user timeout {USER_TIMEOUT_MS} ms, stall {STALL_MS} ms, \
         sweep every {SWEEP_MS} ms\n\n\
         | protocol | what the client does | promised ms | median ms | slowest ms | times | reason | left over |\n\
         | --- | --- | ---: | ---: | ---: | ---: | --- | ---: |\n"
    );
    for Outcome { ghost, reasons, took_ms, left } in outcomes {
        let mut took = took_ms.clone();
        took.sort_unstable();
        let median = took.get(took.len() / 2).map_or("–".to_owned(), u64::to_string);
        let slowest = took.last().map_or("–".to_owned(), u64::to_string);
        let mut named = reasons.clone();
        named.sort_unstable();
        named.dedup();
        out.push_str(&format!(
            "| {} | {} | {} | {median} | {slowest} | {} | {} | {left} |\n",
            ghost.speaks.name(),
            ghost.what(),
            ghost.promised_ms(),
            took.len(),
            named.join(", "),
        ));
    }
    println!("{out}");
}

/// The rows of a plain network, in which every packet arrives.
pub fn plain() -> Vec<Ghost> {
    use crate::ghost::Way::*;
    let both = [Fin, Rst, StrayByteFin, StrayByteRst, PipelinedFin, HalfClose, Killed, StopsReading];
    let of = |speaks: Speaks, ways: &[crate::ghost::Way]| {
        ways.iter().map(|way| Ghost::new(speaks, *way)).collect::<Vec<_>>()
    };
    let mut rows = of(Speaks::Http11, &both);
    rows.extend(of(Speaks::Http10, &[Fin, Rst, HalfClose, StopsReading]));
    rows.extend(of(Speaks::Http2, &both));
    rows.extend(of(Speaks::Http2, &[StreamReset, ShutsWindow, NeverOpensWindow]));
    rows
}

/// The rows that only TLS has.
pub fn sealed() -> Vec<Ghost> {
    use crate::ghost::Way::{BreaksSeal, SaysGoodbye};
    let of = |speaks| [SaysGoodbye, BreaksSeal].map(|way| Ghost::new(speaks, way));
    [Speaks::Http11, Speaks::Http10, Speaks::Http2].into_iter().flat_map(of).collect()
}

/// The rows in which packets vanish.
pub fn vanished() -> Vec<Ghost> {
    [Speaks::Http11, Speaks::Http10, Speaks::Http2]
        .map(|speaks| Ghost::new(speaks, crate::ghost::Way::Vanishes))
        .to_vec()
}

/// The rows behind nginx whose end nginx sees.
pub fn behind_nginx() -> Vec<Ghost> {
    use crate::ghost::Way::{Fin, Killed, Rst, StreamReset};
    let mut rows = Vec::new();
    for speaks in [Speaks::Http11, Speaks::Http2] {
        rows.extend([Fin, Rst, Killed].map(|way| Ghost::new(speaks, way).behind(Through::Nginx)));
    }
    rows.push(Ghost::new(Speaks::Http2, StreamReset).behind(Through::Nginx));
    rows
}

/// The rows behind nginx whose end nobody on the way sees.
pub fn vanished_behind_nginx() -> Vec<Ghost> {
    let mut rows = Vec::new();
    for speaks in [Speaks::Http11, Speaks::Http2] {
        let ghost = Ghost::new(speaks, crate::ghost::Way::Vanishes);
        rows.extend([Through::NginxWithLease, Through::NginxWithMaxAge].map(|through| ghost.behind(through)));
    }
    rows
}
