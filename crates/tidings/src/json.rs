//! JSON in which no name stands twice. Two readers of `{"exp":1,"exp":2}` may each see another token; RFC 7519 §4 lets
//! a reader refuse it, and this one does.

use std::collections::HashSet;
use std::fmt;

#[cfg(any(feature = "hook", feature = "tokens"))]
use serde::de::DeserializeOwned;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The object that these bytes are, every name in it once, at whatever depth.
#[cfg(any(feature = "hook", feature = "tokens"))]
pub(crate) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    if !bytes.starts_with(b"{") {
        return None;
    }
    serde_json::from_slice::<Unique>(bytes).ok()?;
    serde_json::from_slice(bytes).ok()
}

/// Any JSON, every name once in each of its objects. `None` also where it is nested too deep to be looked through.
#[cfg(feature = "schemas")]
pub(crate) fn value(text: &str) -> Option<serde_json::Value> {
    serde_json::from_str::<Unique>(text).ok()?;
    serde_json::from_str(text).ok()
}

/// What is there is of the type, `null` is not: an absent claim and an empty one are two things.
#[cfg(any(feature = "hook", feature = "tokens"))]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Look)
    }
}

struct Look;

macro_rules! leaves {
    ($($visit:ident($ty:ty)),+) => { $(
        fn $visit<E: Error>(self, _: $ty) -> Result<Unique, E> { Ok(Unique) }
    )+ };
}

impl<'de> Visitor<'de> for Look {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    leaves!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

    fn visit_unit<E: Error>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Unique)) = members.next_entry::<String, Unique>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(Unique)
    }
}

#[cfg(all(test, feature = "tokens"))]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_name_stands_once_however_it_is_spelt() {
        for whole in ["{}", r#"{"a":1,"b":{"a":[{"a":1.5},{"a":null}]},"c":-1}"#] {
            assert!(object::<Value>(whole.as_bytes()).is_some(), "{whole}");
        }
        for odd in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"b":[{"a":1,"a":1}]}"#,
            r#"{"a":1} {}"#,
            r#" {"a":1}"#,
            r#"["a"]"#,
            r#"{"a":1,}"#,
            "{\"a\":\"\u{1}\"}",
            "\u{feff}{}",
            "",
        ] {
            assert!(object::<Value>(odd.as_bytes()).is_none(), "{odd}");
        }
        assert!(object::<Value>(b"{\"a\":\"\xff\"}").is_none());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(object::<Value>(deep.as_bytes()).is_none());
    }
}
