//! PNG: every chunk that makes the picture has the checksum it says, up to `IEND` (W3C PNG, 5.3).

use crc::{CRC_32_ISO_HDLC, Crc, Table};

use crate::image::{ImageError, PictureFormat};

const SIGNATURE_LENGTH: usize = 8;

/// One table of a kilobyte: more of them are faster and weigh more than the rest of this file.
const CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

struct Chunk<'a> {
    kind: [u8; 4],
    /// Length, type, data and checksum.
    whole: &'a [u8],
}

impl Chunk<'_> {
    /// Whether the default image depends on it. Text, profiles and further frames do not count.
    fn makes_the_picture(&self) -> bool {
        matches!(&self.kind, b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND")
    }

    fn has_its_checksum(&self) -> bool {
        let Some((checked, stored)) = self.whole.split_last_chunk::<4>() else { return false };
        let data = checked.get(4..).unwrap_or_default();
        CRC.checksum(data) == u32::from_be_bytes(*stored)
    }
}

/// The chunks up to and including `IEND`.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Result<Chunk<'_>, ImageError>> {
    let mut rest = bytes.get(SIGNATURE_LENGTH..).unwrap_or_default();
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let chunk = split_chunk(rest);
        match &chunk {
            Ok((found, after)) => {
                rest = after;
                ended = found.kind == *b"IEND";
            }
            Err(_) => ended = true,
        }
        Some(chunk.map(|(found, _)| found))
    })
}

fn split_chunk(rest: &[u8]) -> Result<(Chunk<'_>, &[u8]), ImageError> {
    const ENDS: ImageError = ImageError::Incomplete {
        format: PictureFormat::Png,
        found: "the file ends before its last chunk (IEND)",
    };
    let [l3, l2, l1, l0, k0, k1, k2, k3, ..] = rest else { return Err(ENDS) };
    let length = u32::from_be_bytes([*l3, *l2, *l1, *l0]) as usize;
    let total = length.checked_add(12).ok_or(ENDS)?;
    let (whole, after) = rest.split_at_checked(total).ok_or(ENDS)?;
    Ok((Chunk { kind: [*k0, *k1, *k2, *k3], whole }, after))
}

/// Width and height in pixels, from the header chunk (W3C PNG, 11.2.1).
#[cfg(feature = "codecs")]
pub(in crate::image) fn size(bytes: &[u8]) -> Result<(u32, u32), ImageError> {
    let header = chunks(bytes).next().transpose()?.map_or(&[][..], |chunk| chunk.whole);
    let field = |offset: usize| header.get(offset..).and_then(<[u8]>::first_chunk::<4>);
    match (field(8), field(12)) {
        (Some(width), Some(height)) => Ok((u32::from_be_bytes(*width), u32::from_be_bytes(*height))),
        _ => Err(ImageError::Corrupt {
            format: PictureFormat::Png,
            found: "its header is too short".to_owned(),
        }),
    }
}

/// Refuses a file without its end, or with a chunk whose checksum is wrong.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImageError> {
    for chunk in chunks(bytes) {
        let chunk = chunk?;
        if chunk.makes_the_picture() && !chunk.has_its_checksum() {
            let kind = chunk.kind.escape_ascii();
            return Err(ImageError::Corrupt {
                format: PictureFormat::Png,
                found: format!("the checksum of a chunk ({kind}) is wrong"),
            });
        }
    }
    Ok(())
}

/// The file without the chunks that do not make the picture, so that no decoder inflates a profile or
/// a text of a few kilobytes to hundreds of megabytes. Ends where the file's chunks end.
#[cfg(feature = "codecs")]
pub(in crate::image) fn picture_only(bytes: &[u8]) -> Vec<u8> {
    let mut picture = Vec::with_capacity(bytes.len());
    picture.extend_from_slice(bytes.get(..SIGNATURE_LENGTH).unwrap_or_default());
    for chunk in chunks(bytes).map_while(Result::ok).filter(Chunk::makes_the_picture) {
        picture.extend_from_slice(chunk.whole);
    }
    picture
}
