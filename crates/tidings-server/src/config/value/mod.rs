//! What settings are made of: each type reads itself from what was given, and writes itself as TOML.

mod choice;
mod field;
mod list;
mod name;
mod network;
mod number;
mod password;
mod secret;
mod url;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use choice::{
    Algorithm, EngineKind, HookEvent, LimitsWhileAway, LogFormat, LogLevel, OnFull, OperatorRole,
    ProxyProtocol, PublishRule, Slow, WebhookEvent, WhileAway,
};
pub use field::FieldName;
pub use name::{CookieName, NodeName, Text, UserName};
pub use network::{IpNet, Origin};
pub use number::{Limit, Millis};
pub use password::PasswordHash;
pub(super) use secret::MASK;
pub use secret::Secret;
pub use url::{HttpUrl, RedisUrl};

use super::input::Input;
use super::setting::Setting;

/// The bounds and the unit of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) unit: &'static str,
}

pub(super) trait Value: Sized {
    /// What it takes, in words that fit a table and an error.
    const KIND: &'static str;
    /// The same, for a list of them.
    const LIST_KIND: &'static str = "a list";
    /// The largest number it takes, where its row names none.
    const MAX: u64 = u64::MAX;
    /// Whether what was given is never shown, not even when it is wrong.
    const SECRET: bool = false;

    /// The value, or what is allowed.
    fn from_input(input: &Input, bounds: Bounds) -> Result<Self, String>;

    /// As TOML writes it; `None` when it is not set. Secrets are masked.
    fn to_toml(&self) -> Option<String>;

    /// What stands where nothing was given and the table has no default: nothing, unless it is optional.
    fn absent() -> Option<Self> {
        None
    }

    fn default_of(setting: &Setting) -> Option<Self> {
        match setting.default {
            Some(text) => Self::from_input(&Input::Loose(text.to_owned()), setting.bounds()).ok(),
            None => Self::absent(),
        }
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;
    const MAX: u64 = T::MAX;
    const SECRET: bool = T::SECRET;

    fn from_input(input: &Input, bounds: Bounds) -> Result<Self, String> {
        T::from_input(input, bounds).map(Some)
    }

    fn to_toml(&self) -> Option<String> {
        self.as_ref().and_then(T::to_toml)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Value for bool {
    const KIND: &'static str = "`true` or `false`";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        match input {
            Input::Bool(yes) => Ok(*yes),
            Input::Loose(text) if text == "true" => Ok(true),
            Input::Loose(text) if text == "false" => Ok(false),
            Input::Text(text) if text == "true" || text == "false" => {
                Err(format!("{} without quotes", Self::KIND))
            }
            _ => Err(Self::KIND.to_owned()),
        }
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for SocketAddr {
    const KIND: &'static str = "address and port";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        let text = input.text().unwrap_or_default();
        let numeric = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        numeric.parse().map_err(|_| {
            "an IP address and a port, as 127.0.0.1:3000, 0.0.0.0:3000 or [::]:3000 (port 0: any free one)".to_owned()
        })
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "path";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        match input.text() {
            Some(text) if !text.is_empty() && !text.contains('\0') => Ok(Self::from(text)),
            _ => Err("a path".to_owned()),
        }
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
