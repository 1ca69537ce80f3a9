//! WebP: the file is as long as its RIFF header says, and its chunks fit (RFC 9649, 2.3 to 2.5).

use crate::image::ImageError;
use crate::image::riff::{chunks, incomplete};

/// Refuses a file that is shorter than it says or has no picture.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImageError> {
    let mut has_picture = false;
    for chunk in chunks(bytes)? {
        has_picture |= matches!(&chunk?.kind, b"VP8 " | b"VP8L" | b"ANMF");
    }
    if has_picture { Ok(()) } else { Err(incomplete("it has no picture")) }
}
