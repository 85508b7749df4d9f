//! Sweeps for stale connections: bounded, unbounded, of nothing, and never of the living.

use http::Method;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::hub::{Hub, PATIENCE, now};
use crate::streams::{Answer, Manner, Stream, Version, request};

const LEASED: &str = "/api/sse/stream?channels=news&type=leased&lease=1";
const LIVE: &str = "/api/sse/stream?channels=news&type=live";
/// Only who asks sweeps.
const NEVER: (&str, &str) = ("TIDINGS_CLEANUP_INTERVAL_MS", "3600000");

#[test]
fn a_sweep_is_bounded_or_not_and_the_living_stay() {
    let hub = Hub::start_with(&[NEVER, ("TIDINGS_CLEANUP_BATCH_SIZE", "3")]);
    let runtime = Runtime::new().expect("a runtime");
    let mut live = open(&runtime, &hub, LIVE, 3);
    assert_eq!(report(&sweep(&runtime, &hub, "{}")), (0, 0, 3), "nothing is stale");
    for (body, slices) in [(r#"{"batch_size":2}"#, 4), (r#"{"batch_size":null}"#, 1), ("{}", 3)] {
        let _leased = open(&runtime, &hub, LEASED, 7);
        wait_until_stale(&hub, 7);
        assert_eq!(report(&sweep(&runtime, &hub, body)), (7, slices, 3), "{body}");
    }
    let stats = hub.stats();
    assert_eq!(stats["connections"]["closed_total"]["lease"], 21, "{stats:#}");
    assert_eq!(stats["connections"]["by_type"]["live"], 3, "{stats:#}");
    assert_eq!(stats["cleanup"]["stale_connections_cleaned"], 21, "{stats:#}");
    hub.post("/api/sse/publish", r#"{"channel":"news","data":"still there"}"#);
    for stream in &mut live {
        assert_eq!(runtime.block_on(stream.expect()).ty, "connected");
        assert_eq!(runtime.block_on(stream.expect()).data, r#""still there""#);
    }
    hub.assert_books_balance();
}

#[test]
fn a_slice_of_nothing_is_an_error_and_harms_nobody() {
    let hub = Hub::start_with(&[NEVER]);
    let runtime = Runtime::new().expect("a runtime");
    let _live = open(&runtime, &hub, LIVE, 1);
    for body in [r#"{"batch_size":0}"#, r#"{"batch_size":-1}"#, r#"{"batch_size":"all"}"#, "["] {
        let answer = sweep(&runtime, &hub, body);
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    assert_eq!(hub.stats()["connections"]["active"], 1);
}

#[test]
fn a_batch_of_nothing_in_the_configuration_is_refused_at_the_start() {
    for (name, value) in [("BATCH_SIZE", "0"), ("BATCH_SIZE", "-3"), ("SHUTDOWN_ITERATIONS_MAX", "0")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_tidings"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .env(format!("TIDINGS_CLEANUP_{name}"), value)
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("cleanup.{}", name.to_lowercase())) && said.contains('1'), "{said}");
    }
}

#[test]
fn one_that_fails_stops_neither_the_others_nor_the_clock() {
    let settings = [("TIDINGS_FAULTS", "end=2"), ("TIDINGS_CLEANUP_INTERVAL_MS", "50")];
    let hub = Hub::start_with(&settings);
    let runtime = Runtime::new().expect("a runtime");
    let _live = open(&runtime, &hub, LIVE, 2);
    for round in 1..=2 {
        let _leased = open(&runtime, &hub, LEASED, 20);
        let stats = hub.wait_for_stats(|stats| stats["connections"]["active"] == 2);
        assert_eq!(stats["connections"]["closed_total"]["lease"], 20 * round, "{stats:#}");
    }
    assert!(hub.log().contains("could not be ended"), "no fault was hit: {}", hub.log());
    hub.assert_books_balance();
}

#[test]
fn a_sweep_that_can_end_nobody_ends() {
    let hub = Hub::start_with(&[NEVER, ("TIDINGS_FAULTS", "end=1")]);
    let runtime = Runtime::new().expect("a runtime");
    let _leased = open(&runtime, &hub, LEASED, 3);
    wait_until_stale(&hub, 3);
    assert_eq!(report(&sweep(&runtime, &hub, r#"{"batch_size":null}"#)), (0, 1, 3));
}

#[test]
fn heartbeats_do_not_wait_for_the_disk() {
    const BEATS: usize = 5;
    let hub = Hub::start_with(&[
        ("TIDINGS_FAULTS", "counters.wait_ms=20000"),
        ("TIDINGS_CLEANUP_INTERVAL_MS", "50"),
        ("TIDINGS_STREAM_HEARTBEAT_MS", "100"),
    ]);
    let runtime = Runtime::new().expect("a runtime");
    let _live = open(&runtime, &hub, LIVE, 1);
    let _leased = open(&runtime, &hub, LEASED, 1);
    hub.wait_for_stats(|stats| stats["connections"]["closed_total"]["lease"] == 1);
    let (start, mut beats) = (now(), std::collections::BTreeSet::new());
    while beats.len() < BEATS {
        let page: Value = serde_json::from_str(&hub.get("/api/sse/connections?type=live")).expect("a page");
        beats.extend(page["connections"][0]["last_ping_at"].as_u64());
        assert!(start.elapsed() < PATIENCE, "{beats:?}");
    }
    let stats = hub.stats();
    assert_eq!(stats["cleanup"]["stale_connections_cleaned"], 0, "the count is being written all the while");
}

fn open(runtime: &Runtime, hub: &Hub, path: &str, count: usize) -> Vec<Stream> {
    let versions = [Version::Http1, Version::Http2].into_iter().cycle();
    let streams = versions.take(count).map(|version| {
        let stream = runtime.block_on(Stream::open(hub.address(), Manner::polite(version), path, &[]));
        stream.unwrap_or_else(|refused| panic!("{refused:?}"))
    });
    streams.collect()
}

/// Asks until the leases of so many are over.
#[track_caller]
fn wait_until_stale(hub: &Hub, count: usize) {
    let start = now();
    loop {
        let page: Value = serde_json::from_str(&hub.get("/api/sse/connections?type=leased")).expect("a page");
        let rows = page["connections"].as_array().expect("rows");
        if rows.iter().filter(|row| row["lease"]["expires_in_ms"] == 0).count() == count {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{page:#}");
    }
}

fn sweep(runtime: &Runtime, hub: &Hub, body: &str) -> Answer {
    runtime.block_on(request(hub.address(), Method::POST, "/api/sse/cleanup", body)).expect("an answer")
}

/// Cleaned, in so many slices, remaining.
#[track_caller]
fn report(answer: &Answer) -> (u64, u64, u64) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let report = answer.json();
    let number = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{report:#}"));
    (number("cleaned"), number("slices"), number("remaining"))
}
