//! No source file over 400 lines: past that a file holds two ideas.

use super::Finding;
use crate::tree::Tree;

const LINES_MAX: usize = 400;

/// Files that may be longer, each with the reason.
const LONGER: &[(&str, &str)] = &[];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, LONGER)
}

fn check_with(tree: &Tree, longer: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings: Vec<_> = tree
        .rust()
        .filter(|(path, _)| is_source(path) && !longer.iter().any(|(listed, _)| listed == path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| {
            Finding::new(
                path,
                0,
                format!("{lines} lines, over {LINES_MAX}: part it by idea, or list it with a reason"),
            )
        })
        .collect();
    for (path, _) in longer {
        let lines = tree.text(path).map_or(0, |text| text.lines().count());
        if lines <= LINES_MAX {
            findings.push(Finding::new(path, 0, "is no longer too long: take it off the list in length.rs"));
        }
    }
    findings
}

fn is_source(path: &str) -> bool {
    path.starts_with("xtask/src/")
        || path
            .strip_prefix("crates/")
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(_, in_crate)| in_crate.starts_with("src/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_a_listed_one_is_not() {
        let long = "\n".repeat(LINES_MAX + 1);
        let tree =
            Tree::of(&[("crates/tidings/src/hub.rs", &long), ("crates/tidings/tests/books.rs", &long)]);
        assert_eq!(check_with(&tree, &[]).len(), 1);
        assert!(check_with(&tree, &[("crates/tidings/src/hub.rs", "a reason")]).is_empty());
    }

    #[test]
    fn a_listing_that_is_not_needed_is_found() {
        let tree = Tree::of(&[("crates/tidings/src/hub.rs", "fn f() {}\n")]);
        assert_eq!(check_with(&tree, &[("crates/tidings/src/hub.rs", "a reason")]).len(), 1);
    }
}
