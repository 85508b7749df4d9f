//! Real photos, small ones.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder as _, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

pub(super) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(&gradient(width, height)).expect("a JPEG");
    bytes
}

/// As a camera that was held sideways writes it.
pub(super) fn jpeg_turned(width: u32, height: u32) -> Vec<u8> {
    // TIFF, little-endian: one entry, Orientation (0x0112), SHORT, 6: turn it by 90° clockwise.
    let exif = [&b"II*\0\x08\0\0\0"[..], &[1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], &[0, 0, 0, 0]];
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif.concat()).expect("JPEG has it");
    encoder.encode_image(&gradient(width, height)).expect("a JPEG");
    bytes
}

/// One through which something shines.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbaImage::from_fn(width, height, |x, y| Rgba([(x % 256) as u8, (y % 256) as u8, 90, 128]));
    encoded(&picture.into(), ImageFormat::Png)
}

pub(super) fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(&gradient(width, height).into(), ImageFormat::WebP)
}

pub(super) fn size_of(bytes: &[u8]) -> (ImageFormat, u32, u32) {
    let picture = image::load_from_memory(bytes).expect("an image");
    (image::guess_format(bytes).expect("a format"), picture.width(), picture.height())
}

fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 90]))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}
