//! What a hub tells of itself: reports, each built on the one before.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use tidings_core::channel::{ChannelName, Selector};
use tidings_core::engine::Offer;
use tidings_core::event::Event;
use tidings_core::registry::ConnKey;
use tidings_core::roster::{Change, Member, Report, Reported, Stage};

use super::others::ToldRow;
use super::{Cluster, Own, Told};
use crate::hub::lists::Row;
use crate::hub::{Hub, locked};

/// Changes of one report.
const CHANGES_MAX: usize = 250;
/// Who gave no proof of life for so many heartbeats gives way before others.
const PROOF_BEATS: u64 = 3;
/// A connection's row is told again after so many beats, changed or not: what it was sent is then told anew.
const BEATS_PER_ROW: u64 = 10;

impl Hub {
    /// Tells what is to be told, as much as goes in one report.
    pub(super) async fn tell_cluster(&self, leaves: bool) -> Told {
        let Some(shared) = &self.0.shared else { return Told::All };
        let (Some(roster), cluster) = (shared.engine.roster(), &shared.cluster) else { return Told::All };
        let _turn = cluster.telling.lock().await;
        if locked(&cluster.own).has_left {
            return Told::All;
        }
        let report = self.next_report(cluster, leaves);
        match roster.report(&report).await {
            Err(_) => {
                locked(&cluster.own).in_flight = Some(report);
                Told::Nothing
            }
            Ok(Reported::Behind) => {
                self.begin_life(cluster);
                Told::Anew
            }
            Ok(Reported::Taken { peers, more }) => {
                cluster.others.heard(peers, self.0.clock.now_ms());
                let own = &mut *locked(&cluster.own);
                (own.in_flight, own.version) = (None, report.version);
                if report.stage == Stage::Here {
                    own.replaces = None;
                }
                own.has_left = report.stage == Stage::Leaving && !more;
                if own.has_left {
                    return Told::All;
                }
                if leaves || more || own.has_more() {
                    return Told::Some;
                }
                Told::All
            }
        }
    }

    /// The life that this hub tells of itself under.
    pub(super) fn life(&self, own: &Own) -> String {
        format!("{}.{}", self.0.secrets.incarnation(), own.lives)
    }

    fn next_report(&self, cluster: &Cluster, leaves: bool) -> Report {
        let active = self.0.books().live() as u64;
        let due = self.rows_due(cluster);
        let mut own = locked(&cluster.own);
        if let Some(report) = own.in_flight.take() {
            return Report { active, ..report };
        }
        own.rows.extend(due);
        let (rows, members, readers) = own.take(CHANGES_MAX);
        let stage = match (own.has_more(), leaves) {
            (true, _) => Stage::Coming,
            (false, false) => Stage::Here,
            (false, true) => Stage::Leaving,
        };
        let (incarnation, base, replaces) = (self.life(&own), own.version, own.replaces.clone());
        drop(own);
        let mut changes: Vec<Change> = self.rows_told(rows);
        changes.extend(members.into_iter().map(|(channel, user)| self.member_told(&channel, &user)));
        changes.extend(readers.into_iter().map(|channel| {
            let is_there = self.0.log().has_reader(&channel);
            Change::Reader { channel, is_there }
        }));
        Report {
            node: self.0.node.clone(),
            incarnation,
            replaces,
            base,
            version: base + u64::from(!changes.is_empty()),
            lease_ms: cluster.lease_ms,
            active,
            changes,
            stage,
        }
    }

    /// The store lost what was told, or let it go: all of it is told anew.
    fn begin_life(&self, cluster: &Cluster) {
        let rows: HashSet<ConnKey> = self.0.books().iter().map(|entry| entry.key).collect();
        let members = self.members();
        let readers = self.watched_readers();
        let own = &mut *locked(&cluster.own);
        let life = self.life(own);
        tracing::info!(life, "what this hub told of itself is not in the store: it is told anew");
        own.replaces = Some(life);
        own.lives += 1;
        (own.version, own.in_flight) = (0, None);
        own.rows.extend(rows);
        own.members.extend(members);
        own.readers.extend(readers);
    }

