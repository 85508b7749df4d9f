//! What the hub told last: the books, and a page of the live connections.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::sse::Event;

/// The hub's counters, as far as they are shown; a newer hub may tell more.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stats {
    pub(super) node: String,
    /// The hub's clock.
    pub(super) now: u64,
    pub(super) uptime_seconds: u64,
    pub(super) connections: Connections,
    pub(super) users: u64,
    pub(super) channels: u64,
    pub(super) events: Events,
    pub(super) truth: Truth,
    pub(super) drain: Option<Drain>,
    pub(super) latency: Latency,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Connections {
    pub(super) active: u64,
    pub(super) opened_total: u64,
    pub(super) closed_total: BTreeMap<String, u64>,
    pub(super) by_type: BTreeMap<String, u64>,
    pub(super) refused_total: BTreeMap<String, u64>,
}

impl Connections {
    pub(super) fn closed(&self) -> u64 {
        self.closed_total.values().sum()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused_total.values().sum()
    }

    pub(super) fn balance(&self) -> bool {
        self.opened_total == self.active + self.closed()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Events {
    pub(super) published_total: u64,
    pub(super) delivered_total: u64,
    pub(super) gaps_total: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Truth {
    pub(super) mismatch: u64,
    pub(super) audits: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Drain {
    pub(super) ends_in_ms: u64,
    pub(super) remaining: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Latency {
    pub(super) publish_to_write_p50_ms: Option<f64>,
    pub(super) publish_to_write_p99_ms: Option<f64>,
}

/// A live connection, or one that has gone, as far as it is shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) client_id: Option<String>,
    pub(super) user: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) channels: Vec<String>,
    pub(super) node: String,
    pub(super) remote: String,
    pub(super) proof: Proof,
    pub(super) connected_at: u64,
    pub(super) duration_ms: u64,
    pub(super) last_ping_at: Option<u64>,
    pub(super) events_sent: u64,
    pub(super) bytes_sent: u64,
    pub(super) behind: u64,
    pub(super) lease: Option<Value>,
    /// The hub's clock when it told this.
    #[serde(skip)]
    pub(super) told_at: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Proof {
    pub(super) kind: String,
    pub(super) age_ms: u64,
    pub(super) to: String,
}

/// How many a second, between the last two readings of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) opened: f64,
    pub(super) closed: f64,
    pub(super) published: f64,
    pub(super) delivered: f64,
}

/// How the stream stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Link {
    #[default]
    Connecting,
    Connected,
    /// There is none: the hub was asked once.
    Asked,
    /// It broke, for this reason, and is opened again after so many seconds.
    Waiting(String, u64),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) link: Link,
    pub(super) stats: Option<Stats>,
    pub(super) rates: Option<Rates>,
    pub(super) total: u64,
    pub(super) next: Option<String>,
    /// The page's rows, in its order.
    pub(super) rows: Vec<Row>,
    /// The channel that the page comes by; what others say is of a page that is no longer wanted.
    pub(super) page_channel: String,
    /// This program's own connection.
    pub(super) own_id: String,
    /// The secret by which it may be changed, while it is there.
    pub(super) connection_id: String,
    /// The channels that it has, or was asked to have.
    pub(super) channels: Vec<String>,
}

/// An event in its envelope.
#[derive(Deserialize)]
struct Envelope {
    channel: String,
    data: Value,
}

#[derive(Deserialize)]
#[serde(default)]
struct PageChange {
    total: u64,
    next: Option<String>,
    order: Vec<String>,
    rows: Vec<Row>,
    full: bool,
}

impl Default for PageChange {
    fn default() -> Self {
        Self { total: 0, next: None, order: Vec::new(), rows: Vec::new(), full: true }
    }
}

impl Model {
    /// Takes in what the hub pushed. What a newer hub says otherwise is passed over.
    pub(super) fn take(&mut self, event: &Event) {
        let Ok(envelope) = serde_json::from_str::<Envelope>(&event.data) else { return };
        match event.name.as_str() {
            "stats" => self.take_stats(envelope.data),
            "connections" if envelope.channel == self.page_channel => self.take_page(envelope.data),
            _ => {}
        }
    }

    pub(super) fn take_stats(&mut self, stats: Value) {
        let Ok(stats) = serde_json::from_value::<Stats>(stats) else { return };
        self.rates = self.stats.as_ref().and_then(|before| rates(before, &stats)).or(self.rates);
        self.stats = Some(stats);
    }

