//! What the statistics say beyond the books: the audits, a drain, latencies, and the last minutes.

use serde_json::{Value, json};

use crate::http::{get, post, publish};
use crate::hub::{PATIENCE, now};
use crate::server::Server;
use crate::sse::Stream;

// The first audit is after a minute, but for a build with faults.
#[cfg(feature = "fault-points")]
#[test]
fn they_tell_of_the_audits_and_of_the_hubs_clock() {
    let hub = Server::with(&[("TIDINGS_FAULTS", "audit.wait_ms=100")]);
    let stats = hub.stats();
    assert!(stats["now"].as_u64() > Some(1_600_000_000_000), "{stats:#}");
    assert!(stats["truth"].get("audited_at").is_some() && stats["drain"].is_null(), "{stats:#}");
    let stats = hub.wait_for_stats(|stats| stats["truth"]["audits"].as_u64() > Some(0));
    assert_eq!(stats["truth"]["mismatch"], 0);
    let (at, now) = (stats["truth"]["audited_at"].as_u64(), stats["now"].as_u64());
    assert!(at > Some(1_600_000_000_000) && at <= now.map(|now| now + 1), "{stats:#}");
}

#[test]
fn they_tell_how_far_a_drain_is() {
    let hub = Server::with(&[("TIDINGS_DRAIN_WINDOW_MS", "60000")]);
    let _streams: Vec<_> = (0..3).map(|n| Stream::open(&hub, &format!("channels=a&user=u{n}"))).collect();
    post(&hub, "/api/sse/drain", "");
    let drain = hub.stats()["drain"].clone();
    assert_eq!(drain["window_ms"], 60_000, "{drain}");
    assert!(drain["ends_in_ms"].as_u64().is_some_and(|ms| (1..=60_000).contains(&ms)), "{drain}");
    assert!(drain["remaining"].as_u64().is_some_and(|left| left <= 3), "{drain}");
    let later =
        hub.wait_for_stats(|stats| stats["drain"]["ends_in_ms"].as_u64() < drain["ends_in_ms"].as_u64());
    assert_eq!(later["phase"], "draining");
}

#[test]
fn they_tell_how_long_deliveries_take_once_there_are_any() {
    let hub = Server::start();
    let none = json!({ "publish_to_write_p50_ms": null, "publish_to_write_p99_ms": null });
    assert_eq!(hub.stats()["latency"], none);
    let mut stream = Stream::open(&hub, "channels=a");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    stream.expect("message");
    let stats = hub.wait_for_stats(|stats| stats["latency"]["publish_to_write_p50_ms"].is_number());
    let ms = |name: &str| stats["latency"][name].as_f64().expect("a number");
    let (p50, p99) = (ms("publish_to_write_p50_ms"), ms("publish_to_write_p99_ms"));
    assert!(0.0 < p50 && p50 <= p99, "{stats:#}");
}

#[test]
fn the_last_minutes_are_there_in_steps_that_add_up() {
    let hub = Server::start();
    let empty = get(&hub, "/api/sse/stats/series").ok();
    assert_eq!((&empty["step_ms"], &empty["points"]), (&json!(5_000), &json!(180)));
    let mut stays = Stream::open(&hub, "channels=a&user=ada");
    let mut goes = Stream::open(&hub, "channels=a&user=bob");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    stays.expect("message");
    goes.expect("message");
    post(&hub, "/api/sse/disconnect", goes.connection_id());
    get(&hub, "/api/sse/stream?channels=a*b").problem(400);
    let start = now();
    let series = loop {
        let answer = get(&hub, "/api/sse/stats/series").ok();
        let closed = answer["series"]["closed"].as_array().expect("counts").clone();
        if closed.iter().any(|count| *count == 1) {
            break answer;
        }
        assert!(start.elapsed() < PATIENCE, "it never came to that: {answer}");
    };
    let stats = hub.stats();
    let counts = |name: &str| -> Vec<u64> {
        let counts = series["series"][name].as_array().unwrap_or_else(|| panic!("no {name}: {series}"));
        counts.iter().filter_map(Value::as_u64).collect()
    };
    let sum = |name: &str| counts(name).iter().sum::<u64>();
    assert_eq!(counts("active").last(), Some(&1), "as it was at the step's end: {series}");
    assert_eq!((sum("opened"), sum("closed"), sum("refused")), (2, 1, 1), "{series}");
    assert_eq!((sum("published"), sum("delivered"), sum("gaps")), (1, 2, 0), "{series}");
    assert!(sum("bytes") > 500, "the greetings alone: {series}");
    assert!(series["until"].as_u64() <= stats["now"].as_u64().map(|now| now + 1), "{series}");
    for name in ["active", "opened", "closed", "refused", "published", "delivered", "gaps", "bytes"] {
        assert_eq!(counts(name).len(), counts("active").len(), "{name}: {series}");
    }
}
