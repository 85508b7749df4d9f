//! The journal: what happened, on the disk before anybody is told of it, until everybody was. Records are lines of files
//! that are only ever appended to. What is torn at its end, as a crash leaves it, is cut off.

mod held;
mod line;
mod reader;
mod segments;

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::held::Held;
pub(super) use self::reader::Reader;
use self::segments::Segments;
use super::record::{Happened, Record};

const HELD: &str = "held.json";
/// A file is followed by the next one when it has so much of all that there may be, or as much as is held.
const SEGMENTS: u64 = 8;
const FILE_BYTES_MIN: u64 = 4 * 1024;
const LOCK_TRIES: u32 = 60;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The writing end.
#[derive(Debug)]
pub(super) struct Journal {
    dir: PathBuf,
    node: String,
    bytes_max: u64,
    segments: Arc<Segments>,
    held: Held,
    /// What `held` took when it was last written.
    held_bytes: u64,
    file: File,
    file_bytes: u64,
    /// A hub of the same process that was let go of may still write its last.
    _lock: File,
}

/// A journal as it was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) journal: Journal,
    /// Who was told to be there by a hub that crashed.
    pub(super) left: (Vec<super::record::Connection>, Vec<String>),
    /// Whether there was one before that can't be read.
    pub(super) damaged: bool,
}

impl Journal {
    /// Opens the journal of a directory, or begins one.
    pub(super) fn open(dir: &Path, node: &str, bytes_max: u64) -> io::Result<Found> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = locked(dir)?;
        let segments = Arc::new(Segments::of(dir)?);
        let kept = fs::read(dir.join(HELD)).ok();
        let read = kept.as_deref().and_then(|kept| line::read(kept.strip_suffix(b"\n")?));
        let mut held: Option<Held> = read.and_then(|held| serde_json::from_str(held).ok());
        let newest = segments.newest();
        // Without what the older files added up to, the newest says too little.
        if newest.is_some_and(|newest| held.as_ref().is_none_or(|held| held.next < newest.first)) {
            held = None;
        }
        let damaged = held.is_none() && (kept.is_some() || newest.is_some());
        if damaged {
            set_aside(dir, &segments)?;
        }
        let segments = if damaged { Arc::new(Segments::of(dir)?) } else { segments };
        let mut held = held.unwrap_or_else(|| Held::new(format!("{:08x}", rand::random::<u32>())));
        let held_bytes = kept.map_or(0, |kept| kept.len() as u64);
        let (file, file_bytes) = match segments.newest() {
            Some(newest) => taken_up(&segments.path(newest.first), &mut held)?,
            None => {
                keep_held(dir, &held)?;
                begun(&segments, held.next)?
            }
        };
        segments.grew(file_bytes);
        let left = held.left();
        let (dir, node) = (dir.to_owned(), node.to_owned());
        let journal =
            Self { dir, node, bytes_max, segments, held, held_bytes, file, file_bytes, _lock: lock };
        Ok(Found { journal, left, damaged })
    }

    pub(super) fn epoch(&self) -> &str {
        &self.held.epoch
    }

    /// The number that the next record will have.
    pub(super) fn next(&self) -> u64 {
        self.held.next
    }

    pub(super) fn reader(&self, next: u64) -> Reader {
        Reader::new(Arc::clone(&self.segments), next)
    }

    /// Appends what happened, in order, and makes it so for good; what could not be stays in the list. Answers how many
    /// records made room that somebody wants, who have all before `wanted`.
    pub(super) fn append(&mut self, what: &mut VecDeque<(u64, Happened)>, wanted: u64) -> io::Result<u64> {
        let mut shed = 0;
        while !what.is_empty() {
            self.append_to_file(what)?;
            if self.file_bytes >= self.file_bytes_max() {
                self.turn()?;
            }
            shed += self.segments.shed(self.bytes_max, wanted);
        }
        Ok(shed)
    }

    /// As much as the file has room for, either all of that or nothing.
    fn append_to_file(&mut self, what: &mut VecDeque<(u64, Happened)>) -> io::Result<()> {
        let mut records = Vec::new();
        let mut lines = Vec::new();
        let room = self.file_bytes_max().saturating_sub(self.file_bytes);
        for ((at, what), seq) in what.iter().zip(self.held.next..) {
            let id = Record::id(&self.held.epoch, seq);
            let record = Record { id, seq, at: *at, node: self.node.clone(), what: what.clone() };
            line::write(&mut lines, &record.to_json());
            records.push(record);
            if lines.len() as u64 >= room {
                break;
            }
        }
        let mut written = crate::fault::error("outbox.append", || None).map_or(Ok(()), Err);
        written = written.and_then(|()| self.file.write_all(&lines)).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.file_bytes)?;
            return Err(error);
        }
        self.file_bytes += lines.len() as u64;
        self.segments.grew(self.file_bytes);
        records.iter().for_each(|record| self.held.apply(record));
        what.drain(..records.len());
        Ok(())
    }

    fn file_bytes_max(&self) -> u64 {
        (self.bytes_max / SEGMENTS).max(FILE_BYTES_MIN).max(self.held_bytes)
    }

    /// Goes on in another file, once it is written down what all before it adds up to.
    fn turn(&mut self) -> io::Result<()> {
        self.held_bytes = keep_held(&self.dir, &self.held)?;
        (self.file, self.file_bytes) = begun(&self.segments, self.held.next)?;
        Ok(())
    }
}

/// The directory as one's own: a writer on its way out lets go of it when it has written its last.
fn locked(dir: &Path) -> io::Result<File> {
    let file = open(&dir.join("lock"))?;
    for _ in 0..LOCK_TRIES {
        if file.try_lock().is_ok() {
            return Ok(file);
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    let hint = format!("{} is written by another hub", dir.display());
    Err(io::Error::new(io::ErrorKind::AddrInUse, hint))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)
}

fn begun(segments: &Segments, first: u64) -> io::Result<(File, u64)> {
    let file = open(&segments.path(first))?;
    segments.add(first);
    Ok((file, 0))
}

/// The newest file, with its records applied and without its torn end.
fn taken_up(path: &Path, held: &mut Held) -> io::Result<(File, u64)> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let (mut read, mut whole) = (0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        read += line.len();
        let record = line.strip_suffix(b"\n").and_then(line::read).and_then(Record::parse);
        let Some(record) = record else { continue };
        whole = read;
        if record.seq >= held.next {
            held.apply(&record);
        }
    }
    if whole < bytes.len() {
        tracing::warn!(
            bytes = bytes.len() - whole,
            "the outbox was cut off within a record: that is left out"
        );
        file.set_len(whole as u64)?;
        file.sync_all()?;
    }
    Ok((file, whole as u64))
}

/// Written whole, and then renamed into place.
fn keep_held(dir: &Path, held: &Held) -> io::Result<u64> {
    let mut text = Vec::new();
    line::write(&mut text, &serde_json::to_string(held)?);
    let beside = dir.join(format!("{HELD}.new"));
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(beside, dir.join(HELD))?;
    File::open(dir)?.sync_all()?;
    Ok(text.len() as u64)
}

fn set_aside(dir: &Path, segments: &Segments) -> io::Result<()> {
    tracing::error!(dir = %dir.display(), "the outbox can't be read and is begun anew: receivers are told that events are lost");
    for segment in segments.all() {
        let path = segments.path(segment.first);
        fs::rename(&path, path.with_extension("damaged"))?;
    }
    Ok(())
}
