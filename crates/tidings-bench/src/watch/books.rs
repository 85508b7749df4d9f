//! What the hub says of itself.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::metrics::SumCount;
use crate::children::pause;
use crate::{http, sys};

const QUEUE_METRIC: &str = "tidings_publish_queue_seconds";
const CLOSE_TIMEOUT_NS: u64 = 30_000_000_000;

/// How long publishes took until every subscriber was woken, by the hub's own clock.
pub(crate) fn publish_queue(hub: SocketAddr) -> io::Result<Option<SumCount>> {
    let response = http::get(hub, "/metrics")?;
    Ok(SumCount::read(&String::from_utf8_lossy(&response.body), QUEUE_METRIC))
}

/// Asks until the hub counts exactly what is left, and tells when that was.
pub(crate) fn true_count_at(hub: SocketAddr, left: usize) -> io::Result<u64> {
    let deadline = sys::now_ns() + CLOSE_TIMEOUT_NS;
    loop {
        let active = active_connections(hub)?;
        let now = sys::now_ns();
        if active == left as u64 {
            return Ok(now);
        }
        if now > deadline {
            return Err(io::Error::other(format!("{active} active 30 s after all but {left} were closed")));
        }
        pause(Duration::from_millis(1))?;
    }
}

/// What the hub's own books say.
pub(crate) fn active_connections(hub: SocketAddr) -> io::Result<u64> {
    let response = http::get(hub, "/api/sse/stats")?;
    let stats: serde_json::Value = serde_json::from_slice(&response.body)?;
    let active = stats.pointer("/connections/active").and_then(serde_json::Value::as_u64);
    active.ok_or_else(|| io::Error::other(format!("/api/sse/stats without connections.active: {stats}")))
}
