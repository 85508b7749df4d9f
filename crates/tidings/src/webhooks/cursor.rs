//! How far one webhook has been told, over restarts. It is not made so for good: after a power failure some are told again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::options::WebhookOptions;

const NAME_HEX: usize = 16;

/// A file with the number of the next record.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    epoch: String,
}

impl Cursor {
    /// Of a webhook: by where it is and what it wants, so that it stays the same whatever becomes of the others.
    pub(super) fn of(options: &WebhookOptions, dir: &Path, epoch: &str) -> Self {
        let mut events: Vec<&str> = options.events.iter().map(|event| event.as_str()).collect();
        events.sort_unstable();
        let hash = Sha256::digest(format!("{}\n{}", options.url, events.join(",")));
        let name: String = hash.iter().take(NAME_HEX / 2).map(|byte| format!("{byte:02x}")).collect();
        Self { path: dir.join(format!("cursor-{name}")), epoch: epoch.to_owned() }
    }

    /// Where it stood in this journal.
    pub(super) fn read(&self) -> Option<u64> {
        let text = fs::read_to_string(&self.path).ok()?;
        let (epoch, next) = text.trim_end().split_once(' ')?;
        (epoch == self.epoch).then(|| next.parse().ok()).flatten()
    }

    pub(super) fn write(&self, next: u64) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        fs::write(&beside, format!("{} {next}\n", self.epoch))?;
        fs::rename(beside, &self.path)
    }
}
