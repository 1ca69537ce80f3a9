//! JPEG (ITU-T T.81) as far as Windlass reads it itself: segments, Huffman codes, and the walk that
//! proves that every block of the picture is in the file and decodes progressive ones.

#[cfg(any(feature = "codecs", feature = "pixels"))]
mod bits;
mod exif_only;
mod frame;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod huffman;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod progressive;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod scan;
#[cfg(any(feature = "codecs", feature = "pixels"))]
mod walk;

pub(super) use exif_only::with_exif_only;
pub(super) use frame::Frame;
#[cfg(feature = "codecs")]
pub(super) use frame::Process;
#[cfg(any(feature = "codecs", feature = "pixels"))]
pub(super) use walk::check_complete;
#[cfg(feature = "codecs")]
pub(super) use walk::coefficients;

use windlass_planar::segments::SegmentError;

use super::{ImageError, PictureFormat};

impl From<SegmentError> for ImageError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Ends => incomplete("the file ends before the end-of-image marker"),
            SegmentError::Length => corrupt("a segment has an impossible length"),
        }
    }
}

/// The data stops before the picture does.
fn incomplete(found: &'static str) -> ImageError {
    ImageError::Incomplete { format: PictureFormat::Jpeg, found }
}

/// The data contradicts T.81.
fn corrupt(found: &str) -> ImageError {
    ImageError::Corrupt { format: PictureFormat::Jpeg, found: found.to_owned() }
}
