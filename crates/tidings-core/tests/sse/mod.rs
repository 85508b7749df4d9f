//! Two readers of event streams, written apart from each other and from the encoder: one splits lines as the
//! standard's grammar does, one goes byte by byte. What both read alike was written right.

pub(crate) mod bytes;
pub(crate) mod lines;

/// What a reader dispatches: WHATWG HTML §9.2.6, as an `EventSource` would tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) ty: String,
    pub(crate) id: String,
    pub(crate) data: String,
}

/// Everything that a reader learns from a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) messages: Vec<Message>,
    pub(crate) retry_ms: Option<u64>,
}
