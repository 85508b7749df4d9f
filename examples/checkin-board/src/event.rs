//! What the boards are told: only what a board shows. A student has a birthday and an address in the database; here is
//! no place for them. `event.schema.json` says the same to a hub that checks it for itself.

use serde::Serialize;
use tidings::ChannelName;

pub(crate) type GroupId = i64;

/// An event of one active group, as it goes over the wire.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) ty: EventType,
    pub(crate) active_group_id: GroupId,
    pub(crate) data: Shown,
    /// Milliseconds since 1970; of two of a school's events the later one has the higher number.
    pub(crate) timestamp: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventType {
    StudentCheckin,
    StudentCheckout,
    ActivityStart,
    ActivityEnd,
    SupervisorsChanged,
    /// Events may be missing before this one: fetch the board.
    BoardStale,
}

impl EventType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StudentCheckin => "student_checkin",
            Self::StudentCheckout => "student_checkout",
            Self::ActivityStart => "activity_start",
            Self::ActivityEnd => "activity_end",
            Self::SupervisorsChanged => "supervisors_changed",
            Self::BoardStale => "board_stale",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown {
    Student { student_id: i64, student_name: String },
    Activity { room_name: String, activity: String },
    Nothing {},
}

impl Event {
    pub(crate) fn channel(&self) -> ChannelName {
        channel(self.active_group_id)
    }
}

/// Each active group has a channel, and its number is never used again.
pub(crate) fn channel(group: GroupId) -> ChannelName {
    ChannelName::parse(&format!("group:{group}")).expect("a number makes a name")
}

/// All that there will ever be.
pub(crate) const EVERY_GROUP: &str = "group:*";

/// What their data may have, as a JSON Schema: a hub checks it too, so that no later change lets more out by mistake.
pub(crate) const SCHEMA: &str = include_str!("../event.schema.json");
