//! Whether a file holds its whole picture. What is cut off or damaged is never silently re-encoded: a
//! decoder's grey half of a photo would replace the only trace that something went wrong.

#[cfg(feature = "codecs")]
mod gif;
pub(super) mod png;
#[cfg(feature = "codecs")]
mod tiff;
mod webp;

use super::{ImageError, PictureFormat, jpeg};
use crate::metadata::items_are_whole;

/// Refuses a file whose picture is not all there.
pub(super) fn check(bytes: &[u8], format: PictureFormat) -> Result<(), ImageError> {
    match format {
        PictureFormat::Jpeg => jpeg::check_complete(bytes),
        PictureFormat::Png => png::check(bytes),
        PictureFormat::WebP => webp::check(bytes),
        #[cfg(feature = "codecs")]
        PictureFormat::Gif => gif::check(bytes),
        #[cfg(feature = "codecs")]
        PictureFormat::Tiff => tiff::check(bytes),
        #[cfg(not(feature = "codecs"))]
        PictureFormat::Gif | PictureFormat::Tiff => {
            Err(ImageError::UnsupportedFormat { what: "A GIF or TIFF, without the codecs," })
        }
        // Their header names every piece.
        PictureFormat::Heic | PictureFormat::Avif if items_are_whole(bytes) => Ok(()),
        PictureFormat::Heic | PictureFormat::Avif => {
            Err(ImageError::Incomplete { format, found: "the file ends before the picture does" })
        }
    }
}
