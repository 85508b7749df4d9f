use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::failure::{Exit, Failure};
use super::hub::Hub;
use super::{printable, table, terminal};
use crate::cli::HubArgs;

pub(crate) const HELP: &str = "\
Examples:
  tidings stats                                      what the hub counts
  tidings stats --json | jq .connections.active      one number of it
  tidings stats --watch                              drawn anew every second; --watch=5: every five";

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Print the hub's own JSON, on one line
    #[arg(long)]
    json: bool,
    /// Go on, every second or every SECONDS
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3_600))]
    watch: Option<u64>,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: StatsArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let Some(seconds) = args.watch else {
        terminal::print(&fetch(&hub, args.json).await?)?;
        return Ok(Exit::Done);
    };
    let redraw = !args.json && io::stdout().is_terminal();
    let mut ticks = tokio::time::interval(Duration::from_secs(seconds));
    loop {
        ticks.tick().await;
        match fetch(&hub, args.json).await {
            Ok(text) if redraw => terminal::print(&format!("{CLEAR_SCREEN}{text}"))?,
            Ok(text) => terminal::print(&text)?,
            // Whoever watches a restart wants to see it come back.
            Err(failure @ Failure::Unreachable(_)) => terminal::tell(format_args!("tidings: {failure}")),
            Err(failure) => return Err(failure),
        }
    }
}

/// Cursor home, then erase the screen.
const CLEAR_SCREEN: &str = "\x1b[H\x1b[2J";

async fn fetch(hub: &Hub, as_json: bool) -> Result<String, Failure> {
    let body = hub.ask(Method::GET, "/api/sse/stats", None).await?.accepted()?;
    if as_json {
        return Ok(format!("{}\n", printable::json(String::from_utf8_lossy(&body).trim())));
    }
    let stats: Stats = serde_json::from_slice(&body).map_err(|error| hub.foreign(&error))?;
    Ok(stats.render())
}

/// What this build knows of the hub's counters; a newer hub may tell more.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stats {
    node: String,
    uptime_seconds: f64,
    connections: Connections,
    users: u64,
    channels: u64,
    events: Counts,
    cleanup: Cleanup,
    cluster: Cluster,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Connections {
    active: u64,
    opened_total: u64,
    closed_total: Counts,
    by_type: Counts,
    refused_total: Counts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cleanup {
    stale_connections_cleaned: u64,
    shutdown_cleanups: u64,
    shutdown_connections_cleaned: u64,
    last_shutdown_cleanup_summary: Option<ShutdownSummary>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShutdownSummary {
    total_cleaned: u64,
    iterations: u64,
    connections_before: u64,
    connections_after: u64,
    cleanup_duration_ms: f64,
    max_iterations_reached: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cluster {
    nodes: Vec<Node>,
    active: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    node: String,
    active: u64,
}

impl Stats {
    fn render(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| out += &format!("{name:<14}{value}\n");
        let up = table::duration((self.uptime_seconds.max(0.0) * 1_000.0) as u64);
        line("node", format!("{}, up {up}", printable::text(&self.node)));
        line("connections", format!("{} active", self.connections.active));
        line("  by type", counts(&self.connections.by_type));
        line("  opened", self.connections.opened_total.to_string());
        line("  closed", counts(&self.connections.closed_total));
        line("  refused", counts(&self.connections.refused_total));
        line("  books", self.connections.balance());
        line("users", self.users.to_string());
        line("channels", self.channels.to_string());
        line("events", counts(&self.events));
        line(
            "cleanup",
            format!(
                "{} stale cleaned, {} shutdowns, {} connections cleaned at them",
                self.cleanup.stale_connections_cleaned,
                self.cleanup.shutdown_cleanups,
                self.cleanup.shutdown_connections_cleaned
            ),
        );
        line(
            "  last",
            self.cleanup
                .last_shutdown_cleanup_summary
                .as_ref()
                .map_or("-".to_owned(), ShutdownSummary::render),
        );
        if self.cluster.nodes.len() > 1 {
            line("cluster", format!("{} active", self.cluster.active));
            for node in &self.cluster.nodes {
                line("", format!("{} {}", printable::text(&node.node), node.active));
            }
        }
        out
    }
}

impl Connections {
    fn balance(&self) -> String {
        let closed: u64 = self.closed_total.values().filter_map(Value::as_u64).sum();
        let verdict = if self.opened_total == self.active + closed { "balance" } else { "DON'T BALANCE" };
        format!("{verdict}: {} opened, {} active, {closed} closed", self.opened_total, self.active)
    }
}

impl ShutdownSummary {
    fn render(&self) -> String {
        format!(
            "cleaned={} connections, iterations={}, before={}, after={}, duration={:.2}ms, max_iterations_reached={}",
            self.total_cleaned,
            self.iterations,
            self.connections_before,
            self.connections_after,
            self.cleanup_duration_ms,
            self.max_iterations_reached
        )
    }
}

/// Counts by name; what a newer hub puts beside them is passed over.
type Counts = BTreeMap<String, Value>;

fn counts(counts: &Counts) -> String {
    let told: Vec<String> = counts
        .iter()
        .filter_map(|(name, count)| Some((name, count.as_u64().filter(|count| *count > 0)?)))
        .map(|(name, count)| format!("{} {count}", printable::text(name.trim_end_matches("_total"))))
        .collect();
    if told.is_empty() { "-".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(json: &str) -> String {
        serde_json::from_str::<Stats>(json).expect("the hub's shape").render()
    }

    #[test]
    fn a_hub_s_counters_are_told_on_lines_of_their_own() {
        let text = rendered(
            r#"{"node":"n1","uptime_seconds":3725,"new_field":[],
                "connections":{"active":1,"opened_total":4,"closed_total":{"client_left":2,"kicked":1,"lost":0},
                  "by_type":{"admin":1},"refused_total":{}},
                "users":1,"channels":2,"events":{"published_total":7,"delivered_total":0,"new":{"p99":1.5}},
                "cleanup":{"last_shutdown_cleanup_summary":{"total_cleaned":25,"iterations":2,"connections_before":25,
                  "connections_after":0,"cleanup_duration_ms":45.2,"max_iterations_reached":false}},
                "cluster":{"nodes":[{"node":"n1","active":1}],"active":1}}"#,
        );
        for part in [
            "node          n1, up 1h02m\n",
            "  closed      client_left 2, kicked 1\n",
            "  refused     -\n",
            "  books       balance: 4 opened, 1 active, 3 closed\n",
            "events        published 7\n",
            "cleaned=25 connections, iterations=2, before=25, after=0, duration=45.20ms, max_iterations_reached=false",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains("cluster"), "one node is no cluster:\n{text}");
    }

    #[test]
    fn books_that_do_not_balance_are_shouted() {
        let text = rendered(r#"{"connections":{"active":1,"opened_total":4,"closed_total":{"lost":2}}}"#);
        assert!(text.contains("DON'T BALANCE: 4 opened, 1 active, 2 closed"), "{text}");
    }
}
