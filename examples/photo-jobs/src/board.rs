//! The jobs that run, wait, or are over since a while: what `GET /api/jobs` answers, and what goes over `jobs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::folder::FolderName;
use crate::manifest::Photo;
use crate::news::{News, now_after};
use crate::thumbnails;

/// Jobs that are over and still shown.
const FINISHED_JOBS_MAX: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Queued,
    Running,
    Completed,
    Failed,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) task_type: &'static str,
    pub(crate) status: Status,
    pub(crate) project_folder: FolderName,
    /// The photo's.
    pub(crate) name: String,
    /// Steps.
    pub(crate) done: u32,
    pub(crate) total: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Of two tellings of a job the one with the higher number is the newer, over restarts too.
    pub(crate) updated_at: u64,
}

pub(crate) struct Board {
    news: Arc<News>,
    jobs: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    by_id: BTreeMap<u64, Job>,
    last_update: u64,
}

impl Job {
    fn is_over(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Failed)
    }
}

impl Board {
    pub(crate) fn new(news: Arc<News>) -> Self {
        Self { news, jobs: Mutex::default() }
    }

    pub(crate) fn queue(&self, project_folder: &FolderName, photo: &Photo) -> Job {
        let job = Job {
            id: photo.id,
            task_type: "thumbnails",
            status: Status::Queued,
            project_folder: project_folder.clone(),
            name: photo.name.clone(),
            done: 0,
            total: thumbnails::STEPS,
            error: None,
            updated_at: 0,
        };
        let mut jobs = self.locked();
        jobs.by_id.insert(photo.id, job);
        self.changed(&mut jobs, photo.id, |_| {}).expect("it was just put there")
    }

    pub(crate) fn started(&self, id: u64) {
        self.change(id, |job| job.status = Status::Running);
    }

    pub(crate) fn progressed(&self, id: u64, done: u32) {
        self.change(id, |job| job.done = done);
    }

    pub(crate) fn finished(&self, id: u64, error: Option<String>) {
        self.change(id, |job| {
            job.status = if error.is_none() { Status::Completed } else { Status::Failed };
            job.error = error;
        });
        self.locked().forget_the_oldest();
    }

    /// The newest first.
    pub(crate) fn list(&self) -> Vec<Job> {
        self.locked().by_id.values().rev().cloned().collect()
    }

    fn change(&self, id: u64, how: impl FnOnce(&mut Job)) {
        self.changed(&mut self.locked(), id, how);
    }

    /// Told while the lock is held, so that what is told of a job is told in its order.
    fn changed(&self, jobs: &mut Jobs, id: u64, how: impl FnOnce(&mut Job)) -> Option<Job> {
        let now = now_after(jobs.last_update);
        let job = jobs.by_id.get_mut(&id)?;
        how(job);
        job.updated_at = now;
        self.news.job(job);
        let job = job.clone();
        jobs.last_update = now;
        Some(job)
    }

    fn locked(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jobs {
    fn forget_the_oldest(&mut self) {
        let over: Vec<u64> = self.by_id.values().filter(|job| job.is_over()).map(|job| job.id).collect();
        for id in over.iter().take(over.len().saturating_sub(FINISHED_JOBS_MAX)) {
            self.by_id.remove(id);
        }
    }
}
