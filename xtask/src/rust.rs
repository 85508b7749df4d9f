//! Just enough of Rust's lexical rules to tell code from comments and literals.

/// The source with comments and the insides of string and character literals blanked out, line for line.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => block_comment_end(&chars, at),
            '"' => string_end(&chars, at),
            'r' if !follows_word(&chars, at) => raw_string_end(&chars, at).unwrap_or(at),
            '\'' => char_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The code without its unit-test module, which by this house's habit comes last in a file.
pub(crate) fn without_tests(source: &str) -> &str {
    source.find("\n#[cfg(test)]\nmod ").map_or(source, |at| &source[..=at])
}

/// Every path that a `use` brings in, with its line; `use a::{b, c::d};` is `a::b` and `a::c::d`.
pub(crate) fn uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("use ") {
        let begins_item = code[..start].trim_end_matches([' ', '\t']).ends_with(['\n', ')', ';', '{', '}'])
            || code[..start].ends_with("pub ")
            || code[..start].trim().is_empty();
        let Some(end) = code[start..].find(';').filter(|_| begins_item) else { continue };
        let tree: String = code[start + 4..start + end]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace(" as ", "@");
        let line = code[..start].matches('\n').count() + 1;
        let mut paths = Vec::new();
        flatten("", &tree.replace(' ', ""), &mut paths);
        found.extend(paths.into_iter().map(|path| (line, path)));
    }
    found
}

fn flatten(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let Some(open) = tree.find('{') else {
        if !tree.is_empty() {
            let path = tree.split('@').next().unwrap_or(tree);
            paths.push(format!("{prefix}{}", path.trim_start_matches("::")));
        }
        return;
    };
    let prefix = format!("{prefix}{}", tree[..open].trim_start_matches("::"));
    let inner = tree[open + 1..].strip_suffix('}').unwrap_or(&tree[open + 1..]);
    let (mut depth, mut from) = (0_usize, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                flatten(&prefix, &inner[from..at], paths);
                from = at + 1;
            }
            _ => {}
        }
    }
    flatten(&prefix, &inner[from..], paths);
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes =
        |at: usize| chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    Some((open + 1..chars.len()).find(|at| closes(*at)).map_or(chars.len(), |at| at + 1 + hashes))
}

/// `'a'` and `'\n'` are literals, `'a` is a lifetime.
fn char_end(chars: &[char], start: usize) -> Option<usize> {
    match (chars.get(start + 1)?, chars.get(start + 2)?) {
        ('\\', _) => chars[start + 3..].iter().position(|c| *c == '\'').map(|n| start + 4 + n),
        (_, '\'') => Some(start + 3),
        _ => None,
    }
}

/// `for"` can't be, `br"` can: a `b` or `c` before the `r` is the literal's own.
fn follows_word(chars: &[char], at: usize) -> bool {
    let word = |at: usize| chars[at].is_alphanumeric() || chars[at] == '_';
    at > 0 && word(at - 1) && !(matches!(chars[at - 1], 'b' | 'c') && (at == 1 || !word(at - 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_code_stays() {
        let source = "let a = \"unsafe \\\" {\"; // unsafe\nlet r = r#\"un\"safe\"#; /* a /* b */ unsafe */ call('\"', 'x')";
        let code = code_only(source);
        assert!(!code.contains("unsafe") && code.contains("let a =") && code.contains("call("));
        assert_eq!(code.matches('\n').count(), 1);
    }

    #[test]
    fn lifetimes_are_not_literals() {
        assert_eq!(code_only("fn f<'a>(x: &'a str) -> &'a str"), "fn f<'a>(x: &'a str) -> &'a str");
    }

    #[test]
    fn uses_are_flattened() {
        let code = "pub use a::b;\nuse tidings_core::{\n    log::{Ring, Frame as F},\n    Event,\n};\nfn reuse () {}\n";
        let paths: Vec<_> = uses(code).into_iter().map(|(_, path)| path).collect();
        assert_eq!(
            paths,
            ["a::b", "tidings_core::log::Ring", "tidings_core::log::Frame", "tidings_core::Event"]
        );
    }

    #[test]
    fn the_test_module_is_left_out() {
        assert_eq!(without_tests("fn a() {}\n\n#[cfg(test)]\nmod tests {}\n"), "fn a() {}\n\n");
    }
}
