//! A value as it was given, before it has a type.

use std::fmt;

use toml::de::DeValue;

const SHOWN_CHARS_MAX: usize = 80;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    /// From the environment or a flag, where everything is text.
    Loose(String),
    /// A string of the file, in quotes.
    Text(String),
    Integer(i64),
    Bool(bool),
    List(Vec<Input>),
    /// Something that no setting takes, named.
    Other(&'static str),
}

impl Input {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Loose(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::from_scalar(item.get_ref())).collect())
            }
            scalar => Self::from_scalar(scalar),
        }
    }

    fn from_scalar(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(yes) => Self::Bool(*yes),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map_or(Self::Other("an integer beyond 64 bits"), Self::Integer),
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(_) => Self::Other("an array"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }
}

/// As an error shows it: quoted, without control characters, and cut short.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loose(text) | Self::Text(text) => {
                let cut: String = text.chars().take(SHOWN_CHARS_MAX).collect();
                let more = if cut.len() < text.len() { "…" } else { "" };
                write!(f, "{cut:?}{more}")
            }
            Self::Integer(number) => write!(f, "{number}"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::List(items) if items.len() == 1 => write!(f, "[{}]", items[0]),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Other(what) => f.write_str(what),
        }
    }
}
