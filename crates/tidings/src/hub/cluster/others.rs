//! What the other hubs told of themselves, as far as it was looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::roster::{Peer, PresentUser};
use tokio::time::timeout;

use crate::hub::lists::ConnectionInfo;
use crate::hub::{FastMap, Hub, Present, locked};

/// What is known of other hubs is asked for anew when it is older, and somebody wants to know.
const FRESH_MS: u64 = 50;
/// What a client says beside a stream of another hub is passed on once in so long.
const PASS_ON_MS: u64 = 3_000;
/// And for so many connections in that time.
const PASSED_ON_MAX: usize = 20_000;
/// How long whoever asks waits for it, before what is known is told.
const ASK: Duration = Duration::from_millis(500);

/// How closely somebody looks at the connections of other hubs, which may be very many.
#[derive(Clone, Copy, Debug)]
pub(in crate::hub) struct Look {
    /// What is known is asked for anew when it is older.
    fresh_ms: u64,
    /// How long whoever asks waits for that.
    wait: Duration,
}

impl Look {
    /// For operators.
    pub(in crate::hub) const OPERATORS: Self = Self { fresh_ms: 500, wait: Duration::from_secs(3) };
    /// For whoever may ask as often as it likes.
    pub(in crate::hub) const EVERYBODYS: Self = Self { fresh_ms: 5_000, wait: ASK };
}

/// A hub of the cluster, as operators see it.
#[derive(Clone, Debug, Serialize)]
pub struct NodeInfo {
    /// Its name.
    pub node: Arc<str>,
    /// Its live connections, as it told last.
    pub active: u64,
    /// How long ago it was heard of, where there are others to hear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_age_ms: Option<u64>,
    /// How long it counts without another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_left_ms: Option<u64>,
}

/// A connection as its hub tells it, and when it did, in milliseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ToldRow {
    #[serde(flatten)]
    pub(super) info: ConnectionInfo,
    pub(super) told_at: u64,
}

impl ToldRow {
    /// With what only time has changed since.
    fn now(mut self, now: u64) -> ConnectionInfo {
        let since_ms = now.saturating_sub(self.told_at);
        self.info.duration_ms += since_ms;
        self.info.proof.age_ms += since_ms;
        self.info
    }
}

#[derive(Debug, Default)]
pub(super) struct Others {
    peers: Mutex<Peers>,
    passed_on: Mutex<PassedOn>,
    rows: Mutex<Rows>,
    fetching: tokio::sync::Mutex<()>,
}

/// When something was last passed on for a connection of another hub.
#[derive(Debug, Default)]
struct PassedOn(FastMap<Box<str>, u64>);

impl PassedOn {
    /// Whether it is to be passed on now, and is noted so.
    fn is_due(&mut self, said: String, now_ms: u64) -> bool {
        let is_recent = |at_ms: u64| at_ms + PASS_ON_MS > now_ms;
        if self.0.len() >= PASSED_ON_MAX {
            self.0.retain(|_, at_ms| is_recent(*at_ms));
        }
        if self.0.len() >= PASSED_ON_MAX || self.0.get(&*said).is_some_and(|at_ms| is_recent(*at_ms)) {
            return false;
        }
        self.0.insert(said.into(), now_ms);
        true
    }
}

#[derive(Debug, Default)]
struct Peers {
    at_ms: Option<u64>,
    peers: Vec<Peer>,
}

/// The connections of other hubs.
#[derive(Debug, Default)]
struct Rows {
    at_ms: Option<u64>,
    rows: Arc<Vec<ConnectionInfo>>,
}

impl Others {
    pub(super) fn heard(&self, peers: Vec<Peer>, now_ms: u64) {
        *locked(&self.peers) = Peers { at_ms: Some(now_ms), peers };
    }
}

impl Hub {
    /// Looks at the other hubs, if that was long ago, so that what is told of them next is true.
    pub async fn look_at_cluster(&self) {
        self.look_at_peers(FRESH_MS).await;
    }

