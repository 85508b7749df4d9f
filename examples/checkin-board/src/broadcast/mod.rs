//! Telling the boards: the one seam between the school and the hub, wherever that runs. It returns at once, and whoever
//! works never learns whether anybody listened.

mod beside;
mod embedded;

pub(crate) use self::beside::{Beside, Sending};
pub(crate) use self::embedded::Embedded;
use crate::event::{Event, GroupId};

/// What the hub is told.
#[derive(Clone, Debug)]
pub(crate) enum Telling {
    Event(Event),
    /// All that a user may see from now on.
    Rights {
        user: i64,
        groups: Vec<GroupId>,
    },
    /// A user whose tokens are good for nothing any more.
    ShutOut {
        user: i64,
    },
    /// A user who was shut out, and is no more.
    LetIn {
        user: i64,
    },
    /// A token whose session was ended.
    TokenOver {
        id: String,
    },
}

#[derive(Clone)]
pub(crate) enum Broadcaster {
    /// The hub lives in this process.
    Embedded(Embedded),
    /// It runs beside, and is told over HTTP.
    Beside(Beside),
}

impl Broadcaster {
    /// Never waits, and never fails.
    pub(crate) fn tell(&self, telling: Telling) {
        match self {
            Self::Embedded(hub) => hub.tell(&telling),
            Self::Beside(hub) => hub.tell(telling),
        }
    }
}
