//! `docs/metrics.md` and `GET /metrics` tell of the same things.

use std::collections::BTreeSet;

use serde_json::json;

use crate::http::{get, publish};
use crate::server::Server;
use crate::sse::Stream;

/// Name, kind and labels of each metric, as a row of the table begins.
fn exposed(text: &str) -> BTreeSet<String> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds
        .map(|line| {
            let (family, kind) = line.split_once(' ').expect("a kind");
            let name = if kind == "counter" { format!("{family}_total") } else { family.to_owned() };
            let labels = text
                .lines()
                .find_map(|line| line.strip_prefix(&name)?.strip_prefix('{'))
                .map(|labels| labels.split('=').next().unwrap_or_default())
                .unwrap_or_default();
            let labels = if labels.is_empty() { String::new() } else { format!("`{labels}`") };
            format!("| `{name}` | {kind} | {labels} |")
        })
        .collect()
}

fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let text = std::fs::read_to_string(path).expect("docs/metrics.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3];
        format!("| {} | {} | {labels} |", cells[1], cells[2])
    })
    .collect()
}

#[test]
fn the_table_has_every_metric_and_no_other() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    stream.expect("message");
    let answer = get(&hub, "/metrics");
    assert_eq!(answer.status, 200);
    let (exposed, documented) = (exposed(&answer.body), documented());
    let missing: Vec<_> = exposed.difference(&documented).collect();
    let stray: Vec<_> = documented.difference(&exposed).collect();
    assert!(missing.is_empty(), "docs/metrics.md lacks: {missing:#?}");
    assert!(stray.is_empty(), "docs/metrics.md has what /metrics has not: {stray:#?}");
    for line in answer.body.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let family = line.split(' ').next().expect("a name");
        assert!(answer.body.contains(&format!("# HELP {family} ")), "{family} says nothing of itself");
    }
}

#[test]
fn the_numbers_are_those_of_the_books() {
    let hub = Server::start();
    let value = |name: &str| -> Option<String> {
        let body = get(&hub, "/metrics").body;
        body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned))
    };
    assert_eq!(value("tidings_connections{type=\"client\"}").as_deref(), Some("0"), "nobody is a number");
    let stream = Stream::open(&hub, "channels=a&type=display");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    assert_eq!(value("tidings_connections{type=\"display\"}").as_deref(), Some("1"));
    assert_eq!(value("tidings_connections_opened_total").as_deref(), Some("1"));
    assert_eq!(value("tidings_events_published_total").as_deref(), Some("1"));
    assert_eq!(value("tidings_publish_queue_seconds_count").as_deref(), Some("1"));
    assert_eq!(value("tidings_truth_mismatch").as_deref(), Some("0"));
    drop(stream);
    hub.wait_for_active(0);
    assert_eq!(value("tidings_connections_closed_total{reason=\"client_left\"}").as_deref(), Some("1"));
    assert_eq!(value("tidings_connections_closed_total{reason=\"kicked\"}").as_deref(), Some("0"));
}
