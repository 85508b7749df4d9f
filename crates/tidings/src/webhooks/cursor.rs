//! How far one webhook has been told, over restarts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::options::WebhookOptions;

const NAME_HEX: usize = 16;

/// Cursors of this process. One that a start before left to a delivery under way may still be written.
static CURSORS: AtomicU64 = AtomicU64::new(0);

/// A file with the number of the next record.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    dir: PathBuf,
    name: String,
    /// What it is written as before it is renamed, which no other is.
    beside: String,
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
        let name = format!("cursor-{name}");
        let beside = format!("{name}.{}.new", CURSORS.fetch_add(1, Ordering::Relaxed));
        Self { dir: dir.to_owned(), name, beside, epoch: epoch.to_owned() }
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
        let beside = self.dir.join(&self.beside);
        let mut file = File::create(&beside)?;
        file.write_all(format!("{} {next}\n", self.epoch).as_bytes())?;
        file.sync_all()?;
        fs::rename(beside, self.dir.join(&self.name))?;
        File::open(&self.dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_start_before_is_in_nobodys_way() {
        let dir = tempfile::tempdir().expect("a directory");
        let options =
            WebhookOptions::new("https://example.com/told".parse().expect("a URL"), "whsec_".to_owned());
        let cursors = [(); 2].map(|()| Cursor::of(&options, dir.path(), "epoch"));
        std::thread::scope(|scope| {
            for cursor in &cursors {
                scope.spawn(move || (1..200).for_each(|next| cursor.write(next).expect("written")));
            }
        });
        assert_eq!(cursors[0].read(), At::Next(199));
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 1, "nothing is left beside it");
    }
}
