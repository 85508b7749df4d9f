//! Why a token is not taken. Said in the log; whoever showed the token is told that it is not good, and no more.

use super::algorithm::Algorithm;

/// What is wrong with a token, without a word of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Larger than [`TOKEN_BYTES_MAX`](super::TOKEN_BYTES_MAX).
    #[error("too long")]
    TooLong,
    /// Not three parts of base64url.
    #[error("no signed token: three parts of base64url are wanted")]
    Shape,
    /// The header is no object of sound members.
    #[error("the header can't be read")]
    Header,
    /// The header has something that this reader must understand, and does not (RFC 7515 §4.1.11).
    #[error("the header has `{0}`, which is not taken")]
    NotTaken(&'static str),
    /// The header names no algorithm that is known.
    #[error("`alg` is none that is known")]
    UnknownAlgorithm,
    /// The header names one that is not pinned for the issuer.
    #[error("`alg` is {0}, which is not allowed here: see auth.algorithms")]
    Algorithm(Algorithm),
    /// The claims are no object, or one of those that have a meaning is of the wrong type.
    #[error("the claims can't be read, or one has the wrong type")]
    Claims,
    /// Nobody here trusts this issuer.
    #[error("`iss` is none of the issuers")]
    Issuer,
    /// It is for somebody else.
    #[error("`aud` does not name this hub: see auth.audience")]
    Audience,
    /// It has no end.
    #[error("`exp` is missing: see auth.require_exp")]
    NoExpiry,
    /// A time that can't be.
    #[error("`{0}` is out of range")]
    Range(&'static str),
    /// It is over.
    #[error("expired")]
    Expired,
    /// It has not begun.
    #[error("`nbf` is to come: not yet good")]
    NotYet,
    /// No key of the issuer's is meant.
    #[error("no key of the issuer fits `kid` and `alg`")]
    NoKey,
    /// Signed by somebody else.
    #[error("the signature does not fit")]
    Signature,
    /// Signed, and yet it says nothing that can be granted.
    #[error("`{0}` can't be granted: {1}")]
    Grant(&'static str, String),
    /// The issuer's keys are not there.
    #[error("the issuer's keys could not be fetched")]
    KeysAway,
}

/// Kinds of refusals, for counting: few, and none tells a forger how far he came.
pub(super) const KINDS: [&str; 8] =
    ["missing", "malformed", "signature", "issuer", "audience", "expired", "grant", "keys_away"];

impl Refusal {
    /// Which of [`KINDS`] it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::TooLong
            | Self::Shape
            | Self::Header
            | Self::NotTaken(_)
            | Self::Claims
            | Self::Range(_) => "malformed",
            Self::UnknownAlgorithm | Self::Algorithm(_) | Self::NoKey | Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::NoExpiry | Self::Expired | Self::NotYet => "expired",
            Self::Grant(..) => "grant",
            Self::KeysAway => "keys_away",
        }
    }
}
