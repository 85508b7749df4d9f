//! Cursors: what was missed comes, what is lost is told, and no cursor is ever refused.

use serde_json::{Value, json};

use crate::http::{get, publish};
use crate::server::Server;
use crate::sse::Stream;

fn tell(hub: &Server, channel: &str, data: u64) {
    publish(hub, &json!({ "channel": channel, "data": data })).ok();
}

fn numbers(events: &[(String, Value)]) -> Vec<u64> {
    events.iter().filter_map(|(_, data)| data.as_u64()).collect()
}

#[test]
fn a_cursor_stands_for_all_channels_and_replay_comes_in_order() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a,b");
    tell(&hub, "a", 1);
    stream.event();
    let cursor = stream.cursor.clone();
    drop(stream);
    for (channel, data) in [("b", 2), ("a", 3), ("c", 99), ("b", 4)] {
        tell(&hub, channel, data);
    }
    let mut back = Stream::open_with(&hub, "channels=a,b", &[("last-event-id", &cursor)]);
    assert_eq!(back.connected["resume"], json!({ "a": "ok", "b": "ok" }));
    assert_eq!(numbers(&back.drain(&hub, "a")), [2, 3, 4]);
    // By the query, for those that can't set a header; the header wins.
    let mut by_query = Stream::open(&hub, &format!("channels=a,b&last_event_id={cursor}"));
    assert_eq!(numbers(&by_query.drain(&hub, "a")), [2, 3, 4]);
    let newest = back.cursor.clone();
    let mut both = Stream::open_with(
        &hub,
        &format!("channels=a,b&last_event_id={cursor}"),
        &[("last-event-id", &newest)],
    );
    assert_eq!(numbers(&both.drain(&hub, "b")), [0u64; 0]);
}

#[test]
fn a_cut_right_after_the_first_event_loses_nothing() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=a");
    let cursor = stream.cursor.clone();
    drop(stream);
    tell(&hub, "a", 1);
    let mut back = Stream::open_with(&hub, "channels=a", &[("last-event-id", &cursor)]);
    assert_eq!(numbers(&back.drain(&hub, "a")), [1]);
}

#[test]
fn a_gap_is_told_for_exactly_the_channels_that_lost_something() {
    let hub = Server::configured("[history]\ncount = 3\n");
    let stream = Stream::open(&hub, "channels=busy,quiet");
    let cursor = stream.cursor.clone();
    drop(stream);
    // Still there, it would fall behind, too.
    hub.wait_for_active(0);
    tell(&hub, "quiet", 1);
    (0..9).for_each(|n| tell(&hub, "busy", n));
    let mut back = Stream::open_with(&hub, "channels=busy,quiet", &[("last-event-id", &cursor)]);
    assert_eq!(back.connected["resume"], json!({ "busy": "gap", "quiet": "ok" }));
    let events = back.drain(&hub, "quiet");
    let gaps: Vec<_> =
        events.iter().filter(|(ty, _)| ty == "gap").map(|(_, data)| &data["channel"]).collect();
    assert_eq!(gaps, ["busy"]);
    assert_eq!(numbers(&events), [1, 6, 7, 8], "what is held follows all the same");
    assert_eq!(hub.stats()["events"]["gaps_total"], 1);
}

#[test]
fn no_cursor_is_refused_and_one_that_nobody_knows_is_a_gap_on_each_channel() {
    let hub = Server::start();
    let known = Stream::open(&hub, "channels=a").cursor.clone();
    let epoch = known.split_once('-').expect("epoch and place").0;
    let ahead = format!("{epoch}-zzzzz");
    let long = "x".repeat(4000);
    for cursor in ["nonsense", "1-1", "-", "\u{e9}\u{e9}", "0", "42", &ahead, &long] {
        let mut stream = Stream::open_with(&hub, "channels=a,b:*", &[("last-event-id", cursor)]);
        assert_eq!(stream.connected["resume"], json!({ "a": "gap", "b:*": "gap" }), "{cursor}");
        let events = stream.drain(&hub, "a");
        let gaps: Vec<_> = events
            .iter()
            .map(|(ty, data)| (ty.as_str(), data["channel"].as_str().unwrap_or_default()))
            .collect();
        assert_eq!(gaps, [("gap", "a"), ("gap", "b:*")], "{cursor}");
        assert!(events.iter().all(|(_, data)| data["reason"].is_string()), "{events:?}");
    }
    let empty = Stream::open_with(&hub, "channels=a&last_event_id=", &[]);
    assert_eq!(empty.connected["resume"], json!({ "a": "new" }), "an empty one is none");
}

