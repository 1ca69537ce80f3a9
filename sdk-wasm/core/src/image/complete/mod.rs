//! Whether a file holds its whole picture. What is cut off or damaged is never silently re-encoded: a
//! decoder's grey half of a photo would replace the only trace that something went wrong.

mod gif;
pub(super) mod png;
mod tiff;
mod webp;

use super::{ImageError, PictureFormat, jpeg};

/// Refuses a file whose picture is not all there.
pub(super) fn check(bytes: &[u8], format: PictureFormat) -> Result<(), ImageError> {
    match format {
        PictureFormat::Jpeg => jpeg::check_complete(bytes),
        PictureFormat::Png => png::check(bytes),
        PictureFormat::WebP => webp::check(bytes),
        PictureFormat::Gif => gif::check(bytes),
        PictureFormat::Tiff => tiff::check(bytes),
        // Its header names every piece: `heic` looks for them all.
        PictureFormat::Heic => Ok(()),
    }
}
