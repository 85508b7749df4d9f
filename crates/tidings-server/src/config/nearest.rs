//! The known name that an unknown one most likely meant.

/// Names longer than any setting's tell nothing more; the cut bounds the work on hostile input.
const COMPARED_CHARS_MAX: usize = 64;

/// The nearest of `known` to `name`, names being parted by `separator`. A key that is right but stands in the
/// wrong section is as near as one with a typing error.
pub(super) fn nearest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    separator: char,
) -> Option<&'a str> {
    let name: String = name.chars().take(COMPARED_CHARS_MAX).collect();
    let mut best = None;
    for candidate in known {
        let score = likeness(&name, candidate, separator);
        if best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn likeness(name: &str, candidate: &str, separator: char) -> f64 {
    const WRONG_SECTION: f64 = 0.9;
    let whole = strsim::normalized_damerau_levenshtein(name, candidate);
    let key = strsim::normalized_damerau_levenshtein(last(name, separator), last(candidate, separator));
    whole.max(key * WRONG_SECTION)
}

fn last(name: &str, separator: char) -> &str {
    name.rsplit(separator).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_and_a_wrong_section_both_find_the_name() {
        let known = ["limits.connections_per_user", "limits.connections", "stream.heartbeat_ms"];
        for (given, meant) in [
            ("limits.connections_per_usr", "limits.connections_per_user"),
            ("limit.connections", "limits.connections"),
            ("heartbeat_ms", "stream.heartbeat_ms"),
            ("server.heartbeat_ms", "stream.heartbeat_ms"),
        ] {
            assert_eq!(nearest(given, known.into_iter(), '.'), Some(meant), "{given}");
        }
    }

    #[test]
    fn a_name_of_a_million_bytes_is_compared_by_its_start() {
        let long = "limits.connections".to_owned() + &"x".repeat(1_000_000);
        assert!(nearest(&long, ["limits.connections"].into_iter(), '.').is_some());
    }
}
