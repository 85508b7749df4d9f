//! Signed tokens (RFC 7519, RFC 8725) and the keys that they are checked with. The signature is the last thing that is
//! checked, and keys are fetched for a token that is sound otherwise alone.

mod algorithm;
mod authorizer;
mod carry;
mod claims;
mod compact;
mod fetch;
mod key;
mod key_set;
mod options;
mod refusal;
mod remote;
mod sign;
mod verifier;

pub use self::algorithm::Algorithm;
pub use self::authorizer::TokenAuthorizer;
pub use self::carry::Carriers;
pub use self::compact::TOKEN_BYTES_MAX;
pub use self::key::KeyError;
pub use self::key_set::{JWKS_KEYS_MAX, usable_keys};
pub use self::options::{IssuerOptions, KeySource, TokenOptions, TokenOptionsError};
pub use self::refusal::Refusal;
pub use self::remote::{JWKS_FRESH_MS, JWKS_REFETCH_MS, JWKS_RETRY_MS, JWKS_STALE_MAX_MS};
pub use self::sign::{SigningKey, SigningKeyError};
pub use self::verifier::{Now, TokenVerifier};