    /// The same, if what is known is so old.
    pub(in crate::hub) async fn look_at_peers(&self, fresh_ms: u64) {
        let Some(shared) = &self.0.shared else { return };
        let (Some(roster), others) = (shared.engine.roster(), &shared.cluster.others) else { return };
        let now_ms = self.0.clock.now_ms();
        if locked(&others.peers).at_ms.is_some_and(|at_ms| now_ms < at_ms + fresh_ms) {
            return;
        }
        if let Ok(Ok(peers)) = timeout(ASK, roster.peers()).await {
            others.heard(peers, self.0.clock.now_ms());
        }
    }

    /// The hubs that share the log, this one among them, as known by now. One that was not heard of within its lease is
    /// not among them.
    pub fn nodes(&self) -> Vec<NodeInfo> {
        let active = self.0.books().live() as u64;
        let node: Arc<str> = Arc::from(self.0.node.as_str());
        let Some(cluster) = self.cluster() else {
            return vec![NodeInfo { node, active, lease_age_ms: None, lease_left_ms: None }];
        };
        let (lease_age_ms, lease_left_ms) = (Some(0), Some(cluster.lease_ms));
        let mut nodes = vec![NodeInfo { node, active, lease_age_ms, lease_left_ms }];
        nodes.extend(self.peers().into_iter().map(|(peer, since_ms)| NodeInfo {
            node: Arc::from(peer.node),
            active: peer.active,
            lease_age_ms: Some(peer.age_ms + since_ms),
            lease_left_ms: Some(peer.left_ms - since_ms),
        }));
        nodes.sort_by(|a, b| a.node.cmp(&b.node));
        nodes
    }

    /// The other hubs that count by now, each with how long ago that was looked at.
    fn peers(&self) -> Vec<(Peer, u64)> {
        let Some(cluster) = self.cluster() else { return Vec::new() };
        let peers = locked(&cluster.others.peers);
        let since_ms = self.0.clock.now_ms().saturating_sub(peers.at_ms.unwrap_or_default());
        let is_other = |peer: &&Peer| !self.is_own_life(&peer.incarnation) && peer.left_ms > since_ms;
        peers.peers.iter().filter(is_other).map(|peer| (peer.clone(), since_ms)).collect()
    }

    /// Whether there are other hubs, as far as this one heard by now.
    pub(in crate::hub) fn has_peers(&self) -> bool {
        !self.peers().is_empty()
    }

    /// Whether an id begins as those of another hub that is known.
    pub(in crate::hub) fn is_of_peer(&self, id: &str) -> bool {
        let life = |peer: &Peer| peer.incarnation.split('.').next() == id.split('-').next();
        self.peers().iter().any(|(peer, _)| life(peer))
    }

    /// Whether what a client says of its connection at another hub is passed on: not again and again.
    pub(in crate::hub) fn passes_on(&self, what: &str, connection_id: &str) -> bool {
        let Some(cluster) = self.cluster() else { return false };
        let now_ms = self.0.clock.now_ms();
        locked(&cluster.others.passed_on).is_due(format!("{what} {connection_id}"), now_ms)
    }

    fn is_own_life(&self, life: &str) -> bool {
        life.split('.').next() == Some(self.0.secrets.incarnation())
    }

    /// The connections of the other hubs, as they told them last: those of a hub that died count until its lease ends. Where
    /// they don't come in time, those that were known.
    pub(in crate::hub) async fn rows_of_others(&self, look: Look) -> Arc<Vec<ConnectionInfo>> {
        let Some(cluster) = self.cluster() else { return Arc::default() };
        let fresh = |rows: &Rows| {
            let at_ms = rows.at_ms?;
            (self.0.clock.now_ms() < at_ms + look.fresh_ms).then(|| Arc::clone(&rows.rows))
        };
        if let Some(rows) = fresh(&locked(&cluster.others.rows)) {
            return rows;
        }
        let hub = self.clone();
        // Goes on where nobody waits for it any longer.
        let fetch = self.0.runtime.spawn(async move { hub.fetch_rows(look).await });
        let _ = timeout(look.wait, fetch).await;
        Arc::clone(&locked(&cluster.others.rows).rows)
    }

