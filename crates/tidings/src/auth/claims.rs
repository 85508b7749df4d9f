//! What a token claims: first whether it is for us and for now, and, once it is proven, what it grants.

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use tidings_core::channel::Selector;
use tidings_core::grant::{ANONYMOUS, AdminRole, Grant, Label};

use super::refusal::Refusal;
use crate::json::{self, present};

/// Channels and patterns that one token may name, to read and to publish to each.
pub const TOKEN_CHANNELS_MAX: usize = 1_000;
/// Bytes of the JSON that is shown with a user's presence.
pub const TOKEN_INFO_BYTES_MAX: usize = 1_024;
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

/// The hub's own claim.
#[derive(Debug, Default, Deserialize)]
struct Rights {
    #[serde(default)]
    subscribe: Vec<String>,
    #[serde(default)]
    publish: Vec<String>,
    #[serde(default, deserialize_with = "role")]
    admin: AdminRole,
    #[serde(default, deserialize_with = "present")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "present")]
    limit: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    info: Option<Box<RawValue>>,
}

/// `true` for an operator, or a role by its name.
fn role<'de, D: serde::Deserializer<'de>>(from: D) -> Result<AdminRole, D::Error> {
    match Value::deserialize(from)? {
        Value::Bool(admin) => Ok(admin.into()),
        Value::String(name) => AdminRole::parse(&name).ok_or_else(|| D::Error::custom("no such role")),
        _ => Err(D::Error::custom("neither a role nor true")),
    }
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
        let user = match &self.sub {
            None => ANONYMOUS,
            Some(Value::String(user)) => user,
            Some(_) => return Err(Refusal::Grant("sub", "it is no text".to_owned())),
        };
        let user = label("sub", user)?;
        let token_id = match &self.jti {
            None => None,
            Some(Value::String(id)) => Some(label("jti", id)?),
            Some(_) => return Err(Refusal::Grant("jti", "it is no text".to_owned())),
        };
        let rights = self.tidings.as_deref().map_or(Some(Rights::default()), |rights| {
            // An object, and not a list of its members in their order.
            json::object(rights.get().as_bytes())
        });
        let rights =
            rights.ok_or_else(|| Refusal::Grant("tidings", "a member has the wrong type".to_owned()))?;
        let kind = rights.r#type.as_deref().map(|kind| label("tidings.type", kind)).transpose()?;
        if rights.info.as_ref().is_some_and(|info| info.get().len() > TOKEN_INFO_BYTES_MAX) {
            let reason = format!("it is over {TOKEN_INFO_BYTES_MAX} bytes");
            return Err(Refusal::Grant("tidings.info", reason));
        }
        Ok(Grant {
            subscribe: selectors("tidings.subscribe", &rights.subscribe)?,
            publish: selectors("tidings.publish", &rights.publish)?,
            admin: rights.admin,
            kind: kind.map(|kind| kind.as_arc().clone()),
            connections_max: rights.limit,
            issued_at_ms: self.iat.and_then(|iat| iat.as_u64()).and_then(|iat| iat.checked_mul(1_000)),
            expires_at_ms: ends_ms,
            token_id: token_id.map(|id| id.as_arc().clone()),
            info: rights.info,
            ..Grant::nothing(user.as_arc().clone())
        })
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

fn label(claim: &'static str, text: &str) -> Result<Label, Refusal> {
    Label::parse(text).map_err(|error| Refusal::Grant(claim, error.to_string()))
}

fn selectors(claim: &'static str, names: &[String]) -> Result<Vec<Selector>, Refusal> {
    if names.len() > TOKEN_CHANNELS_MAX {
        return Err(Refusal::Grant(claim, format!("it has over {TOKEN_CHANNELS_MAX} entries: use patterns")));
    }
    let parse =
        |name: &String| Selector::parse(name).map_err(|error| Refusal::Grant(claim, error.to_string()));
    names.iter().map(parse).collect()
}
