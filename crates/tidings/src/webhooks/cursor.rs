//! How far one webhook has been told, over restarts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::options::WebhookOptions;

const NAME_HEX: usize = 16;

/// A file with the number of the next record.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    dir: PathBuf,
    name: String,
    epoch: String,
}

/// Where a webhook stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// At a record of this journal.
    Next(u64),
    /// It is new.
    Nowhere,
    /// Somewhere: the file says nothing of this journal.
    Unknown,
}

impl Cursor {
    pub(super) fn of(options: &WebhookOptions, dir: &Path, epoch: &str) -> Self {
        let hash = Sha256::digest(options.name());
        let name: String = hash.iter().take(NAME_HEX / 2).map(|byte| format!("{byte:02x}")).collect();
        Self { dir: dir.to_owned(), name: format!("cursor-{name}"), epoch: epoch.to_owned() }
    }

    pub(super) fn read(&self) -> At {
        let text = match fs::read_to_string(self.dir.join(&self.name)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return At::Nowhere,
            Err(_) => return At::Unknown,
        };
        // Without the line break it was cut off, perhaps within the number.
        let line = text.strip_suffix('\n').and_then(|line| line.split_once(' '));
        let next = line.filter(|(epoch, _)| *epoch == self.epoch).and_then(|(_, next)| next.parse().ok());
        next.map_or(At::Unknown, At::Next)
    }

    /// Written whole, then renamed into place, and there for good when this is over.
    pub(super) fn write(&self, next: u64) -> io::Result<()> {
        let beside = self.dir.join(format!("{}.new", self.name));
        let mut file = File::create(&beside)?;
        file.write_all(format!("{} {next}\n", self.epoch).as_bytes())?;
        file.sync_all()?;
        fs::rename(beside, self.dir.join(&self.name))?;
        File::open(&self.dir)?.sync_all()
    }
}
