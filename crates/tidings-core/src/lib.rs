//! The nouns, the wire format and the rules of Tidings.
//!
//! What is absent is the point: no async runtime, no clock, no socket, no lock, no randomness of its own. Time
//! comes in as an argument, bytes go out into a buffer that the caller owns, and so every rule can be simulated
//! by the million from a seed. The shell that has clocks and sockets is the crate `tidings`.
//!
//! Text from outside becomes a noun once, by a `parse` or `new` that can fail, and is never checked again:
//! [`channel::ChannelName`], [`channel::Selector`], [`event::Event`], [`position::Cursor`], [`label::Label`].

pub mod channel;
mod chunk;
pub mod close;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod drain;
pub mod engine;
pub mod event;
pub mod grant;
pub mod history;
pub mod label;
pub mod log;
pub mod position;
pub mod proxy;
pub mod quota;
pub mod rate;
pub mod registry;
pub mod roster;
mod selector;
pub mod series;
mod sweep;
pub mod wire;
