//! Names and short texts.

use std::fmt;

use tidings_core::channel::Selector;

use super::super::input::Input;
use super::{Bounds, Value, quoted};

const TEXT_BYTES_MAX: usize = 1024;
const NODE_BYTES_MAX: usize = 64;

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $kind:literal, $list_kind:literal, $valid:expr, $expected:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Value for $name {
            const KIND: &'static str = $kind;
            const LIST_KIND: &'static str = $list_kind;

            fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
                let valid: fn(&str) -> bool = $valid;
                match input.text() {
                    Some(text) if valid(text) => Ok(Self(text.to_owned())),
                    _ => Err($expected.to_owned()),
                }
            }

            fn to_toml(&self) -> Option<String> {
                Some(quoted(&self.0))
            }
        }
    };
}

name!(
    /// A short text without control characters, as an issuer's or an audience's name.
    Text, "text", "list of texts", is_text, "text of 1 to 1024 bytes without control characters"
);
name!(
    /// Whom a token or a login names.
    UserName, "user's name", "list of users' names", is_user,
    "a name of 1 to 255 bytes without control characters, and not `anonymous`"
);
name!(
    /// What this node is called among its peers.
    NodeName, "node name", "list of node names", is_node,
    "a name of 1 to 64 letters, digits, dots, hyphens or underscores"
);
name!(
    /// The name of a cookie.
    CookieName, "cookie name", "list of cookie names", is_cookie,
    "a cookie name: letters, digits and any of !#$%&'*+-.^_`|~"
);

fn is_user(text: &str) -> bool {
    tidings_core::grant::Label::parse(text).is_ok() && text != tidings_core::grant::ANONYMOUS
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_node(text: &str) -> bool {
    (1..=NODE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A token of RFC 9110, section 5.6.2, which RFC 6265 asks of a cookie's name.
fn is_cookie(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

impl Value for Selector {
    const KIND: &'static str = "channel name or pattern";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        match input.text().map(Self::parse) {
            Some(Ok(selector)) => Ok(selector),
            Some(Err(reason)) => Err(format!("{}: {reason}", Self::KIND)),
            None => Err(Self::KIND.to_owned()),
        }
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(self.as_str()))
    }
}
