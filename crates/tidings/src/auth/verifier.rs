//! From a token to a grant, or to why not. The order is the point: everything that a forger can say is looked at before
//! a key is asked for, and nothing is fetched for a token that would be refused anyway.

use std::fmt;

use http::Uri;
use http::uri::Scheme;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tidings_core::grant::Grant;

use super::algorithm::Algorithm;
use super::claims::{Claims, Demands};
use super::compact::Compact;
use super::fetch::Trust;
use super::key::{Key, KeyError};
use super::key_set::KeySet;
use super::refusal::Refusal;
use super::remote::{Found, Remote};

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

/// What time it is.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds by a clock that never jumps.
    pub monotonic_ms: u64,
}

/// Checks tokens, at whatever time it is told.
#[derive(Debug)]
pub struct TokenVerifier {
    issuers: Vec<Issuer>,
}

#[derive(Debug)]
struct Issuer {
    name: Option<String>,
    /// Empty for those of the keys.
    algorithms: Vec<Algorithm>,
    keys: Keys,
    demands: Demands,
}

#[derive(Debug)]
enum Keys {
    Fixed(KeySet),
    Remote(Remote),
}

impl TokenVerifier {
    /// Reads the keys. Those that are fetched are fetched when the first token needs them.
    pub fn new(options: TokenOptions) -> Result<Self, TokenOptionsError> {
        let several = options.issuers.len() > 1;
        let mut names = Vec::new();
        for (place, issuer) in options.issuers.iter().enumerate() {
            if several && (issuer.issuer.is_none() || names.contains(&&issuer.issuer)) {
                return Err(TokenOptionsError::Names { issuer: place });
            }
            names.push(&issuer.issuer);
        }
        if options.issuers.is_empty() {
            return Err(TokenOptionsError::None);
        }
        let is_https = |issuer: &IssuerOptions| matches!(&issuer.key, KeySource::Jwks(address) if address.scheme() == Some(&Scheme::HTTPS));
        let trust = match (options.issuers.iter().any(is_https), &options.authorities) {
            (false, _) => None,
            (true, Some(authorities)) => Some(Trust::of(authorities.clone())),
            (true, None) => Some(Trust::of_the_machine()),
        };
        let trust = trust.transpose().map_err(|error| TokenOptionsError::Trust(error.to_string()))?;
        let issuers = options.issuers.iter().enumerate();
        let issuers = issuers.map(|(place, issuer)| Issuer::new(place, issuer, &options, trust.as_ref()));
        Ok(Self { issuers: issuers.collect::<Result<_, _>>()? })
    }

    /// What a token grants, or why it is not taken.
    pub async fn verify(&self, token: &str, now: Now) -> Result<Grant, Refusal> {
        let compact = Compact::parse(token)?;
        let claims = Claims::parse(&compact.claims)?;
        let issuer = self.issuer(claims.iss.as_ref())?;
        issuer.may_sign_by(compact.header.algorithm)?;
        let ends_ms = claims.check(&issuer.demands, now.wall_ms)?;
        issuer.check_signature(&compact, now.monotonic_ms).await?;
        claims.grant(ends_ms)
    }

    fn issuer(&self, iss: Option<&Value>) -> Result<&Issuer, Refusal> {
        let iss = match iss {
            None => None,
            Some(Value::String(iss)) => Some(iss),
            Some(_) => return Err(Refusal::Claims),
        };
        let mut issuers = self.issuers.iter();
        issuers.find(|issuer| issuer.name.is_none() || issuer.name.as_ref() == iss).ok_or(Refusal::Issuer)
    }
}

impl Issuer {
    fn new(
        place: usize,
        options: &IssuerOptions,
        all: &TokenOptions,
        trust: Option<&Trust>,
    ) -> Result<Self, TokenOptionsError> {
        let (name, algorithms) = (options.issuer.clone(), options.algorithms.clone());
        let keys = match &options.key {
            KeySource::Text(text) => {
                let keys = Key::parse(text, &algorithms);
                Keys::Fixed(KeySet::fixed(
                    keys.map_err(|error| TokenOptionsError::Key { issuer: place, error })?,
                ))
            }
            KeySource::Jwks(address) => {
                if let Some(algorithm) = algorithms.iter().find(|algorithm| algorithm.is_symmetric()) {
                    return Err(TokenOptionsError::SecretInSet { issuer: place, algorithm: *algorithm });
                }
                let is_https = address.scheme() == Some(&Scheme::HTTPS);
                if !(is_https || all.plain_http || is_loopback(address)) {
                    return Err(TokenOptionsError::PlainHttp { issuer: place });
                }
                let issuer = name.as_deref().unwrap_or("auth.jwks_url");
                let trust = trust.filter(|_| is_https).cloned();
                Keys::Remote(Remote::new(address.clone(), trust, &algorithms, issuer))
            }
        };
        let demands = Demands {
            audience: options.audience.clone(),
            require_exp: all.require_exp,
            leeway_ms: all.leeway_ms,
        };
        Ok(Self { name, algorithms, keys, demands })
    }

    /// What is pinned: by the configuration, or by the keys that stand in it.
    fn may_sign_by(&self, algorithm: Algorithm) -> Result<(), Refusal> {
        let may = match (&self.keys, self.algorithms.is_empty()) {
            (_, false) => self.algorithms.contains(&algorithm),
            (Keys::Fixed(keys), true) => {
                keys.all().iter().any(|key| key.algorithms().any(|own| own == algorithm))
            }
            (Keys::Remote(_), true) => !algorithm.is_symmetric(),
        };
        if may { Ok(()) } else { Err(Refusal::Algorithm(algorithm)) }
    }

    async fn check_signature(&self, token: &Compact<'_>, now_ms: u64) -> Result<(), Refusal> {
        let (algorithm, kid) = (token.header.algorithm, token.header.kid.as_deref());
        let signed = |keys: Vec<&Key>| {
            if keys.is_empty() {
                return Err(Refusal::NoKey);
            }
            let mut keys = keys.into_iter();
            let signed = keys.any(|key| key.signed(algorithm, token.signed, &token.signature));
            if signed { Ok(()) } else { Err(Refusal::Signature) }
        };
        match &self.keys {
            Keys::Fixed(keys) => signed(keys.all()),
            Keys::Remote(remote) => match remote.keys(kid, algorithm, now_ms).await {
                Found::Keys(keys) => signed(keys.meant(kid, algorithm)),
                Found::Away => Err(Refusal::KeysAway),
            },
        }
    }
}

fn is_loopback(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let ip = bare.parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}
