//! WebP: the file is as long as its RIFF header says, and its chunks fit (RFC 9649, 2.3 to 2.5).

use crate::image::{ImageError, PictureFormat};

fn incomplete(found: &'static str) -> ImageError {
    ImageError::Incomplete { format: PictureFormat::WebP, found }
}

fn size_at(bytes: &[u8], offset: usize) -> Option<usize> {
    let field = bytes.get(offset..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*field)).ok()
}

/// Refuses a file that is shorter than it says or has no picture.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImageError> {
    const SHORTER: &str = "the file is shorter than its header says";
    let size = size_at(bytes, 4).ok_or_else(|| incomplete(SHORTER))?;
    let end = size.checked_add(8).ok_or_else(|| incomplete(SHORTER))?;
    let file = bytes.get(..end).ok_or_else(|| incomplete(SHORTER))?;
    let mut offset = 12_usize;
    let mut has_picture = false;
    while let Some(kind) = file.get(offset..).and_then(<[u8]>::first_chunk::<4>) {
        let length = size_at(file, offset + 4).ok_or_else(|| incomplete("a chunk is cut short"))?;
        let data_end = (offset + 8).checked_add(length).filter(|data_end| *data_end <= end);
        let data_end = data_end.ok_or_else(|| incomplete("a chunk is cut short"))?;
        has_picture |= matches!(kind, b"VP8 " | b"VP8L" | b"ANMF");
        offset = data_end + length % 2;
    }
    if has_picture { Ok(()) } else { Err(incomplete("it has no picture")) }
}
