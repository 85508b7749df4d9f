use clap::Args;
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::answer::scalar;
use super::failure::{Exit, Failure};
use super::hub::{Hub, query};
use super::table::{Table, duration};
use super::{printable, terminal};
use crate::cli::HubArgs;

pub(crate) const HELP: &str = "\
Examples:
  tidings connections                                   everybody, in columns
  tidings connections --user ann --json | jq -r '.connections[].id'
  tidings connections --closed --limit 20               who left last, and why

The ID is public: `tidings kick ID` ends that connection.";

/// How many a page asks for.
pub(crate) const PAGE_ROWS_MAX: usize = 1_000;
/// All of the closed that a hub remembers, in one page.
pub(crate) const CLOSED_ROWS_MAX: usize = 10_000;

#[derive(Debug, Args)]
pub(crate) struct ConnectionsArgs {
    /// Print JSON in the hub's shape, all pages in one
    #[arg(long)]
    json: bool,
    /// Only this user's
    #[arg(long)]
    user: Option<String>,
    /// Only those that hear this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only those with this label (admin, display, client, ...)
    #[arg(long = "type", value_name = "TYPE")]
    label: Option<String>,
    /// Only this client's
    #[arg(long)]
    client_id: Option<String>,
    /// Order: connected_at, user, type, client_id, remote, events_sent, bytes_sent, last_ping_at, last_write_at or
    /// behind; `-user`: descending
    #[arg(long, allow_hyphen_values = true, conflicts_with = "closed")]
    sort: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Those that ended, with the reason
    #[arg(long)]
    closed: bool,
    #[command(flatten)]
    hub: HubArgs,
}

pub(crate) async fn run(args: ConnectionsArgs) -> Result<Exit, Failure> {
    let hub = Hub::new(&args.hub)?;
    let list = if args.closed { fetch_closed(&hub, &args).await? } else { fetch_live(&hub, &args).await? };
    terminal::print(&if args.json { list.as_json() } else { list.as_table(args.closed) })?;
    Ok(Exit::Done)
}

/// One page of the hub's, or all that were asked for. What each says is kept as it was said.
#[derive(Debug, Default, Deserialize)]
struct List {
    #[serde(alias = "closed")]
    connections: Vec<Box<RawValue>>,
    #[serde(default)]
    next: Option<String>,
}

impl ConnectionsArgs {
    fn limit(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Whether a row is asked for, where the hub doesn't sort them out itself.
    fn wants(&self, row: &RawValue) -> bool {
        let row: Map<String, Value> = serde_json::from_str(row.get()).unwrap_or_default();
        let names = [("user", &self.user), ("type", &self.label), ("client_id", &self.client_id)];
        let on_channel = |channel: &String| {
            let channels = row.get("channels").and_then(Value::as_array);
            channels.is_some_and(|channels| channels.iter().any(|name| name == channel))
        };
        names.iter().all(|(name, wanted)| {
            wanted.as_deref().is_none_or(|wanted| row.get(*name).is_some_and(|told| told == wanted))
        }) && self.channel.as_ref().is_none_or(on_channel)
    }
}

async fn fetch_closed(hub: &Hub, args: &ConnectionsArgs) -> Result<List, Failure> {
    let path = format!("/api/sse/connections/closed?limit={CLOSED_ROWS_MAX}");
    let body = hub.ask(Method::GET, &path, None).await?.accepted()?;
    let mut list: List = serde_json::from_slice(&body).map_err(|error| hub.foreign(&error))?;
    list.connections.retain(|row| args.wants(row));
    list.connections.truncate(args.limit());
    Ok(list)
}

async fn fetch_live(hub: &Hub, args: &ConnectionsArgs) -> Result<List, Failure> {
    let limit = args.limit();
    let mut all = List::default();
    loop {
        let rows = (limit - all.connections.len()).min(PAGE_ROWS_MAX);
        let asked = query([
            ("user", args.user.clone()),
            ("channel", args.channel.clone()),
            ("type", args.label.clone()),
            ("client_id", args.client_id.clone()),
            ("sort", args.sort.clone()),
            ("limit", Some(rows.to_string())),
            ("after", all.next.clone()),
        ]);
        let body = hub.ask(Method::GET, &format!("/api/sse/connections{asked}"), None).await?.accepted()?;
        let page: List = serde_json::from_slice(&body).map_err(|error| hub.foreign(&error))?;
        if all.add(page, limit) {
            return Ok(all);
        }
    }
}

impl List {
    /// Takes a page in; true when it was the last one needed. An empty page or a cursor that stands still ends the
    /// list too, lest a confused server keeps us here for ever.
    fn add(&mut self, page: List, limit: usize) -> bool {
        let stuck = page.connections.is_empty() || page.next == self.next;
        self.next = page.next;
        self.connections.extend(page.connections);
        self.connections.truncate(limit);
        stuck || self.next.is_none() || self.connections.len() >= limit
    }

