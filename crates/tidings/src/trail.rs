//! The audit log: what operators did, and what was refused to whoever tried. One line each, in the log and, where there is
//! a file for it, appended there and on the disk before the request is answered.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde::Serialize;
use tidings_core::grant::Grant;

use crate::clock::Clock;
use crate::hub::Client;
use crate::net::RemoteAddress;

/// How many of the latest entries are kept to be shown.
pub const AUDIT_ENTRIES_MAX: usize = 200;
/// Refusals that are written in a second. Anybody can send what is refused, and each line costs a write to the disk.
pub const AUDIT_REFUSALS_PER_SECOND_MAX: u32 = 10;
/// Longer texts that a request brought are cut.
const TEXT_CHARS_MAX: usize = 1_000;

/// How a deed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditResult {
    /// It was done.
    Done,
    /// Whoever asked may not, or nobody knows who asked.
    Refused,
    /// It was asked for wrongly, or could not be done.
    Failed,
}

/// One thing that an operator did, or that somebody tried.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEntry {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Who, as the token or the configuration names them; `None` where nobody proved to be anyone.
    pub who: Option<Arc<str>>,
    /// As what.
    pub role: Option<&'static str>,
    /// From where.
    pub from: RemoteAddress,
    /// What.
    pub action: &'static str,
    /// To whom or what: a user, a connection's public id, a channel.
    pub target: Option<String>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How it ended.
    pub result: AuditResult,
    /// With which status it was answered.
    pub status: u16,
    /// Refusals since the entry before that are not written, being too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl AuditEntry {
    /// Something that somebody asks for.
    pub fn new(action: &'static str, client: Client, target: Option<String>) -> Self {
        let (at, from) = (Clock::start().wall_ms(), client.remote());
        let result = AuditResult::Failed;
        Self { at, who: None, role: None, from, action, target, detail: None, result, status: 0, left_out: 0 }
    }

    /// It is known who asks.
    pub fn by(&mut self, grant: &Grant) {
        self.who = Some(Arc::clone(&grant.user));
        self.role = grant.admin.name();
    }

    /// How it was answered.
    #[must_use]
    pub fn ended(mut self, status: StatusCode) -> Self {
        self.status = status.as_u16();
        self.result = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
                AuditResult::Refused
            }
            status if status.is_client_error() || status.is_server_error() => AuditResult::Failed,
            _ => AuditResult::Done,
        };
        self
    }
}

/// Where the entries go. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct AuditTrail(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    recent: Mutex<Recent>,
    file: Option<Mutex<AuditFile>>,
}

#[derive(Debug, Default)]
struct Recent {
    entries: VecDeque<AuditEntry>,
    /// The second of the latest refusal, how many it had, and how many were left out.
    second: u64,
    refusals: u32,
    left_out: u64,
}

impl AuditTrail {
    /// Appends to this file too, as one JSON object a line. It is opened here, so that a hub which can't write it doesn't
    /// start.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        let file = Some(Mutex::new(AuditFile::open(path)?));
        Ok(Self(Arc::new(Inner { recent: Mutex::default(), file })))
    }

    /// Writes an entry down. What is refused more often than [`AUDIT_REFUSALS_PER_SECOND_MAX`] is counted alone.
    pub async fn record(&self, mut entry: AuditEntry) {
        for text in [&mut entry.target, &mut entry.detail].into_iter().flatten() {
            if let Some((cut, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
                text.truncate(cut);
            }
        }
        if !locked(&self.0.recent).takes(&mut entry) {
            return;
        }
        tell(&entry);
        locked(&self.0.recent).keep(entry.clone());
        if self.0.file.is_none() {
            return;
        }
        let inner = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || {
            inner.file.as_ref().map_or(Ok(()), |file| locked(file).append(&entry))
        });
        if let Err(error) = written.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            tracing::error!(%error, "the audit file can't be written: what is missing there is in this log");
        }
    }

    /// The latest entries, newest first.
    pub fn recent(&self) -> Vec<AuditEntry> {
        locked(&self.0.recent).entries.iter().rev().cloned().collect()
    }
}

impl Recent {
    fn takes(&mut self, entry: &mut AuditEntry) -> bool {
        if entry.result == AuditResult::Refused {
            let second = entry.at / 1000;
            if second != self.second {
                (self.second, self.refusals) = (second, 0);
            }
            self.refusals += 1;
            if self.refusals > AUDIT_REFUSALS_PER_SECOND_MAX {
                self.left_out += 1;
                return false;
            }
        }
        entry.left_out = std::mem::take(&mut self.left_out);
        true
    }

