//! A snippet shown in the docs is the one that was tested: after `<!-- from: path -->` comes a code block whose text
//! stands in that file, line for line.

use super::Finding;
use crate::tree::Tree;

const OPEN: &str = "<!-- from: ";
const CLOSE: &str = " -->";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.iter().filter(|(path, _)| path.ends_with(".md")) {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(from) = line.trim().strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) else {
                continue;
            };
            if let Some(says) = differs(tree, from, &lines[at + 1..]) {
                findings.push(Finding::new(path, at + 1, says));
            }
        }
    }
    findings
}

fn differs(tree: &Tree, from: &str, after: &[&str]) -> Option<String> {
    let Some(source) = tree.text(from) else { return Some(format!("there is no file {from}")) };
    let Some(block) = block(after) else { return Some(format!("no code block follows the mark of {from}")) };
    let (source, block): (Vec<&str>, Vec<&str>) =
        (source.lines().map(str::trim).collect(), block.iter().map(|line| line.trim()).collect());
    let is_there = source.windows(block.len().max(1)).any(|window| window == block);
    (!is_there).then(|| format!("the code block is not what {from} says"))
}

fn block<'a>(after: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let open = after.iter().position(|line| !line.trim().is_empty())?;
    after[open].trim_start().strip_prefix("```")?;
    let length = after[open + 1..].iter().position(|line| line.trim_start().starts_with("```"))?;
    Some(&after[open + 1..open + 1 + length]).filter(|block| !block.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(document: &str) -> usize {
        check(&Tree::of(&[("docs/operating.md", document), ("docs/snippets/nginx.conf", "a;\n    b;\nc;\n")]))
            .len()
    }

    #[test]
    fn a_block_that_is_in_the_file_passes() {
        assert_eq!(count("<!-- from: docs/snippets/nginx.conf -->\n```nginx\nb;\nc;\n```\n"), 0);
    }

    #[test]
    fn a_block_that_is_not_is_found() {
        assert_eq!(count("<!-- from: docs/snippets/nginx.conf -->\n```nginx\na;\nc;\n```\n"), 1);
        assert_eq!(count("<!-- from: docs/snippets/gone.conf -->\n```nginx\na;\n```\n"), 1);
        assert_eq!(count("<!-- from: docs/snippets/nginx.conf -->\nprose\n"), 1);
    }
}
