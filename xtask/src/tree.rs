//! The files that belong to the project, read once; tests lay their own in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Command;

/// Paths are relative to the root and parted by `/`. A file that is not text is there with no text.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Everything that git tracks or would track: what a clone holds, plus what is about to be added.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| io::Error::new(error.kind(), format!("git ls-files: {error}; install git")))?;
        if !listed.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&listed.stderr).into_owned()));
        }
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            match std::fs::read(root.join(path)) {
                Ok(bytes) => {
                    files.insert(path.to_owned(), String::from_utf8(bytes).unwrap_or_default());
                }
                // Deleted and not yet staged, or a folder of another repository.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {}
                Err(error) => return Err(io::Error::new(error.kind(), format!("{path}: {error}"))),
            }
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter().filter(move |(path, _)| path.starts_with(folder))
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(path, _)| path.ends_with(".rs"))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether a file or a folder of that name is there; `""` is the root.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_knows_files_and_folders_and_not_their_beginnings() {
        let tree = Tree::of(&[("docs/protocol.md", "")]);
        assert!(tree.has("docs/protocol.md") && tree.has("docs") && tree.has("docs/") && tree.has(""));
        assert!(!tree.has("doc") && !tree.has("docs/protocol"));
    }
}
