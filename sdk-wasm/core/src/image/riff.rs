//! WebP's container: chunks in a RIFF file (RFC 9649, 2.3 to 2.5).

use super::{ImageError, PictureFormat};

/// Where the first chunk stands: after `RIFF`, the size and `WEBP`.
const FIRST_CHUNK: usize = 12;

/// One chunk of the file.
pub(super) struct Chunk<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
}

/// The chunks of a file, which must be as long as it says.
pub(super) fn chunks(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<Chunk<'_>, ImageError>>, ImageError> {
    let size = size_at(bytes, 4).and_then(|size| size.checked_add(8));
    let file = size.and_then(|size| bytes.get(..size));
    let file = file.ok_or_else(|| incomplete("the file is shorter than its header says"))?;
    let mut offset = FIRST_CHUNK;
    Ok(std::iter::from_fn(move || {
        let kind = *file.get(offset..)?.first_chunk::<4>()?;
        let length = size_at(file, offset + 4);
        let data = length.and_then(|length| file.get(offset + 8..)?.get(..length));
        let Some(data) = data else {
            // Nothing follows a chunk that does not fit.
            offset = file.len();
            return Some(Err(incomplete("a chunk is cut short")));
        };
        offset += 8 + data.len().next_multiple_of(2);
        Some(Ok(Chunk { kind, data }))
    }))
}

/// The file is missing a part.
pub(super) fn incomplete(found: &'static str) -> ImageError {
    ImageError::Incomplete { format: PictureFormat::WebP, found }
}

fn size_at(bytes: &[u8], offset: usize) -> Option<usize> {
    let field = bytes.get(offset..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*field)).ok()
}
