//! A drain that is asked for over HTTP: the process stays, unready, until it is stopped.

use http::Method;
use tokio::runtime::Runtime;

use crate::audience::{Audience, What};
use crate::hub::{Hub, now};
use crate::signals::{assert_refuses_streams, assert_unready};
use crate::streams::request;
use crate::{last_summary, numbers};

#[test]
fn a_drained_hub_stays_until_it_is_stopped() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "300")]);
    let mut audience = Audience::seat(hub.address(), 12);
    assert_eq!(ask(&hub), (202, false));
    assert_eq!(ask(&hub), (202, true), "asked twice");
    audience.wait_for(12, What::is_closing);
    hub.wait_for_stats(|stats| stats["connections"]["active"] == 0);
    assert_unready(&hub);
    assert_refuses_streams(&hub);
    assert_eq!(hub.stats()["phase"], "draining");
    assert!(!hub.post("/api/sse/publish", r#"{"channel":"news","data":1}"#).contains("503"));
    let start = now();
    assert_eq!(hub.stop().code(), Some(0));
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    let log = hub.log();
    assert_eq!(log.matches("Shutdown cleanup ").count(), 1, "one drain, one account: {log}");
    hub.start_again();
    assert_eq!(numbers(&last_summary(&hub)), (12, 12, 0));
    assert_eq!(hub.stats()["cleanup"]["shutdown_cleanups"], 1);
    let history = hub.get("/api/sse/history?channel=news");
    assert!(history.contains(r#""data":1"#), "published to a drained hub and lost: {history}");
}

#[test]
fn a_signal_in_the_middle_of_it_waits_for_the_same_end() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "1500")]);
    let mut audience = Audience::seat(hub.address(), 20);
    ask(&hub);
    audience.wait_for(3, What::is_closing);
    assert_eq!(hub.stop().code(), Some(0));
    audience.wait_for(20, What::is_closing);
    hub.start_again();
    assert_eq!(numbers(&last_summary(&hub)), (20, 20, 0));
    assert_eq!(hub.stats()["cleanup"]["shutdown_cleanups"], 1);
}

/// The status, and whether it was asked before.
fn ask(hub: &Hub) -> (u16, bool) {
    let runtime = Runtime::new().expect("a runtime");
    let answer = runtime.block_on(request(hub.address(), Method::POST, "/api/sse/drain", ""));
    let answer = answer.expect("an answer");
    assert_eq!(answer.json()["draining"], true);
    (answer.status, answer.json()["already"] == true)
}
