//! A token as it is written: three parts of base64url (RFC 7515 §7.1), taken apart without believing any of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::refusal::Refusal;
use crate::json::{self, present};

/// The longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// The longest name of a key.
const KID_BYTES_MAX: usize = 255;

/// A token's parts. Nothing of it is proven.
#[derive(Debug)]
pub(super) struct Compact<'t> {
    pub(super) header: Header,
    pub(super) claims: Vec<u8>,
    /// What is signed.
    pub(super) signed: &'t [u8],
    pub(super) signature: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

/// What the header says. A member that changes what the rest means is refused (RFC 7515 §4.1.11, RFC 7797); what only
/// points to keys (`jku`, `jwk`, `x5u`, `x5c`, …) is not looked at: keys come from the configuration.
#[derive(Deserialize)]
struct Raw {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    kid: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    typ: Option<Value>,
    #[serde(default, deserialize_with = "is_there")]
    cty: bool,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
    #[serde(default, deserialize_with = "is_there")]
    b64: bool,
    #[serde(default, deserialize_with = "is_there")]
    enc: bool,
    #[serde(default, deserialize_with = "is_there")]
    zip: bool,
}

fn is_there<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(from).map(|_| true)
}

impl<'t> Compact<'t> {
    pub(super) fn parse(token: &'t str) -> Result<Self, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Shape)?;
        let (header, claims) = signed.split_once('.').ok_or(Refusal::Shape)?;
        let signature = part(signature)?;
        if signature.is_empty() {
            return Err(Refusal::Shape);
        }
        Ok(Self {
            header: Header::parse(&part(header)?)?,
            claims: part(claims)?,
            signed: signed.as_bytes(),
            signature,
        })
    }
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, Refusal> {
        let raw: Raw = json::object(json).ok_or(Refusal::Header)?;
        for (there, name) in
            [(raw.crit, "crit"), (raw.b64, "b64"), (raw.cty, "cty"), (raw.enc, "enc"), (raw.zip, "zip")]
        {
            if there {
                return Err(Refusal::NotTaken(name));
            }
        }
        if !raw.typ.is_none_or(|typ| is_access_token(&typ)) {
            return Err(Refusal::NotTaken("typ"));
        }
        let algorithm = Algorithm::parse(&raw.alg).ok_or(Refusal::UnknownAlgorithm)?;
        Ok(Self { algorithm, kid: raw.kid.map(kid).transpose()? })
    }
}

/// A JWT, or one that says that it is an access token (RFC 9068 §2.1): tokens of other kinds, as those that log
/// somebody out, are signed with the same keys (RFC 8725 §3.11).
fn is_access_token(typ: &Value) -> bool {
    let Some(typ) = typ.as_str() else { return false };
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

fn kid(kid: Value) -> Result<String, Refusal> {
    match kid {
        Value::String(kid)
            if !kid.is_empty() && kid.len() <= KID_BYTES_MAX && !kid.contains(char::is_control) =>
        {
            Ok(kid)
        }
        _ => Err(Refusal::Header),
    }
}

/// Without padding, and with no bit beyond the last byte: one text for one content.
fn part(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Shape)
}
