//! What operators see: everything is read from the structures that it describes, at the moment of asking.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};
use tidings_core::channel::ChannelName;
pub use tidings_core::log::ChannelInfo;
use tidings_core::registry::{ConnKey, Entry};

use super::shown::{ClosedConnection, Latencies, Latency, Readings, Truth};
use super::{EngineState, Hub, Tale, locked};
use crate::outlet::Outlet;

/// The node's counters, as `/api/sse/stats` tells them.
pub type Stats = Value;

impl Hub {
    /// What the audits of the books found.
    pub fn truth(&self) -> Truth {
        let read = |value: &AtomicU64| value.load(Relaxed);
        let audited_ms = Some(read(&self.0.truth_audited_ms)).filter(|at_ms| *at_ms > 0);
        Truth {
            mismatch: read(&self.0.truth_mismatch),
            audits: read(&self.0.truth_audits),
            audited_at: audited_ms.map(|at_ms| self.0.clock.wall_at(at_ms)),
        }
    }

    /// How long deliveries take.
    pub fn latencies(&self) -> Latencies {
        let read = |histogram: &crate::histogram::Histogram| {
            let (sum_seconds, buckets) = histogram.read();
            Latency { sum_seconds, buckets }
        };
        Latencies {
            publish_queue: read(&self.0.publish_queue),
            publish_to_write: read(&self.0.publish_to_write),
        }
    }

    /// TLS on the hub's own listener, if it speaks it.
    #[cfg(feature = "tls")]
    pub fn tls(&self) -> Option<&Arc<crate::tls::Tls>> {
        self.0.tls.get()
    }

    /// Milliseconds until a second since 1970.
    pub fn ms_until(&self, second: u64) -> u64 {
        second.saturating_mul(1000).saturating_sub(self.0.clock.wall_ms())
    }

    /// Everything that is counted, from the books in one look.
    pub fn readings(&self) -> Readings {
        let (totals, channels, ring_bytes) = {
            let log = self.0.log();
            (log.totals(), log.channel_count(), log.bytes())
        };
        let counters = locked(&self.0.counters).clone();
        let books = self.0.books();
        let mut by_type: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
        for entry in books.iter() {
            *by_type.entry(&entry.kind).or_default() += 1;
        }
        Readings {
            by_type: by_type.into_iter().map(|(kind, n)| (Arc::clone(kind), n)).collect(),
            opened: books.opened(),
            closed: books.closed().collect(),
            refused: books.refused().collect(),
            users: books.user_count(),
            channels,
            totals,
            ring_bytes,
            sockets: self.0.doors.len(),
            turned_away: self.0.turned_away.read(),
            stale_connections_cleaned: counters.stale_connections_cleaned,
            shutdown_cleanups: counters.shutdown_cleanups,
            shutdown_connections_cleaned: counters.shutdown_connections_cleaned,
            last_shutdown: self.0.last_shutdown.clone(),
        }
    }

    /// The node's counters.
    pub fn stats(&self) -> Stats {
        let r = self.readings();
        let active: u64 = r.by_type.iter().map(|(_, n)| n).sum();
        let closed: Map<String, Value> =
            r.closed.iter().map(|(reason, n)| (reason.to_string(), json!(n))).collect();
        let by_type: Map<String, Value> =
            r.by_type.iter().map(|(kind, n)| (kind.to_string(), json!(n))).collect();
        let refused: Map<String, Value> =
            r.refused.iter().map(|(kind, n)| ((*kind).to_owned(), json!(n))).collect();
        json!({
            "node": self.0.node,
            "now": self.0.clock.wall_ms(),
            "uptime_seconds": self.uptime_ms() / 1000,
            "phase": match self.phase() { super::Phase::Serving => "serving", super::Phase::Draining => "draining" },
            "connections": {
                "active": active,
                "opened_total": r.opened,
                "closed_total": closed,
                "by_type": by_type,
                "refused_total": refused,
            },
            "users": r.users,
            "channels": r.channels,
            "events": {
                "published_total": r.totals.published,
                "delivered_total": r.totals.delivered,
                "replayed_total": r.totals.replayed,
                "gaps_total": r.totals.gaps,
            },
            "cleanup": {
                "stale_connections_cleaned": r.stale_connections_cleaned,
                "shutdown_cleanups": r.shutdown_cleanups,
                "shutdown_connections_cleaned": r.shutdown_connections_cleaned,
                "last_shutdown_cleanup_summary": r.last_shutdown,
            },
            "truth": self.truth(),
            "drain": self.drain_progress(active),
            "latency": self.recent_latency(),
            "cluster": self.cluster_stats(),
        })
    }

    fn cluster_stats(&self) -> Value {
        let nodes = self.nodes();
        let active: u64 = nodes.iter().map(|node| node.active).sum();
        let mut stats = json!({ "nodes": nodes, "active": active });
        if self.engine_state() != EngineState::Alone {
            stats["engine"] = json!(self.engine_state());
            stats["limits"] = json!(if self.limits_are_shared() { "all_hubs" } else { "each_hub" });
        }
        stats
    }

    /// Milliseconds since the hub began.
    pub fn uptime_ms(&self) -> u64 {
        self.0.clock.uptime_ms()
    }

    /// Whether the books balance: for tests and for the audit.
    pub fn books_balance(&self) -> bool {
        self.0.books().balance()
    }

    /// The numbers of the sockets that live streams are on, where the hub's own server accepted them.
    pub(crate) fn stream_inodes(&self) -> Vec<u64> {
        self.0.books().iter().filter_map(|entry| entry.handle.peer.inode()).collect()
    }

    pub(crate) fn warn_lagging(&self, key: ConnKey, channel: &ChannelName) {
        let user = self.0.books().get(key).map(|entry| Arc::clone(&entry.user));
        if let Some(user) = user {
            tracing::warn!(%user, %channel, "client lagging");
        }
    }

    pub(super) fn tale(&self, entry: &Entry<Arc<Outlet>>) -> Tale {
        let now_ms = self.0.clock.now_ms();
        Arc::new(ClosedConnection {
            id: self.0.secrets.public(entry.key),
            client_id: entry.client_id.clone(),
            user: Arc::clone(&entry.user),
            kind: Arc::clone(&entry.kind),
            remote: entry.handle.remote,
            connected_at: self.0.clock.wall_at(entry.opened_ms),
            duration_ms: now_ms.saturating_sub(entry.opened_ms),
            events_sent: entry.handle.events(),
            bytes_sent: entry.handle.bytes(),
            opened_ms: entry.opened_ms,
            timeline: OnceLock::new(),
        })
    }
}
