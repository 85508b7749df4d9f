//! The live connections.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use tidings_core::channel::ChannelName;
use tidings_core::log::SubscriberKey;
use tidings_core::registry::{ConnKey, Entry};

use super::order::{Cut, SortValue, cut};
use super::row::{ConnectionInfo, Row};
use super::{ListQuery, RowMark, Search, SortKey};
use crate::hub::cluster::Look;
use crate::hub::{FastMap, Hub};
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
    /// A page of this hub's live connections.
    pub fn connections(&self, query: &ConnectionQuery) -> ConnectionPage {
        // Thousands are sorted without the lock that every connection needs.
        let Cut { total, next, rows } = cut(self.marked(query, mark_here), &query.list);
        let connections = self.describe_all(rows.into_iter().map(|(key, _)| key));
        ConnectionPage { connections, total, next }
    }

    /// A page of the live connections of all hubs: those of others as they told them last.
    pub async fn connections_everywhere(&self, query: &ConnectionQuery) -> ConnectionPage {
        if !self.is_clustered() {
            return self.connections(query);
        }
        let others = self.rows_of_others(Look::OPERATORS).await;
        let life = life_number(self.0.secrets.incarnation());
        let mark = |entry: &Entry<_>, by| {
            RowMark::new(self.value_anywhere(entry, by), life | u128::from(entry.key.serial()))
        };
        let own = self.marked(query, mark).into_iter().map(|(mark, (key, _))| (mark, OneOf::Own(key)));
        let selected = others.iter().filter(|info| query.selects_row(info));
        let told = selected.map(|info| (row_mark(info, query.list.sort.by), OneOf::Other(info)));
        let Cut { total, next, rows } = cut(own.chain(told).collect(), &query.list);
        let keys = rows.iter().filter_map(|row| match row {
            OneOf::Own(key) => Some(*key),
            OneOf::Other(_) => None,
        });
        let mut described: FastMap<String, ConnectionInfo> =
            self.describe_all(keys).into_iter().map(|info| (info.id.clone(), info)).collect();
        let connections = rows.into_iter().filter_map(|row| match row {
            OneOf::Own(key) => described.remove(&self.0.secrets.public(key)),
            OneOf::Other(info) => Some(info.clone()),
        });
        ConnectionPage { connections: connections.collect(), total, next }
    }

    /// Those that are there still.
    fn describe_all(&self, keys: impl Iterator<Item = ConnKey>) -> Vec<ConnectionInfo> {
        let now_ms = self.0.clock.now_ms();
        let rows: Vec<Row> = {
            let books = self.0.books();
            keys.filter_map(|key| books.get(key)).map(Row::of).collect()
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
        told.into_iter().map(|(_, info)| info).collect()
    }

    /// All connections that are asked for, with their places in the order.
    fn marked(
        &self,
        query: &ConnectionQuery,
        mark: impl Fn(&Entry<Arc<Outlet>>, ConnectionBy) -> RowMark,
    ) -> Vec<(RowMark, (ConnKey, Option<SubscriberKey>))> {
        let by = query.list.sort.by;
        let mark = |entry: &Entry<Arc<Outlet>>| mark(entry, by);
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
            for (mark, (_, subscriber)) in &mut marked {
                mark.set_value(subscriber.map_or(0, |subscriber| log.behind(subscriber)));
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

impl Hub {
    /// What a connection is sorted by among those of all hubs, whose clocks are not this one's.
    fn value_anywhere(&self, entry: &Entry<Arc<Outlet>>, by: ConnectionBy) -> SortValue {
        let wall = |at_ms: u64| if at_ms > 0 { self.0.clock.log_at(at_ms) } else { 0 };
        match by {
            ConnectionBy::ConnectedAt => wall(entry.opened_ms).into(),
            ConnectionBy::LastPing => wall(entry.handle.last_ping_ms()).into(),
            ConnectionBy::LastWrite => wall(entry.handle.last_write_ms()).into(),
            _ => value(entry, by),
        }
    }
}

fn mark_here(entry: &Entry<Arc<Outlet>>, by: ConnectionBy) -> RowMark {
    RowMark::new(value(entry, by), entry.key.serial())
}

/// A row of a list over all hubs.
enum OneOf<'a> {
    Own(ConnKey),
    Other(&'a ConnectionInfo),
}

/// What tells the connections of one hub from those of another: the upper half of a number.
fn life_number(life: &str) -> u128 {
    let number = u64::from_str_radix(life, 36).unwrap_or_default();
    u128::from(number) << 64
}

fn row_mark(info: &ConnectionInfo, by: ConnectionBy) -> RowMark {
    let mut parts = info.id.split('-');
    let life = parts.next().map(life_number).unwrap_or_default();
    let serial = parts.next_back().and_then(|serial| u64::from_str_radix(serial, 36).ok());
    let own = life | u128::from(serial.unwrap_or_default());
    let value: SortValue = match by {
        ConnectionBy::ConnectedAt => info.connected_at.into(),
        ConnectionBy::Behind => info.behind.into(),
        ConnectionBy::User => (&info.user).into(),
        ConnectionBy::Kind => (&info.kind).into(),
        ConnectionBy::ClientId => SortValue::Text(info.client_id.as_deref().unwrap_or_default().into()),
        ConnectionBy::Remote => address(info.remote.ip),
        ConnectionBy::Events => info.events_sent.into(),
        ConnectionBy::Bytes => info.bytes_sent.into(),
        ConnectionBy::LastPing => info.last_ping_at.unwrap_or_default().into(),
        ConnectionBy::LastWrite => info.last_write_at.unwrap_or_default().into(),
    };
    RowMark::new(value, own)
}

fn address(ip: IpAddr) -> SortValue {
    SortValue::Number(match ip {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    })
}

impl ConnectionQuery {
    /// The same of a connection of another hub.
    fn selects_row(&self, info: &ConnectionInfo) -> bool {
        let finds = |search: &Search| {
            search.is_in(&info.user)
                || search.is_in(&info.kind)
                || search.is_in(&info.id)
                || info.client_id.as_deref().is_some_and(|client| search.is_in(client))
                || search.is_in(&info.remote.to_string())
        };
        self.user.as_deref().is_none_or(|user| user == &*info.user)
            && self.kind.as_deref().is_none_or(|kind| kind == &*info.kind)
            && self.client_id.as_deref().is_none_or(|client| info.client_id.as_deref() == Some(client))
            && self.channel.as_ref().is_none_or(|name| info.channels.iter().any(|one| one.matches(name)))
            && self.list.search.as_ref().is_none_or(finds)
    }

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
        ConnectionBy::Remote => address(entry.handle.remote.ip),
        ConnectionBy::Events => entry.handle.events().into(),
        ConnectionBy::Bytes => entry.handle.bytes().into(),
        ConnectionBy::LastPing => entry.handle.last_ping_ms().into(),
        ConnectionBy::LastWrite => entry.handle.last_write_ms().into(),
    }
}
