//! The known name that an unknown one most likely meant.

/// Names longer than any setting's tell nothing more; the cut bounds the work on hostile input.
const COMPARED_CHARS_MAX: usize = 64;

/// A key that is right but stands in the wrong section is nearly as near as a typing error.
const WRONG_SECTION: f64 = 0.9;

/// A name, and the part of it that is the key within its section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) whole: &'a str,
    pub(super) key: &'a str,
}

impl<'a> Name<'a> {
    /// A name of the file, `section.key`.
    pub(super) fn dotted(whole: &'a str) -> Self {
        Self { whole, key: whole.rsplit('.').next().unwrap_or(whole) }
    }
}

/// The whole name of the nearest of `known`.
pub(super) fn nearest<'a>(name: Name<'_>, known: impl Iterator<Item = Name<'a>>) -> Option<&'a str> {
    let name = Name { whole: start(name.whole), key: start(name.key) };
    let mut best = None;
    for candidate in known {
        let score = likeness(name, candidate);
        if best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate.whole));
        }
    }
    best.map(|(_, whole)| whole)
}

fn likeness(name: Name<'_>, candidate: Name<'_>) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(name.whole, candidate.whole);
    let key = strsim::normalized_damerau_levenshtein(name.key, candidate.key);
    whole.max(key * WRONG_SECTION)
}

fn start(name: &str) -> &str {
    name.char_indices().nth(COMPARED_CHARS_MAX).map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::{Name, nearest};

    #[test]
    fn a_typing_error_and_a_wrong_section_both_find_the_name() {
        let known = ["limits.connections_per_user", "limits.connections", "stream.heartbeat_ms"];
        for (given, meant) in [
            ("limits.connections_per_usr", "limits.connections_per_user"),
            ("limit.connections", "limits.connections"),
            ("heartbeat_ms", "stream.heartbeat_ms"),
            ("server.heartbeat_ms", "stream.heartbeat_ms"),
        ] {
            let known = known.into_iter().map(Name::dotted);
            assert_eq!(nearest(Name::dotted(given), known), Some(meant), "{given}");
        }
    }

    #[test]
    fn a_name_of_a_million_bytes_is_compared_by_its_start() {
        let long = "limits.connections".to_owned() + &"x".repeat(1_000_000);
        assert!(nearest(Name::dotted(&long), [Name::dotted("limits.connections")].into_iter()).is_some());
    }
}
