//! The journal's files, each named by the number of its first record. The newest is written to; the oldest go when
//! everybody has them, or when there is no more room.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const PREFIX: &str = "outbox-";
const SUFFIX: &str = ".jsonl";

/// Which files there are, for the one who writes and all who read.
#[derive(Debug)]
pub(super) struct Segments {
    dir: PathBuf,
    list: Mutex<Vec<Segment>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) bytes: u64,
}

impl Segments {
    /// Those that a directory has.
    pub(super) fn of(dir: &Path) -> io::Result<Self> {
        let mut list = Vec::new();
        for file in fs::read_dir(dir)? {
            let file = file?;
            let first = file.file_name().to_str().and_then(number_of);
            if let Some(first) = first {
                list.push(Segment { first, bytes: file.metadata()?.len() });
            }
        }
        list.sort_unstable_by_key(|segment| segment.first);
        Ok(Self { dir: dir.to_owned(), list: Mutex::new(list) })
    }

    fn list(&self) -> MutexGuard<'_, Vec<Segment>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, first: u64) -> PathBuf {
        self.dir.join(format!("{PREFIX}{first:020}{SUFFIX}"))
    }

    pub(super) fn newest(&self) -> Option<Segment> {
        self.list().last().copied()
    }

    pub(super) fn all(&self) -> Vec<Segment> {
        self.list().clone()
    }

    /// The segment that a record is in, or the next one where it is gone.
    pub(super) fn with(&self, seq: u64) -> Option<Segment> {
        let list = self.list();
        let after = list.partition_point(|segment| segment.first <= seq);
        list.get(after.saturating_sub(1)).copied()
    }

    /// The one after.
    pub(super) fn after(&self, first: u64) -> Option<Segment> {
        self.list().iter().find(|segment| segment.first > first).copied()
    }

    pub(super) fn add(&self, first: u64) {
        self.list().push(Segment { first, bytes: 0 });
    }

    /// The newest has grown to so much.
    pub(super) fn grew(&self, bytes: u64) {
        if let Some(newest) = self.list().last_mut() {
            newest.bytes = bytes;
        }
    }

    /// Removes the oldest while there is more than there may be, but never the newest. Answers how many records went that
    /// somebody wants, who have all before `wanted`.
    pub(super) fn shed(&self, bytes_max: u64, wanted: u64) -> u64 {
        let is_over = |list: &[Segment]| list.iter().map(|segment| segment.bytes).sum::<u64>() > bytes_max;
        self.remove_while(is_over, wanted)
    }

    /// Removes those that have nothing from a record on.
    pub(super) fn release(&self, seq: u64) {
        self.remove_while(|list| list[1].first <= seq, seq);
    }

    fn remove_while(&self, is_over: impl Fn(&[Segment]) -> bool, wanted: u64) -> u64 {
        let mut list = self.list();
        let mut records = 0;
        while list.len() > 1 && is_over(&list) {
            let gone = list.remove(0);
            records += list[0].first.saturating_sub(gone.first.max(wanted));
            if let Err(error) = fs::remove_file(self.path(gone.first)) {
                tracing::warn!(%error, first = gone.first, "a file of the outbox could not be removed");
            }
        }
        records
    }
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_the_newest_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        for first in [1, 11, 21] {
            fs::write(dir.path().join(format!("outbox-{first:020}.jsonl")), [0; 100]).expect("written");
        }
        fs::write(dir.path().join("outbox-x.jsonl"), "").expect("written");
        let segments = Segments::of(dir.path()).expect("read");
        let first = |segment: Option<Segment>| segment.map(|segment| segment.first);
        assert_eq!((first(segments.with(10)), first(segments.with(11))), (Some(1), Some(11)));
        assert_eq!((first(segments.with(99)), first(segments.with(0))), (Some(21), Some(1)));
        assert_eq!((first(segments.after(1)), first(segments.after(21))), (Some(11), None));
        assert_eq!(segments.shed(300, 0), 0);
        assert_eq!((segments.shed(250, 5), first(segments.all().first().copied())), (6, Some(11)));
        segments.release(20);
        assert_eq!(first(segments.all().first().copied()), Some(11), "it has a record that somebody wants");
        segments.release(21);
        assert_eq!(
            (first(segments.all().first().copied()), segments.shed(0, 0)),
            (Some(21), 0),
            "the newest stays"
        );
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 2);
    }
}
