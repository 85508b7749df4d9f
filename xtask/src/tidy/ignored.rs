//! A test is left out of `make test` for one reason: it is a proof at full size, which `make prove` finds by its name.

use super::Finding;
use crate::tree::Tree;

const REASON: &str = "#[ignore = \"prove: ";
const PREFIX: &str = "prove_";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| !path.starts_with("xtask/")) {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[ignore")) {
            if !line.starts_with(REASON) {
                findings.push(Finding::new(
                    path,
                    at + 1,
                    format!("an ignored test says why: {REASON}what and how big\"]"),
                ));
            }
            let name =
                lines[at..].iter().find_map(|line| line.split_once("fn ")).map_or("", |(_, rest)| rest);
            if !name.starts_with(PREFIX) {
                findings.push(Finding::new(path, at + 1, format!("`make prove` runs tests named {PREFIX}…")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Tree::of(&[("crates/tidings-server/tests/ghosts.rs", text)])).len()
    }

    #[test]
    fn an_ignored_test_needs_the_reason_and_the_name() {
        assert_eq!(count("#[test]\n#[ignore = \"prove: 10,000 connections\"]\nfn prove_drain() {}\n"), 0);
        assert_eq!(count("#[test]\n#[ignore = \"flaky\"]\nfn prove_drain() {}\n"), 1);
        assert_eq!(count("#[test]\n#[ignore = \"prove: x\"]\nfn drain() {}\n"), 1);
        assert_eq!(count("#[test]\n#[ignore]\nfn drain() {}\n"), 2);
    }
}
