//! What operators are shown.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::close::CloseReason;
use tidings_core::drain::ShutdownSummary;
use tidings_core::log::Totals;

/// A live connection, as an operator sees it. Times are milliseconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionInfo {
    /// The public id.
    pub id: String,
    /// The name its client chose.
    pub client_id: Option<Box<str>>,
    /// Whose it is.
    pub user: Arc<str>,
    /// Its label.
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// Channels and patterns.
    pub channels: Vec<Selector>,
    /// The node that holds it.
    pub node: String,
    /// The client's address and port.
    pub remote: SocketAddr,
    /// The last proof of life.
    pub proof: Proof,
    /// When it was opened.
    pub connected_at: u64,
    /// How long it is open.
    pub duration_ms: u64,
    /// The last heartbeat sent.
    pub last_ping_at: Option<u64>,
    /// The last bytes sent.
    pub last_write_at: Option<u64>,
    /// Events sent.
    pub events_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Events that wait for it in the log.
    pub behind: usize,
    /// The lease, where the client asked for one.
    pub lease: Option<Value>,
}

/// The last sign that the far end is there.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Proof {
    /// What kind of sign.
    pub kind: ProofKind,
    /// How long ago.
    pub age_ms: u64,
    /// How far it reaches.
    pub to: ProvenTo,
}

/// What kind of sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProofKind {
    /// The next hop's kernel acknowledged data.
    Acked,
    /// Bytes were handed down, and nothing objected.
    Wrote,
    /// The client itself checked in.
    Alive,
}

/// How far a proof reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvenTo {
    /// To the client itself.
    Client,
    /// To the proxy before it.
    Proxy,
}

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
    /// Skip so many.
    pub skip: usize,
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

/// A connection that has gone. Times are milliseconds since 1970.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedConnection {
    /// The public id.
    pub id: String,
    /// The name its client chose.
    pub client_id: Option<Box<str>>,
    /// Whose it was.
    pub user: Arc<str>,
    /// Its label.
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// The client's address and port.
    pub remote: SocketAddr,
    /// When it was opened.
    pub connected_at: u64,
    /// How long it was open.
    pub duration_ms: u64,
    /// Events sent.
    pub events_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
}

/// A user with live connections.
#[derive(Clone, Debug, Serialize)]
pub struct UserInfo {
    /// The name.
    pub user: Arc<str>,
    /// Live connections.
    pub connections: usize,
    /// How many there may be; 0 is no limit.
    pub limit: u32,
}

/// A gauge or counter of the books and the log, for metrics.
#[derive(Clone, Debug)]
pub struct Readings {
    /// Live connections by label.
    pub by_type: Vec<(Arc<str>, u64)>,
    /// Opened in all.
    pub opened: u64,
    /// Closed, by reason.
    pub closed: Vec<(CloseReason, u64)>,
    /// Refused, by kind.
    pub refused: Vec<(&'static str, u64)>,
    /// Users with live connections.
    pub users: usize,
    /// Channels with subscribers or events.
    pub channels: usize,
    /// What the log counted.
    pub totals: Totals,
    /// Encoded bytes in the rings.
    pub ring_bytes: usize,
    /// Sockets that the server holds, streams or not.
    pub sockets: usize,
    /// Stale connections cleaned, ever.
    pub stale_connections_cleaned: u64,
    /// Shutdowns, ever.
    pub shutdown_cleanups: u64,
    /// Connections that shutdowns ended, ever.
    pub shutdown_connections_cleaned: u64,
    /// What the shutdown before this start left.
    pub last_shutdown: Option<ShutdownSummary>,
}

/// What the audits of the books found.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// By how many the books and the kernel's sockets differed at the last audit.
    pub mismatch: u64,
    /// How many audits there were.
    pub audits: u64,
}

/// A latency as a histogram.
#[derive(Clone, Debug)]
pub struct Latency {
    /// The sum, in seconds.
    pub sum_seconds: f64,
    /// Upper bounds in seconds, with how many fell under each and over the one before.
    pub buckets: Vec<(f64, u64)>,
}

/// How long deliveries take.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// From publish until every subscriber on the node is woken.
    pub publish_queue: Latency,
    /// From publish until a stream's socket took the event.
    pub publish_to_write: Latency,
}
