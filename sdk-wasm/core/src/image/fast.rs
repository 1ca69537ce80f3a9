//! The fast path's first half: baseline JPEGs to planes, without ever becoming RGB (see [`super::planar`]).
//!
//! The decoder counts the parts of the picture itself, so these files need no walk beforehand to prove
//! that they are whole.

use super::jpeg::Frame;
use super::plan::{Target, targets};
use super::planar::{DecodeError, Header, OutOfMemory, Planes, Sampling};
use super::{ImageError, Limits, PictureFormat, ResizeOptions};

/// Decodes as large as the largest image needs, and tells which images to make; `None` when the file
/// needs the general path.
pub(super) fn decode<'o>(
    bytes: &[u8],
    options: &'o ResizeOptions,
    limits: &Limits,
) -> Result<Option<(Planes, Vec<Target<'o>>)>, ImageError> {
    // Before anything else, so that a picture too large is told from one whose data is missing.
    let frame = Frame::of(bytes)?;
    limits.admit((frame.width, frame.height))?;
    let header = match Header::parse(bytes) {
        Err(DecodeError::NotHandled(_)) => return Ok(None),
        parsed => parsed.map_err(in_words)?,
    };
    let targets = targets((header.width(), header.height()), options);
    let Some(largest) = targets.first() else { return Ok(None) };
    let scales = header.scales_for(largest.size.0, largest.size.1, Sampling::Half);
    let edge = scales.first().map_or(8, |scale| scale.block_edge() as u64);
    let decoded_width = (u64::from(header.width()) * edge).div_ceil(8);
    limits.afford(largest.making_bytes(header.memory_bytes(&scales), decoded_width))?;
    match header.decode(&scales) {
        Err(DecodeError::NotHandled(_)) => Ok(None),
        decoded => Ok(Some((decoded.map_err(in_words)?, targets))),
    }
}

/// Says as the general path does why nothing was decoded.
pub(super) fn in_words(error: DecodeError) -> ImageError {
    let format = PictureFormat::Jpeg;
    match error {
        DecodeError::NotHandled(_) => ImageError::UnsupportedFormat { what: "A JPEG of this kind" },
        DecodeError::Incomplete { .. } => {
            ImageError::Incomplete { format, found: "the picture's data stops early" }
        }
        DecodeError::Corrupt(found) => ImageError::Corrupt { format, found: found.to_owned() },
        DecodeError::OutOfMemory(OutOfMemory) => ImageError::OutOfMemory,
    }
}
