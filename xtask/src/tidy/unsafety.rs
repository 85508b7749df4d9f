//! Unsafe code lives in files named `sys.rs`, so that whoever audits it knows where to look.

use super::Finding;
use crate::rust::code_only;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| path.rsplit('/').next() != Some("sys.rs")) {
        for (at, line) in code_only(text).lines().enumerate() {
            if line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe") {
                findings.push(Finding::new(path, at + 1, "unsafe code outside a sys.rs"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_found_in_code_alone_and_not_in_sys() {
        let code = "fn f() { unsafe { g() } }\n";
        assert_eq!(check(&Tree::of(&[("crates/tidings/src/hub.rs", code)])).len(), 1);
        assert!(check(&Tree::of(&[("crates/tidings/src/socket/sys.rs", code)])).is_empty());
        let talk = "// unsafe\nlet s = \"unsafe\"; #![deny(unsafe_code)]\n";
        assert!(check(&Tree::of(&[("crates/tidings/src/hub.rs", talk)])).is_empty());
    }
}
