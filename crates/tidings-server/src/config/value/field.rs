//! Names of header fields.

use http::header::HeaderName;

use super::super::input::Input;
use super::{Bounds, Value, quoted};

/// The name of a header field (RFC 9110, section 5.1), in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(HeaderName);

impl FieldName {
    /// For a request.
    pub fn as_http(&self) -> &HeaderName {
        &self.0
    }
}

impl Value for FieldName {
    const KIND: &'static str = "header field";
    const LIST_KIND: &'static str = "list of header fields";

    fn from_input(input: &Input, _: Bounds) -> Result<Self, String> {
        let name = input.text().and_then(|text| text.parse().ok());
        name.map(Self).ok_or_else(|| "the name of a header field, as cookie or x-api-key".to_owned())
    }

    fn to_toml(&self) -> Option<String> {
        Some(quoted(self.0.as_str()))
    }
}
