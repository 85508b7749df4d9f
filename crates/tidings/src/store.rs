//! What outlives the process: small files in the data directory, each written whole and then renamed into place, for
//! nobody but the hub's own user to read: the rings have what was published.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_core::drain::ShutdownSummary;
use tidings_core::label;
use tidings_core::log::{RestoreError, Snapshot};

const NODE: &str = "node";
const COUNTERS: &str = "counters.json";
const SUMMARY: &str = "shutdown.json";
const RINGS: &str = "rings.jsonl";
const RINGS_DAMAGED: &str = "rings.jsonl.damaged";
const PROBE: &str = "probe";

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Counters of cleaning up that live on over restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counters {
    pub(crate) stale_connections_cleaned: u64,
    pub(crate) shutdown_cleanups: u64,
    pub(crate) shutdown_connections_cleaned: u64,
}

/// The data directory, or nothing.
#[derive(Debug)]
pub(crate) struct Store {
    dir: Option<PathBuf>,
    /// Held for as long as the hub lives: a second hub over the same directory is refused.
    _lock: Option<File>,
    /// Held while the counters are written.
    turn: Mutex<()>,
}

impl Store {
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let Some(dir) = dir else { return Ok(Self { dir: None, _lock: None, turn: Mutex::default() }) };
        let hint = "server.data_dir names a directory that the hub may write to";
        let named = |error: io::Error| explained(dir, &error, hint);
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(dir).map_err(named)?;
        let lock = create(&dir.join("lock")).map_err(named)?;
        wait_for_lock(&lock).map_err(|_| {
            let hint = "another hub uses it: give each its own with server.data_dir";
            io::Error::new(io::ErrorKind::AddrInUse, format!("data directory: {}: {hint}", dir.display()))
        })?;
        let store = Self { dir: Some(dir.to_owned()), _lock: Some(lock), turn: Mutex::default() };
        // What can't be written now could not be kept at the end either, when it is too late to say so.
        store.write(PROBE, |_| Ok(())).and_then(|_| store.remove(PROBE)).map_err(named)?;
        Ok(store)
    }

    /// The node's name: as given, or as made at the first start and kept.
    pub(crate) fn node_name(&self, given: Option<&str>) -> io::Result<String> {
        if let Some(name) = given {
            let is_none =
                |error| io::Error::new(io::ErrorKind::InvalidInput, format!("the node's name {error}"));
            label::check(name).map_err(is_none)?;
            return Ok(name.to_owned());
        }
        let kept = self.dir.as_ref().and_then(|dir| fs::read_to_string(dir.join(NODE)).ok());
        if let Some(name) = kept.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) {
            return Ok(name);
        }
        let name = format!("node-{:08x}", rand::random::<u32>());
        self.write(NODE, |out| writeln!(out, "{name}"))?;
        Ok(name)
    }

    pub(crate) fn counters(&self) -> Counters {
        self.read_json(COUNTERS).unwrap_or_default()
    }

    /// Keeps the counters, which are asked for when it is this call's turn: of two, the later has the last word.
    pub(crate) fn keep_counters(&self, newest: impl FnOnce() -> Counters) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.keep_json(COUNTERS, &newest());
    }

    /// The summary of the shutdown before this start. It is taken: after a crash there is none.
    pub(crate) fn take_summary(&self) -> io::Result<Option<ShutdownSummary>> {
        let summary = self.read_json(SUMMARY);
        self.take_away(SUMMARY)?;
        Ok(summary)
    }

    pub(crate) fn keep_summary(&self, summary: &ShutdownSummary) {
        self.keep_json(SUMMARY, summary);
    }

    /// Keeps the rings. Answers whether there is a place to keep them.
    pub(crate) fn keep_rings(&self, lines: &[Snapshot]) -> io::Result<bool> {
        let end = Snapshot::End { lines: lines.len() as u64 };
        self.write(RINGS, |out| {
            for line in lines.iter().chain([&end]) {
                serde_json::to_writer(&mut *out, line)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// What `restore` makes of the rings of the last orderly shutdown. They are taken, before anything is published:
    /// rings that a later crash left behind would be of the past. Unusable ones are kept aside.
    pub(crate) fn take_rings<T>(
        &self,
        restore: impl FnOnce(Vec<Snapshot>) -> Result<T, RestoreError>,
    ) -> io::Result<Option<T>> {
        let Some(path) = self.dir.as_ref().map(|dir| dir.join(RINGS)) else { return Ok(None) };
        let restored = read_rings(&path).and_then(|lines| restore(lines).map_err(io::Error::other));
        match restored {
            Ok(restored) => {
                self.take_away(RINGS)?;
                Ok(Some(restored))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                tracing::warn!(
                    %error,
                    file = RINGS,
                    kept_as = RINGS_DAMAGED,
                    "kept rings are not usable: every cursor gets its gap"
                );
                let aside = path.with_file_name(RINGS_DAMAGED);
                match fs::rename(&path, aside) {
                    Ok(()) => self.settle()?,
                    Err(_) => self.take_away(RINGS)?,
                }
                Ok(None)
            }
        }
    }

    fn read_json<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Option<T> {
        let text = fs::read(self.dir.as_ref()?.join(name)).ok()?;
        serde_json::from_slice(&text)
            .inspect_err(|error| tracing::warn!(%error, file = %name, "a kept file is not usable"))
            .ok()
    }

    fn keep_json<T: Serialize>(&self, name: &str, value: &T) {
        let written = self.write(name, |out| Ok(serde_json::to_writer(out, value)?));
        if let Err(error) = written {
            tracing::error!(%error, file = %name, "could not be kept");
        }
    }

    /// Where a file of that name is.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.join(name))
    }

    /// Writes a file whole, beside the one that it replaces. Answers whether there is a place for it.
    pub(crate) fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<bool> {
        let Some(dir) = &self.dir else { return Ok(false) };
        let beside = dir.join(format!("{name}.new"));
        let mut out = BufWriter::new(create(&beside)?);
        fill(&mut out)?;
        out.into_inner()?.sync_all()?;
        fs::rename(&beside, dir.join(name))?;
        self.settle()?;
        Ok(true)
    }

    /// Removes what must not be found again: it would tell the next start of another life.
    fn take_away(&self, name: &str) -> io::Result<()> {
        let path = self.dir.as_ref().map(|dir| dir.join(name)).unwrap_or_default();
        self.remove(name).map_err(|error| explained(&path, &error, "remove it by hand"))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        match fs::remove_file(dir.join(name)) {
            Ok(()) => self.settle(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes what was renamed or removed so for good: after a power loss, rings of the past would be there again.
    fn settle(&self) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        match File::open(dir)?.sync_all() {
            // A file system that has no such thing (fsync(2)).
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        }
    }
}

/// A file that is the owner's alone, also where one was there that was not.
fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

fn explained(path: &Path, error: &io::Error, hint: &str) -> io::Error {
    io::Error::new(error.kind(), format!("data directory: {}: {error}: {hint}", path.display()))
}

/// A predecessor on its way out lets go of the lock in a moment; another hub does not.
fn wait_for_lock(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        if lock.try_lock().is_ok() {
            return Ok(());
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    lock.try_lock()
}

fn read_rings(path: &Path) -> io::Result<Vec<Snapshot>> {
    let cut_short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the kept rings were cut short");
    let mut lines = Vec::new();
    for line in BufReader::new(File::open(path)?).lines() {
        lines.push(serde_json::from_str(&line?)?);
    }
    match lines.pop() {
        Some(Snapshot::End { lines: said }) if said == lines.len() as u64 => Ok(lines),
        _ => Err(cut_short()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_called_by_what_can_be_a_name() {
        let store = Store { dir: None, _lock: None, turn: Mutex::default() };
        assert_eq!(store.node_name(Some("hub-1")).unwrap(), "hub-1");
        for (name, why) in [("", "is empty"), ("a\nb", "has a control character at byte 1")] {
            let error = store.node_name(Some(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with(&format!("the node's name {why}")), "{error}");
        }
    }
}