    /// Connections of which is told again what they were sent: once a beat, some of them.
    fn rows_due(&self, cluster: &Cluster) -> Vec<ConnKey> {
        let now_ms = self.0.clock.now_ms();
        let beat = {
            let own = &mut *locked(&cluster.own);
            if now_ms < own.rows_due_ms {
                return Vec::new();
            }
            own.rows_due_ms = now_ms + cluster.beat().as_millis() as u64;
            own.beats += 1;
            own.beats
        };
        let books = self.0.books();
        let keys = books.iter().map(|entry| entry.key);
        keys.filter(|key| u64::from(key.index()) % BEATS_PER_ROW == beat % BEATS_PER_ROW).collect()
    }

    fn rows_told(&self, keys: Vec<ConnKey>) -> Vec<Change> {
        let now_ms = self.0.clock.now_ms();
        let told_at = self.0.clock.wall_ms();
        let rows: Vec<(ConnKey, Option<Row>)> = {
            let books = self.0.books();
            keys.into_iter().map(|key| (key, books.get(key).map(Row::of))).collect()
        };
        let told = |(key, row): (ConnKey, Option<Row>)| {
            let row = row.map(|row| json!(self.row_told(row, now_ms, told_at)).to_string());
            Change::Row { id: self.0.secrets.public(key), row }
        };
        rows.into_iter().map(told).collect()
    }

    /// By a clock that does not move, so that others' lists stay in one order.
    fn row_told(&self, row: Row, now_ms: u64, told_at: u64) -> ToldRow {
        let connected_at = self.0.clock.log_at(row.opened_ms);
        let key = row.outlet.key;
        let mut info = self.describe_whole(row, now_ms);
        let is_proven = info.proof.age_ms <= PROOF_BEATS * self.0.options.stream.heartbeat_ms;
        self.mark_proof(key, is_proven);
        info.connected_at = connected_at;
        ToldRow { info, told_at }
    }

    fn member_told(&self, channel: &ChannelName, user: &Arc<str>) -> Change {
        let connections = self.connections_on(channel, user);
        let info = self.info_of(user).filter(|_| connections > 0);
        // On one line, whatever the application made it of.
        let info = info.and_then(|info| serde_json::from_str::<serde_json::Value>(info.get()).ok());
        let mut data = json!({ "channel": channel, "user": user });
        let left = data.to_string();
        if let Some(info) = &info {
            data["info"] = info.clone();
        }
        let retention = self.0.options.rules.keep(channel).retention;
        let offer =
            |ty, data| Offer { channel: channel.clone(), event: Event::internal(ty, data), retention };
        Change::Member(Box::new(Member {
            user: user.to_string(),
            connections,
            info: info.map(|info| info.to_string()),
            joined: offer("joined", data.to_string()),
            left: offer("left", left),
        }))
    }

    /// Who is on which of the channels that tell.
    fn members(&self) -> HashSet<(ChannelName, Arc<str>)> {
        let users: Vec<_> = {
            let books = self.0.books();
            books.iter().map(|entry| (Arc::clone(&entry.user), entry.handle.subscriber())).collect()
        };
        let log = self.0.log();
        let mut members = HashSet::new();
        for (user, subscriber) in users {
            for selector in subscriber.map(|subscriber| log.selectors(subscriber)).unwrap_or_default() {
                match selector {
                    Selector::Channel(channel) if self.has_presence(&channel) => {
                        members.insert((channel, Arc::clone(&user)));
                    }
                    _ => {}
                }
            }
        }
        members
    }

    /// The channels that have readers, if anybody wants to know.
    fn watched_readers(&self) -> Vec<ChannelName> {
        if self.0.observer.get().is_some() { self.0.log().read_channels() } else { Vec::new() }
    }
}

/// Connections, users on channels, and channels, of which something is to be told.
type Changed = (Vec<ConnKey>, Vec<(ChannelName, Arc<str>)>, Vec<ChannelName>);

impl Own {
    fn has_more(&self) -> bool {
        !self.rows.is_empty() || !self.members.is_empty() || !self.readers.is_empty()
    }

    /// Takes so many of what changed. Who comes and goes is told first.
    fn take(&mut self, most: usize) -> Changed {
        let members = take(&mut self.members, most);
        let readers = take(&mut self.readers, most - members.len());
        let rows = take(&mut self.rows, most - members.len() - readers.len());
        (rows, members, readers)
    }
}

fn take<T: Clone + Eq + std::hash::Hash>(set: &mut HashSet<T>, most: usize) -> Vec<T> {
    let taken: Vec<T> = set.iter().take(most).cloned().collect();
    for one in &taken {
        set.remove(one);
    }
    taken
}
