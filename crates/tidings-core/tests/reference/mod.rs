//! What patterns mean, said as slowly and plainly as it can be.

/// Whether a text that obeys the rules of names but for its stars is a pattern.
pub(crate) fn is_pattern(text: &str) -> bool {
    let segments: Vec<&str> = text.split([':', '/', '.']).collect();
    let last = segments.len() - 1;
    let meaningful = |(i, segment): (usize, &&str)| match segment.matches('*').count() {
        0 => true,
        1 => *segment == "*" || (i == last && segment.ends_with('*')),
        _ => false,
    };
    text == "all" || (text.contains('*') && segments.iter().enumerate().all(meaningful))
}

/// Whether a pattern stands for a name, by trying every length that a star could have.
pub(crate) fn matches(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*'] => true,
        ['*', rest @ ..] => (1..=name.len()).any(|length| {
            let (segment, behind) = name.split_at(length);
            let whole = behind.first().is_none_or(|c| is_separator(*c));
            whole && !segment.iter().any(|c| is_separator(*c)) && matches(rest, behind)
        }),
        [c, rest @ ..] => name.first() == Some(c) && matches(rest, &name[1..]),
    }
}

fn is_separator(c: char) -> bool {
    [':', '/', '.'].contains(&c)
}
