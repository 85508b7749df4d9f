//! What hubs tell of themselves, as the scripts take it and answer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use redis::Value;
use tidings_core::engine::{Head, Offer};
use tidings_core::roster::{Change, Member, Peer, PresentUser, Report, Reported, Stage};

use super::{Bounds, NotUnderstood, array, entry, number, text};
use crate::connection::Script;

/// Takes over what a hub tells of itself; answers who is there.
pub(crate) static REPORT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("shared.lua"), include_str!("place.lua"), include_str!("roster.lua")))
});
/// Answers who is there.
pub(crate) static PEERS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("peers.lua")));

/// Where it is told that a channel got its first reader or lost its last.
const OCCUPIED: &str = "$hub/cluster/occupied";

/// The keys that a report touches for sure.
pub(crate) fn report_keys<'a>(base: &str, report: &'a Report) -> Vec<Vec<u8>> {
    let mut keys = super::keys(base);
    let own = ["rows", "own"].map(|kind| format!("{base}{kind}:{}", report.incarnation));
    // With the channel that tells of readers.
    let told = |change: &'a Change| match change {
        Change::Member(member) => Some(member.joined.channel.as_str()),
        Change::Reader { .. } => Some(OCCUPIED),
        Change::Row { .. } => None,
    };
    let channels: BTreeSet<&str> = report.changes.iter().filter_map(told).collect();
    let of =
        |channel: &&str| ["ch", "ids", "order", "keys", "in"].map(|kind| format!("{base}{kind}:{channel}"));
    let named = ["nodes", "held"].map(|name| format!("{base}{name}"));
    keys.extend(named.into_iter().chain(own).chain(channels.iter().flat_map(of)).map(String::into_bytes));
    keys
}

pub(crate) fn report_arguments(known: Option<Head>, bounds: &Bounds, report: &Report) -> Vec<Vec<u8>> {
    let number = |number: u64| number.to_string().into_bytes();
    let mut arguments: Vec<Vec<u8>> = vec![
        bounds.total_bytes.to_string().into(),
        bounds.lost_names.to_string().into(),
        bounds.publish().into(),
        bounds.bus.clone(),
        report.incarnation.clone().into(),
        report.node.clone().into(),
        number(report.lease_ms),
        number(report.active),
        number(report.base),
        number(report.version),
        report.replaces.clone().unwrap_or_default().into(),
        match report.stage {
            Stage::Coming => "coming".into(),
            Stage::Here => "here".into(),
            Stage::Leaving => "leaving".into(),
        },
        known.map(|known| number(known.epoch.get())).unwrap_or_default(),
        number(known.map_or(0, |known| known.seq)),
    ];
    for change in &report.changes {
        match change {
            Change::Row { id, row } => {
                arguments.extend(["r".into(), id.clone().into(), row.clone().unwrap_or_default().into()]);
            }
            Change::Member(member) => arguments.extend(member_arguments(member)),
            Change::Reader { channel, is_there } => {
                let is_there = if *is_there { "1" } else { "0" };
                arguments.extend(["o".into(), channel.as_str().into(), is_there.into()]);
            }
        }
    }
    arguments
}

fn member_arguments(member: &Member) -> Vec<Vec<u8>> {
    let Member { user, connections, info, joined, left } = member;
    let retention = joined.retention;
    let mut arguments: Vec<Vec<u8>> = vec![
        "m".into(),
        joined.channel.as_str().into(),
        user.clone().into(),
        connections.to_string().into(),
        info.clone().unwrap_or_default().into(),
        retention.count.to_string().into(),
        retention.age_ms.to_string().into(),
        retention.bytes.to_string().into(),
    ];
    let told = |offer: &Offer| [offer.bytes().to_string().into_bytes(), entry::tail(&offer.event)];
    arguments.extend(told(joined).into_iter().chain(told(left)));
    arguments
}

/// Nothing where there is no log.
pub(crate) fn reported(answer: &Value) -> Result<Option<Reported>, NotUnderstood> {
    match array(answer)? {
        [] => Ok(None),
        [Value::Int(-1)] => Ok(Some(Reported::Behind)),
        [Value::Int(1), more, lives] => {
            Ok(Some(Reported::Taken { peers: peers(lives)?, more: number(more)? == 1 }))
        }
        _ => Err(NotUnderstood),
    }
}

pub(crate) fn peers(lives: &Value) -> Result<Vec<Peer>, NotUnderstood> {
    let peer = |fields: &[Value]| match fields {
        [incarnation, node, active, age, left] => Ok(Peer {
            node: text(node)?.to_owned(),
            incarnation: text(incarnation)?.to_owned(),
            active: number(active)?,
            age_ms: number(age)?,
            left_ms: number(left)?,
        }),
        _ => Err(NotUnderstood),
    };
    let mut peers = array(lives)?.chunks(5).map(peer).collect::<Result<Vec<_>, _>>()?;
    peers.sort_by(|a, b| (&a.node, &a.incarnation).cmp(&(&b.node, &b.incarnation)));
    Ok(peers)
}

pub(crate) fn texts(answer: &Value) -> Result<Vec<String>, NotUnderstood> {
    array(answer)?.iter().map(|value| Ok(text(value)?.to_owned())).collect()
}

/// Who is on a channel: of each user a line for each hub, of the hub's life, the connections and what is shown.
pub(crate) fn present(answer: &Value) -> Result<Vec<PresentUser>, NotUnderstood> {
    let fields: Vec<(&Value, &Value)> = match answer {
        Value::Map(fields) => fields.iter().map(|(user, lives)| (user, lives)).collect(),
        other => array(other)?.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect(),
    };
    let user = |(user, lives): (&Value, &Value)| {
        let mut present = PresentUser { user: text(user)?.to_owned(), connections: 0, info: None };
        for line in text(lives)?.split('\n') {
            let mut fields = line.splitn(3, '\t');
            let (_, connections, info) = (fields.next(), fields.next(), fields.next());
            present.connections += connections.and_then(|n| n.parse::<usize>().ok()).ok_or(NotUnderstood)?;
            let info = info.filter(|info| !info.is_empty()).map(str::to_owned);
            present.info = present.info.take().or(info);
        }
        Ok(present)
    };
    let mut users = fields.into_iter().map(user).collect::<Result<Vec<_>, _>>()?;
    users.sort_by(|a, b| a.user.cmp(&b.user));
    Ok(users)
}