#[test]
fn the_earliest_is_all_that_is_held() {
    let hub = Server::configured("[history]\ncount = 3\n");
    (0..9).for_each(|n| tell(&hub, "busy", n));
    tell(&hub, "quiet", 10);
    let mut stream = Stream::open(&hub, "channels=busy,quiet&last_event_id=earliest");
    assert_eq!(stream.connected["resume"], json!({ "busy": "gap", "quiet": "ok" }));
    assert_eq!(stream.expect("gap"), json!({ "channel": "busy", "reason": "trimmed" }));
    assert_eq!(numbers(&stream.drain(&hub, "quiet")), [6, 7, 8, 10]);
}

#[test]
fn history_is_bounded_by_age_and_by_bytes_for_each_channel_by_its_rule() {
    let hub = Server::configured(
        "cleanup.interval_ms = 20\n[[channel]]\nmatch = \"brief\"\nhistory.age_ms = 40\n\
         [[channel]]\nmatch = \"small:*\"\nhistory.bytes = 600\n",
    );
    let stream = Stream::open(&hub, "channels=brief,small:1,long");
    let cursor = stream.cursor.clone();
    drop(stream);
    for channel in ["brief", "long"] {
        tell(&hub, channel, 1);
    }
    for n in 0..9 {
        let data = json!({ "n": n, "filler": "x".repeat(100) });
        publish(&hub, &json!({ "channel": "small:1", "data": data })).ok();
    }
    let events = |channel: &str| {
        let page = get(&hub, &format!("/api/sse/history?channel={channel}&limit=100")).ok();
        page["events"].as_array().expect("events").len()
    };
    hub.wait_for_stats(|_| events("brief") == 0);
    assert!((1..9).contains(&events("small:1")), "{}", events("small:1"));
    assert_eq!(events("long"), 1);
    let back = Stream::open_with(&hub, "channels=brief,small:1,long", &[("last-event-id", &cursor)]);
    assert_eq!(back.connected["resume"], json!({ "brief": "gap", "small:1": "gap", "long": "ok" }));
}

#[test]
fn an_orderly_restart_loses_nothing_and_a_crash_says_so() {
    let mut hub = Server::with(&[("TIDINGS_DRAIN_WINDOW_MS", "0")]);
    tell(&hub, "a", 1);
    let mut stream = Stream::open(&hub, "channels=a");
    tell(&hub, "a", 2);
    stream.event();
    tell(&hub, "a", 3);
    let cursor = stream.cursor.clone();
    hub.hub_mut().stop();
    hub.hub_mut().start_again();
    let mut back = Stream::open_with(&hub, "channels=a", &[("last-event-id", &cursor)]);
    assert_eq!(back.connected["resume"], json!({ "a": "ok" }));
    assert_eq!(numbers(&back.drain(&hub, "a")), [3]);
    let cursor = back.cursor.clone();
    hub.hub_mut().kill();
    hub.hub_mut().start_again();
    let lost = Stream::open_with(&hub, "channels=a", &[("last-event-id", &cursor)]);
    assert_eq!(lost.connected["resume"], json!({ "a": "gap" }));
}

#[test]
fn of_a_key_only_the_latest_is_replayed() {
    let hub = Server::start();
    let stream = Stream::open(&hub, "channels=a");
    let cursor = stream.cursor.clone();
    drop(stream);
    for (key, data) in [("x", 1), ("y", 2), ("x", 3)] {
        publish(&hub, &json!({ "channel": "a", "data": data, "key": key })).ok();
    }
    let mut back = Stream::open_with(&hub, "channels=a", &[("last-event-id", &cursor)]);
    assert_eq!(back.connected["resume"], json!({ "a": "ok" }));
    assert_eq!(numbers(&back.drain(&hub, "a")), [2, 3]);
}
