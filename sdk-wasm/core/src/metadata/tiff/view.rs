//! One TIFF block within a file: byte order, format, bounds.

use crate::metadata::source::{ByteRange, Source, Stop};
use crate::metadata::warning::Oddity;

/// The byte order of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::metadata) enum ByteOrder {
    /// `II`
    Little,
    /// `MM`
    Big,
}

impl ByteOrder {
    /// An unsigned number of at most 8 bytes.
    #[inline(never)]
    pub(in crate::metadata) fn number(self, bytes: &[u8]) -> u64 {
        let join = |number, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, join),
            Self::Big => bytes.iter().fold(0, join),
        }
    }

    /// A SHORT's bytes.
    pub(in crate::metadata) fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// A LONG's bytes.
    pub(in crate::metadata) fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

/// A block whose header was read. Offsets count from the block's start.
#[derive(Debug)]
pub(in crate::metadata) struct View<'a> {
    source: &'a Source<'a>,
    block: ByteRange,
    pub(in crate::metadata) order: ByteOrder,
    /// BigTIFF: counts and offsets of 8 bytes.
    pub(in crate::metadata) is_big: bool,
    /// Where the first directory is.
    pub(in crate::metadata) first_directory: u64,
}

impl<'a> View<'a> {
    /// Reads a block's header.
    pub(in crate::metadata) fn open(source: &'a Source<'a>, block: ByteRange) -> Result<Self, Stop> {
        let damaged = Stop::Damaged(Oddity::ExifDamaged);
        let order = match source.get(block.offset, block.length.min(2))? {
            b"II" => ByteOrder::Little,
            b"MM" => ByteOrder::Big,
            _ => return Err(damaged),
        };
        let mut view = Self { source, block, order, is_big: false, first_directory: 0 };
        // Some cameras put their own number in place of 42; 43 is BigTIFF.
        view.is_big = view.number(2, 2)? == 43;
        let (at, smallest) = if view.is_big { (8, 16) } else { (4, 8) };
        view.first_directory = view.number(at, view.offset_bytes())?;
        if view.first_directory < smallest {
            return Err(damaged);
        }
        Ok(view)
    }

    /// The length of the block.
    pub(in crate::metadata) fn length(&self) -> u64 {
        self.block.length
    }

    /// How many bytes an offset takes.
    pub(super) fn offset_bytes(&self) -> u64 {
        if self.is_big { 8 } else { 4 }
    }

    /// Bytes of the block.
    pub(in crate::metadata) fn bytes(&self, range: ByteRange) -> Result<&'a [u8], Stop> {
        if range.end() > self.block.length {
            return Err(Stop::Damaged(Oddity::ExifDamaged));
        }
        self.source.get(self.block.offset.saturating_add(range.offset), range.length)
    }

    /// An unsigned number of the block.
    #[inline(never)]
    pub(in crate::metadata) fn number(&self, at: u64, length: u64) -> Result<u64, Stop> {
        Ok(self.order.number(self.bytes(ByteRange::new(at, length))?))
    }
}
