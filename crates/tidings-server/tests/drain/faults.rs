//! Ending a connection fails: the others are ended all the same, and what remains is told.

use serde_json::Value;

use crate::account::summary_line;
use crate::audience::Audience;
use crate::hub::Hub;
use crate::{last_summary, numbers};

#[test]
fn a_drain_goes_on_where_one_fails_and_ends_it_in_a_later_round() {
    let settings = [
        ("TIDINGS_FAULTS", "end=3"),
        ("TIDINGS_DRAIN_WINDOW_MS", "100"),
        ("TIDINGS_CLEANUP_SHUTDOWN_ITERATIONS_MAX", "50"),
    ];
    let (log, summary) = drained(&settings, 40);
    assert!(log.contains("could not be ended"), "no fault was hit: {log}");
    assert_eq!(numbers(&summary), (40, 40, 0));
    assert!(summary["iterations"].as_u64() > Some(2), "{summary:#}");
    assert_eq!(summary["max_iterations_reached"], false);
}

#[test]
fn rounds_run_out_and_what_remains_is_a_warning() {
    let settings = [
        ("TIDINGS_FAULTS", "end=1"),
        ("TIDINGS_DRAIN_WINDOW_MS", "100"),
        ("TIDINGS_CLEANUP_SHUTDOWN_ITERATIONS_MAX", "4"),
    ];
    let (log, summary) = drained(&settings, 3);
    assert_eq!(numbers(&summary), (0, 3, 3));
    assert_eq!((&summary["iterations"], &summary["max_iterations_reached"]), (&4.into(), &true.into()));
    assert_eq!(summary_line(&log), "Shutdown cleanup incomplete: 3 connections remain");
    let line = log.lines().find(|line| line.contains("Shutdown cleanup incomplete")).expect("a line");
    assert!(line.contains("WARN"), "{line}");
}

#[test]
fn one_round_at_most_is_the_spread_one() {
    let settings = [("TIDINGS_DRAIN_WINDOW_MS", "100"), ("TIDINGS_CLEANUP_SHUTDOWN_ITERATIONS_MAX", "1")];
    let (_, summary) = drained(&settings, 5);
    assert_eq!(numbers(&summary), (5, 5, 0));
    assert_eq!((&summary["iterations"], &summary["max_iterations_reached"]), (&1.into(), &false.into()));
}

/// The log of a drain that ended with 0, and what is shown of it after the restart.
fn drained(settings: &[(&str, &str)], count: usize) -> (String, Value) {
    let mut hub = Hub::start_with(settings);
    let audience = Audience::seat(hub.address(), count);
    assert_eq!(hub.stop().code(), Some(0));
    let log = hub.log();
    drop(audience);
    hub.start_again();
    let summary = last_summary(&hub);
    let incomplete = u64::from(summary["connections_after"] != 0);
    assert!(hub.get("/metrics").contains(&format!("tidings_shutdown_incomplete {incomplete}")));
    (log, summary)
}
