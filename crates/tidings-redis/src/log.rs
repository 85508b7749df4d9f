//! The log's scripts: what is asked of each, and what it answers.
//!
//! A script runs inside Redis as one, so that places, ids, bounds and the telling can't fall apart. Entries are lines of
//! text, see [`entry`].

pub(crate) mod entry;
pub(crate) mod roster;

use std::sync::LazyLock;

use redis::Value;
use tidings_core::channel::ChannelName;
use tidings_core::engine::{Appended, Head, Offer, Placed, Stretch};
use tidings_core::position::Epoch;

use crate::connection::{CallError, Script};

/// Takes known places, offers and bounds; answers places.
pub(crate) static APPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("log/shared.lua"),
        include_str!("log/place.lua"),
        include_str!("log/append.lua")
    ))
});
/// Takes a place; answers what is held after it.
pub(crate) static READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("log/read.lua")));
/// Takes places; answers the newest, and when what is at these was appended.
pub(crate) static LOOK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("log/look.lua")));
/// Lets go of what is too old.
pub(crate) static SWEEP: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("log/shared.lua"), include_str!("log/sweep.lua"))));
/// Does one of each of what the others do.
pub(crate) static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("log/probe.lua")));

/// An epoch is a life's number and chance: chance is below this.
const CHANCE_END: u64 = 1 << 40;
/// Lua's numbers are exact below this; no epoch of this engine is above.
pub(crate) const NUMBER_END: u64 = 1 << 53;

/// What bounds the log as a whole, and how it is told.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) total_bytes: usize,
    pub(crate) lost_names: usize,
    pub(crate) is_sharded: bool,
    /// Whether hubs tell each other of what they append by other instances.
    pub(crate) is_told_apart: bool,
    pub(crate) bus: Vec<u8>,
}

impl Bounds {
    /// The command that tells on the bus.
    pub(crate) fn publish(&self) -> &'static str {
        if self.is_sharded { "SPUBLISH" } else { "PUBLISH" }
    }
}

/// An answer that no script of this version gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUnderstood;

impl From<NotUnderstood> for CallError {
    fn from(_: NotUnderstood) -> Self {
        Self::not_understood()
    }
}

/// What the script answered of an append.
#[derive(Debug)]
pub(crate) struct AppendAnswer {
    pub(crate) appended: Appended,
    pub(crate) head: Head,
}

/// What the script did of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The log's time, in milliseconds since 1970.
    pub time_ms: u64,
    /// How many events went.
    pub events: u64,
    /// Whether more are due.
    pub more: bool,
}

/// The keys that all scripts touch, in the order that they are declared in; `meta` first.
pub(crate) fn keys(base: &str) -> Vec<Vec<u8>> {
    ["meta", "log", "channels", "lost", "oldest"].map(|name| format!("{base}{name}").into_bytes()).into()
}

/// The keys that an append touches: in a cluster, what is declared is there as a whole, or nothing is done.
pub(crate) fn append_keys(base: &str, offers: &[Offer]) -> Vec<Vec<u8>> {
    let mut keys = keys(base);
    for (n, offer) in offers.iter().enumerate() {
        if offers[..n].iter().any(|other| other.channel == offer.channel) {
            continue;
        }
        keys.extend(
            ["ch", "ids", "order", "keys"].map(|kind| format!("{base}{kind}:{}", offer.channel).into_bytes()),
        );
    }
    keys
}

pub(crate) fn append_arguments(known: Option<Head>, bounds: &Bounds, offers: &[Offer]) -> Vec<Vec<u8>> {
    // What a hub knows of another engine's log is no place of this one.
    let known = known.filter(|known| known.epoch.get() < NUMBER_END);
    let number = |number: u64| number.to_string().into_bytes();
    let size = |size: usize| size.to_string().into_bytes();
    let mut arguments = vec![
        known.map(|known| number(known.epoch.get())).unwrap_or_default(),
        number(known.map_or(0, |known| known.seq)),
        number(rand::random_range(0..CHANCE_END)),
        size(bounds.total_bytes),
        size(bounds.lost_names),
        if bounds.is_told_apart { Vec::new() } else { bounds.publish().into() },
        bounds.bus.clone(),
    ];
    for offer in offers {
        arguments.extend([
            offer.channel.as_str().into(),
            size(offer.retention.count),
            number(offer.retention.age_ms),
            size(offer.retention.bytes),
            size(offer.bytes()),
            offer.event.id().unwrap_or_default().into(),
            offer.event.key().unwrap_or_default().into(),
            entry::tail(&offer.event),
        ]);
    }
    arguments
}

