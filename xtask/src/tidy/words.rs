//! Words that have no place here: drawers without a label, promises instead of work, and one machine's own places.

use super::Finding;
use crate::rust::code_only;
use crate::tree::Tree;

/// A module is named after what it holds.
const DRAWERS: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

// Written in parts, so that this file doesn't break its own rule.
const PROMISES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];
const PLACES: &[&str] =
    &[concat!("/wo", "rk"), concat!("/ro", "ot"), concat!("/tmp", "/wt"), concat!("/ho", "me/")];
const REGISTRIES: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("deb.debian", ".org"),
];

/// What cargo itself writes for its default registry, the only origin a lock file may name.
const CARGO_DEFAULT: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.iter() {
        findings.extend(drawer_file(path));
        if path.ends_with(".rs") {
            findings.extend(drawer_modules(path, text));
        }
        for (at, line) in text.lines().enumerate() {
            findings.extend(in_line(path, line).map(|says| Finding::new(path, at + 1, says)));
        }
    }
    findings
}

fn drawer_file(path: &str) -> Option<Finding> {
    let drawer =
        path.split('/').map(|part| part.split('.').next().unwrap_or(part)).find(|p| DRAWERS.contains(p))?;
    Some(Finding::new(path, 0, format!("`{drawer}` says nothing: name it after what it holds")))
}

fn drawer_modules(path: &str, text: &str) -> Vec<Finding> {
    let module = |line: &str| {
        let name =
            line.split_once("mod ").filter(|(before, _)| before.is_empty() || before.ends_with(' '))?.1;
        let name = name.split([' ', ';', '{']).next()?.to_owned();
        DRAWERS.contains(&name.as_str()).then_some(name)
    };
    let code = code_only(text);
    let named = code.lines().enumerate().filter_map(|(at, line)| Some((at + 1, module(line.trim())?)));
    named.map(|(line, name)| Finding::new(path, line, format!("`mod {name}` says nothing"))).collect()
}

fn in_line(path: &str, line: &str) -> Option<String> {
    if let Some(word) = PROMISES.iter().find(|word| has_word(line, word)) {
        return Some(format!("{word}: do it, or open an issue"));
    }
    if let Some(place) = PLACES.iter().find(|place| has_path(line, place)) {
        return Some(format!("{place} is a place on one machine"));
    }
    if path.ends_with("Cargo.lock") && line.starts_with("source = ") && !line.contains(CARGO_DEFAULT) {
        return Some("a dependency from elsewhere than cargo's default registry".to_owned());
    }
    if path.ends_with("package-lock.json") && line.contains("\"resolved\"") && line.contains("://") {
        return Some(
            "a download address in a lock file: .npmrc's omit-lockfile-registry-resolved leaves it out"
                .to_owned(),
        );
    }
    let host = REGISTRIES.iter().find(|host| line.contains(**host))?;
    Some(format!("{host}: the package client knows where its registry is"))
}

fn has_word(line: &str, word: &str) -> bool {
    bounded(line, word, |before| !is_word(before), |after| !is_word(after))
}

/// A path from the root, not the tail of a longer one or of an address.
fn has_path(line: &str, place: &str) -> bool {
    let starts = |before: char| !is_word(before) && !matches!(before, '.' | '-' | '/' | '}' | '*' | '~');
    bounded(line, place, starts, |after| place.ends_with('/') || !(is_word(after) || after == '-'))
}

fn bounded(line: &str, part: &str, before: impl Fn(char) -> bool, after: impl Fn(char) -> bool) -> bool {
    line.match_indices(part).any(|(at, _)| {
        line[..at].chars().next_back().is_none_or(&before)
            && line[at + part.len()..].chars().next().is_none_or(&after)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn drawers_are_found_as_files_folders_and_modules() {
        assert_eq!(count("crates/tidings/src/utils.rs", ""), 1);
        assert_eq!(count("crates/tidings/tests/common/mod.rs", ""), 1);
        assert_eq!(count("e2e/helpers.mjs", ""), 1);
        assert_eq!(count("crates/tidings/src/hub.rs", "pub(crate) mod helpers {\n}\nmod utils;\n"), 2);
        assert_eq!(count("crates/tidings/src/hub.rs", "// mod utils;\nmod commons;\nlet common = 1;\n"), 0);
    }

    #[test]
    fn promises_and_places_are_found() {
        for word in PROMISES {
            assert_eq!(count("README.md", &format!("// {word}: later")), 1);
            assert_eq!(count("README.md", &format!("{word}S")), 0);
        }
        for place in PLACES {
            assert_eq!(count("README.md", &format!("see {}/x", place.trim_end_matches('/'))), 1, "{place}");
            assert_eq!(count("README.md", &format!("GET /api{place}")), 0, "{place}");
        }
    }

    #[test]
    fn lock_files_name_no_other_origin() {
        assert_eq!(count("Cargo.lock", &format!("source = \"{CARGO_DEFAULT}\"\n")), 0);
        assert_eq!(count("Cargo.lock", "source = \"git+https://example.org/x\"\n"), 1);
        assert_eq!(count("e2e/package-lock.json", "\"resolved\": \"https://example.org/x.tgz\",\n"), 1);
        assert_eq!(count("clients/package-lock.json", "\"resolved\": \"packages/js\",\n"), 0);
        for host in REGISTRIES {
            assert_eq!(count("scripts/x.sh", &format!("curl https://{host}/x")), 1);
        }
    }
}
