//! Whose tokens are taken, and how they are checked.

use std::fmt;

use http::Uri;
use http::uri::Scheme;
use rustls::pki_types::CertificateDer;

use super::algorithm::Algorithm;
use super::fetch::Trust;
use super::key::KeyError;

/// Whose tokens are good, and how they are checked.
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// What `iss` must be. Only a single issuer may do without: then `iss` is not looked at.
    pub issuer: Option<String>,
    /// How its tokens may be signed. Without any, in the way that is usual for the kind of the key.
    pub algorithms: Vec<Algorithm>,
    /// What they are checked with.
    pub key: KeySource,
    /// What `aud` must name, one of them. Without any, a token that has an `aud` is for others.
    pub audience: Vec<String>,
}

/// Where an issuer's keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// The secret of an HMAC, or public keys as PEM.
    Text(Vec<u8>),
    /// The address of a JWK Set.
    Jwks(Uri),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(***)",
            Self::Jwks(_) => "Jwks(***)",
        })
    }
}

impl KeySource {
    pub(super) fn is_https(&self) -> bool {
        matches!(self, Self::Jwks(address) if address.scheme() == Some(&Scheme::HTTPS))
    }
}

/// How tokens are checked.
#[derive(Clone, Debug)]
pub struct TokenOptions {
    /// Whose tokens are good. No two have the same name.
    pub issuers: Vec<IssuerOptions>,
    /// Whether a token without `exp` is refused.
    pub require_exp: bool,
    /// By how much clocks may differ, for `exp` and `nbf`.
    pub leeway_ms: u64,
    /// Whether keys may be fetched over plain HTTP from other machines.
    pub plain_http: bool,
    /// Who vouches for the servers that keys are fetched from; `None` for those whom this machine trusts.
    pub authorities: Option<Vec<CertificateDer<'static>>>,
}

impl TokenOptions {
    /// With these issuers, and the defaults of the configuration.
    pub fn new(issuers: Vec<IssuerOptions>) -> Self {
        Self { issuers, require_exp: true, leeway_ms: 5_000, plain_http: false, authorities: None }
    }

    /// Whether nobody is let in by what can't be meant.
    pub(super) fn check(&self) -> Result<(), TokenOptionsError> {
        if self.issuers.is_empty() {
            return Err(TokenOptionsError::None);
        }
        for (place, issuer) in self.issuers.iter().enumerate() {
            let mut before = self.issuers[..place].iter();
            let is_unclear = issuer.issuer.is_none() || before.any(|other| other.issuer == issuer.issuer);
            if self.issuers.len() > 1 && is_unclear {
                return Err(TokenOptionsError::Names { issuer: place });
            }
            let KeySource::Jwks(address) = &issuer.key else { continue };
            if let Some(algorithm) = issuer.algorithms.iter().find(|algorithm| algorithm.is_symmetric()) {
                return Err(TokenOptionsError::SecretInSet { issuer: place, algorithm: *algorithm });
            }
            if !(issuer.key.is_https() || self.plain_http || is_loopback(address)) {
                return Err(TokenOptionsError::PlainHttp { issuer: place });
            }
        }
        Ok(())
    }

    /// Whom servers have to be vouched for by, if any is asked over TLS.
    pub(super) fn trust(&self) -> Result<Option<Trust>, TokenOptionsError> {
        if !self.issuers.iter().any(|issuer| issuer.key.is_https()) {
            return Ok(None);
        }
        let trust = match &self.authorities {
            Some(authorities) => Trust::of(authorities.clone()),
            None => Trust::of_the_machine(),
        };
        trust.map(Some).map_err(|error| TokenOptionsError::Trust(error.to_string()))
    }
}

/// Why tokens can't be checked in this way. `issuer` is its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenOptionsError {
    /// The key is none.
    #[error("the key {error}")]
    Key {
        /// Whose.
        issuer: usize,
        /// Why.
        error: KeyError,
    },
    /// A key set is public, and a secret is not.
    #[error("{algorithm} needs a secret, and the keys of a set are public: take it out of the algorithms")]
    SecretInSet {
        /// Whose.
        issuer: usize,
        /// Which algorithm.
        algorithm: Algorithm,
    },
    /// Whoever is between here and there would choose the keys.
    #[error("keys are fetched over https://, or over http:// from this machine's loopback addresses alone")]
    PlainHttp {
        /// Whose.
        issuer: usize,
    },
    /// Two with one name, or one of several without.
    #[error("each of several issuers needs a name of its own")]
    Names {
        /// Whose.
        issuer: usize,
    },
    /// Nobody's tokens would be good.
    #[error("there is no issuer")]
    None,
    /// No server's certificate could be checked.
    #[error("{0}")]
    Trust(String),
}

fn is_loopback(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let ip = bare.parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}
