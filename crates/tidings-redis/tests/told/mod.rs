//! What a hub tells of itself, in tests.
#![allow(dead_code, reason = "each test binary uses its own part")]

use tidings_core::channel::ChannelName;
use tidings_core::engine::Offer;
use tidings_core::event::Event;
use tidings_core::roster::{Change, Member, Report, Stage};

use crate::hub::EVERYTHING;

pub(crate) const LEASE_MS: u64 = 600;

pub(crate) fn channel(name: &str) -> ChannelName {
    ChannelName::parse(name).expect("a name")
}

/// A life that has told all, which is nothing.
pub(crate) fn here(life: &str) -> Report {
    Report {
        node: format!("node of {life}"),
        incarnation: life.to_owned(),
        replaces: None,
        base: 0,
        version: 0,
        lease_ms: LEASE_MS,
        active: 0,
        changes: Vec::new(),
        stage: Stage::Here,
    }
}

pub(crate) fn member(name: &str, user: &str, connections: usize) -> Change {
    let data = format!(r#"{{"channel":"{name}","user":"{user}"}}"#);
    let offer = |ty| {
        let event = Event::internal(ty, data.clone());
        Offer { channel: channel(name), event, retention: EVERYTHING }
    };
    let (joined, left) = (offer("joined"), offer("left"));
    Change::Member(Box::new(Member { user: user.to_owned(), connections, info: None, joined, left }))
}
