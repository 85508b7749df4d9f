//! What publishers did and readers saw, written down as it happened.

use std::time::Duration;

/// An event that somebody tried to publish to a channel.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) channel: String,
    /// Its number, which its data carries: no other event of the channel has it.
    pub(crate) n: u64,
    pub(crate) key: Option<String>,
    /// When it was first sent, by the clock that all share.
    pub(crate) invoked: u64,
    /// What the hub answered, each time it did.
    pub(crate) acks: Vec<Ack>,
    /// What came of each time that it was sent.
    pub(crate) tries: Vec<Try>,
    /// It is one that no hub takes.
    pub(crate) is_invalid: bool,
}

/// What came of an event that was sent once.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "some is printed alone")]
pub(crate) struct Try {
    /// Which of the hubs it was sent to.
    pub(crate) node: usize,
    /// When, and when it was over, by the clock that all share.
    pub(crate) sent: u64,
    pub(crate) over: u64,
    pub(crate) took: Duration,
    /// What the hub answered; 0 where no answer came.
    pub(crate) status: u16,
}

impl Publication {
    /// Hubs said, each time, that they did not take it: it must not come. Read from all the tries, since what was refused
    /// once may be sent again, and be taken then.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_invalid || !self.tries.is_empty() && self.tries.iter().all(|one| one.status == 503)
    }
}

/// The hub's word that an event is in its log.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) epoch: String,
    pub(crate) offset: u64,
    pub(crate) tick: u64,
}

/// What a cursor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) epoch: String,
    pub(crate) offset: u64,
    /// Gaps were still to be told here.
    pub(crate) owed: bool,
}

impl Place {
    /// The cursor, as the hub writes it.
    pub(crate) fn text(&self) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let (mut digits, mut rest) = (Vec::new(), self.offset);
        while rest > 0 || digits.is_empty() {
            digits.push(char::from(DIGITS[(rest % 36) as usize]));
            rest /= 36;
        }
        format!("{}-{}", self.epoch, digits.iter().rev().collect::<String>())
    }

    /// Reads a cursor. Clients have no business doing that; a checker has.
    pub(crate) fn read(cursor: &str) -> Self {
        let (place, owed) = cursor.strip_suffix('~').map_or((cursor, false), |place| (place, true));
        let (epoch, offset) = place.split_once('-').unwrap_or_else(|| panic!("no cursor: {cursor:?}"));
        let offset = u64::from_str_radix(offset, 36).unwrap_or_else(|_| panic!("no cursor: {cursor:?}"));
        Self { epoch: epoch.to_owned(), offset, owed }
    }
}

/// What a reader saw, in order.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Connected {
        /// Which of the hubs it came to.
        node: usize,
        at: Place,
        selectors: Vec<String>,
        /// The cursor that it came with.
        brought: Option<Place>,
        /// Those of the selectors for which a gap was announced.
        lost: Vec<String>,
    },
    Event {
        tick: u64,
        /// Empty while not known: the reader had no envelope, and the event went to several channels.
        channel: String,
        n: u64,
        at: Place,
    },
    Gap {
        tick: u64,
        selector: String,
        reason: String,
        at: Place,
    },
    Subscribed {
        at: Place,
        selectors: Vec<String>,
    },
    Unsubscribed {
        at: Place,
        selectors: Vec<String>,
    },
}

/// One reader's history, over all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    pub(crate) name: String,
    pub(crate) seen: Vec<Seen>,
    /// It stayed until it had the last event of each of its channels.
    pub(crate) complete: bool,
}
