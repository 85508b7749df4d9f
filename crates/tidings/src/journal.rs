//! A file of the data directory that grows by lines, each on the disk before its call returns; written anew, whole, when
//! much of it is void.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::store::Store;

/// So many lines may be void beside as many as count, before the file is written anew.
const VOID_LINES_MAX: usize = 1_000;

/// Lines that outlive the process, whatever ends it. Without a data directory, nothing.
#[derive(Debug)]
pub(crate) struct Journal {
    name: &'static str,
    path: Option<PathBuf>,
    tail: Mutex<Tail>,
}

#[derive(Debug, Default)]
struct Tail {
    /// Nothing where the file has to be written anew before anything is added: at the start, after a failure, and when
    /// too much of it is void.
    file: Option<File>,
    /// How many more lines it takes.
    room: usize,
}

impl Journal {
    /// The journal of that name, and the lines that are there. The last may have been cut short: it was never answered
    /// for, and is none.
    pub(crate) fn open(store: &Store, name: &'static str) -> io::Result<(Self, Vec<String>)> {
        let path = store.path(name);
        let mut text = String::new();
        if let Some(path) = &path {
            match File::open(path).and_then(|mut file| file.read_to_string(&mut text)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        let lines = text.lines().map(str::to_owned).collect();
        Ok((Self { name, path, tail: Mutex::default() }, lines))
    }

    /// Adds lines, made when it is this call's turn, so that of two the later says how it is. `all` is the whole of what
    /// counts, for when the file is written anew.
    pub(crate) fn add(
        &self,
        store: &Store,
        lines: impl FnOnce() -> Vec<String>,
        all: impl FnOnce() -> Vec<String>,
    ) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let file = tail.file.take().filter(|_| tail.room > 0);
        if let Some(error) = crate::fault::error("journal", || None) {
            return Err(error);
        }
        let Some(mut file) = file else {
            let all = all();
            store.write(self.name, |out| all.iter().try_for_each(|line| writeln!(out, "{line}")))?;
            *tail = Tail {
                file: Some(OpenOptions::new().append(true).open(path)?),
                // As many as count, so that the next time is paid for by what came in.
                room: all.len() + VOID_LINES_MAX,
            };
            return Ok(());
        };
        let lines = lines();
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        tail.room = tail.room.saturating_sub(lines.len());
        tail.file = Some(file);
        Ok(())
    }
}
