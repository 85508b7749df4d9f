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

use crate::heads::Half;
use crate::hub::Hub;
use crate::rude::Rudeness;
use crate::running::{Running, under};

/// Nobody who behaves waits longer than this, on a machine that does other things as well.
const SERVED_WITHIN_MS: u128 = 5_000;
const RSS_GROWTH_BYTES_MAX: u64 = 160 * 1024 * 1024;
/// What the hub keeps of a head that is not whole: `limits.request_line_bytes`, `limits.head_bytes`, and room.
const HEAD_BYTES_MAX: u64 = 48 * 1024;

/// What the allocator and the streams beside it may take.
const RSS_NOISE_BYTES: u64 = 16 * 1024 * 1024;
/// Gives up whoever takes nothing within a test's time.
const IMPATIENT: [(&str, &str); 2] =
    [("TIDINGS_STREAM_STALL_MS", "1000"), ("TIDINGS_STREAM_HEADER_TIMEOUT_MS", "2000")];

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
    for half in Half::ALL {
        let flood = |hub: &Hub, running: &Running| heads::half(hub.address(), half, size.heads, running);
        let behaved = |hub: &Hub, running: &Running| streams::reading(hub.address(), size.heads, running);
        let name = format!("{half:?}, {} half-open heads", size.heads);
        let load = Load { until_ended: true, ..Load::new(&name, size.events) };
        let outcome = compare(&load, flood, "as many idle streams", behaved);
        assert!(outcome.ended > 0, "{name}: none is given up");
        let most = size.heads as u64 * HEAD_BYTES_MAX + RSS_NOISE_BYTES;
        assert!(outcome.growth_bytes <= most, "{name}: the hub grew by {} bytes", outcome.growth_bytes);
    }
}

fn knocks(size: &Size) {
    const LIMIT: &str = "TIDINGS_LIMITS_SOCKETS_PER_SECOND_PER_IP";
    const REFUSED: &str = "tidings_rate_refusals_total{limit=\"limits.sockets_per_second_per_ip\"} ";
    let flood = |hub: &Hub, running: &Running| heads::knocks(hub.address(), running);
    let behaved = |hub: &Hub, running: &Running| behaved::requests(hub.address(), running);
    let name = "connects from one address as fast as they go";
    for (name, settings) in [
        (name.to_owned(), &[][..]),
        (format!("{name}, of which 500 a second are let in"), &[(LIMIT, "500")][..]),
    ] {
        let load = Load { settings, ..Load::new(&name, size.events) };
        let outcome = compare(&load, flood, "requests, each on a socket of its own", behaved);
        let refused = outcome.metrics.lines().find_map(|line| line.strip_prefix(REFUSED));
        let refused: u64 = refused.and_then(|n| n.parse().ok()).expect("a count");
        assert_eq!(refused > 0, !settings.is_empty(), "{name}: {refused} refused");
    }
}

fn frozen(size: &Size) {
    let flood = |hub: &Hub, running: &Running| streams::frozen(hub.address(), size.frozen, running);
    let behaved = |hub: &Hub, running: &Running| streams::reading(hub.address(), size.frozen, running);
    let name = format!("{} frozen readers", size.frozen);
    compare(&Load::new(&name, size.events), flood, "as many that read", behaved);
}

fn frames(size: &Size) {
    for rudeness in Rudeness::ALL {
        let flood = |hub: &Hub, running: &Running| rude::flood(hub.address(), rudeness, size.http2, running);
        let behaved = |hub: &Hub, running: &Running| behaved::http2(hub.address(), size.http2, running);
        let name = format!("HTTP/2, {rudeness:?} on {} connections", size.http2);
        let until_ended = rudeness.is_ended();
        let load = Load { settings: &IMPATIENT, until_ended, ..Load::new(&name, size.events) };
        let outcome = compare(&load, flood, "as many that ask", behaved);
        assert!(outcome.ended > 0 || !until_ended, "{name}: no connection is ended");
    }
}

/// What good clients are served beside.
struct Load<'a> {
    name: &'a str,
    events: usize,
    settings: &'a [(&'a str, &'a str)],
    /// It goes on until the hub has ended a connection of the flood.
    until_ended: bool,
}

impl<'a> Load<'a> {
    fn new(name: &'a str, events: usize) -> Self {
        Self { name, events, settings: &[], until_ended: false }
    }
}

/// What came of a flood.
struct Outcome {
    /// Connections that the hub ended.
    ended: u64,
    growth_bytes: u64,
    metrics: String,
}

/// Good clients beside a flood, and beside as much of what is no flood.
fn compare(
    load: &Load<'_>,
    flood: impl Fn(&Hub, &Running) + Sync,
    as_much: &str,
    behaved: impl Fn(&Hub, &Running) + Sync,
) -> Outcome {
    let Load { name, events, settings, until_ended } = *load;
    let hub = Hub::start_with(&[&[("TIDINGS_LOG_LEVEL", "error")], settings].concat());
    let alone = good::served(&hub, events);
    let before = hub.rss_bytes();
    let (beside_behaved, _) = under(&hub, false, &behaved, || good::served(&hub, events));
    settled(&hub);
    let ((beside_flood, peak), came) =
        under(&hub, until_ended, &flood, || (good::served(&hub, events), hub.rss_bytes()));
    settled(&hub);
    let after = good::served(&hub, events);
    println!(
        "{name}: {alone} alone; {beside_behaved} beside {as_much}; {beside_flood} beside the flood ({}); {after} \
         after it; the hub's memory {} MB before, {} MB in it, {} MB after",
        came.words,
        mb(before),
        mb(peak),
        mb(hub.rss_bytes()),
    );
    for served in [alone, beside_behaved, beside_flood, after] {
        assert!(served.worst_ms() <= SERVED_WITHIN_MS, "{name}: {served}");
    }
    let growth_bytes = peak.saturating_sub(before);
    assert!(growth_bytes < RSS_GROWTH_BYTES_MAX, "{name}: the hub grew by {growth_bytes} bytes");
    Outcome { ended: came.ended, growth_bytes, metrics: hub.get("/metrics") }
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
