//! A value that nothing shows.

use std::fmt;

use serde::{Serialize, Serializer};

use super::super::input::Input;
use super::{Bounds, Value, quoted};

/// What stands in a secret's place wherever it would be shown.
pub(in super::super) const MASK: &str = "***";

/// A key or a password: to be used with [`Secret::expose`], and never to be seen by other means.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the code that signs or checks with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl Value for Secret {
    const KIND: &'static str = "secret text";
    const SECRET: bool = true;

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        match input.text() {
            Some(text) if !text.is_empty() => Ok(Self(text.to_owned())),
            _ => Err("text that is not empty".to_owned()),
        }
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_written() {
        let secret = Secret("canary-5f2c".to_owned());
        let written = [
            format!("{secret:?}"),
            format!("{secret:#?}"),
            format!("{secret}"),
            format!("{:?}", Some(&secret)),
            serde_json::to_string(&secret).expect("text serializes"),
            secret.to_toml().expect("it is set"),
        ];
        for text in written {
            assert!(!text.contains("canary"), "{text}");
            assert!(text.contains(MASK), "{text}");
        }
        assert_eq!(secret.expose(), "canary-5f2c");
    }
}
