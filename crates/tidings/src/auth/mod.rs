//! Who asks and what they may, as somebody outside of the hub says it: an issuer, by signed tokens (RFC 7519, RFC 8725),
//! or the application, whenever it is asked.
//!
//! [`TokenAuthorizer`] is an [`Authorizer`](crate::Authorizer) that takes tokens from requests, [`TokenVerifier`] checks
//! one at a time that it is told, and [`SigningKey`] makes them, for tests and scripts. [`HookAuthorizer`] asks the
//! application, with what the request came with.
//!
//! What is refused is told apart in the log; whoever showed it is told that it is not good.

#[cfg(feature = "hook")]
mod hook;
mod rights;
#[cfg(feature = "tokens")]
mod tokens;

#[cfg(feature = "hook")]
pub use self::hook::*;
pub use self::rights::{TOKEN_CHANNELS_MAX, TOKEN_INFO_BYTES_MAX};
#[cfg(feature = "tokens")]
pub use self::tokens::*;
