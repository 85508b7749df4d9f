//! What a shutdown writes down, in the words that operators know, and what the next start makes of it.

use serde_json::Value;

use crate::audience::Audience;
use crate::hub::Hub;
use crate::{last_summary, numbers};

#[test]
fn twenty_five_and_three_hundred_are_all_ended_and_the_summary_is_there_after_the_restart() {
    for count in [25, 300] {
        let settings = [("TIDINGS_DRAIN_WINDOW_MS", "500"), ("TIDINGS_LIMITS_CONNECTIONS_PER_IP", "0")];
        let mut hub = Hub::start_with(&settings);
        assert_eq!(last_summary(&hub), Value::Null, "a first start has nothing before it");
        let audience = Audience::seat(hub.address(), count);
        assert_eq!(hub.stop().code(), Some(0));
        let line = summary_line(&hub.log());
        drop(audience);
        hub.start_again();
        let summary = last_summary(&hub);
        assert_eq!(numbers(&summary), (count as u64, count as u64, 0));
        // A machine that is too busy for the window ends the rest in a round of its own.
        let iterations = summary["iterations"].as_u64().expect("a number");
        assert!((2..=3).contains(&iterations), "{summary}");
        assert_eq!(summary["max_iterations_reached"], false);
        let duration_ms = summary["cleanup_duration_ms"].as_f64().expect("milliseconds");
        assert!(duration_ms > 0.0);
        assert_eq!(
            line,
            format!(
                "Shutdown cleanup completed: cleaned={count} connections, iterations={iterations}, before={count}, after=0, \
                 duration={duration_ms:.2}ms, max_iterations_reached=false"
            )
        );
        assert_eq!(hub.stats()["cleanup"]["shutdown_connections_cleaned"], count);
        assert!(hub.get("/metrics").contains("tidings_shutdown_incomplete 0"));
    }
}

#[test]
fn counters_live_on_and_a_crash_leaves_no_summary() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "100")]);
    for restart in 1..=2_u64 {
        let audience = Audience::seat(hub.address(), 5);
        hub.stop();
        drop(audience);
        hub.start_again();
        let cleanup = hub.stats()["cleanup"].clone();
        assert_eq!(cleanup["shutdown_cleanups"], restart);
        assert_eq!(cleanup["shutdown_connections_cleaned"], 5 * restart);
    }
    let audience = Audience::seat(hub.address(), 5);
    hub.kill();
    drop(audience);
    hub.start_again();
    assert_eq!(last_summary(&hub), Value::Null, "the shutdown before this start was none");
    assert_eq!(hub.stats()["cleanup"]["shutdown_cleanups"], 2);
    assert_eq!(hub.stats()["connections"]["active"], 0);
}

#[test]
fn a_crash_in_the_middle_of_a_drain_leaves_no_summary() {
    let mut hub = Hub::start_with(&[("TIDINGS_DRAIN_WINDOW_MS", "60000")]);
    let mut audience = Audience::seat(hub.address(), 20);
    hub.terminate();
    audience.wait_for(1, crate::audience::What::is_closing);
    hub.kill();
    hub.start_again();
    assert_eq!(last_summary(&hub), Value::Null);
    hub.assert_books_balance();
}

#[track_caller]
pub fn summary_line(log: &str) -> String {
    let line = log.lines().find_map(|line| line.find("Shutdown cleanup ").map(|at| &line[at..]));
    line.unwrap_or_else(|| panic!("no summary in {log}")).to_owned()
}
