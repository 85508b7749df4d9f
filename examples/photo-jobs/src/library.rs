//! The photos on the disk, folder by folder. Who changes a folder tells so in the same breath.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use serde::Serialize;

use crate::board::Status;
use crate::folder::FolderName;
use crate::manifest::{Format, Manifest, Photo};
use crate::news::{News, Storage, now_after};
use crate::thumbnails::{Made, Source};

pub(crate) const FOLDERS_MAX: usize = 100;
pub(crate) const PHOTOS_PER_FOLDER_MAX: usize = 2_000;

pub(crate) struct Library {
    dir: PathBuf,
    incoming: PathBuf,
    news: Arc<News>,
    folders: Mutex<BTreeMap<FolderName, Manifest>>,
}

/// A file that was taken in, and lies where no folder has it yet.
pub(crate) struct Arrival {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) bytes: u64,
}

/// A line of the list of folders.
#[derive(Serialize)]
pub(crate) struct Shelf {
    project_folder: FolderName,
    photos: usize,
    timestamp: u64,
}

#[derive(Debug)]
pub(crate) enum ChangeError {
    /// A limit, and what to do.
    Full(String),
    NotFound,
    Disk(io::Error),
}

impl From<io::Error> for ChangeError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Library {
    /// Opens what is there. What a half-finished upload left is thrown away.
    pub(crate) fn open(data_dir: &Path, news: Arc<News>) -> io::Result<Self> {
        let dir = data_dir.join("photos");
        let incoming = data_dir.join("incoming");
        fs::create_dir_all(&dir)?;
        fs::create_dir_all(&incoming)?;
        fs::remove_dir_all(&incoming)?;
        fs::create_dir_all(&incoming)?;
        let mut folders = BTreeMap::new();
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().and_then(|name| FolderName::parse(name).ok()) else {
                continue;
            };
            folders.insert(name, Manifest::load(&entry.path())?);
        }
        Ok(Self { dir, incoming, news, folders: Mutex::new(folders) })
    }

    pub(crate) fn shelves(&self) -> Vec<Shelf> {
        let shelf = |manifest: &Manifest| Shelf {
            project_folder: manifest.project_folder.clone(),
            photos: manifest.photos.len(),
            timestamp: manifest.timestamp,
        };
        self.locked().values().map(shelf).collect()
    }

    /// A folder that nobody made yet is an empty one.
    pub(crate) fn manifest(&self, folder: &FolderName) -> Manifest {
        self.locked().get(folder).cloned().unwrap_or_else(|| Manifest::new(folder.clone()))
    }

    pub(crate) fn storage(&self) -> Storage {
        storage(&self.locked())
    }

    /// What a restart left undone, the oldest first.
    pub(crate) fn unfinished(&self) -> Vec<(FolderName, Photo)> {
        let folders = self.locked();
        let all = folders.values().flat_map(|manifest| {
            let queued = manifest.photos.iter().filter(|photo| photo.status == Status::Queued);
            queued.map(|photo| (manifest.project_folder.clone(), photo.clone()))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, photo)| photo.id);
        all
    }

    /// Puts a photo into a folder, which is made where it isn't there.
    pub(crate) fn add(&self, name: &FolderName, arrival: &Arrival) -> Result<Photo, ChangeError> {
        let mut folders = self.locked();
        if !folders.contains_key(name) && folders.len() >= FOLDERS_MAX {
            return Err(ChangeError::Full(format!("there are {FOLDERS_MAX} folders: use one of them")));
        }
        let id = folders.values().map(|manifest| manifest.last_id).max().unwrap_or(0) + 1;
        let mut manifest = folders.get(name).cloned().unwrap_or_else(|| Manifest::new(name.clone()));
        if manifest.photos.len() >= PHOTOS_PER_FOLDER_MAX {
            let why = format!("the folder {name} has {PHOTOS_PER_FOLDER_MAX} photos: begin another");
            return Err(ChangeError::Full(why));
        }
        let photo = Photo {
            id,
            name: arrival.name.clone(),
            format: arrival.format,
            bytes: arrival.bytes,
            status: Status::Queued,
            width: 0,
            height: 0,
            thumbnails: Vec::new(),
            error: None,
        };
        fs::create_dir_all(self.thumbnails_dir(name))?;
        fs::create_dir_all(self.originals_dir(name))?;
        fs::rename(&arrival.path, self.originals_dir(name).join(photo.file()))?;
        manifest.last_id = id;
        manifest.photos.push(photo.clone());
        self.keep(&mut folders, manifest)?;
        Ok(photo)
    }

    /// What became of a photo's job. A photo that was removed meanwhile stays removed.
    pub(crate) fn finish(
        &self,
        name: &FolderName,
        id: u64,
        outcome: Result<Made, String>,
    ) -> Result<(), ChangeError> {
        let mut folders = self.locked();
        let mut manifest = folders.get(name).cloned().ok_or(ChangeError::NotFound)?;
        let photo = manifest.photos.iter_mut().find(|photo| photo.id == id).ok_or(ChangeError::NotFound)?;
        match outcome {
            Ok(Made { width, height, thumbnails }) => {
                *photo = Photo { status: Status::Completed, width, height, thumbnails, ..photo.clone() };
            }
            Err(error) => {
                photo.status = Status::Failed;
                photo.error = Some(error);
            }
        }
        self.keep(&mut folders, manifest)
    }

    pub(crate) fn remove(&self, name: &FolderName, id: u64) -> Result<(), ChangeError> {
        let mut folders = self.locked();
        let mut manifest = folders.get(name).cloned().ok_or(ChangeError::NotFound)?;
        let at = manifest.photos.iter().position(|photo| photo.id == id).ok_or(ChangeError::NotFound)?;
        let photo = manifest.photos.remove(at);
        self.keep(&mut folders, manifest)?;
        // Nobody finds them any more: what can't be removed now is waste, and no harm.
        let _ = fs::remove_file(self.originals_dir(name).join(photo.file()));
        for thumbnail in photo.thumbnails {
            let _ = fs::remove_file(self.thumbnails_dir(name).join(thumbnail.file));
        }
        Ok(())
    }

    pub(crate) fn source(&self, folder: &FolderName, photo: &Photo) -> Source {
        Source { file: self.originals_dir(folder).join(photo.file()), format: photo.format, id: photo.id }
    }

    /// Where files lie while they arrive.
    pub(crate) fn incoming_dir(&self) -> &Path {
        &self.incoming
    }

    pub(crate) fn originals_dir(&self, folder: &FolderName) -> PathBuf {
        self.dir.join(folder.as_str()).join("originals")
    }

    pub(crate) fn thumbnails_dir(&self, folder: &FolderName) -> PathBuf {
        self.dir.join(folder.as_str()).join("thumbnails")
    }

    /// Saved, then shown, then told; and all of it under the lock, so that timestamps are told in their order.
    fn keep(
        &self,
        folders: &mut BTreeMap<FolderName, Manifest>,
        mut changed: Manifest,
    ) -> Result<(), ChangeError> {
        changed.timestamp = now_after(changed.timestamp);
        changed.save(&self.dir.join(changed.project_folder.as_str()))?;
        self.news.manifest_changed(&changed.project_folder, changed.timestamp);
        folders.insert(changed.project_folder.clone(), changed);
        self.news.storage_changed(&storage(folders));
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<FolderName, Manifest>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn storage(folders: &BTreeMap<FolderName, Manifest>) -> Storage {
    let mut sum = Storage { folders: folders.len(), ..Storage::default() };
    for manifest in folders.values() {
        sum.timestamp = sum.timestamp.max(manifest.timestamp);
        for photo in &manifest.photos {
            sum.photos += 1;
            sum.original_bytes += photo.bytes;
            sum.thumbnail_bytes += photo.thumbnails.iter().map(|thumbnail| thumbnail.bytes).sum::<u64>();
        }
    }
    sum
}
