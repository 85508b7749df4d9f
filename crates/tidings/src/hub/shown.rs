//! What operators are shown of the hub as a whole, and of what has gone.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tidings_core::close::CloseReason;
use tidings_core::drain::ShutdownSummary;
use tidings_core::log::Totals;

use super::timeline::Timeline;
use crate::net::RemoteAddress;

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
    /// Where the client is.
    pub remote: RemoteAddress,
    /// When it was opened.
    pub connected_at: u64,
    /// How long it was open.
    pub duration_ms: u64,
    /// Events sent.
    pub events_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// When it was opened, by the monotonic clock.
    #[serde(skip)]
    pub(super) opened_ms: u64,
    /// What happened to it, if anything did.
    #[serde(skip)]
    pub(super) timeline: OnceLock<Box<Timeline>>,
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
    /// Sockets closed before a request, by reason.
    pub turned_away: Vec<(&'static str, u64)>,
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
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Truth {
    /// By how many the books and the kernel's sockets differed at the last audit.
    pub mismatch: u64,
    /// How many audits there were.
    pub audits: u64,
    /// When the last was, in milliseconds since 1970.
    pub audited_at: Option<u64>,
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
