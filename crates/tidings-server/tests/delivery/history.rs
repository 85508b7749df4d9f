//! What publishers did and readers saw, written down as it happened.

/// An event that somebody tried to publish to a channel.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) channel: String,
    /// Its number, which its data carries: one for each channel and event.
    pub(crate) n: u64,
    pub(crate) key: Option<String>,
    /// When it was first sent, by the clock that all share.
    pub(crate) invoked: u64,
    /// What the hub answered, each time it did.
    pub(crate) acks: Vec<Ack>,
    /// The hub said that it did not take it, each time it was sent.
    pub(crate) failed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) epoch: String,
    pub(crate) offset: u64,
}

/// What a reader saw, in order.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Connected { tick: u64, epoch: String, selectors: Vec<String>, resumed: bool },
    Event { channel: String, n: u64, epoch: String, offset: u64 },
    Gap { selector: String, reason: String },
    Subscribed { tick: u64, selectors: Vec<String> },
    Unsubscribed { selectors: Vec<String> },
}

/// One reader's history, over all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    pub(crate) name: String,
    pub(crate) seen: Vec<Seen>,
    /// It stayed until it had the last event of each of its channels.
    pub(crate) complete: bool,
}
