//! One photo in, its thumbnails out: no channel, no queue, no manifest here.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::manifest::{Format, Thumbnail};

/// The longer side of each thumbnail, in pixels. A photo that is smaller stays as small as it is.
pub(crate) const SIZES_PX: [u32; 3] = [1280, 480, 160];
/// Decoding, and each size.
pub(crate) const STEPS: u32 = 1 + SIZES_PX.len() as u32;
/// A photo that unpacks to more is refused before it is unpacked: 16 KB can say that they are 4 gigapixels.
const PIXELS_MAX: u64 = 80_000_000;
const JPEG_QUALITY: u8 = 82;

pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) format: Format,
    pub(crate) id: u64,
}

pub(crate) struct Made {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) thumbnails: Vec<Thumbnail>,
}

pub(crate) enum Unmade {
    /// The photo's fault, in words for its owner.
    Broken(String),
    /// `step` said so.
    Stopped,
}

/// Calls `step` with the number of steps that are done; it answers whether to go on.
pub(crate) fn make(source: &Source, into: &Path, mut step: impl FnMut(u32) -> bool) -> Result<Made, Unmade> {
    let mut picture = upright(source)?;
    let (width, height) = (picture.width(), picture.height());
    let mut thumbnails = Vec::new();
    for (done, size) in (1..).zip(SIZES_PX) {
        if !step(done) {
            return Err(Unmade::Stopped);
        }
        // Each from the one before, which is larger: the photo itself is scaled down once.
        if picture.width().max(picture.height()) > size {
            picture = picture.resize(size, size, FilterType::CatmullRom);
        }
        let thumbnail = write(&picture, source.id, size, into)
            .map_err(|error| Unmade::Broken(format!("its thumbnail can't be written: {error}")))?;
        thumbnails.insert(0, thumbnail);
    }
    if step(STEPS) { Ok(Made { width, height, thumbnails }) } else { Err(Unmade::Stopped) }
}

/// As the camera was held.
fn upright(source: &Source) -> Result<DynamicImage, Unmade> {
    let broken = |error: ImageError| {
        tracing::info!(id = source.id, %error, "not decoded");
        Unmade::Broken(
            "it can't be read as an image: the file is damaged, cut short, or of a rare kind".to_owned(),
        )
    };
    let file = File::open(&source.file)
        .map_err(|error| Unmade::Broken(format!("its file can't be opened: {error}")))?;
    let reader = ImageReader::with_format(BufReader::new(file), source.format.decoded_as());
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        let most = PIXELS_MAX / 1_000_000;
        let why =
            format!("{width} × {height} pixels are over the limit of {most} megapixels: scale it down first");
        return Err(Unmade::Broken(why));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// As JPEG, or as PNG where something shines through.
fn write(picture: &DynamicImage, id: u64, size: u32, into: &Path) -> Result<Thumbnail, ImageError> {
    let mut bytes = Vec::new();
    let extension = if picture.color().has_alpha() {
        let eight_bits = DynamicImage::from(picture.to_rgba8());
        eight_bits.write_to(&mut std::io::Cursor::new(&mut bytes), ImageFormat::Png)?;
        "png"
    } else {
        JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode_image(&picture.to_rgb8())?;
        "jpg"
    };
    let file = format!("{id}-{size}.{extension}");
    fs::write(into.join(&file), &bytes)?;
    Ok(Thumbnail { file, width: picture.width(), height: picture.height(), bytes: bytes.len() as u64 })
}
