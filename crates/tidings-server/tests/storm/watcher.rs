//! Looks at the books without a pause.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use serde_json::Value;

use crate::api::Api;

/// How often it looks at the books for each time that it looks whether they were found to lie.
const LOOKS_PER_AUDIT: u64 = 16;

#[derive(Default)]
pub(crate) struct Watcher {
    pub(crate) looks: AtomicU64,
    /// Ever opened, at the last look.
    pub(crate) opened: AtomicU64,
    /// The most that were there at once.
    pub(crate) most: AtomicU64,
    over: AtomicBool,
}

/// Says so when it goes, in whatever way, so that nobody waits for a watcher that is no more.
struct Over<'a>(&'a Watcher);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Relaxed);
    }
}

impl Watcher {
    /// Watches until told that it is over. At every look `opened == active + Σ closed`, and nothing ever shrinks.
    pub(crate) fn watch(&self, address: SocketAddr) {
        let _over = Over(self);
        let mut api = Api::new(address);
        let mut before = (0, 0);
        while !self.is_over() {
            let answer = api.get("/api/sse/stats");
            let stats: Value = serde_json::from_str(&answer.body).expect("JSON");
            let now = balanced(&stats["connections"]);
            assert!(now.0 >= before.0 && now.1 >= before.1, "{now:?} after {before:?}");
            before = now;
            if self.looks.fetch_add(1, Relaxed).is_multiple_of(LOOKS_PER_AUDIT) {
                audits(&api.get("/metrics").body);
            }
            self.opened.store(now.0, Relaxed);
            self.most.fetch_max(now.0 - now.1, Relaxed);
        }
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }
}

/// How many were opened, and how many closed.
fn balanced(connections: &Value) -> (u64, u64) {
    let count = |value: &Value| value.as_u64().expect("a count");
    let closed = connections["closed_total"].as_object().expect("reasons");
    let closed: u64 = closed.values().map(count).sum();
    let (opened, active) = (count(&connections["opened_total"]), count(&connections["active"]));
    assert_eq!(opened, active + closed, "the books don't balance: {connections:#}");
    (opened, closed)
}

/// How many audits there were, of which the last must have found that books and kernel agree.
pub(crate) fn audits(metrics: &str) -> u64 {
    let read = |name: &str| {
        let value =
            metrics.lines().find_map(|line| line.strip_prefix(name)).and_then(|n| n.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no {name} in {metrics}"))
    };
    let mismatch: u64 = read("tidings_truth_mismatch ");
    assert_eq!(mismatch, 0, "the books and the kernel differ");
    read("tidings_truth_audits_total ")
}
