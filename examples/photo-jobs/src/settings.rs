//! What can be set, by environment variables.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, io, thread};

/// Thumbnails are made by a thread a core, and by no more than these: each holds a whole photo in memory.
const WORKERS_MAX: usize = 4;

pub(crate) struct Settings {
    /// `PHOTO_JOBS_LISTEN`. Loopback alone: nobody signs in here.
    pub(crate) listen: SocketAddr,
    /// `PHOTO_JOBS_DATA_DIR`: photos, thumbnails, manifests, and what the hub keeps over a restart.
    pub(crate) data_dir: PathBuf,
    /// `PHOTO_JOBS_PAGE_DIR`: the page, as `npm run build` makes it.
    pub(crate) page_dir: PathBuf,
    /// Thumbnails that are made at a time.
    pub(crate) workers: usize,
    /// `PHOTO_JOBS_STEP_PAUSE_MS`: a pause after each step of a job, for whoever wants to watch the bars.
    pub(crate) step_pause: Duration,
}

impl Settings {
    pub(crate) fn from_environment() -> io::Result<Self> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = |name| env::var_os(name).map(PathBuf::from);
        let settings = Self {
            listen: parsed("PHOTO_JOBS_LISTEN", ([127, 0, 0, 1], 3000).into())?,
            data_dir: path("PHOTO_JOBS_DATA_DIR").unwrap_or_else(|| here.join("data")),
            page_dir: path("PHOTO_JOBS_PAGE_DIR").unwrap_or_else(|| here.join("dist")),
            workers: thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX),
            step_pause: Duration::from_millis(parsed("PHOTO_JOBS_STEP_PAUSE_MS", 0)?),
        };
        if settings.listen.ip().is_loopback() {
            return Ok(settings);
        }
        let why = format!(
            "PHOTO_JOBS_LISTEN is {}: choose an address of 127.0.0.0/8 or ::1, since nobody signs in here",
            settings.listen
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }
}

fn parsed<T: std::str::FromStr>(name: &str, otherwise: T) -> io::Result<T>
where
    T::Err: std::fmt::Display,
{
    let Ok(text) = env::var(name) else { return Ok(otherwise) };
    text.parse()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("{name}={text}: {error}")))
}
