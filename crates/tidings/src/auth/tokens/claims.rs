//! What a token claims: first whether it is for us and for now, and, once it is proven, what it grants.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use tidings_core::grant::{Grant, Label};

use super::refusal::Refusal;
use crate::auth::rights::{NoGrant, Rights};
use crate::json::{self, present};

/// The end of the year 9999, in seconds since 1970.
const TIME_MAX: u64 = 253_402_300_799;

/// What decides about a token, and what it grants. Of all else nothing is read.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(default, deserialize_with = "present")]
    pub(super) iss: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    aud: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    exp: Option<Number>,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<Number>,
    #[serde(default, deserialize_with = "present")]
    sub: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    jti: Option<Value>,
    /// Looked at where it is a whole number, and never a reason to refuse.
    #[serde(default)]
    iat: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    tidings: Option<Box<RawValue>>,
}

/// What is asked of a token's claims.
#[derive(Clone, Debug)]
pub(super) struct Demands {
    pub(super) audience: Vec<String>,
    pub(super) require_exp: bool,
    pub(super) leeway_ms: u64,
}

impl Claims {
    pub(super) fn parse(json: &[u8]) -> Result<Self, Refusal> {
        json::object(json).ok_or(Refusal::Claims)
    }

    /// Whether the token is for us and for now. Answers when it ends, leeway included.
    pub(super) fn check(&self, demands: &Demands, now_ms: u64) -> Result<Option<u64>, Refusal> {
        let ends_ms = match seconds(self.exp.as_ref(), "exp")? {
            None if demands.require_exp => return Err(Refusal::NoExpiry),
            None => None,
            Some(exp) => Some((exp * 1000).saturating_add(demands.leeway_ms)),
        };
        if ends_ms.is_some_and(|ends| now_ms >= ends) {
            return Err(Refusal::Expired);
        }
        let begins_ms = seconds(self.nbf.as_ref(), "nbf")?.map_or(0, |nbf| nbf * 1000);
        if now_ms.saturating_add(demands.leeway_ms) < begins_ms {
            return Err(Refusal::NotYet);
        }
        // A token for others is none for us, also where we have no name (RFC 7519 §4.1.3).
        if !self.is_for(&demands.audience)? {
            return Err(Refusal::Audience);
        }
        Ok(ends_ms)
    }

    fn is_for(&self, audience: &[String]) -> Result<bool, Refusal> {
        let ours = |aud: &Value| aud.as_str().map(|aud| audience.iter().any(|our| our == aud));
        match &self.aud {
            None => Ok(audience.is_empty()),
            Some(Value::Array(all)) => {
                let all: Option<Vec<bool>> = all.iter().map(ours).collect();
                all.map(|all| all.contains(&true)).ok_or(Refusal::Claims)
            }
            Some(one) => ours(one).ok_or(Refusal::Claims),
        }
    }

    /// What the token grants. Only for one that is proven.
    pub(super) fn grant(self, ends_ms: Option<u64>) -> Result<Grant, Refusal> {
        let rights =
            self.tidings.as_deref().map_or(Ok(Rights::default()), |rights| Rights::parse(rights.get()));
        let grant = rights.and_then(|rights| rights.grant(self.sub.as_ref(), ends_ms));
        let token_id = match &self.jti {
            None => None,
            Some(Value::String(id)) => {
                let label = Label::parse(id).map_err(|error| Refusal::Grant("jti", error.to_string()))?;
                Some(label.as_arc().clone())
            }
            Some(_) => return Err(Refusal::Grant("jti", "it is no text".to_owned())),
        };
        let issued_at_ms = self.iat.and_then(|iat| iat.as_u64()).and_then(|iat| iat.checked_mul(1_000));
        let grant = grant.map_err(|NoGrant(claim, reason)| Refusal::Grant(claim, reason))?;
        Ok(Grant { token_id, issued_at_ms, ..grant })
    }
}

/// A whole number of seconds since 1970 (RFC 7519 §2 would allow parts of one).
fn seconds(time: Option<&Number>, name: &'static str) -> Result<Option<u64>, Refusal> {
    match time.map(Number::as_u64) {
        None => Ok(None),
        Some(Some(time)) if (1..=TIME_MAX).contains(&time) => Ok(Some(time)),
        Some(_) => Err(Refusal::Range(name)),
    }
}
