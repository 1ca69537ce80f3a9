//! JPEG (ITU-T T.81) as far as Windlass reads it itself: segments, Huffman codes, and the walk that
//! proves that every block of the picture is in the file.

mod bits;
mod frame;
mod huffman;
mod progressive;
pub(super) mod scan;
pub(super) mod segments;
mod walk;

pub(super) use frame::{Frame, Process};
pub(super) use walk::check_complete;

use super::{ImageError, PictureFormat};

/// The data stops before the picture does.
fn incomplete(found: &'static str) -> ImageError {
    ImageError::Incomplete { format: PictureFormat::Jpeg, found }
}

/// The data contradicts T.81.
fn corrupt(found: &str) -> ImageError {
    ImageError::Corrupt { format: PictureFormat::Jpeg, found: found.to_owned() }
}
