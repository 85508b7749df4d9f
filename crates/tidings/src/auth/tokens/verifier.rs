//! From a token to a grant, or to why not. The order is the point: everything that a forger can say is looked at before
//! a key is asked for, and nothing is fetched for a token that would be refused anyway.

use serde_json::Value;
use tidings_core::grant::Grant;

use super::algorithm::Algorithm;
use super::claims::{Claims, Demands};
use super::compact::Compact;
use super::fetch::Trust;
use super::key::Key;
use super::key_set::KeySet;
use super::options::{IssuerOptions, KeySource, TokenOptions, TokenOptionsError};
use super::refusal::Refusal;
use super::remote::{Found, Remote};

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
        options.check()?;
        let trust = options.trust()?;
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

    /// How often issuers' keys were fetched, and how often that failed.
    pub fn fetches(&self) -> (u64, u64) {
        let fetches = self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            Keys::Remote(remote) => Some(remote.fetches()),
            Keys::Fixed(_) => None,
        });
        fetches.fold((0, 0), |(ok, failed), (more_ok, more_failed)| (ok + more_ok, failed + more_failed))
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
                let issuer = name.as_deref().unwrap_or("auth.jwks_url");
                let trust = trust.filter(|_| options.key.is_https()).cloned();
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
