//! What somebody may, as issuers and applications write it: the member `tidings`, beside `sub`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tidings_core::channel::Selector;
use tidings_core::grant::{ANONYMOUS, AdminRole, Grant, Label};

use crate::json::{self, present};

/// Channels and patterns that one token or one answer may name, to read and to publish to each.
pub const TOKEN_CHANNELS_MAX: usize = 1_000;
/// Bytes of the JSON that is shown with a user's presence.
pub const TOKEN_INFO_BYTES_MAX: usize = 1_024;

/// What can't be granted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoGrant(pub(super) &'static str, pub(super) String);

/// The member `tidings`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Rights {
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
    info: Option<Box<serde_json::value::RawValue>>,
}

impl Rights {
    /// Of an object, and not of a list of its members in their order. `None` where one has the wrong type.
    pub(super) fn parse(text: &str) -> Result<Self, NoGrant> {
        let rights = json::object(text.as_bytes());
        rights.ok_or_else(|| NoGrant("tidings", "a member has the wrong type".to_owned()))
    }

    /// With whom it is for, and until when.
    pub(super) fn grant(self, sub: Option<&Value>, ends_ms: Option<u64>) -> Result<Grant, NoGrant> {
        let user = match sub {
            None => ANONYMOUS,
            Some(Value::String(user)) => user,
            Some(_) => return Err(NoGrant("sub", "it is no text".to_owned())),
        };
        let user = label("sub", user)?;
        let kind = self.r#type.as_deref().map(|kind| label("tidings.type", kind)).transpose()?;
        if self.info.as_ref().is_some_and(|info| info.get().len() > TOKEN_INFO_BYTES_MAX) {
            return Err(NoGrant("tidings.info", format!("it is over {TOKEN_INFO_BYTES_MAX} bytes")));
        }
        Ok(Grant {
            subscribe: selectors("tidings.subscribe", &self.subscribe)?,
            publish: selectors("tidings.publish", &self.publish)?,
            admin: self.admin,
            kind: kind.map(|kind| kind.as_arc().clone()),
            connections_max: self.limit,
            expires_at_ms: ends_ms,
            info: self.info,
            ..Grant::nothing(user.as_arc().clone())
        })
    }
}

/// `true` for an operator, or a role by its name.
fn role<'de, D: Deserializer<'de>>(from: D) -> Result<AdminRole, D::Error> {
    match Value::deserialize(from)? {
        Value::Bool(admin) => Ok(admin.into()),
        Value::String(name) => AdminRole::parse(&name).ok_or_else(|| D::Error::custom("no such role")),
        _ => Err(D::Error::custom("neither a role nor true")),
    }
}

fn label(claim: &'static str, text: &str) -> Result<Label, NoGrant> {
    Label::parse(text).map_err(|error| NoGrant(claim, error.to_string()))
}

fn selectors(claim: &'static str, names: &[String]) -> Result<Vec<Selector>, NoGrant> {
    if names.len() > TOKEN_CHANNELS_MAX {
        return Err(NoGrant(claim, format!("it has over {TOKEN_CHANNELS_MAX} entries: use patterns")));
    }
    let parse = |name: &String| Selector::parse(name).map_err(|error| NoGrant(claim, error.to_string()));
    names.iter().map(parse).collect()
}