    fn as_json(&self) -> String {
        let rows: Vec<_> = self.connections.iter().map(|row| printable::json(row.get())).collect();
        let next = serde_json::to_string(&self.next).unwrap_or_default();
        format!("{{\"connections\":[{}],\"next\":{}}}\n", rows.join(","), printable::json(&next))
    }

    fn as_table(&self, closed: bool) -> String {
        let mut table = Table::new(if closed { &CLOSED } else { &LIVE });
        for row in &self.connections {
            let row: Map<String, Value> = serde_json::from_str(row.get()).unwrap_or_default();
            let cell = |name: &str| row.get(name).map_or("-".to_owned(), scalar);
            let since = row
                .get("duration_ms")
                .and_then(Value::as_f64)
                .map_or("-".to_owned(), |ms| duration(ms as u64));
            let who = [cell("id"), cell("user"), cell("type")];
            if closed {
                table.push(who.into_iter().chain([
                    cell("reason"),
                    since,
                    cell("events_sent"),
                    cell("remote"),
                    cell("channels"),
                ]));
            } else {
                let told = [
                    since,
                    cell("events_sent"),
                    cell("behind"),
                    proof(&row),
                    cell("remote"),
                    cell("channels"),
                ];
                table.push(who.into_iter().chain(told));
            }
        }
        table.render()
    }
}

const LIVE: [&str; 9] = ["ID", "USER", "TYPE", "#SINCE", "#EVENTS", "#BEHIND", "PROOF", "REMOTE", "CHANNELS"];
const CLOSED: [&str; 8] = ["ID", "USER", "TYPE", "REASON", "#LIVED", "#EVENTS", "REMOTE", "CHANNELS"];

/// `acked 120ms`, and to whom where that is only a proxy.
fn proof(row: &Map<String, Value>) -> String {
    let Some(Value::Object(proof)) = row.get("proof") else { return "-".to_owned() };
    let kind = proof.get("kind").map_or("-".to_owned(), scalar);
    let age = proof
        .get("age_ms")
        .and_then(Value::as_f64)
        .map_or(String::new(), |ms| format!(" {}", duration(ms as u64)));
    let to = if proof.get("to").and_then(Value::as_str) == Some("proxy") { " (proxy)" } else { "" };
    format!("{kind}{age}{to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> List {
        serde_json::from_str(json).expect("the hub's shape")
    }

    #[test]
    fn pages_are_followed_to_the_last_the_limit_or_a_standstill() {
        let mut all = List::default();
        assert!(!all.add(page(r#"{"connections":[1,2],"next":"a"}"#), 5));
        assert!(!all.add(page(r#"{"connections":[3,4],"next":"b"}"#), 5));
        assert!(all.add(page(r#"{"connections":[5,6],"next":"c"}"#), 5));
        assert_eq!(all.as_json(), "{\"connections\":[1,2,3,4,5],\"next\":\"c\"}\n");
        for last in [
            r#"{"connections":[7],"next":null}"#,
            r#"{"connections":[],"next":"d"}"#,
            r#"{"connections":[7],"next":"c"}"#,
        ] {
            let mut all = List { connections: Vec::new(), next: Some("c".to_owned()) };
            assert!(all.add(page(last), 5), "{last}");
        }
    }

    #[test]
    fn a_connection_is_a_row_and_what_it_says_of_itself_stays_text() {
        let list = page(
            r#"{"connections":[{"id":"c1","client_id":"x","user":"\u001b[2J","type":"admin","channels":["jobs","logs"],
                "remote":"127.0.0.1:9","proof":{"kind":"acked","age_ms":120,"to":"proxy"},"duration_ms":61000,
                "events_sent":7,"behind":0,"lease":null}],"next":null}"#,
        );
        let text = list.as_table(false);
        let row: Vec<&str> = text
            .lines()
            .nth(1)
            .expect("one row")
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect();
        assert_eq!(
            row,
            [
                "c1",
                "\\u{1b}[2J",
                "admin",
                "1m01s",
                "7",
                "0",
                "acked 120ms (proxy)",
                "127.0.0.1:9",
                "jobs,logs"
            ]
        );
    }

    #[test]
    fn the_closed_show_their_reason() {
        let list = page(
            r#"{"closed":[{"id":"c1","user":"ann","type":"client","reason":"kicked","duration_ms":5}]}"#,
        );
        let text = list.as_table(true);
        assert!(
            text.lines().nth(1).is_some_and(|row| row.contains("kicked") && row.contains("5ms")),
            "{text}"
        );
    }
}