    async fn fetch_rows(&self, look: Look) {
        let Some(shared) = &self.0.shared else { return };
        let Some(roster) = shared.engine.roster() else { return };
        let others = &shared.cluster.others;
        // One asks at a time, and all have what it got.
        let _turn = others.fetching.lock().await;
        let now_ms = self.0.clock.now_ms();
        if locked(&others.rows).at_ms.is_some_and(|at_ms| now_ms < at_ms + look.fresh_ms) {
            return;
        }
        self.look_at_cluster().await;
        let mut told = Vec::new();
        for (peer, _) in self.peers() {
            let Ok(rows) = roster.rows(&peer.incarnation).await else { return };
            told.push((peer.node, rows));
        }
        let now = self.0.clock.wall_ms();
        let Ok(rows) = tokio::task::spawn_blocking(move || read_rows(&told, now)).await else { return };
        *locked(&others.rows) = Rows { at_ms: Some(self.0.clock.now_ms()), rows: Arc::new(rows) };
    }

    /// How many connections a user has at other hubs, as these told last.
    pub async fn connections_elsewhere(&self, user: &str) -> usize {
        let others = self.rows_of_others(Look::OPERATORS).await;
        others.iter().filter(|info| &*info.user == user).count()
    }

    /// Who is on a channel, over all hubs; of others, while the store they share does not answer, who was known to be.
    pub async fn presence_everywhere(&self, channel: &ChannelName) -> Vec<Present> {
        let Some(roster) = self.0.shared.as_ref().and_then(|shared| shared.engine.roster()) else {
            return self.presence(channel);
        };
        if self.has_presence(channel)
            && let Ok(Ok(users)) = timeout(ASK, roster.present(channel)).await
        {
            return users.into_iter().map(Present::from).collect();
        }
        let here = self.presence(channel).into_iter();
        let mut users: BTreeMap<Arc<str>, Present> =
            here.map(|present| (Arc::clone(&present.user), present)).collect();
        let by_name = Selector::Channel(channel.clone());
        let others = self.rows_of_others(Look::EVERYBODYS).await;
        for info in others.iter().filter(|info| info.channels.contains(&by_name)) {
            let user = Arc::clone(&info.user);
            let there = || Present { user: Arc::clone(&user), connections: 0, info: None };
            users.entry(Arc::clone(&user)).or_insert_with(there).connections += 1;
        }
        users.into_values().collect()
    }

    pub(super) async fn offer_key(&self, offered: [u8; 32]) -> Option<[u8; 32]> {
        let roster = self.0.shared.as_ref()?.engine.roster()?;
        roster.secret(offered).await.ok()
    }
}

fn read_rows(told: &[(String, Vec<String>)], now: u64) -> Vec<ConnectionInfo> {
    let mut rows = Vec::with_capacity(told.iter().map(|(_, rows)| rows.len()).sum());
    for (node, told) in told {
        for row in told {
            match serde_json::from_str::<ToldRow>(row) {
                Ok(row) => rows.push(row.now(now)),
                Err(error) => tracing::error!(%error, node, "a row of another hub can't be read"),
            }
        }
    }
    rows
}

impl From<PresentUser> for Present {
    fn from(PresentUser { user, connections, info }: PresentUser) -> Self {
        let info = info.and_then(|info| RawValue::from_string(info).ok());
        Self { user: user.into(), connections, info }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_is_passed_on_once_in_a_while_and_never_too_much_at_once() {
        let mut passed = PassedOn::default();
        let said = |connection: usize| format!("refresh {connection}");
        assert!(passed.is_due(said(0), 1) && passed.is_due("leave 0".to_owned(), 1));
        assert!(!passed.is_due(said(0), PASS_ON_MS), "it was passed on lately");
        for connection in 2..PASSED_ON_MAX {
            assert!(passed.is_due(said(connection), 1));
        }
        assert!(!passed.is_due(said(PASSED_ON_MAX), PASS_ON_MS), "there is no room");
        assert!(passed.is_due(said(PASSED_ON_MAX), 1 + PASS_ON_MS) && passed.is_due(said(0), 1 + PASS_ON_MS));
        assert_eq!(passed.0.len(), 2, "the others are forgotten");
    }
}
