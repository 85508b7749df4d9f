//! What the other hubs told of themselves, as far as it was looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::roster::{Peer, PresentUser};
use tokio::time::timeout;

use crate::hub::lists::ConnectionInfo;
use crate::hub::{Hub, Present, locked};

/// What is known of other hubs is asked for anew when it is older, and somebody wants to know.
const FRESH_MS: u64 = 50;
/// The same of their connections.
const ROWS_FRESH_MS: u64 = 500;
/// How long whoever asks waits for it, before what is known is told.
const ASK: Duration = Duration::from_millis(500);
const ASK_ROWS: Duration = Duration::from_secs(3);

/// A hub of the cluster, as operators see it.
#[derive(Clone, Debug, Serialize)]
pub struct NodeInfo {
    /// Its name.
    pub node: Arc<str>,
    /// Its live connections, as it told last.
    pub active: u64,
    /// How long ago it was heard of.
    pub lease_age_ms: u64,
    /// How long it counts without another word.
    pub lease_left_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Others {
    peers: Mutex<Peers>,
    rows: tokio::sync::Mutex<Rows>,
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
        let Some(shared) = &self.0.shared else { return };
        let (Some(roster), others) = (shared.engine.roster(), &shared.cluster.others) else { return };
        let now_ms = self.0.clock.now_ms();
        if locked(&others.peers).at_ms.is_some_and(|at_ms| now_ms < at_ms + FRESH_MS) {
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
            return vec![NodeInfo { node, active, lease_age_ms: 0, lease_left_ms: 0 }];
        };
        let own_left_ms = cluster.lease_ms;
        let mut nodes = vec![NodeInfo { node, active, lease_age_ms: 0, lease_left_ms: own_left_ms }];
        nodes.extend(self.peers().into_iter().map(|(peer, since_ms)| NodeInfo {
            node: Arc::from(peer.node),
            active: peer.active,
            lease_age_ms: peer.age_ms + since_ms,
            lease_left_ms: peer.left_ms - since_ms,
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

    fn is_own_life(&self, life: &str) -> bool {
        life.split('.').next() == Some(self.0.secrets.incarnation())
    }

    /// The connections of the other hubs, as they told them last: those of a hub that died count until its lease ends.
    pub(in crate::hub) async fn rows_of_others(&self) -> Arc<Vec<ConnectionInfo>> {
        let Some(shared) = &self.0.shared else { return Arc::default() };
        let Some(roster) = shared.engine.roster() else { return Arc::default() };
        // One asks at a time, and all have what it got.
        let mut known = shared.cluster.others.rows.lock().await;
        let now_ms = self.0.clock.now_ms();
        if known.at_ms.is_some_and(|at_ms| now_ms < at_ms + ROWS_FRESH_MS) {
            return Arc::clone(&known.rows);
        }
        self.look_at_cluster().await;
        let mut rows = Vec::new();
        let read = async {
            for (peer, _) in self.peers() {
                for row in roster.rows(&peer.incarnation).await? {
                    match serde_json::from_str(&row) {
                        Ok(row) => rows.push(row),
                        Err(error) => {
                            tracing::error!(%error, node = peer.node, "a row of another hub can't be read")
                        }
                    }
                }
            }
            Ok::<_, tidings_core::roster::RosterError>(())
        };
        if let Ok(Ok(())) = timeout(ASK_ROWS, read).await {
            known.rows = Arc::new(rows);
        }
        known.at_ms = Some(self.0.clock.now_ms());
        Arc::clone(&known.rows)
    }

    /// How many connections a user has at other hubs, as these told last.
    pub async fn connections_elsewhere(&self, user: &str) -> usize {
        self.rows_of_others().await.iter().filter(|info| &*info.user == user).count()
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
        for info in self.rows_of_others().await.iter().filter(|info| info.channels.contains(&by_name)) {
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

impl From<PresentUser> for Present {
    fn from(PresentUser { user, connections, info }: PresentUser) -> Self {
        let info = info.and_then(|info| RawValue::from_string(info).ok());
        Self { user: user.into(), connections, info }
    }
}
