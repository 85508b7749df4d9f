//! docs/protocol.md goes with the code: `docs/.protocol.lock` holds a mark of the document and of each source that
//! bears the protocol, as they were when somebody last said that they agree.

use std::collections::BTreeMap;

use super::Finding;
use crate::rust::{code_only, without_tests};
use crate::tree::Tree;

pub(super) const LOCK: &str = "docs/.protocol.lock";
const DOCUMENT: &str = "docs/protocol.md";
const SOURCES: &[&str] = &[
    "crates/tidings-core/src/wire.rs",
    "crates/tidings-core/src/wire/",
    "crates/tidings-core/src/close.rs",
    "crates/tidings-core/src/position.rs",
    "crates/tidings/src/http/",
    "crates/tidings/src/http.rs",
];
const BLESS: &str = "cargo xtask tidy --bless";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let now = marks(tree);
    let then = recorded(tree);
    let document_changed = now.get(DOCUMENT) != then.get(DOCUMENT);
    let changed =
        now.keys().chain(then.keys()).filter(|path| *path != DOCUMENT && now.get(*path) != then.get(*path));
    let mut changed: Vec<&str> = changed.map(String::as_str).collect();
    changed.sort_unstable();
    changed.dedup();
    match (changed.is_empty(), document_changed) {
        (true, false) => Vec::new(),
        (true, true) => {
            vec![Finding::new(DOCUMENT, 0, format!("changed: does the code do so? Then {BLESS}"))]
        }
        (false, document_changed) => {
            let advice = if document_changed {
                format!("changed with {DOCUMENT}: when they agree, {BLESS}")
            } else {
                format!(
                    "changed and {DOCUMENT} did not: write it there; if what goes over the wire is as before, {BLESS}"
                )
            };
            changed.into_iter().map(|path| Finding::new(path, 0, advice.clone())).collect()
        }
    }
}

/// The lock for the tree as it stands.
pub(super) fn lock(tree: &Tree) -> String {
    let marks: String = marks(tree).iter().map(|(path, mark)| format!("{mark:016x} {path}\n")).collect();
    format!("# Written by `{BLESS}`: the document and the code below were seen to agree like this.\n{marks}")
}

/// What whoever blesses should know.
pub(super) fn reminder(tree: &Tree) -> String {
    let (now, then) = (marks(tree), recorded(tree));
    let is_code_alone = now.get(DOCUMENT) == then.get(DOCUMENT) && now != then;
    if is_code_alone {
        format!("recorded in {LOCK}. {DOCUMENT} is as it was: you say that what goes over the wire is, too")
    } else {
        format!("recorded in {LOCK}: you say that {DOCUMENT} tells what the code does")
    }
}

/// Comments, layout and unit tests don't bear the protocol, so changing them asks for nothing.
fn marks(tree: &Tree) -> BTreeMap<String, u64> {
    let sources = tree.rust().filter(|(path, _)| SOURCES.iter().any(|source| path.starts_with(source)));
    let marked = sources.map(|(path, text)| (path.to_owned(), mark(&bearing(text))));
    let document = tree.text(DOCUMENT).map(|text| (DOCUMENT.to_owned(), mark(text)));
    marked.chain(document).collect()
}

/// The text of string literals counts (event names, headers), that of comments doesn't.
fn bearing(text: &str) -> String {
    let text = without_tests(text);
    let code = code_only(text);
    let lines = text.lines().zip(code.lines());
    let kept = lines.filter(|(_, code)| !code.trim().is_empty()).map(|(line, _)| line);
    kept.flat_map(str::split_whitespace).collect()
}

fn recorded(tree: &Tree) -> BTreeMap<String, u64> {
    let lines = tree.text(LOCK).unwrap_or("").lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &str| {
        let (mark, path) = line.split_once(' ')?;
        Some((path.to_owned(), u64::from_str_radix(mark, 16).ok()?))
    };
    lines.filter_map(parse).collect()
}

/// FNV-1a: the same on every machine and compiler, and nobody attacks it here.
fn mark(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRE: &str = "crates/tidings-core/src/wire.rs";

    fn after(code: &str, document: &str) -> Vec<Finding> {
        let blessed = lock(&Tree::of(&[(WIRE, "const EVENT: &str = \"event\";\n"), (DOCUMENT, "one")]));
        check(&Tree::of(&[(WIRE, code), (DOCUMENT, document), (LOCK, &blessed)]))
    }

    #[test]
    fn nothing_changed_passes() {
        assert!(after("const EVENT: &str = \"event\";\n", "one").is_empty());
        assert!(
            after("/// Why.\nconst EVENT: &str\n    = \"event\";\n\n#[cfg(test)]\nmod tests {}\n", "one")
                .is_empty()
        );
    }

    #[test]
    fn code_or_document_or_both_changed_wait_for_a_blessing() {
        for (code, document) in
            [("const EVENT: &str = \"gap\";\n", "one"), ("const EVENT: &str = \"event\";\n", "two")]
        {
            assert_eq!(after(code, document).len(), 1, "{code} {document}");
        }
        assert_eq!(after("const EVENT: &str = \"gap\";\n", "two").len(), 1);
        assert!(after("const EVENT: &str = \"gap\";\n", "one")[0].says.contains("did not"));
    }

    #[test]
    fn a_source_that_is_new_or_gone_is_a_change() {
        let blessed = lock(&Tree::of(&[(WIRE, "fn a() {}"), (DOCUMENT, "one")]));
        assert_eq!(check(&Tree::of(&[(DOCUMENT, "one"), (LOCK, &blessed)])).len(), 1);
        let more = [
            (WIRE, "fn a() {}"),
            ("crates/tidings/src/http/kick.rs", ""),
            (DOCUMENT, "one"),
            (LOCK, &blessed),
        ];
        assert_eq!(check(&Tree::of(&more)).len(), 1);
    }
}
