//! Those that left, and one connection in full.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use tidings_core::close::CloseReason;
use tidings_core::registry::Closed;

use super::Search;
use super::row::Row;
use crate::hub::cluster::Look;
use crate::hub::timeline::{Happening, TimelineEntry};
use crate::hub::{Hub, Tale, locked};

/// Which of those that have gone.
#[derive(Clone, Debug, Default)]
pub struct ClosedQuery {
    /// Of this user.
    pub user: Option<String>,
    /// With this label.
    pub kind: Option<String>,
    /// Of this client.
    pub client_id: Option<String>,
    /// For this reason.
    pub reason: Option<CloseReason>,
    /// Those that have this in their user, client, address, label or public id.
    pub search: Option<Search>,
    /// So many at most.
    pub limit: usize,
    /// Those that ended before the last of the page before.
    pub after: Option<u64>,
}

/// A page of those that have gone, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedPage {
    /// They.
    pub connections: Vec<Value>,
    /// How many match in all.
    pub total: usize,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
    /// How many are remembered of each reason, whatever was asked for.
    pub by_reason: BTreeMap<&'static str, u64>,
}

/// One connection in full, live or lately gone.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionDetails {
    /// As in the list that it is on.
    pub connection: Value,
    /// How it ended, if it did: `{reason, closed_at}`.
    pub closed: Option<Value>,
    /// What happened to it.
    pub timeline: Vec<TimelineEntry>,
}

impl Hub {
    /// The last connections that ended, newest first.
    pub fn recently_closed(&self, query: &ClosedQuery) -> ClosedPage {
        // Thousands are searched, counted and written out without the lock that every connection needs.
        let ring: Vec<(u64, Closed<Tale>)> = {
            let books = self.0.books();
            books.recently_closed().map(|(number, closed)| (number, closed.clone())).collect()
        };
        let mut by_reason: BTreeMap<_, _> = CloseReason::ALL.map(|reason| (reason.as_str(), 0)).into();
        for (_, closed) in &ring {
            *by_reason.entry(closed.reason.as_str()).or_default() += 1;
        }
        let selected: Vec<_> = ring.iter().filter(|(_, closed)| query.selects(closed)).collect();
        let mut rest =
            selected.iter().filter(|(number, _)| query.after.is_none_or(|after| *number < after)).peekable();
        let wanted: Vec<_> = rest.by_ref().take(query.limit).collect();
        let next = rest.peek().and(wanted.last()).map(|(number, _)| number.to_string());
        let connections = wanted.iter().map(|(_, closed)| self.closed_row(closed)).collect();
        ClosedPage { connections, total: selected.len(), next, by_reason }
    }

    /// A connection by its public id, while it lives and as long as it is remembered.
    pub fn connection(&self, id: &str) -> Option<ConnectionDetails> {
        self.live_connection(id).or_else(|| self.closed_connection(id))
    }

    /// The same over all hubs: of a connection of another, what that told of it last.
    pub async fn connection_anywhere(&self, id: &str) -> Option<ConnectionDetails> {
        if let Some(details) = self.connection(id) {
            return Some(details);
        }
        let others = self.rows_of_others(Look::OPERATORS).await;
        let info = others.iter().find(|info| info.id == id)?;
        let opened = TimelineEntry { at: info.connected_at, what: Happening::Opened };
        Some(ConnectionDetails { connection: json!(info), closed: None, timeline: vec![opened] })
    }

    fn live_connection(&self, id: &str) -> Option<ConnectionDetails> {
        let key = self.0.secrets.parse_public(id)?;
        let (row, opened_ms) = {
            let books = self.0.books();
            let entry = books.get(key)?;
            (Row::of(entry), entry.opened_ms)
        };
        let info = self.describe_whole(row, self.0.clock.now_ms());
        let mut timeline = vec![(opened_ms, Happening::Opened)];
        timeline.extend(locked(&self.0.timelines).get(&key).iter().flat_map(|timeline| timeline.told()));
        let timeline = self.dated(timeline);
        Some(ConnectionDetails { connection: json!(info), closed: None, timeline })
    }

    fn closed_connection(&self, id: &str) -> Option<ConnectionDetails> {
        let closed = self.0.books().recently_closed().find(|(_, closed)| closed.tale.id == id)?.1.clone();
        let mut timeline = vec![(closed.tale.opened_ms, Happening::Opened)];
        timeline.extend(closed.tale.timeline.get().iter().flat_map(|timeline| timeline.told()));
        timeline.push((closed.at_ms, Happening::Closed { reason: closed.reason }));
        let end = json!({ "reason": closed.reason, "closed_at": self.0.clock.wall_at(closed.at_ms) });
        let timeline = self.dated(timeline);
        Some(ConnectionDetails { connection: json!(closed.tale), closed: Some(end), timeline })
    }

    fn closed_row(&self, closed: &Closed<Tale>) -> Value {
        let mut row = serde_json::to_value(closed).unwrap_or_default();
        row["closed_at"] = json!(self.0.clock.wall_at(closed.at_ms));
        row
    }

    fn dated(&self, timeline: Vec<(u64, Happening)>) -> Vec<TimelineEntry> {
        let at = |at_ms| self.0.clock.wall_at(at_ms);
        timeline.into_iter().map(|(at_ms, what)| TimelineEntry { at: at(at_ms), what }).collect()
    }
}

impl ClosedQuery {
    fn selects(&self, closed: &Closed<Tale>) -> bool {
        let tale = &closed.tale;
        let found = |search: &Search| {
            search.is_in(&tale.user)
                || search.is_in(&tale.kind)
                || search.is_in(&tale.id)
                || tale.client_id.as_deref().is_some_and(|client| search.is_in(client))
                || search.is_in(&tale.remote.to_string())
        };
        self.reason.is_none_or(|reason| reason == closed.reason)
            && self.user.as_deref().is_none_or(|user| user == &*tale.user)
            && self.kind.as_deref().is_none_or(|kind| kind == &*tale.kind)
            && self.client_id.as_deref().is_none_or(|client| tale.client_id.as_deref() == Some(client))
            && self.search.as_ref().is_none_or(found)
    }
}
