//! Whoever floods the hub is refused, given up or served in turn; those who behave are served throughout, memory is
//! bounded, and all of it is given back.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod behaved;
mod good;
mod heads;
#[allow(dead_code, reason = "the other tests' own part")]
#[path = "../truth/http2.rs"]
mod http2;
#[path = "../hub/mod.rs"]
mod hub;
mod rude;
mod running;
mod streams;

use crate::hub::Hub;
use crate::rude::Rudeness;
use crate::running::{Running, under};

/// Nobody who behaves waits longer than this, on a machine that does other things as well.
const SERVED_WITHIN_MS: u128 = 5_000;
const RSS_GROWTH_BYTES_MAX: u64 = 160 * 1024 * 1024;

/// How much of everything, and for how many events.
struct Size {
    heads: usize,
    frozen: usize,
    http2: usize,
    events: usize,
}

const SMALL: Size = Size { heads: 500, frozen: 100, http2: 8, events: 40 };
const FULL: Size = Size { heads: 5_000, frozen: 2_000, http2: 64, events: 400 };

#[test]
fn half_heads_keep_nobody_out() {
    half_heads(&SMALL);
}

#[test]
fn knocking_keeps_nobody_out() {
    knocks(&SMALL);
}

#[test]
fn frozen_readers_keep_nobody_waiting() {
    frozen(&SMALL);
}

#[test]
fn rude_frames_keep_nobody_waiting() {
    frames(&SMALL);
}

#[test]
#[ignore = "prove: 5,000 half heads, knocks as fast as they go, 2,000 frozen readers, floods of HTTP/2 frames"]
fn prove_floods() {
    half_heads(&FULL);
    knocks(&FULL);
    frozen(&FULL);
    frames(&FULL);
}

fn half_heads(size: &Size) {
    let flood = |hub: &Hub, running: &Running| heads::half(hub.address(), size.heads, running);
    let behaved = |hub: &Hub, running: &Running| streams::reading(hub.address(), size.heads, running);
    compare(
        &format!("{} half-open heads", size.heads),
        size.events,
        &[],
        flood,
        "as many idle streams",
        behaved,
    );
}

fn knocks(size: &Size) {
    let limited = [("TIDINGS_LIMITS_SOCKETS_PER_SECOND_PER_IP", "500")];
    let flood = |hub: &Hub, running: &Running| heads::knocks(hub.address(), running);
    let behaved = |hub: &Hub, running: &Running| behaved::requests(hub.address(), running);
    let name = "connects from one address as fast as they go";
    compare(name, size.events, &[], flood, "requests, each on a socket of its own", behaved);
    compare(
        &format!("{name}, of which 500 a second are let in"),
        size.events,
        &limited,
        flood,
        "requests, likewise",
        behaved,
    );
}

fn frozen(size: &Size) {
    let flood = |hub: &Hub, running: &Running| streams::frozen(hub.address(), size.frozen, running);
    let behaved = |hub: &Hub, running: &Running| streams::reading(hub.address(), size.frozen, running);
    compare(
        &format!("{} frozen readers", size.frozen),
        size.events,
        &[],
        flood,
        "as many that read",
        behaved,
    );
}

fn frames(size: &Size) {
    for rudeness in Rudeness::ALL {
        let flood = |hub: &Hub, running: &Running| rude::flood(hub.address(), rudeness, size.http2, running);
        let behaved = |hub: &Hub, running: &Running| behaved::http2(hub.address(), size.http2, running);
        let name = format!("HTTP/2, {rudeness:?} on {} connections", size.http2);
        compare(&name, size.events, &[], flood, "as many that ask", behaved);
    }
}

/// Good clients beside a flood, and beside as much of what is no flood.
fn compare(
    name: &str,
    events: usize,
    settings: &[(&str, &str)],
    flood: impl Fn(&Hub, &Running) + Sync,
    as_much: &str,
    behaved: impl Fn(&Hub, &Running) + Sync,
) {
    let hub = Hub::start_with(&[&[("TIDINGS_LOG_LEVEL", "error")], settings].concat());
    let alone = good::served(&hub, events);
    let before = rss_bytes(hub.pid());
    let (beside_behaved, _) = under(&hub, &behaved, || good::served(&hub, events));
    settled(&hub);
    let ((beside_flood, peak), sent) =
        under(&hub, &flood, || (good::served(&hub, events), rss_bytes(hub.pid())));
    settled(&hub);
    let after = good::served(&hub, events);
    println!(
        "{name}: {alone} alone; {beside_behaved} beside {as_much}; {beside_flood} beside the flood ({sent}); {after} \
         after it; the hub's memory {} MB before, {} MB in it, {} MB after",
        mb(before),
        mb(peak),
        mb(rss_bytes(hub.pid())),
    );
    for served in [alone, beside_behaved, beside_flood, after] {
        assert!(served.worst_ms() <= SERVED_WITHIN_MS, "{name}: {served}");
    }
    let growth = peak.saturating_sub(before);
    assert!(growth < RSS_GROWTH_BYTES_MAX, "{name}: the hub grew by {growth} bytes");
}

/// Whoever flooded has left, and the hub knows it.
fn settled(hub: &Hub) {
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    hub.wait_for_sockets(0);
    hub.assert_books_balance();
}

fn mb(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

fn rss_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}
