//! The rules of the house as checks: each one can be broken, and has a test that breaks it.

mod arrows;
mod ignored;
mod length;
mod links;
mod proofs;
mod protocol;
mod snippets;
mod unsafety;
mod words;

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::tree::Tree;

type Check = fn(&Tree) -> Vec<Finding>;

const CHECKS: &[(&str, Check)] = &[
    ("who may import whom", arrows::check),
    ("no file too long", length::check),
    ("no banned word", words::check),
    ("every link leads somewhere", links::check),
    ("every invariant has its test", proofs::check),
    ("docs/protocol.md goes with the code", protocol::check),
    ("every snippet shown is the file", snippets::check),
    ("unsafe code in sys.rs alone", unsafety::check),
    ("only full-size proofs are ignored", ignored::check),
];

/// Prints what breaks a rule, and how many rules hold, as a test runner would.
pub(crate) fn run(root: &Path) -> io::Result<ExitCode> {
    let tree = Tree::read(root)?;
    let mut broken = 0;
    for (rule, check) in CHECKS {
        let findings = check(&tree);
        println!("{} {rule}", if findings.is_empty() { "ok    " } else { "FAILED" });
        for finding in &findings {
            println!("         {finding}");
        }
        broken += usize::from(!findings.is_empty());
    }
    println!("{} passed, {broken} failed", CHECKS.len() - broken);
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Records the protocol's sources and its document as they stand.
pub(crate) fn bless(root: &Path) -> io::Result<ExitCode> {
    let tree = Tree::read(root)?;
    std::fs::write(root.join(protocol::LOCK), protocol::lock(&tree))?;
    println!("{}", protocol::reminder(&tree));
    Ok(ExitCode::SUCCESS)
}

/// One place where a rule is broken, and what to do about it.
#[derive(Debug)]
struct Finding {
    path: String,
    line: usize,
    says: String,
}

impl Finding {
    /// Line 0 stands for the file as a whole.
    fn new(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, says: says.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.says),
            line => write!(f, "{}:{line}: {}", self.path, self.says),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checker that found fault with an empty project would be no use to a new one.
    #[test]
    fn an_empty_project_breaks_no_rule() {
        let tree = Tree::of(&[]);
        for (rule, check) in CHECKS {
            assert!(check(&tree).is_empty(), "{rule}: {:?}", check(&tree));
        }
    }
}
