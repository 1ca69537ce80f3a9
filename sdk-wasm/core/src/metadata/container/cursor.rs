//! Reads big-endian numbers off a slice, one after the other.

use crate::metadata::source::Stop;
use crate::metadata::warning::Oddity;

/// A place in a slice that only moves forward.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Stop::Damaged(Oddity::ContainerDamaged))?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned number of `length` bytes, at most 8; none at all is 0.
    #[inline(never)]
    pub(super) fn number(&mut self, length: usize) -> Result<u64, Stop> {
        let bytes = self.take(length)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Stop> {
        Ok(self.number(1)? as u8)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Stop> {
        Ok(self.number(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Stop> {
        Ok(self.number(4)? as u32)
    }

    /// Version and flags of a full box (ISO/IEC 14496-12, 4.2).
    pub(super) fn version_and_flags(&mut self) -> Result<(u8, u32), Stop> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00FF_FFFF))
    }
}
