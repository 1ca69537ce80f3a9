//! ISO base media file format (ISO/IEC 14496-12): boxes within boxes.

use super::ELEMENT_CAP;
use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

/// One box: its type and what is in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Box {
    pub(super) kind: [u8; 4],
    pub(super) body: ByteRange,
}

impl Box {
    /// The body after the version and flags of a full box.
    pub(super) fn full_body(&self) -> Result<ByteRange, Stop> {
        let length = self.body.length.checked_sub(4).ok_or(Stop::Damaged(Oddity::ContainerDamaged))?;
        Ok(ByteRange::new(self.body.offset + 4, length))
    }

    /// All the bytes of the body.
    pub(super) fn bytes<'a>(&self, source: &'a Source<'_>) -> Result<&'a [u8], Stop> {
        source.get(self.body.offset, self.body.length)
    }
}

/// Calls `visit` with each box in a range, until it says it has seen enough. Trailing bytes too few for a
/// box are no box.
pub(super) fn each_box(
    source: &Source<'_>,
    range: ByteRange,
    visit: &mut dyn FnMut(Box) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    let mut at = range.offset;
    for _ in 0..ELEMENT_CAP {
        if at.saturating_add(8) > range.end() {
            return Ok(());
        }
        let [s3, s2, s1, s0, a, b, c, d] = source.array(at)?;
        let (header, size) = match u32::from_be_bytes([s3, s2, s1, s0]) {
            // To the end of the file, or of what it stands in.
            0 => (8, range.end() - at),
            1 => (16, u64::from_be_bytes(source.array(at + 8)?)),
            size => (8, size.into()),
        };
        let length = size.checked_sub(header).ok_or(Stop::Damaged(Oddity::ContainerDamaged))?;
        let body = ByteRange::new(at + header, length);
        if visit(Box { kind: [a, b, c, d], body })? {
            return Ok(());
        }
        at = body.end();
    }
    Err(Stop::Damaged(Oddity::ReadLimit))
}