    fn take_page(&mut self, change: Value) {
        let Ok(change) = serde_json::from_value::<PageChange>(change) else { return };
        let mut rows: HashMap<String, Row> = HashMap::new();
        if !change.full {
            rows.extend(self.rows.drain(..).map(|row| (row.id.clone(), row)));
        }
        let told_at = self.now();
        rows.extend(change.rows.into_iter().map(|row| (row.id.clone(), Row { told_at, ..row })));
        self.rows = change.order.iter().filter_map(|id| rows.remove(id)).collect();
        (self.total, self.next) = (change.total, change.next);
    }

    /// A page as `GET /api/sse/connections` gives it.
    pub(super) fn take_list(&mut self, mut page: Value) {
        let rows = page["connections"].take();
        let ids = rows.as_array().into_iter().flatten().map(|row| row["id"].clone()).collect::<Vec<_>>();
        let (total, next) = (page["total"].take(), page["next"].take());
        self.take_page(json!({ "total": total, "next": next, "order": ids, "rows": rows, "full": true }));
    }

    /// The hub's clock, as of the last reading.
    pub(super) fn now(&self) -> u64 {
        self.stats.as_ref().map_or(0, |stats| stats.now)
    }
}

impl Row {
    /// How long it is open.
    pub(super) fn age_ms(&self, now: u64) -> u64 {
        if now == 0 { self.duration_ms } else { now.saturating_sub(self.connected_at) }
    }

    /// How long ago the last proof of life was.
    pub(super) fn proof_age_ms(&self, now: u64) -> u64 {
        let since = if self.told_at == 0 { 0 } else { now.saturating_sub(self.told_at) };
        self.proof.age_ms.saturating_add(since)
    }
}

#[expect(clippy::cast_precision_loss, reason = "rates for people to read")]
fn rates(before: &Stats, now: &Stats) -> Option<Rates> {
    let seconds = now.now.checked_sub(before.now).filter(|ms| *ms > 0)? as f64 / 1_000.0;
    // Another hub than before counts from the start.
    let per_second = |before: u64, now: u64| Some(now.checked_sub(before)? as f64 / seconds);
    Some(Rates {
        opened: per_second(before.connections.opened_total, now.connections.opened_total)?,
        closed: per_second(before.connections.closed(), now.connections.closed())?,
        published: per_second(before.events.published_total, now.events.published_total)?,
        delivered: per_second(before.events.delivered_total, now.events.delivered_total)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(model: &mut Model, ty: &str, channel: &str, data: Value) {
        let data = json!({ "channel": channel, "type": ty, "data": data }).to_string();
        model.take(&Event { name: ty.to_owned(), data, last_id: String::new() });
    }

    fn ids(model: &Model) -> Vec<&str> {
        model.rows.iter().map(|row| row.id.as_str()).collect()
    }

    #[test]
    fn a_page_is_kept_row_by_row_and_shown_in_its_order() {
        let mut model = Model { page_channel: "p".to_owned(), ..Model::default() };
        let row = |id: &str, events: u64| json!({ "id": id, "events_sent": events });
        let whole = json!({ "total": 9, "next": "n", "order": ["a", "b"], "rows": [row("b", 1), row("a", 2)], "full": true });
        pushed(&mut model, "connections", "p", whole);
        assert_eq!((ids(&model), model.total, model.next.as_deref()), (vec!["a", "b"], 9, Some("n")));
        let change =
            json!({ "total": 8, "next": null, "order": ["c", "a"], "rows": [row("c", 3)], "full": false });
        pushed(&mut model, "connections", "p", change.clone());
        assert_eq!((ids(&model), model.rows[1].events_sent), (vec!["c", "a"], 2));
        let other = json!({ "total": 0, "order": [], "rows": [], "full": true });
        pushed(&mut model, "connections", "of before", other);
        assert_eq!(ids(&model), ["c", "a"], "a page that is no longer wanted");
        pushed(&mut model, "connections", "p", json!({ "order": 7 }));
        assert_eq!(ids(&model), ["c", "a"], "and what nobody understands");
    }

    #[test]
    fn rates_are_what_came_between_two_readings_of_one_hub() {
        let mut model = Model::default();
        let books = |now: u64, opened: u64, closed: u64| json!({ "now": now, "connections": { "active": opened - closed, "opened_total": opened, "closed_total": { "lost": closed } } });
        pushed(&mut model, "stats", "$hub/stats", books(1_000, 10, 0));
        assert_eq!(model.rates, None, "of one reading there is none");
        pushed(&mut model, "stats", "$hub/stats", books(3_000, 20, 4));
        let rates = model.rates.expect("two readings");
        assert_eq!((rates.opened, rates.closed), (5.0, 2.0));
        pushed(&mut model, "stats", "$hub/stats", books(4_000, 1, 0));
        assert_eq!(model.rates, Some(rates), "a hub that began anew counts from nothing");
        assert!(model.stats.is_some_and(|stats| stats.connections.balance()));
    }
}
