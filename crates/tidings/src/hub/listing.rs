//! The live connections as an operator sees them, in pages.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tidings_core::channel::ChannelName;
use tidings_core::registry::{ConnKey, Entry};

use super::Hub;
use super::row::{ConnectionInfo, Row};
use crate::outlet::Outlet;

/// Which connections, in what order.
#[derive(Clone, Debug, Default)]
pub struct ConnectionQuery {
    /// Of this user.
    pub user: Option<String>,
    /// On this channel, by name or by pattern.
    pub channel: Option<ChannelName>,
    /// With this label.
    pub kind: Option<String>,
    /// Of this client.
    pub client_id: Option<String>,
    /// The order: a field's name, with `-` before it for descending.
    pub sort: ConnectionSort,
    /// Connections of a page.
    pub limit: usize,
    /// Those after this row of the page before.
    pub after: Option<RowMark>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionSort {
    /// By what.
    pub by: SortBy,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What a list can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// The order in which they came.
    #[default]
    ConnectedAt,
    /// The user's name.
    User,
    /// The label.
    Kind,
    /// Events sent.
    Events,
    /// Bytes sent.
    Bytes,
    /// The last write.
    LastWrite,
}

/// Where a row stands in the order of its list: what it is sorted by, and its number, which makes every order total.
/// A page goes on after such a place, so that rows which come and go meanwhile neither hide others nor show them twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowMark {
    value: SortValue,
    serial: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortValue {
    Number(u64),
    Text(Arc<str>),
}

/// A page of connections.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionPage {
    /// The connections.
    pub connections: Vec<ConnectionInfo>,
    /// How many match in all.
    pub total: usize,
    /// What to pass as `after` for the next page.
    pub next: Option<String>,
}

impl Hub {
    /// A page of live connections.
    pub fn connections(&self, query: &ConnectionQuery) -> ConnectionPage {
        let on_channel: Option<HashSet<ConnKey>> = query
            .channel
            .as_ref()
            .map(|channel| self.0.log().subscribers_of(channel).into_iter().map(|o| o.key).collect());
        let now_ms = self.0.clock.now_ms();
        let (total, next, page) = {
            let books = self.0.books();
            let mut rows: Vec<(RowMark, &Entry<Arc<Outlet>>)> = books
                .iter()
                .filter(|entry| query.selects(entry))
                .filter(|entry| on_channel.as_ref().is_none_or(|keys| keys.contains(&entry.key)))
                .map(|entry| (RowMark::of(entry, query.sort.by), entry))
                .collect();
            let total = rows.len();
            rows.retain(|(mark, _)| query.is_after(mark));
            rows.sort_unstable_by(|(a, _), (b, _)| query.sort.order(a, b));
            let last = rows.get(query.limit.saturating_sub(1)).filter(|_| rows.len() > query.limit);
            let next = last.map(|(mark, _)| mark.to_string());
            let page = rows.into_iter().take(query.limit);
            (total, next, page.map(|(_, entry)| Row::of(entry)).collect::<Vec<_>>())
        };
        // Each asks the kernel: not under a lock that every connection needs.
        let mut page: Vec<_> =
            page.into_iter().map(|row| (row.outlet.subscriber(), self.describe(row, now_ms))).collect();
        let log = self.0.log();
        for (subscriber, info) in &mut page {
            if let Some(subscriber) = subscriber {
                info.channels = log.selectors(*subscriber);
                info.behind = log.behind(*subscriber);
            }
        }
        ConnectionPage { connections: page.into_iter().map(|(_, info)| info).collect(), total, next }
    }
}

impl ConnectionQuery {
    fn selects(&self, entry: &Entry<Arc<Outlet>>) -> bool {
        self.user.as_deref().is_none_or(|user| user == &*entry.user)
            && self.kind.as_deref().is_none_or(|kind| kind == &*entry.kind)
            && self.client_id.as_deref().is_none_or(|client| entry.client_id.as_deref() == Some(client))
    }

    fn is_after(&self, mark: &RowMark) -> bool {
        self.after.as_ref().is_none_or(|after| self.sort.order(mark, after).is_gt())
    }
}

impl ConnectionSort {
    fn order(self, a: &RowMark, b: &RowMark) -> std::cmp::Ordering {
        if self.descending { b.cmp(a) } else { a.cmp(b) }
    }
}

impl RowMark {
    fn of(entry: &Entry<Arc<Outlet>>, by: SortBy) -> Self {
        let value = match by {
            SortBy::ConnectedAt => SortValue::Number(0),
            SortBy::User => SortValue::Text(Arc::clone(&entry.user)),
            SortBy::Kind => SortValue::Text(Arc::clone(&entry.kind)),
            SortBy::Events => SortValue::Number(entry.handle.events()),
            SortBy::Bytes => SortValue::Number(entry.handle.bytes()),
            SortBy::LastWrite => SortValue::Number(entry.handle.last_write_ms()),
        };
        Self { value, serial: entry.key.serial() }
    }

    /// Reads what a page gave as `next`, for a list of the same order.
    pub fn parse(text: &str, by: SortBy) -> Option<Self> {
        let (serial, value) = text.split_once('.')?;
        let value = match by {
            SortBy::User | SortBy::Kind => SortValue::Text(from_hex(value)?.into()),
            _ => SortValue::Number(value.parse().ok()?),
        };
        Some(Self { value, serial: serial.parse().ok()? })
    }
}

impl fmt::Display for RowMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            SortValue::Number(value) => write!(f, "{}.{value}", self.serial),
            // A name may have what means something in a query; this may be put into one as it stands.
            SortValue::Text(value) => {
                write!(f, "{}.", self.serial)?;
                value.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

fn from_hex(text: &str) -> Option<String> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect();
    String::from_utf8(bytes?).ok()
}
