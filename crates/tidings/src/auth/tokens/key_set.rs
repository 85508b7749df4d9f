//! The keys of one issuer, by the names that it gave them; as a document, a JWK Set (RFC 7517 §5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::key::{Key, Parts};

/// Keys of a set beyond so many are not looked at.
pub const JWKS_KEYS_MAX: usize = 100;
/// Keys that are tried on one token, where several bear its name.
const TRIES_MAX: usize = 4;

/// How many keys of a JWK Set a hub would check tokens with; `None` where the document is no set. Without algorithms, with
/// those of the keys.
pub fn usable_keys(document: &[u8], algorithms: &[Algorithm]) -> Option<usize> {
    KeySet::parse(document, algorithms).map(|set| set.len())
}

#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Named>);

#[derive(Debug)]
struct Named {
    kid: Option<String>,
    key: Key,
}

impl KeySet {
    /// Keys without names, from the configuration.
    pub(super) fn fixed(keys: Vec<Key>) -> Self {
        Self(keys.into_iter().map(|key| Named { kid: None, key }).collect())
    }

    /// The set that a document is. Keys that are not for signatures, or of a kind that is not known, are passed over
    /// (RFC 7517 §5); so is a secret, which nobody publishes. `None` where the document is no set.
    pub(super) fn parse(document: &[u8], algorithms: &[Algorithm]) -> Option<Self> {
        let set: Document = crate::json::object(document)?;
        let keys = set.keys.into_iter().take(JWKS_KEYS_MAX);
        Some(Self(keys.filter_map(|key| named(key, algorithms)).collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys that a token may mean, of those that were published under names. One that names none means the only
    /// one that fits.
    pub(super) fn meant(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<&Key> {
        let fits = |named: &&Named| named.key.algorithms().any(|own| own == algorithm);
        let fit = self.0.iter().filter(fits);
        match kid {
            Some(kid) => {
                let named = fit.filter(|named| named.kid.as_deref() == Some(kid));
                named.take(TRIES_MAX).map(|named| &named.key).collect()
            }
            None => {
                let all: Vec<_> = fit.map(|named| &named.key).collect();
                if all.len() == 1 { all } else { Vec::new() }
            }
        }
    }

    /// All keys of the configuration: they have no names, whatever the token says of one.
    pub(super) fn all(&self) -> Vec<&Key> {
        self.0.iter().map(|named| &named.key).collect()
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

fn named(key: Value, algorithms: &[Algorithm]) -> Option<Named> {
    let jwk: Jwk = serde_json::from_value(Some(key).filter(Value::is_object)?).ok()?;
    let for_signatures = jwk.r#use.as_deref().is_none_or(|r#use| r#use == "sig")
        && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !for_signatures {
        return None;
    }
    let parts = jwk.parts()?;
    // A key that names its algorithm is for no other (RFC 7517 §4.4), and never for one that is not allowed.
    let own = match jwk.alg.as_deref() {
        Some(alg) => vec![Algorithm::parse(alg).filter(|a| algorithms.is_empty() || algorithms.contains(a))?],
        None => algorithms.to_vec(),
    };
    Some(Named { kid: jwk.kid, key: Key::from_parts(&parts, &own)? })
}

impl Jwk {
    fn parts(&self) -> Option<Parts> {
        let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Some(Parts::Rsa { n: number(&self.n)?, e: number(&self.e)? }),
            ("EC", Some("P-256")) => Some(Parts::P256 { x: number(&self.x)?, y: number(&self.y)? }),
            ("EC", Some("P-384")) => Some(Parts::P384 { x: number(&self.x)?, y: number(&self.y)? }),
            ("OKP", Some("Ed25519")) => Some(Parts::Ed25519 { x: number(&self.x)? }),
            _ => None,
        }
    }
}
