//! A project folder's name, which is also a folder's on disk and a segment of an address.

use std::fmt;

use serde::{Deserialize, Serialize};

const NAME_BYTES_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct FolderName(String);

impl FolderName {
    /// Nothing that a file system or an address could read as anything but a name.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(known) && !text.starts_with('-') {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "a folder's name has 1 to {NAME_BYTES_MAX} small letters, digits and hyphens, and begins with no hyphen: \
             call it summer-2026, for example"
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FolderName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<FolderName> for String {
    fn from(name: FolderName) -> Self {
        name.0
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_never_a_path() {
        for name in ["a", "summer-2026", "0", &"x".repeat(64)] {
            assert_eq!(FolderName::parse(name).expect("a name").as_str(), name);
        }
        for name in ["", ".", "..", "a/b", "a\\b", "-a", "Summer", "a b", "a\0", "é", &"x".repeat(65)] {
            assert!(FolderName::parse(name).is_err(), "{name:?}");
        }
    }
}
