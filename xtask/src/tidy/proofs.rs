//! Every invariant in ARCHITECTURE.md names the test that proves it, and that test is there:
//! "proved by: `path/to/file.rs::test_name`", one or several, parted by commas.

use super::Finding;
use crate::tree::Tree;

const DOCUMENT: &str = "ARCHITECTURE.md";
const MARK: &str = "proved by:";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let text = tree.text(DOCUMENT).unwrap_or("");
    let mut findings = Vec::new();
    for (at, item) in items(text) {
        match item.text.split_once(MARK) {
            Some((_, proofs)) => {
                let names: Vec<&str> =
                    proofs.split('`').skip(1).step_by(2).filter(|s| s.contains("::")).collect();
                if names.is_empty() {
                    findings.push(Finding::new(
                        DOCUMENT,
                        at,
                        format!("{MARK} names no `path/to/file.rs::test_name`"),
                    ));
                }
                findings.extend(
                    names
                        .iter()
                        .filter_map(|name| missing(tree, name))
                        .map(|s| Finding::new(DOCUMENT, at, s)),
                );
            }
            None if item.is_invariant => {
                findings.push(Finding::new(
                    DOCUMENT,
                    at,
                    format!("an invariant without \"{MARK} `file.rs::test`\""),
                ));
            }
            None => {}
        }
    }
    findings
}

/// A list item or a paragraph, on one line however it is wrapped.
struct Item {
    text: String,
    /// A list item under a heading that speaks of invariants.
    is_invariant: bool,
}

fn items(text: &str) -> Vec<(usize, Item)> {
    let mut items: Vec<(usize, Item)> = Vec::new();
    let (mut in_invariants, mut fresh) = (false, true);
    for (at, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            in_invariants = line.to_lowercase().contains("invariant");
            fresh = true;
        } else if line.trim().is_empty() {
            fresh = true;
        } else if is_list_item(line) || fresh {
            items.push((
                at + 1,
                Item { text: line.to_owned(), is_invariant: in_invariants && is_list_item(line) },
            ));
            fresh = false;
        } else if let Some((_, item)) = items.last_mut() {
            item.text.push(' ');
            item.text.push_str(line.trim());
        }
    }
    items
}

/// At the margin: what is indented belongs to the item above it.
fn is_list_item(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ")
        || line.starts_with("* ")
        || (number.len() < line.len() && number.starts_with(". "))
}

fn missing(tree: &Tree, proof: &str) -> Option<String> {
    let (path, name) = proof.split_once("::")?;
    // `file.rs::module::test` names the test by its last part.
    let name = name.rsplit("::").next().unwrap_or(name);
    let Some(text) = tree.text(path) else { return Some(format!("proof {proof}: there is no file {path}")) };
    let there = if path.ends_with(".rs") { has_rust_test(text, name) } else { text.contains(name) };
    (!there).then(|| format!("proof {proof}: {path} has no test of that name"))
}

/// A function under an attribute that makes it a test (`#[test]`, `#[tokio::test]`, …).
fn has_rust_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declares = |line: &str| {
        let rest = line.split_once("fn ").and_then(|(_, rest)| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let is_above = |line: &&str| line.starts_with("#[") || line.starts_with("//");
    lines.iter().enumerate().any(|(at, line)| {
        let mut above = lines[..at].iter().rev().copied().take_while(is_above);
        declares(line) && above.any(|line| line.starts_with("#[") && line.contains("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(document: &str) -> usize {
        let tree = Tree::of(&[
            (DOCUMENT, document),
            (
                "a/books.rs",
                "#[test]\nfn balance() {}\n\n#[tokio::test(start_paused = true)]\n// why\nasync fn once() {}\n\nfn plain() {}\n",
            ),
            ("e2e/tests/count.test.mjs", "test('one tab is one connection', …)"),
        ]);
        check(&tree).len()
    }

    #[test]
    fn proofs_that_are_there_pass() {
        assert_eq!(
            count(
                "## Invariants\n- The books balance.\n  proved by: `a/books.rs::balance`,\n  `a/books.rs::once`\n"
            ),
            0
        );
        assert_eq!(count("The books balance (proved by: `a/books.rs::tests::balance`).\n"), 0);
        assert_eq!(count("proved by: `e2e/tests/count.test.mjs::one tab is one connection`\n"), 0);
    }

    #[test]
    fn proofs_that_are_not_there_are_found() {
        for document in [
            "proved by: `a/books.rs::balances`\n",
            "proved by: `a/books.rs::plain`\n",
            "proved by: `a/nowhere.rs::balance`\n",
            "proved by: trust\n",
            "proved by: `a/books.rs::balance`, `a/books.rs::gone`\n",
            "## Invariants\n- The books balance.\n- The rest. proved by: `a/books.rs::balance`\n",
        ] {
            assert_eq!(count(document), 1, "{document}");
        }
    }

    #[test]
    fn other_lists_need_no_proof() {
        assert_eq!(
            count("## Invariants\n- X. proved by: `a/books.rs::once`\n## Code map\n- crates/tidings\n"),
            0
        );
    }
}
