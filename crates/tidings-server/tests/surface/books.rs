//! The books as `GET /api/sse/stats` tells them, and sweeps.

use serde_json::{Value, json};

use crate::http::{get, post, publish};
use crate::server::Server;
use crate::sse::Stream;

const REASONS: [&str; 14] = [
    "client_left",
    "disconnected",
    "superseded",
    "expired",
    "kicked",
    "revoked",
    "max_age",
    "limit",
    "slow",
    "stalled",
    "lost",
    "lease",
    "draining",
    "error",
];

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_stats_have_the_contracts_members() {
    let mut hub = Server::with(&[("TIDINGS_CLUSTER_NODE", "n1"), ("TIDINGS_DRAIN_WINDOW_MS", "0")]);
    let stats = hub.stats();
    for member in
        ["channels", "cleanup", "cluster", "connections", "events", "node", "uptime_seconds", "users"]
    {
        assert!(stats.get(member).is_some(), "{member}: {stats:#}");
    }
    assert_eq!(stats["node"], "n1");
    assert_eq!(
        keys(&stats["connections"]),
        ["active", "by_type", "closed_total", "opened_total", "refused_total"]
    );
    let mut reasons = REASONS;
    reasons.sort_unstable();
    assert_eq!(keys(&stats["connections"]["closed_total"]), reasons);
    assert_eq!(
        keys(&stats["events"]),
        ["delivered_total", "gaps_total", "published_total", "replayed_total"]
    );
    assert_eq!(
        stats["cleanup"],
        json!({ "stale_connections_cleaned": 0, "shutdown_cleanups": 0, "shutdown_connections_cleaned": 0,
                "last_shutdown_cleanup_summary": null })
    );
    assert_eq!(stats["cluster"], json!({ "nodes": [{ "node": "n1", "active": 0 }], "active": 0 }));
    let _stream = Stream::open(&hub, "channels=a");
    hub.hub_mut().stop();
    hub.hub_mut().start_again();
    let cleanup = &hub.stats()["cleanup"];
    assert_eq!(
        (&cleanup["shutdown_cleanups"], &cleanup["shutdown_connections_cleaned"]),
        (&json!(1), &json!(1))
    );
    let summary = &cleanup["last_shutdown_cleanup_summary"];
    assert_eq!((&summary["total_cleaned"], &summary["connections_before"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&summary["connections_after"], &summary["max_iterations_reached"]),
        (&json!(0), &json!(false))
    );
    assert!(summary["iterations"].is_u64() && summary["cleanup_duration_ms"].is_f64(), "{summary}");
}

#[test]
fn what_happens_is_counted() {
    let hub = Server::start();
    let mut one = Stream::open(&hub, "channels=a&type=display&user=ada");
    let _two = Stream::open(&hub, "channels=a,b&type=admin&user=ada");
    let cursor = one.cursor.clone();
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    one.expect("message");
    let stats = hub.wait_for_stats(|stats| stats["events"]["delivered_total"] == 2);
    assert_eq!(stats["connections"]["by_type"], json!({ "admin": 1, "display": 1 }));
    assert_eq!((&stats["users"], &stats["channels"]), (&json!(1), &json!(2)));
    assert_eq!(stats["events"]["published_total"], 1);
    drop(one);
    hub.wait_for_active(1);
    assert_eq!(hub.stats()["connections"]["closed_total"]["client_left"], 1);
    let mut back = Stream::open_with(&hub, "channels=a", &[("last-event-id", &cursor)]);
    back.expect("message");
    assert_eq!(hub.stats()["events"]["replayed_total"], 1);
}

#[test]
fn a_sweep_is_asked_for_bounded_or_not_and_leaves_the_living_alone() {
    let hub = Server::with(&[("TIDINGS_CLEANUP_INTERVAL_MS", "600000"), ("TIDINGS_CLEANUP_BATCH_SIZE", "2")]);
    let nothing = post(&hub, "/api/sse/cleanup", "{}").ok();
    assert_eq!((&nothing["cleaned"], &nothing["remaining"]), (&json!(0), &json!(0)));
    let _living = Stream::open(&hub, "channels=a");
    let mut stale: Vec<_> = (0..5).map(|_| Stream::open(&hub, "channels=a&lease=1")).collect();
    // Only a sweep that is asked for finds them: none runs by itself in this test.
    let cleaned = loop {
        let report = post(&hub, "/api/sse/cleanup", "{\"batch_size\":2}").ok();
        if report["cleaned"] != 0 {
            break report;
        }
    };
    // Their leases may end one after the other, a moment apart.
    hub.wait_for_stats(|_| {
        post(&hub, "/api/sse/cleanup", "{\"batch_size\":null}").ok();
        hub.active() == 1
    });
    let slices = cleaned["cleaned"].as_u64().expect("a count").div_ceil(2);
    assert!(cleaned["slices"].as_u64() >= Some(slices), "slices of two: {cleaned}");
    for stream in &mut stale {
        stream.expect_closing("lease");
    }
    assert_eq!(hub.active(), 1);
    assert_eq!(hub.stats()["cleanup"]["stale_connections_cleaned"], 5);
    for bad in ["{\"batch_size\":0}", "{\"batch_size\":-1}", "{\"batch_size\":\"all\"}", "{\"size\":1}"] {
        post(&hub, "/api/sse/cleanup", bad).problem(400);
    }
    get(&hub, "/api/sse/cleanup").problem(405);
}
