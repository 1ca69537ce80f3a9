//! How a file is cut into staged pieces, for lines on which nothing larger survives. Piece arithmetic
//! lives here and nowhere else.
//!
//! All pieces but the last have one size, which the client chooses with the first of them. Part sizes are
//! multiples of every piece size, so that no piece lies across two parts.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::part_plan::{MAX_OBJECT_SIZE_BYTES, MIB};

/// The sizes a piece may have, in bytes: 128, 256 and 512 KiB.
pub const PIECE_SIZES_BYTES: [u64; 3] = [128 * 1024, 256 * 1024, 512 * 1024];
/// What is put together from pieces in one step is at most this large, in bytes: the service holds it in
/// memory.
pub const MAX_COMPOSED_BYTES: u64 = 64 * MIB;

/// The number of a piece, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export, type = "number"))]
pub struct PieceNumber(u32);

/// A number that no piece has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("piece_number must be between 1 and {MAX_PIECE_COUNT}, not {0}")]
pub struct InvalidPieceNumber(pub u32);

/// More pieces than this has no file that S3 could store.
pub const MAX_PIECE_COUNT: u32 = (MAX_OBJECT_SIZE_BYTES / PIECE_SIZES_BYTES[0]) as u32;

impl PieceNumber {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for PieceNumber {
    type Error = InvalidPieceNumber;
    fn try_from(number: u32) -> Result<Self, InvalidPieceNumber> {
        if (1..=MAX_PIECE_COUNT).contains(&number) {
            Ok(Self(number))
        } else {
            Err(InvalidPieceNumber(number))
        }
    }
}

impl From<PieceNumber> for u32 {
    fn from(number: PieceNumber) -> u32 {
        number.0
    }
}

impl fmt::Display for PieceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A piece size that is none of [`PIECE_SIZES_BYTES`], or a file that cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPiecePlan {
    /// Not one of the sizes.
    #[error("must be 131072, 262144 or 524288, not {0}")]
    PieceSize(u64),
    /// Nothing, or more than S3 can store in one object.
    #[error("a file of {0} bytes is not sent in pieces")]
    FileSize(u64),
}

/// How one file is cut: equal pieces, the last one shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PiecePlan {
    size_bytes: u64,
    piece_size_bytes: u64,
}

impl PiecePlan {
    /// The plan for a file of that size, in pieces of that size.
    pub fn new(size_bytes: u64, piece_size_bytes: u64) -> Result<Self, InvalidPiecePlan> {
        if !PIECE_SIZES_BYTES.contains(&piece_size_bytes) {
            return Err(InvalidPiecePlan::PieceSize(piece_size_bytes));
        }
        if size_bytes == 0 || size_bytes > MAX_OBJECT_SIZE_BYTES {
            return Err(InvalidPiecePlan::FileSize(size_bytes));
        }
        Ok(Self { size_bytes, piece_size_bytes })
    }

    /// The size of every piece but the last, in bytes.
    pub fn piece_size_bytes(&self) -> u64 {
        self.piece_size_bytes
    }

    /// How many pieces there are.
    pub fn piece_count(&self) -> u32 {
        // At most MAX_PIECE_COUNT by construction.
        self.size_bytes.div_ceil(self.piece_size_bytes) as u32
    }

    /// The bytes of the file that make up a piece; `None` where the plan has no such piece.
    pub fn byte_range(&self, piece: PieceNumber) -> Option<Range<u64>> {
        if piece.0 > self.piece_count() {
            return None;
        }
        let start = u64::from(piece.0 - 1) * self.piece_size_bytes;
        Some(start..(start + self.piece_size_bytes).min(self.size_bytes))
    }

    /// A piece's size in bytes; `None` where the plan has no such piece.
    pub fn size_of(&self, piece: PieceNumber) -> Option<u64> {
        self.byte_range(piece).map(|range| range.end - range.start)
    }

    /// The pieces that make up these bytes of the file, in order; `None` where an end of the range lies
    /// within a piece.
    pub fn pieces_of(&self, range: &Range<u64>) -> Option<impl Iterator<Item = PieceNumber> + use<>> {
        let is_cut = |at: u64| !at.is_multiple_of(self.piece_size_bytes) && at != self.size_bytes;
        if range.end > self.size_bytes || range.start >= range.end || is_cut(range.start) || is_cut(range.end)
        {
            return None;
        }
        let first = (range.start / self.piece_size_bytes) as u32 + 1;
        let last = range.end.div_ceil(self.piece_size_bytes) as u32;
        Some((first..=last).map(PieceNumber))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PartPlan;

    #[test]
    fn pieces_cover_every_part_and_lie_across_none() {
        for size in [1, 131_072, 3_000_000, 12_600_000, 200 * MIB + 17] {
            for piece_size in PIECE_SIZES_BYTES {
                let plan = PiecePlan::new(size, piece_size).unwrap();
                let parts = PartPlan::for_size(size).unwrap();
                let mut next = 1;
                for part in parts.part_numbers() {
                    let range = parts.byte_range(part).unwrap();
                    let pieces: Vec<_> = plan.pieces_of(&range).unwrap().collect();
                    assert_eq!(pieces.first().map(|piece| piece.get()), Some(next));
                    let bytes: u64 = pieces.iter().map(|piece| plan.size_of(*piece).unwrap()).sum();
                    assert_eq!(bytes, range.end - range.start);
                    next += pieces.len() as u32;
                }
                assert_eq!(next - 1, plan.piece_count());
            }
        }
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        assert_eq!(PiecePlan::new(10, 1), Err(InvalidPiecePlan::PieceSize(1)));
        assert_eq!(PiecePlan::new(0, 131_072), Err(InvalidPiecePlan::FileSize(0)));
        let plan = PiecePlan::new(300_000, 131_072).unwrap();
        for cut in [0..1, 1..300_000, 131_072..131_072, 0..300_001] {
            assert!(plan.pieces_of(&cut).is_none(), "{cut:?}");
        }
        assert_eq!(plan.size_of(PieceNumber(3)), Some(300_000 - 2 * 131_072));
        assert_eq!(plan.size_of(PieceNumber(4)), None);
        assert!(PieceNumber::try_from(0).is_err());
        assert!(PieceNumber::try_from(MAX_PIECE_COUNT + 1).is_err());
    }
}