pub(crate) fn appended(answer: &Value) -> Result<AppendAnswer, NotUnderstood> {
    let [epoch, seq, _time, placed @ ..] = array(answer)? else { return Err(NotUnderstood) };
    let placed = placed.chunks(3).map(|placed| match placed {
        [seq, time_ms, duplicate] => {
            Ok(Placed { seq: number(seq)?, time_ms: number(time_ms)?, duplicate: number(duplicate)? == 1 })
        }
        _ => Err(NotUnderstood),
    });
    let epoch = Epoch::from(number(epoch)?);
    let appended = Appended { epoch, placed: placed.collect::<Result<_, _>>()? };
    Ok(AppendAnswer { appended, head: Head { epoch, seq: number(seq)? } })
}

/// Nothing where there is no epoch.
pub(crate) fn stretch(answer: &Value) -> Result<Option<Stretch>, NotUnderstood> {
    let [epoch, seq, forgotten, through, lost, entries, began] = array(answer)? else {
        return if array(answer)?.is_empty() { Ok(None) } else { Err(NotUnderstood) };
    };
    let lost = array(lost)?.chunks(2).map(|lost| match lost {
        [name, through] => {
            let name = ChannelName::parse(text(name)?).map_err(|_| NotUnderstood)?;
            Ok((name, number(through)?))
        }
        _ => Err(NotUnderstood),
    });
    let entries = array(entries)?.iter().map(|entry| entry::parse(text(entry)?).ok_or(NotUnderstood));
    Ok(Some(Stretch {
        head: Head { epoch: Epoch::from(number(epoch)?), seq: number(seq)? },
        through: number(through)?,
        entries: entries.collect::<Result<_, _>>()?,
        lost: lost.collect::<Result<_, _>>()?,
        forgotten_through: number(forgotten)?,
        began: number(began)?,
    }))
}

pub(crate) fn swept(answer: &Value) -> Result<Swept, NotUnderstood> {
    let [time_ms, events, more] = array(answer)? else { return Err(NotUnderstood) };
    Ok(Swept { time_ms: number(time_ms)?, events: number(events)?, more: number(more)? == 1 })
}

/// What a look saw.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) head: Head,
    /// Of each place that was asked about, when what is held there was appended.
    pub(crate) times: Vec<Option<u64>>,
}

/// Nothing where there is no epoch.
pub(crate) fn looked(answer: &Value) -> Result<Option<Looked>, NotUnderstood> {
    let [epoch, seq, times @ ..] = array(answer)? else {
        return if array(answer)?.is_empty() { Ok(None) } else { Err(NotUnderstood) };
    };
    let head = Head { epoch: Epoch::from(number(epoch)?), seq: number(seq)? };
    let time = |time: &Value| if text(time)?.is_empty() { Ok(None) } else { number(time).map(Some) };
    Ok(Some(Looked { head, times: times.iter().map(time).collect::<Result<_, _>>()? }))
}

fn array(value: &Value) -> Result<&[Value], NotUnderstood> {
    if let Value::Array(values) = value { Ok(values) } else { Err(NotUnderstood) }
}

fn text(value: &Value) -> Result<&str, NotUnderstood> {
    let Value::BulkString(bytes) = value else { return Err(NotUnderstood) };
    std::str::from_utf8(bytes).map_err(|_| NotUnderstood)
}

fn number(value: &Value) -> Result<u64, NotUnderstood> {
    match value {
        Value::Int(number) => u64::try_from(*number).map_err(|_| NotUnderstood),
        value => text(value)?.parse().map_err(|_| NotUnderstood),
    }
}
