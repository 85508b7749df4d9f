//! Who asks and what they may, as somebody outside of the hub says it: an issuer, by signed tokens (RFC 7519, RFC 8725),
//! or the application, whenever it is asked.
//!
//! [`TokenAuthorizer`] is an [`Authorizer`](crate::Authorizer) that takes tokens from requests, [`TokenVerifier`] checks
//! one at a time that it is told, and [`SigningKey`] makes them, for tests and scripts. [`HookAuthorizer`] asks the
//! application, with what the request came with.
//!
//! The signature is the last thing that is checked, and keys are fetched for a token that is sound otherwise alone.
//! What is refused is told apart in the log; whoever showed it is told that it is not good.

#[cfg(feature = "tokens")]
mod algorithm;
#[cfg(feature = "tokens")]
mod authorizer;
#[cfg(feature = "tokens")]
mod carry;
#[cfg(feature = "tokens")]
mod claims;
#[cfg(feature = "tokens")]
mod compact;
#[cfg(feature = "tokens")]
mod fetch;
#[cfg(feature = "hook")]
mod hook;
#[cfg(feature = "tokens")]
mod key;
#[cfg(feature = "tokens")]
mod key_set;
#[cfg(feature = "tokens")]
mod options;
#[cfg(feature = "tokens")]
mod refusal;
#[cfg(feature = "tokens")]
mod remote;
mod rights;
#[cfg(feature = "tokens")]
mod sign;
#[cfg(feature = "tokens")]
mod verifier;

#[cfg(feature = "tokens")]
pub use self::algorithm::Algorithm;
#[cfg(feature = "tokens")]
pub use self::authorizer::TokenAuthorizer;
#[cfg(feature = "tokens")]
pub use self::carry::Carriers;
#[cfg(feature = "tokens")]
pub use self::compact::TOKEN_BYTES_MAX;
#[cfg(feature = "hook")]
pub use self::hook::*;
#[cfg(feature = "tokens")]
pub use self::key::KeyError;
#[cfg(feature = "tokens")]
pub use self::key_set::{JWKS_KEYS_MAX, usable_keys};
#[cfg(feature = "tokens")]
pub use self::options::{IssuerOptions, KeySource, TokenOptions, TokenOptionsError};
#[cfg(feature = "tokens")]
pub use self::refusal::Refusal;
#[cfg(feature = "tokens")]
pub use self::remote::{JWKS_FRESH_MS, JWKS_REFETCH_MS, JWKS_RETRY_MS, JWKS_STALE_MAX_MS};
pub use self::rights::{TOKEN_CHANNELS_MAX, TOKEN_INFO_BYTES_MAX};
#[cfg(feature = "tokens")]
pub use self::sign::{SigningKey, SigningKeyError};
#[cfg(feature = "tokens")]
pub use self::verifier::{Now, TokenVerifier};
