//! `docs/metrics.md` and `GET /metrics` tell of the same things.

use std::collections::BTreeSet;

use serde_json::json;

use crate::http::{get, publish, send};
use crate::hub::Hub;
use crate::server::Server;
use crate::sse::Stream;

/// Name, kind and labels of each metric, as a row of the table begins.
fn exposed(text: &str) -> BTreeSet<String> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds
        .map(|line| {
            let (name, kind) = line.split_once(' ').expect("a kind");
            let labels = text
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('{'))
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
    let guarded = Server::guarded(&[("TIDINGS_AUTH_HOOK_URL", "http://127.0.0.1:9/")], "");
    let answer = get(&hub, "/metrics");
    assert_eq!(answer.status, 200);
    // Some are there only where the hub speaks TLS, checks tokens, or asks.
    let sealed = Hub::start_sealed(&[]);
    let exposed = &exposed(&answer.body) | &exposed(&sealed.get("/metrics"));
    let exposed = &exposed | &self::exposed(&guarded.get("/metrics"));
    let documented = documented();
    let missing: Vec<_> = exposed.difference(&documented).collect();
    let stray: Vec<_> = documented.difference(&exposed).collect();
    assert!(missing.is_empty(), "docs/metrics.md lacks: {missing:#?}");
    assert!(stray.is_empty(), "docs/metrics.md has what /metrics has not: {stray:#?}");
}

/// A family as a reader of the text format takes it: its kind, and its samples by their names after the family's.
#[derive(Debug)]
struct Family<'a> {
    name: &'a str,
    kind: &'a str,
    samples: Vec<(&'a str, &'a str, f64)>,
}

/// Each family told once, with a sentence and its kind, and then its samples, which are numbers.
fn families(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut told = BTreeSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("a sentence");
            assert!(words.ends_with('.') && told.insert(name), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a kind");
            assert!(told.contains(name), "no sentence before {line}");
            families.push(Family { name, kind, samples: Vec::new() });
        } else {
            let family = families.last_mut().expect("a sample stands in its family");
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let part = name.strip_prefix(family.name).unwrap_or_else(|| panic!("{line} is of no family"));
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert!(value.is_finite() && value >= 0.0, "{line}");
            family.samples.push((part, labels.trim_end_matches('}'), value));
        }
    }
    families
}

/// What Prometheus' own linter asks.
#[test]
fn the_text_is_what_prometheus_reads() {
    let hub = Server::start();
    let mut stream = Stream::open(&hub, "channels=a&type=q%22uo%5Cte");
    publish(&hub, &json!({ "channel": "a", "data": 1 })).ok();
    stream.expect("message");
    hub.wait_for_stats(|_| get(&hub, "/metrics").body.contains("tidings_publish_to_write_seconds_count 1"));
    let answer = get(&hub, "/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(answer.body.ends_with('\n'), "the last line has an end");
    for family in families(&answer.body) {
        assert_eq!(family.name.ends_with("_total"), family.kind == "counter", "{family:?}");
        if family.kind != "histogram" {
            assert!(!family.samples.is_empty(), "{family:?}");
            assert!(family.samples.iter().all(|(part, ..)| part.is_empty()), "{family:?}");
            continue;
        }
        let of = |wanted: &str| -> Vec<f64> {
            family.samples.iter().filter(|(part, ..)| *part == wanted).map(|(.., value)| *value).collect()
        };
        let buckets = of("_bucket");
        assert!(buckets.is_sorted(), "buckets are counted up: {family:?}");
        let infinite = family.samples.iter().find(|(_, label, _)| *label == "le=\"+Inf\"");
        assert_eq!(infinite.map(|(.., value)| *value), Some(1.0), "{family:?}");
        assert_eq!((of("_count"), of("_sum").len()), (vec![1.0], 1), "{family:?}");
    }
    let escaped = "tidings_connections{type=\"q\\\"uo\\\\te\"} 1\n";
    assert!(answer.body.contains(escaped), "{}", answer.body);
}

#[test]
fn open_metrics_is_for_who_asks_for_it() {
    let hub = Server::start();
    let accept = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3";
    let answer = send(&hub, "GET", "/metrics", &[("accept", accept)], "");
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    assert!(answer.body.ends_with("# EOF\n"));
    assert!(answer.body.contains("# TYPE tidings_connections_opened counter\n"));
    assert!(answer.body.contains("\ntidings_connections_opened_total 0\n"));
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
    publish(&hub, &json!({ "channel": "a", "data": 1, "id": "one" })).ok();
    assert_eq!(value("tidings_connections{type=\"display\"}").as_deref(), Some("1"));
    assert_eq!(value("tidings_connections_opened_total").as_deref(), Some("1"));
    assert_eq!(value("tidings_events_published_total").as_deref(), Some("1"));
    // What publishes nothing takes no time that anybody waits for.
    publish(&hub, &json!({ "channel": "a", "data": 1, "id": "one" })).ok();
    publish(&hub, &json!({ "channel": "a", "type": "gap", "data": 1 })).problem(400);
    publish(&hub, &json!([])).ok();
    assert_eq!(value("tidings_publish_queue_seconds_count").as_deref(), Some("1"));
    publish(&hub, &json!([{ "channel": "a", "data": 2 }, { "channels": ["a", "b"], "data": 3 }])).ok();
    assert_eq!(value("tidings_publish_queue_seconds_count").as_deref(), Some("2"), "once a request");
    assert_eq!(value("tidings_truth_mismatch").as_deref(), Some("0"));
    drop(stream);
    hub.wait_for_active(0);
    assert_eq!(value("tidings_connections_closed_total{reason=\"client_left\"}").as_deref(), Some("1"));
    assert_eq!(value("tidings_connections_closed_total{reason=\"kicked\"}").as_deref(), Some("0"));
}
