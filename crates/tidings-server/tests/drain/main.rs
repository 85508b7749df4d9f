//! A drain ends everybody, evenly, and leaves a true account behind; an orderly restart loses nothing.
#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of what is shared")]

mod account;
mod asked;
mod audience;
#[path = "../truth/client.rs"]
mod client;
mod crowd;
mod data_dir;
mod faults;
#[path = "../truth/http2.rs"]
mod http2;
#[path = "../hub/mod.rs"]
mod hub;
mod passed;
#[path = "../truth/sys.rs"]
mod place;
mod rings;
mod signals;
#[path = "../streams/mod.rs"]
mod streams;
mod stuck;
mod sweep;

use hub::Hub;
use serde_json::Value;

/// What the shutdown before this start left in the stats.
fn last_summary(hub: &Hub) -> Value {
    hub.stats()["cleanup"]["last_shutdown_cleanup_summary"].clone()
}

/// A summary's numbers: ended, there before, there after.
fn numbers(summary: &Value) -> (u64, u64, u64) {
    let number = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary:#}"));
    (number("total_cleaned"), number("connections_before"), number("connections_after"))
}