    fn keep(&mut self, entry: AuditEntry) {
        if self.entries.len() >= AUDIT_ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

/// The line in the log.
fn tell(entry: &AuditEntry) {
    let AuditEntry { who, role, from, action, target, detail, result, status, left_out, .. } = entry;
    let result = match result {
        AuditResult::Done => "done",
        AuditResult::Refused => "refused",
        AuditResult::Failed => "failed",
    };
    tracing::info!(
        target: "audit",
        action,
        who = who.as_deref(),
        role,
        %from,
        on = target.as_deref(),
        detail = detail.as_deref(),
        result,
        status,
        left_out = Some(*left_out).filter(|left_out| *left_out > 0),
        "operator action"
    );
}

#[derive(Debug)]
struct AuditFile {
    path: PathBuf,
    file: File,
}

impl AuditFile {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot write {path:?}: {error}"));
        Ok(Self { path: path.to_owned(), file: file.map_err(named)? })
    }

    /// On the disk when this returns.
    fn append(&mut self, entry: &AuditEntry) -> io::Result<()> {
        if !self.is_in_place() {
            *self = Self::open(&self.path)?;
        }
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }

    /// Whether the path still leads to the file that is open: somebody who turns logs over moves it away.
    fn is_in_place(&self) -> bool {
        let (Ok(there), Ok(open)) = (std::fs::metadata(&self.path), self.file.metadata()) else {
            return false;
        };
        (there.dev(), there.ino()) == (open.dev(), open.ino())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &'static str, status: u16) -> AuditEntry {
        let request = http::Request::new(()).into_parts().0;
        let hub = crate::Hub::open(crate::HubOptions::default()).expect("opens");
        let mut entry = AuditEntry::new(action, hub.client(&request), Some("ann".to_owned()));
        entry.by(&Grant::everything("ops"));
        (entry.at, entry.from) = (1_000, RemoteAddress { ip: [127, 0, 0, 1].into(), port: Some(80) });
        entry.ended(StatusCode::from_u16(status).expect("a status"))
    }

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(path).expect("the file");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[tokio::test]
    async fn a_line_says_who_did_what_from_where_and_how_it_ended() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("audit.jsonl");
        let trail = AuditTrail::to_file(&path).expect("opens");
        for (action, status) in [("kick", 200), ("kick", 404), ("drain", 403)] {
            trail.record(entry(action, status)).await;
        }
        let lines = lines(&path);
        assert_eq!(
            lines[0],
            serde_json::json!({ "at": 1_000, "who": "ops", "role": "operator", "from": "127.0.0.1:80",
                "action": "kick", "target": "ann", "result": "done", "status": 200 })
        );
        assert_eq!((&lines[1]["result"], &lines[2]["result"]), (&"failed".into(), &"refused".into()));
        assert_eq!(trail.recent().first().map(|entry| entry.action), Some("drain"), "newest first");
        let mode = std::fs::metadata(&path).expect("the file").mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_file_that_was_moved_away_is_made_anew() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, old) = (dir.path().join("audit.jsonl"), dir.path().join("audit.jsonl.1"));
        let trail = AuditTrail::to_file(&path).expect("opens");
        trail.record(entry("kick", 200)).await;
        std::fs::rename(&path, &old).expect("moved");
        trail.record(entry("drain", 202)).await;
        assert_eq!((lines(&old).len(), lines(&path).len()), (1, 1));
        assert_eq!(lines(&path)[0]["action"], "drain");
        std::fs::remove_file(&path).expect("removed");
        trail.record(entry("cleanup", 200)).await;
        assert_eq!(lines(&path)[0]["action"], "cleanup");
    }

    #[tokio::test]
    async fn what_is_refused_too_often_is_counted_and_what_is_done_is_always_written() {
        let trail = AuditTrail::default();
        for _ in 0..AUDIT_REFUSALS_PER_SECOND_MAX + 5 {
            trail.record(entry("drain", 401)).await;
        }
        assert_eq!(trail.recent().len(), AUDIT_REFUSALS_PER_SECOND_MAX as usize);
        for _ in 0..20 {
            trail.record(entry("kick", 200)).await;
        }
        let recent = trail.recent();
        assert_eq!(recent.len(), AUDIT_REFUSALS_PER_SECOND_MAX as usize + 20);
        assert_eq!(recent.iter().map(|entry| entry.left_out).sum::<u64>(), 5);
    }

    #[tokio::test]
    async fn the_latest_are_kept_and_long_texts_are_cut() {
        let trail = AuditTrail::default();
        for _ in 0..AUDIT_ENTRIES_MAX + 1 {
            trail.record(entry("kick", 200)).await;
        }
        let long = AuditEntry { target: Some("\u{e9}".repeat(TEXT_CHARS_MAX + 1)), ..entry("kick", 200) };
        trail.record(long).await;
        let recent = trail.recent();
        assert_eq!(recent.len(), AUDIT_ENTRIES_MAX);
        assert_eq!(recent[0].target.as_ref().map(|text| text.chars().count()), Some(TEXT_CHARS_MAX));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_at_once() {
        let error = AuditTrail::to_file(Path::new("/nowhere/audit.jsonl")).expect_err("no such directory");
        assert!(error.to_string().contains("/nowhere/audit.jsonl"), "{error}");
    }
}
