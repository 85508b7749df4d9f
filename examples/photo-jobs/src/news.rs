//! What the page is told, and when: three channels, the words that go over them, and the clock that dates them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tidings::{ChannelName, Publisher, Selector};

use crate::board::{Job, Status};
use crate::folder::FolderName;

/// Tells whoever listens. Nobody has to: publishing waits for no reader, and none at all is no error.
pub(crate) struct News {
    publisher: Publisher,
    jobs: ChannelName,
    pending_changes: ChannelName,
    storage: ChannelName,
}

/// A folder's manifest is another one now: fetch it. What changed is not said, so there is nothing to get wrong.
#[derive(Serialize)]
struct ManifestChanged<'a> {
    project_folder: &'a FolderName,
    timestamp: u64,
}

/// How much is stored.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Storage {
    pub(crate) folders: usize,
    pub(crate) photos: usize,
    pub(crate) original_bytes: u64,
    pub(crate) thumbnail_bytes: u64,
    pub(crate) timestamp: u64,
}

impl News {
    pub(crate) fn new(publisher: Publisher) -> Self {
        let [jobs, pending_changes, storage] = channels();
        Self { publisher, jobs, pending_changes, storage }
    }

    pub(crate) fn job(&self, job: &Job) {
        let ty = match job.status {
            // It shows in the manifest, and in the answer to whoever uploaded it.
            Status::Queued => return,
            Status::Running if job.done == 0 => "job_started",
            Status::Running => "job_progress",
            Status::Completed | Status::Failed => "job_completed",
        };
        self.tell(&self.jobs, ty, job);
    }

    pub(crate) fn manifest_changed(&self, project_folder: &FolderName, timestamp: u64) {
        self.tell(&self.pending_changes, "manifest_changed", &ManifestChanged { project_folder, timestamp });
    }

    pub(crate) fn storage_changed(&self, storage: &Storage) {
        self.tell(&self.storage, "storage_changed", storage);
    }

    /// What is published was saved before: whoever misses this, as in the last moments of a stop, fetches the same.
    fn tell(&self, channel: &ChannelName, ty: &str, data: &impl Serialize) {
        if let Err(error) = self.publisher.enqueue(channel, ty, data) {
            tracing::warn!(%channel, r#type = ty, %error, "not published");
        }
    }
}

/// All that there is to hear of.
pub(crate) fn all() -> Vec<Selector> {
    channels().map(Selector::from).to_vec()
}

fn channels() -> [ChannelName; 3] {
    ["jobs", "pending-changes", "storage"].map(|name| ChannelName::parse(name).expect("a channel's name"))
}

/// Milliseconds since 1970, later than `last` whatever becomes of the clock: what is newer has the higher number.
#[expect(clippy::disallowed_methods, reason = "the application's one clock")]
pub(crate) fn now_after(last: u64) -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX).max(last + 1)
}
