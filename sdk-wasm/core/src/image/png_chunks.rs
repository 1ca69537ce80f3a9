//! PNG's chunks (W3C PNG, third edition, 5.3), as far as metadata is taken out without decoding.

use super::{ImageError, PictureFormat};

const SIGNATURE_BYTES: usize = 8;

/// Length, name and checksum.
const AROUND_DATA_BYTES: usize = 12;

/// What the picture is made of, and what is needed to show it in its colours and at its size.
const KEPT: [&[u8; 4]; 13] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"sBIT",
    b"pHYs", b"bKGD",
];

/// A chunk's name, and all of it from its length to its checksum.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(SIGNATURE_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let [l3, l2, l1, l0, a, b, c, d] = *rest.first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes([l3, l2, l1, l0])).ok()?;
        let (chunk, behind) = rest.split_at_checked(length.checked_add(AROUND_DATA_BYTES)?)?;
        rest = behind;
        Some(([a, b, c, d], chunk))
    })
}

/// Whether there is a chunk of one of these names.
pub(super) fn has(bytes: &[u8], names: &[&[u8; 4]]) -> bool {
    chunks(bytes).any(|(name, _)| names.contains(&&name))
}

/// The same picture without metadata. One with EXIF is not written: PNG has had a place for it for too short a
/// time for all to look there.
///
/// # Errors
/// [`ImageError`], when EXIF is to be in it, or the file stops before its end.
pub(super) fn with_exif_only(bytes: &[u8], exif: Option<&[u8]>) -> Result<Vec<u8>, ImageError> {
    if exif.is_some() {
        return Err(ImageError::UnsupportedFormat { what: "A PNG that is to carry EXIF" });
    }
    let mut made = bytes.get(..SIGNATURE_BYTES).unwrap_or_default().to_vec();
    for (name, chunk) in chunks(bytes) {
        if KEPT.contains(&&name) {
            made.extend_from_slice(chunk);
        }
        if &name == b"IEND" {
            return Ok(made);
        }
    }
    Err(ImageError::Incomplete { format: PictureFormat::Png, found: "it stops before its end" })
}
