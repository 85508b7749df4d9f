//! What patterns mean, said as slowly and plainly as it can be.

const SEPARATORS: [char; 3] = [':', '/', '.'];

/// Whether a text that obeys the rules of names but for its stars is a pattern.
pub(crate) fn is_pattern(text: &str) -> bool {
    let segments: Vec<&str> = text.split(SEPARATORS).collect();
    let last = segments.len() - 1;
    let meaningful = |(i, segment): (usize, &&str)| match segment.matches('*').count() {
        0 => true,
        1 => *segment == "*" || (i == last && segment.ends_with('*')),
        _ => false,
    };
    let hubs_own = text.starts_with("$hub/");
    text == "all" || (text.contains('*') && !hubs_own && segments.iter().enumerate().all(meaningful))
}

/// Whether a pattern stands for a name, by trying every length that a star could have.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    !name.starts_with("$hub/") && stands_for(pattern, name)
}

fn stands_for(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') if rest.as_str().is_empty() => true,
        Some('*') => (1..=name.len()).filter(|length| name.is_char_boundary(*length)).any(|length| {
            let (segment, behind) = name.split_at(length);
            let whole = behind.is_empty() || behind.starts_with(SEPARATORS);
            whole && !segment.contains(SEPARATORS) && stands_for(rest.as_str(), behind)
        }),
        Some(c) => name.strip_prefix(c).is_some_and(|name| stands_for(rest.as_str(), name)),
    }
}
