//! What a project folder holds: one small file beside the photos, written whole and renamed into place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::board::Status;
use crate::folder::FolderName;

const FILE: &str = "manifest.json";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) project_folder: FolderName,
    /// When it was changed, in milliseconds since 1970. Grows with each change.
    pub(crate) timestamp: u64,
    /// The highest id that was ever given here: an id, and so an address, is never given twice.
    pub(crate) last_id: u64,
    pub(crate) photos: Vec<Photo>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Photo {
    /// Also the id of the job that makes its thumbnails.
    pub(crate) id: u64,
    /// As the uploader called it.
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) bytes: u64,
    /// `queued` until its job is over: what a restart finds in this state is taken up again.
    pub(crate) status: Status,
    /// Upright, as it is to be shown; 0 until it was decoded.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// From the smallest to the largest.
    pub(crate) thumbnails: Vec<Thumbnail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Thumbnail {
    /// The file's name.
    pub(crate) file: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
}

/// What is taken in, told by a file's first bytes and not by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Jpeg,
    Png,
    Webp,
}

impl Format {
    pub(crate) fn of(first_bytes: &[u8]) -> Option<Self> {
        match image::guess_format(first_bytes).ok()? {
            image::ImageFormat::Jpeg => Some(Self::Jpeg),
            image::ImageFormat::Png => Some(Self::Png),
            image::ImageFormat::WebP => Some(Self::Webp),
            _ => None,
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    pub(crate) fn decoded_as(self) -> image::ImageFormat {
        match self {
            Self::Jpeg => image::ImageFormat::Jpeg,
            Self::Png => image::ImageFormat::Png,
            Self::Webp => image::ImageFormat::WebP,
        }
    }
}

impl Photo {
    pub(crate) fn file(&self) -> String {
        format!("{}.{}", self.id, self.format.extension())
    }
}

impl Manifest {
    pub(crate) fn new(project_folder: FolderName) -> Self {
        Self { project_folder, timestamp: 0, last_id: 0, photos: Vec::new() }
    }

    pub(crate) fn load(folder: &Path) -> io::Result<Self> {
        let text = fs::read(folder.join(FILE))?;
        serde_json::from_slice(&text).map_err(|error| {
            let why = format!("{}: {error}", folder.join(FILE).display());
            io::Error::new(io::ErrorKind::InvalidData, why)
        })
    }

    /// It is on the disk as it was or as it is now, whatever happens in between.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join("manifest.json.new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(new, folder.join(FILE))
    }
}
