//! A JSON Schema that published data is held to: whoever publishes more than its fields is refused, and nothing is sent.

use serde::Serialize;

/// The longest schema that is read.
pub const SCHEMA_BYTES_MAX: usize = 256 * 1024;
/// Of what is wrong with one event, so much is told.
pub const VIOLATIONS_TOLD_MAX: usize = 10;
/// The longest pointer that is told whole.
#[cfg(feature = "schemas")]
const POINTER_CHARS_MAX: usize = 255;

/// Why a schema can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Longer than [`SCHEMA_BYTES_MAX`].
    #[error("the schema is over {SCHEMA_BYTES_MAX} bytes")]
    TooLong,
    /// It is no JSON, or a name stands twice in one object.
    #[error("the schema is no JSON in which each name stands once: {0}")]
    NotJson(String),
    /// It is JSON, and no schema.
    #[error("at {at:?} of the schema: {reason}")]
    Broken {
        /// Where, as a JSON Pointer.
        at: String,
        /// What is wrong there.
        reason: String,
    },
    /// It refers to another document. Nothing is fetched, and no file is opened.
    #[error("the schema refers to {0:?}, which is not in it: put what is meant under \"$defs\"")]
    Outside(String),
    /// The crate was built without the feature `schemas`.
    #[error("this build has no schemas: enable the feature `schemas`")]
    NotBuilt,
}

/// What is wrong with a part of some data, without a word of its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The part, as a JSON Pointer (RFC 6901) into the data. One that should not be there, or is missing, is named.
    pub pointer: String,
    /// The schema's keyword that it breaks.
    pub rule: String,
}

/// What is wrong with some data: [`VIOLATIONS_TOLD_MAX`] of it at most.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event's data is not as its channel's schema wants it: see `errors`")]
pub struct Violations(pub Vec<Violation>);

#[cfg(feature = "schemas")]
pub use self::built::Schema;
#[cfg(not(feature = "schemas"))]
pub use self::unbuilt::Schema;

#[cfg(feature = "schemas")]
mod built {
    use std::sync::Arc;

    use jsonschema::error::ValidationErrorKind as Kind;
    use jsonschema::{PatternOptions, ValidationError, Validator};
    use serde_json::Value;

    use super::{
        POINTER_CHARS_MAX, SCHEMA_BYTES_MAX, SchemaError, VIOLATIONS_TOLD_MAX, Violation, Violations,
    };

    /// A schema, compiled. Its patterns are matched in time that is linear in the text.
    #[derive(Clone, Debug)]
    pub struct Schema(Arc<Validator>);

    impl Schema {
        /// Reads a schema. What it refers to has to be in it, or be a meta-schema of JSON Schema itself.
        pub fn parse(text: &str) -> Result<Self, SchemaError> {
            if text.len() > SCHEMA_BYTES_MAX {
                return Err(SchemaError::TooLong);
            }
            let schema = crate::json::value(text).ok_or_else(|| {
                let error = serde_json::from_str::<Value>(text).err();
                SchemaError::NotJson(
                    error.map_or("a name stands twice".to_owned(), |error| error.to_string()),
                )
            })?;
            let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
            options.build(&schema).map(|validator| Self(Arc::new(validator))).map_err(|error| refused(&error))
        }

        pub(crate) fn read(data: &str) -> Result<Value, Violations> {
            let whole = || {
                vec![Violation {
                    pointer: String::new(),
                    rule: "nested too deep, or a name twice".to_owned(),
                }]
            };
            crate::json::value(data).ok_or_else(|| Violations(whole()))
        }

        pub(crate) fn check(&self, data: &Value) -> Result<(), Violations> {
            if self.0.is_valid(data) {
                return Ok(());
            }
            let mut told: Vec<Violation> = Vec::new();
            for violation in
                self.0.iter_errors(data).take(VIOLATIONS_TOLD_MAX).flat_map(|error| told_of(&error))
            {
                if !told.contains(&violation) {
                    told.push(violation);
                }
            }
            told.truncate(VIOLATIONS_TOLD_MAX);
            Err(Violations(told))
        }
    }

    fn refused(error: &ValidationError<'_>) -> SchemaError {
        if let Kind::Referencing(error) = error.kind() {
            return SchemaError::Outside(error.to_string());
        }
        SchemaError::Broken { at: error.instance_path().to_string(), reason: error.to_string() }
    }

    /// The fields that an error is about.
    fn told_of(error: &ValidationError<'_>) -> Vec<Violation> {
        let at = error.instance_path().to_string();
        let rule = error.kind().keyword();
        let named = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        let pointers = match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                unexpected.iter().take(VIOLATIONS_TOLD_MAX).map(|name| named(name)).collect()
            }
            Kind::Required { property } => vec![property.as_str().map_or(at.clone(), named)],
            _ => vec![at],
        };
        let short = |pointer: String| match pointer.char_indices().nth(POINTER_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &pointer[..end]),
            None => pointer,
        };
        pointers
            .into_iter()
            .map(|pointer| Violation { pointer: short(pointer), rule: rule.to_owned() })
            .collect()
    }
}

