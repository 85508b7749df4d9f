//! Requests that the hub itself makes: for key sets, to the hook and to webhooks. Their targets stand in the
//! configuration and nowhere else. A target's name is resolved, each address is looked at, and the connection goes to
//! one that was: nobody who answers for the name gets a second say. No redirect is followed, no proxy is taken from the
//! environment, and neither time nor size is left to the other side.
#![cfg_attr(
    not(all(feature = "hook", feature = "tokens", feature = "webhooks")),
    allow(dead_code, unused_imports, reason = "each of the three uses its own part")
)]

mod address;
mod client;
mod connect;
mod resolve;
mod socket;
mod target;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use self::client::{Answer, Client, ClientOptions, OutboundError, TooLong};
pub(crate) use self::target::Target;
pub use self::target::TargetError;
pub(crate) use self::trust::Trust;
