//! The live connections.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use tidings_core::channel::ChannelName;
use tidings_core::log::SubscriberKey;
use tidings_core::registry::{ConnKey, Entry};

use super::order::{SortValue, cut};
use super::row::{ConnectionInfo, Row};
use super::{ListQuery, RowMark, Search, SortKey};
use crate::hub::Hub;
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
    /// Searched are user, client, address, label and public id.
    pub list: ListQuery<ConnectionBy>,
}

/// What connections can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionBy {
    /// The order in which they came.
    #[default]
    ConnectedAt,
    /// The user's name.
    User,
    /// The label.
    Kind,
    /// The client's name, those without one first.
    ClientId,
    /// The address.
    Remote,
    /// Events sent.
    Events,
    /// Bytes sent.
    Bytes,
    /// The last heartbeat.
    LastPing,
    /// The last write.
    LastWrite,
    /// Events that wait for it.
    Behind,
}

impl SortKey for ConnectionBy {
    const NAMES: &'static [(&'static str, Self, bool)] = &[
        ("connected_at", Self::ConnectedAt, false),
        ("duration_ms", Self::ConnectedAt, true),
        ("user", Self::User, false),
        ("type", Self::Kind, false),
        ("client_id", Self::ClientId, false),
        ("remote", Self::Remote, false),
        ("events_sent", Self::Events, false),
        ("bytes_sent", Self::Bytes, false),
        ("last_ping_at", Self::LastPing, false),
        ("last_write_at", Self::LastWrite, false),
        ("behind", Self::Behind, false),
    ];
    const IS_TOLD_BY_TEXT: bool = false;

    fn is_text(self) -> bool {
        matches!(self, Self::User | Self::Kind | Self::ClientId)
    }
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
        let marked = self.marked(query);
        // Thousands are sorted without the lock that every connection needs.
        let page = cut(marked, &query.list);
        let now_ms = self.0.clock.now_ms();
        let rows: Vec<Row> = {
            let books = self.0.books();
            page.rows.into_iter().filter_map(|(key, _)| books.get(key)).map(Row::of).collect()
        };
        // Each asks the kernel.
        let mut told: Vec<(Option<SubscriberKey>, ConnectionInfo)> =
            rows.into_iter().map(|row| (row.outlet.subscriber(), self.describe(row, now_ms))).collect();
        let log = self.0.log();
        for (subscriber, info) in &mut told {
            if let Some(subscriber) = subscriber {
                info.channels = log.selectors(*subscriber);
                info.behind = log.behind(*subscriber);
            }
        }
        let connections = told.into_iter().map(|(_, info)| info).collect();
        ConnectionPage { connections, total: page.total, next: page.next }
    }

    /// All connections that are asked for, with their places in the order.
    fn marked(&self, query: &ConnectionQuery) -> Vec<(RowMark, (ConnKey, Option<SubscriberKey>))> {
        let by = query.list.sort.by;
        let mark = |entry: &Entry<Arc<Outlet>>| RowMark::new(value(entry, by), entry.key.serial());
        let mut marked: Vec<_> = match &query.list.search {
            None => {
                let place = |entry: &Entry<Arc<Outlet>>| (entry.key, entry.handle.subscriber());
                self.selected(query, |entry| (mark(entry), place(entry)))
            }
            // Text is searched without the lock that every connection needs.
            Some(search) => {
                let mut shown = String::new();
                let rows = self.selected(query, |entry| (mark(entry), Row::of(entry)));
                let found = rows.into_iter().filter(|(_, row)| self.finds(search, row, &mut shown));
                found.map(|(mark, Row { outlet, .. })| (mark, (outlet.key, outlet.subscriber()))).collect()
            }
        };
        if by == ConnectionBy::Behind {
            let log = self.0.log();
            for (mark, (key, subscriber)) in &mut marked {
                let behind = subscriber.map_or(0, |subscriber| log.behind(subscriber));
                *mark = RowMark::new(behind, key.serial());
            }
        }
        marked
    }

    /// Of each connection that is asked for, whatever is searched in it, what is wanted of it.
    fn selected<T>(&self, query: &ConnectionQuery, wanted: impl Fn(&Entry<Arc<Outlet>>) -> T) -> Vec<T> {
        let on_channel: Option<HashSet<ConnKey>> = query
            .channel
            .as_ref()
            .map(|channel| self.0.log().subscribers_of(channel).into_iter().map(|o| o.key).collect());
        let books = self.0.books();
        let selected = books
            .iter()
            .filter(|entry| query.selects(entry))
            .filter(|entry| on_channel.as_ref().is_none_or(|keys| keys.contains(&entry.key)));
        selected.map(wanted).collect()
    }

    fn finds(&self, search: &Search, row: &Row, shown: &mut String) -> bool {
        use std::fmt::Write;
        if search.is_in(&row.user)
            || search.is_in(&row.kind)
            || row.client_id.as_deref().is_some_and(|client| search.is_in(client))
        {
            return true;
        }
        shown.clear();
        let _ = write!(shown, "{}", row.outlet.remote);
        if search.is_in(shown) {
            return true;
        }
        shown.clear();
        self.0.secrets.write_public(row.outlet.key, shown);
        search.is_in(shown)
    }
}

impl ConnectionQuery {
    fn selects(&self, entry: &Entry<Arc<Outlet>>) -> bool {
        self.user.as_deref().is_none_or(|user| user == &*entry.user)
            && self.kind.as_deref().is_none_or(|kind| kind == &*entry.kind)
            && self.client_id.as_deref().is_none_or(|client| entry.client_id.as_deref() == Some(client))
    }
}

fn value(entry: &Entry<Arc<Outlet>>, by: ConnectionBy) -> SortValue {
    match by {
        ConnectionBy::ConnectedAt | ConnectionBy::Behind => SortValue::Number(0),
        ConnectionBy::User => (&entry.user).into(),
        ConnectionBy::Kind => (&entry.kind).into(),
        ConnectionBy::ClientId => SortValue::Text(entry.client_id.as_deref().unwrap_or_default().into()),
        ConnectionBy::Remote => SortValue::Number(match entry.handle.remote.ip {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        }),
        ConnectionBy::Events => entry.handle.events().into(),
        ConnectionBy::Bytes => entry.handle.bytes().into(),
        ConnectionBy::LastPing => entry.handle.last_ping_ms().into(),
        ConnectionBy::LastWrite => entry.handle.last_write_ms().into(),
    }
}
