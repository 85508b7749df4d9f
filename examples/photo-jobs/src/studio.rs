//! Where photos are worked on: a queue, and a few at a time, on threads that may block.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use tidings::Publisher;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use crate::board::{Board, Job};
use crate::folder::FolderName;
use crate::library::{Arrival, ChangeError, Library};
use crate::manifest::Photo;
use crate::news::News;
use crate::settings::Settings;
use crate::thumbnails::{self, Made, Unmade};

/// Cloning it gives another handle to the same one.
#[derive(Clone)]
pub(crate) struct Studio(Arc<Inner>);

struct Inner {
    library: Library,
    board: Board,
    /// Unbounded, since every entry stands in a manifest, and those are bounded.
    queue: mpsc::UnboundedSender<(FolderName, Photo)>,
    places: Arc<Semaphore>,
    workers: usize,
    step_pause: Duration,
    stop: Stop,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
}

/// Said once; whoever pauses wakes up.
#[derive(Default)]
struct Stop {
    said: Mutex<bool>,
    changed: Condvar,
}

impl Studio {
    /// Opens the library, and takes up what a restart cut.
    pub(crate) fn open(settings: &Settings, publisher: Publisher) -> io::Result<Self> {
        let news = Arc::new(News::new(publisher));
        let (queue, waiting) = mpsc::unbounded_channel();
        let studio = Self(Arc::new(Inner {
            library: Library::open(&settings.data_dir, Arc::clone(&news))?,
            board: Board::new(news),
            queue,
            places: Arc::new(Semaphore::new(settings.workers)),
            workers: settings.workers,
            step_pause: settings.step_pause,
            stop: Stop::default(),
            dispatcher: Mutex::default(),
        }));
        for (folder, photo) in studio.0.library.unfinished() {
            tracing::info!(id = photo.id, %folder, "taken up again");
            studio.enqueue(folder, photo);
        }
        let dispatcher = tokio::spawn(studio.clone().dispatch(waiting));
        *studio.0.dispatcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(dispatcher);
        Ok(studio)
    }

    pub(crate) fn library(&self) -> &Library {
        &self.0.library
    }

    pub(crate) fn board(&self) -> &Board {
        &self.0.board
    }

    /// Puts a photo into its folder, and its job into the queue.
    pub(crate) fn take_in(&self, folder: &FolderName, arrival: &Arrival) -> Result<Job, ChangeError> {
        let photo = self.0.library.add(folder, arrival)?;
        Ok(self.enqueue(folder.clone(), photo))
    }

    /// When this is over no job runs any more; those that were cut are taken up at the next start.
    pub(crate) async fn stop(&self) {
        self.0.stop.say();
        let dispatcher = self.0.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(dispatcher) = dispatcher {
            dispatcher.abort();
            let _ = dispatcher.await;
        }
        let all = u32::try_from(self.0.workers).unwrap_or(u32::MAX);
        let _ = self.0.places.acquire_many(all).await;
    }

    fn enqueue(&self, folder: FolderName, photo: Photo) -> Job {
        let job = self.0.board.queue(&folder, &photo);
        // Nobody takes from it once the studio is closed: the next start does.
        let _ = self.0.queue.send((folder, photo));
        job
    }

    async fn dispatch(self, mut waiting: mpsc::UnboundedReceiver<(FolderName, Photo)>) {
        while let Some((folder, photo)) = waiting.recv().await {
            let Ok(place) = Arc::clone(&self.0.places).acquire_owned().await else { return };
            let studio = self.clone();
            tokio::task::spawn_blocking(move || {
                studio.work(&folder, &photo);
                drop(place);
            });
        }
    }

    fn work(&self, folder: &FolderName, photo: &Photo) {
        let Inner { library, board, stop, .. } = &*self.0;
        if stop.is_said() {
            return;
        }
        board.started(photo.id);
        let (source, into) = (library.source(folder, photo), library.thumbnails_dir(folder));
        let making = || {
            thumbnails::make(&source, &into, |done| {
                board.progressed(photo.id, done);
                !stop.comes_within(self.0.step_pause)
            })
        };
        // A decoder that panics on a hostile file fails that job, and no other.
        let made = catch_unwind(AssertUnwindSafe(making));
        let outcome = match made {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(Unmade::Stopped)) => return,
            Ok(Err(Unmade::Broken(why))) => Err(why),
            Err(_) => Err("its decoder gave up on it".to_owned()),
        };
        self.finish(folder, photo, outcome, &into);
    }

    /// First the manifest, so that whoever hears that the job is over finds its thumbnails.
    fn finish(&self, folder: &FolderName, photo: &Photo, outcome: Result<Made, String>, into: &Path) {
        let files: Vec<_> =
            outcome.iter().flat_map(|made| &made.thumbnails).map(|made| into.join(&made.file)).collect();
        let mut error = outcome.as_ref().err().cloned();
        match self.0.library.finish(folder, photo.id, outcome) {
            Ok(()) => {}
            Err(ChangeError::NotFound) => {
                error = Some("it was removed meanwhile".to_owned());
                files.iter().for_each(|file| drop(fs::remove_file(file)));
            }
            Err(problem) => {
                tracing::error!(id = photo.id, %folder, ?problem, "the manifest can't be saved");
                error = Some(
                    "its folder's manifest can't be saved: it is tried again at the next start".to_owned(),
                );
            }
        }
        self.0.board.finished(photo.id, error);
    }
}

impl Stop {
    fn say(&self) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn is_said(&self) -> bool {
        self.comes_within(Duration::ZERO)
    }

    fn comes_within(&self, pause: Duration) -> bool {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(said, pause, |said| !*said);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
