//! A live connection as an operator sees it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidings_core::channel::Selector;
use tidings_core::registry::Entry;

use crate::hub::Hub;
use crate::net::RemoteAddress;
use crate::outlet::Outlet;

/// A far end that was heard of so much later than was last told is news: an acknowledgement comes when what it answers is
/// told already. Less is how finely the kernel counts.
const HEARD_SLACK_MS: u64 = 1_000;

/// A live connection, as an operator sees it. Times are milliseconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Where the client is.
    pub remote: RemoteAddress,
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
    /// When it was last pinged and written to, and when its client checked in, by the monotonic clock.
    #[serde(skip)]
    times: [u64; 3],
    /// When its proof of life came.
    #[serde(skip)]
    heard_ms: u64,
}

impl ConnectionInfo {
    /// Whether nothing happened to the connection since it looked like this: that time passes is nothing.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        (self.events_sent, self.bytes_sent, self.behind)
            == (other.events_sent, other.bytes_sent, other.behind)
            && (self.times, self.proof.kind) == (other.times, other.proof.kind)
            && self.heard_ms.abs_diff(other.heard_ms) <= HEARD_SLACK_MS
            && self.channels == other.channels
    }
}

/// The last sign that the far end is there.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// What kind of sign.
    pub kind: ProofKind,
    /// How long ago.
    pub age_ms: u64,
    /// How far it reaches.
    pub to: ProvenTo,
}

/// What kind of sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvenTo {
    /// To the client itself.
    Client,
    /// To the proxy before it.
    Proxy,
}

/// What the books have of a live connection, to be told without their lock.
pub(crate) struct Row {
    pub(super) client_id: Option<Box<str>>,
    pub(super) user: Arc<str>,
    pub(super) kind: Arc<str>,
    pub(crate) opened_ms: u64,
    pub(crate) outlet: Arc<Outlet>,
}

impl Row {
    pub(crate) fn of(entry: &Entry<Arc<Outlet>>) -> Self {
        Self {
            client_id: entry.client_id.clone(),
            user: Arc::clone(&entry.user),
            kind: Arc::clone(&entry.kind),
            opened_ms: entry.opened_ms,
            outlet: Arc::clone(&entry.handle),
        }
    }
}

impl Hub {
    /// With its channels and what waits for it, for which the log is asked.
    pub(crate) fn describe_whole(&self, row: Row, now_ms: u64) -> ConnectionInfo {
        let subscriber = row.outlet.subscriber();
        let mut info = self.describe(row, now_ms);
        if let Some(subscriber) = subscriber {
            let log = self.0.log();
            info.channels = log.selectors(subscriber);
            info.behind = log.behind(subscriber);
        }
        info
    }

    pub(crate) fn describe(&self, row: Row, now_ms: u64) -> ConnectionInfo {
        let Row { client_id, user, kind, opened_ms, outlet } = row;
        let wall = |at: u64| (at > 0).then(|| self.0.clock.wall_at(at));
        let lease = outlet.lease_ends_ms().map(|ends| {
            json!({
                "seconds": outlet.lease_ms.load(Relaxed) / 1000,
                "expires_in_ms": ends.saturating_sub(now_ms),
                "expires_at": self.0.clock.wall_at(ends),
            })
        });
        let proof = proof(&outlet, lease.is_some(), now_ms);
        ConnectionInfo {
            id: self.0.secrets.public(outlet.key),
            client_id,
            user,
            kind,
            channels: Vec::new(),
            node: self.0.node.clone(),
            remote: outlet.remote,
            proof,
            connected_at: self.0.clock.wall_at(opened_ms),
            duration_ms: now_ms.saturating_sub(opened_ms),
            last_ping_at: wall(outlet.last_ping_ms()),
            last_write_at: wall(outlet.last_write_ms()),
            events_sent: outlet.events(),
            bytes_sent: outlet.bytes(),
            behind: 0,
            lease,
            times: [outlet.last_ping_ms(), outlet.last_write_ms(), outlet.attested_ms()],
            heard_ms: now_ms.saturating_sub(proof.age_ms),
        }
    }
}

/// The best proof there is: the client's own word where it promised to give it and did lately, else what the next
/// hop's kernel acknowledged, else what was handed down.
fn proof(outlet: &Outlet, leased: bool, now_ms: u64) -> Proof {
    let to = if outlet.through_proxy { ProvenTo::Proxy } else { ProvenTo::Client };
    if leased {
        let age_ms = now_ms.saturating_sub(outlet.attested_ms());
        return Proof { kind: ProofKind::Alive, age_ms, to: ProvenTo::Client };
    }
    match outlet.peer.last_ack_age_ms() {
        Some(age_ms) => Proof { kind: ProofKind::Acked, age_ms, to },
        None => {
            let age_ms = now_ms.saturating_sub(outlet.last_write_ms());
            Proof { kind: ProofKind::Wrote, age_ms, to }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(heard_ms: u64) -> ConnectionInfo {
        ConnectionInfo {
            id: "c1".to_owned(),
            client_id: None,
            user: "ada".into(),
            kind: "client".into(),
            channels: Vec::new(),
            node: "n1".to_owned(),
            remote: RemoteAddress { ip: [127, 0, 0, 1].into(), port: None },
            proof: Proof { kind: ProofKind::Acked, age_ms: 0, to: ProvenTo::Client },
            connected_at: 1,
            duration_ms: 0,
            last_ping_at: None,
            last_write_at: None,
            events_sent: 0,
            bytes_sent: 0,
            behind: 0,
            lease: None,
            times: [0; 3],
            heard_ms,
        }
    }

    #[test]
    fn a_proof_that_came_since_is_news_and_the_kernels_rounding_is_none() {
        let told = heard(10_000);
        assert!(heard(10_004).is_as(&told) && heard(9_996).is_as(&told));
        assert!(!heard(25_000).is_as(&told), "the acknowledgement of a heartbeat");
        assert!(!ConnectionInfo { behind: 1, ..heard(10_000) }.is_as(&told));
    }
}
