//! Every relative link in a Markdown file leads to a file that is there, and to a heading that is in it.

use std::collections::BTreeMap;

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (at, line) in prose(text) {
            for target in targets(&line).into_iter().filter(|target| is_relative(target)) {
                if let Some(says) = broken(tree, path, &target) {
                    findings.push(Finding::new(path, at, says));
                }
            }
        }
    }
    findings
}

/// The lines outside code blocks, numbered, with code spans blanked out.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => lines.push((at + 1, without_spans(line))),
        }
    }
    lines
}

fn without_spans(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    // An odd backtick opens nothing: what follows it is prose.
    let spans = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    let keep = |(at, part): (usize, &&str)| {
        if at % 2 == 0 || at >= spans { (*part).to_owned() } else { String::new() }
    };
    parts.iter().enumerate().map(keep).collect()
}

/// What `[text](target)` and `[label]: target` point at.
fn targets(line: &str) -> Vec<String> {
    let inline = line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split(')').next());
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .filter(|(label, _)| !label.starts_with('^'))
        .map(|(_, target)| target);
    let first_word =
        |target: &str| target.split_whitespace().next().map(|t| t.trim_matches(['<', '>']).to_owned());
    inline.chain(definition).filter_map(first_word).collect()
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with("mailto:")
}

fn broken(tree: &Tree, from: &str, target: &str) -> Option<String> {
    let (file, heading) =
        target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let path = if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) };
    let Some(path) = path.filter(|path| tree.has(path)) else {
        return Some(format!("link to {target}: there is no such file"));
    };
    let heading = heading.filter(|_| path.ends_with(".md"))?;
    let found = slugs(tree.text(&path)?).iter().any(|slug| slug == heading);
    (!found).then(|| format!("link to {target}: {path} has no such heading"))
}

/// `None` leads out of the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The names that a forge gives to headings: the second of a name gets `-1`.
fn slugs(text: &str) -> Vec<String> {
    let outside: Vec<usize> = prose(text).into_iter().map(|(at, _)| at).collect();
    let lines = text.lines().enumerate().filter(|(at, _)| outside.contains(&(at + 1)));
    let titles =
        lines.filter_map(|(_, line)| line.strip_prefix('#')).map(|rest| rest.trim_start_matches('#').trim());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let named = titles.map(|title| {
        let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let slug = title.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-");
        let times = seen.entry(slug.clone()).or_default();
        *times += 1;
        if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/guide.md", text),
            (
                "docs/protocol.md",
                "# The stream\n## Close `reasons`, all\n## The stream\n```\n# no heading\n```\n",
            ),
            ("README.md", ""),
        ]);
        check(&tree).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "# Here\n[a](protocol.md) [b](../README.md) [c](https://example.org/x) [d](#here) [e](../docs/)\n\
                    [f](protocol.md#close-reasons-all) [i](protocol.md#the-stream-1)\n`[g](nowhere.md)`\n```\n[h](nowhere.md)\n```\n";
        assert_eq!(says(text), Vec::<String>::new());
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for text in [
            "[a](nowhere.md)",
            "[a](../../outside.md)",
            "[a](protocol.md#no-heading)",
            "[a](#nowhere)",
            "[a]: nowhere.md",
            "![picture](picture.png)",
            "one ` backtick [a](nowhere.md)",
        ] {
            assert_eq!(says(text).len(), 1, "{text}");
        }
    }
}
