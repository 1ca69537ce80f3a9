//! What a file is, told by its first bytes and never by its name.

use std::fmt;

use super::ImageError;
use crate::metadata::{MediaType, sniff};

/// A format this pipeline makes smaller pictures of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// ISO/IEC 10918-1.
    Jpeg,
    /// W3C PNG, the default image only of an animated one.
    Png,
    /// RIFF WebP, lossy or lossless.
    WebP,
    /// GIF 87a or 89a, the first frame only.
    Gif,
    /// TIFF 6.0, the first directory only.
    Tiff,
    /// ISO/IEC 23008-12 with HEVC, the primary picture only: decoded by the feature `heic`, and by some browsers.
    Heic,
    /// ISO/IEC 23008-12 with AV1: decoded by browsers alone.
    Avif,
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
        })
    }
}

impl PictureFormat {
    /// Tells the format, or names what the bytes are instead.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, ImageError> {
        let is_big_tiff = matches!(bytes.get(2..4), Some([b'+', 0] | [0, b'+']));
        let what = match sniff(bytes) {
            Some(MediaType::Jpeg) => return Ok(Self::Jpeg),
            Some(MediaType::Png) => return Ok(Self::Png),
            Some(MediaType::WebP) => return Ok(Self::WebP),
            Some(MediaType::Gif) => return Ok(Self::Gif),
            Some(MediaType::Tiff) if is_big_tiff => "A BigTIFF picture",
            Some(MediaType::Tiff) => return Ok(Self::Tiff),
            Some(MediaType::Heic | MediaType::Heif) => return Ok(Self::Heic),
            Some(MediaType::Avif) => return Ok(Self::Avif),
            Some(MediaType::Pdf) => "A PDF document",
            Some(MediaType::Dwg) => "A drawing",
            Some(MediaType::Mp4 | MediaType::QuickTime) => "A video",
            Some(MediaType::Zip) => "An archive",
            None if bytes.is_empty() => "An empty file",
            None => "A file of this type",
        };
        Err(ImageError::UnsupportedFormat { what })
    }
}