#[cfg(not(feature = "schemas"))]
mod unbuilt {
    use super::{SchemaError, Violations};

    /// There is none in this build.
    #[derive(Clone, Debug)]
    pub enum Schema {}

    impl Schema {
        /// Refuses any.
        pub fn parse(_text: &str) -> Result<Self, SchemaError> {
            Err(SchemaError::NotBuilt)
        }

        pub(crate) fn read(_data: &str) -> Result<(), Violations> {
            Ok(())
        }

        pub(crate) fn check(&self, _data: &()) -> Result<(), Violations> {
            match *self {}
        }
    }
}

#[cfg(all(test, feature = "schemas"))]
mod tests {
    use super::*;

    const CHECKIN: &str = r##"{
        "type": "object", "additionalProperties": false, "required": ["type", "data"],
        "properties": {
            "type": { "enum": ["student_checkin", "student_checkout"] },
            "data": { "$ref": "#/$defs/student" }
        },
        "$defs": { "student": {
            "type": "object", "additionalProperties": false,
            "properties": { "student_id": { "type": "integer" }, "student_name": { "type": "string", "maxLength": 10 },
                            "code": { "pattern": "^(a+)+$" } }
        } }
    }"##;

    fn wrong(data: &str) -> Vec<(String, String)> {
        let schema = Schema::parse(CHECKIN).expect("a schema");
        let checked = Schema::read(data).and_then(|data| schema.check(&data));
        let told = checked.err().map_or(Vec::new(), |violations| violations.0);
        told.into_iter().map(|violation| (violation.pointer, violation.rule)).collect()
    }

    #[test]
    fn the_field_is_named_and_its_value_is_not() {
        assert_eq!(wrong(r#"{"type":"student_checkin","data":{"student_id":7,"student_name":"Ada"}}"#), []);
        for (data, pointer, rule) in [
            (
                r#"{"type":"student_checkin","data":{"birthday":"2011-01-01"}}"#,
                "/data/birthday",
                "additionalProperties",
            ),
            (r#"{"type":"student_checkin"}"#, "/data", "required"),
            (r#"{"type":"secret","data":{}}"#, "/type", "enum"),
            (
                r#"{"type":"student_checkin","data":{"student_name":"far too secret"}}"#,
                "/data/student_name",
                "maxLength",
            ),
            (r#"{"type":"student_checkin","data":{"a/b~c":1}}"#, "/data/a~1b~0c", "additionalProperties"),
            (r#"["secret"]"#, "", "type"),
            (
                r#"{"type":"student_checkin","data":{"student_id":1,"student_id":2}}"#,
                "",
                "nested too deep, or a name twice",
            ),
        ] {
            assert_eq!(wrong(data), [(pointer.to_owned(), rule.to_owned())], "{data}");
        }
        let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
        assert_eq!(wrong(&deep)[0].1, "nested too deep, or a name twice");
        let many: Vec<String> = (0..100).map(|n| format!("\"x{n}\":1")).collect();
        let many = format!("{{\"type\":\"student_checkin\",\"data\":{{{}}}}}", many.join(","));
        assert_eq!(wrong(&many).len(), VIOLATIONS_TOLD_MAX);
        let long = format!("{{\"type\":\"student_checkin\",\"data\":{{\"{}\":1}}}}", "x".repeat(9_000));
        assert_eq!(wrong(&long)[0].0.chars().count(), POINTER_CHARS_MAX + 1);
    }

    #[test]
    fn a_pattern_takes_no_longer_than_its_text() {
        let data =
            format!("{{\"type\":\"student_checkin\",\"data\":{{\"code\":\"{}!\"}}}}", "a".repeat(60_000));
        assert_eq!(wrong(&data), [("/data/code".to_owned(), "pattern".to_owned())]);
    }

    #[test]
    fn a_schema_that_is_none_says_where_and_one_that_points_outside_is_refused() {
        let refused = |schema: &str| Schema::parse(schema).expect_err(schema);
        assert!(matches!(refused("{"), SchemaError::NotJson(_)));
        assert!(matches!(refused("{\"type\":\"object\",\"type\":\"array\"}"), SchemaError::NotJson(_)));
        let broken = refused(r#"{"properties":{"a":{"type":"text"}}}"#);
        assert!(matches!(&broken, SchemaError::Broken { at, .. } if at == "/properties/a/type"), "{broken}");
        assert!(
            matches!(refused(r#"{"pattern":"(?=x)"}"#), SchemaError::Broken { .. }),
            "no linear engine has it"
        );
        for outside in ["https://schemas.example/a.json", "file:///etc/passwd", "other.json", "#/$defs/none"]
        {
            let refused = refused(&format!("{{\"$ref\":\"{outside}\"}}"));
            assert!(matches!(refused, SchemaError::Outside(_)), "{outside}: {refused}");
        }
        assert_eq!(refused(&" ".repeat(SCHEMA_BYTES_MAX + 1)), SchemaError::TooLong);
        assert!(Schema::parse(r#"{"$schema":"https://json-schema.org/draft/2020-12/schema"}"#).is_ok());
    }
}
