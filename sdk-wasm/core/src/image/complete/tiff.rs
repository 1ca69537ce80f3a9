//! TIFF: the first directory describes a whole picture, and the strips or tiles it points at are in the
//! file (TIFF 6.0, sections 2, 3 and 15).

use crate::image::{ImageError, PictureFormat};

/// Tag numbers.
mod tag {
    pub(super) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const PLANAR_CONFIGURATION: u16 = 284;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_BYTE_COUNTS: u16 = 325;
    pub(super) const DNG_VERSION: u16 = 0xC612;
}

/// Refuses a file whose picture data is not all there or cannot be known to be, and raw files, whose
/// first directory is only a small preview of the picture.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImageError> {
    let file = File { bytes, little_endian: bytes.starts_with(b"II") };
    let directory = file.directory().ok_or_else(incomplete)?;
    let number = |tag: u16| directory.find(tag).and_then(|entry| entry.values().next());
    let is_preview = number(tag::NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    let is_canon_raw = bytes.get(8..10) == Some(b"CR");
    if is_preview || is_canon_raw || directory.find(tag::DNG_VERSION).is_some() {
        return Err(ImageError::UnsupportedFormat { what: "A raw picture" });
    }
    // Whether JPEG strips are whole cannot be seen from here, and their decoder would not say.
    if matches!(number(tag::COMPRESSION), Some(6 | 7)) {
        return Err(ImageError::UnsupportedFormat { what: "A TIFF made of JPEG strips" });
    }
    // tiff 0.11 panics on tiles of separate planes.
    if number(tag::PLANAR_CONFIGURATION) == Some(2) {
        return Err(ImageError::UnsupportedFormat { what: "A TIFF of separate colour planes" });
    }
    for (offsets, counts) in
        [(tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS), (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)]
    {
        // What is missing altogether is for the decoder to refuse.
        let (Some(offsets), Some(counts)) = (directory.find(offsets), directory.find(counts)) else {
            continue;
        };
        for (offset, count) in offsets.values().zip(counts.values()) {
            if u64::from(offset) + u64::from(count) > bytes.len() as u64 {
                return Err(incomplete());
            }
        }
    }
    Ok(())
}

fn incomplete() -> ImageError {
    ImageError::Incomplete { format: PictureFormat::Tiff, found: "the file ends before the picture's data" }
}

#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

impl<'a> File<'a> {
    fn u16_at(self, offset: usize) -> Option<u16> {
        let field = *self.bytes.get(offset..)?.first_chunk::<2>()?;
        Some(if self.little_endian { u16::from_le_bytes(field) } else { u16::from_be_bytes(field) })
    }

    fn u32_at(self, offset: usize) -> Option<u32> {
        let field = *self.bytes.get(offset..)?.first_chunk::<4>()?;
        Some(if self.little_endian { u32::from_le_bytes(field) } else { u32::from_be_bytes(field) })
    }

    /// The first directory, when all its entries are in the file.
    fn directory(self) -> Option<Directory<'a>> {
        let offset = self.u32_at(4)? as usize;
        let count = usize::from(self.u16_at(offset)?);
        let first = offset.checked_add(2)?;
        self.bytes.get(first..first.checked_add(12 * count)?)?;
        Some(Directory { file: self, first, count })
    }
}

struct Directory<'a> {
    file: File<'a>,
    first: usize,
    count: usize,
}

impl<'a> Directory<'a> {
    fn find(&self, tag: u16) -> Option<Entry<'a>> {
        (0..self.count)
            .map(|index| self.first + 12 * index)
            .find(|at| self.file.u16_at(*at) == Some(tag))
            .and_then(|at| Entry::read(self.file, at))
    }
}

/// An entry of 16 or 32 bit numbers; entries of other types are not asked for here.
struct Entry<'a> {
    file: File<'a>,
    is_short: bool,
    values_at: usize,
    count: usize,
}

impl<'a> Entry<'a> {
    fn read(file: File<'a>, at: usize) -> Option<Self> {
        let is_short = file.u16_at(at + 2)? == 3;
        let count = file.u32_at(at + 4)? as usize;
        let length = count.checked_mul(if is_short { 2 } else { 4 })?;
        let values_at = if length <= 4 { at + 8 } else { file.u32_at(at + 8)? as usize };
        Some(Self { file, is_short, values_at, count })
    }

    /// The numbers, as many as are in the file.
    fn values(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count).map_while(move |index| {
            if self.is_short {
                self.file.u16_at(self.values_at.checked_add(2 * index)?).map(u32::from)
            } else {
                self.file.u32_at(self.values_at.checked_add(4 * index)?)
            }
        })
    }
}
