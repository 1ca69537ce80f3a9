//! Bits of entropy-coded data, stuffed zero bytes removed (T.81, F.2.2.5).

use crate::segments::marker;

/// Reads bits up to the next marker, which it never passes by itself.
///
/// Past the end it goes on with zeros, so that the hot loops need not ask after every code:
/// [`Self::has_overrun`] tells afterwards, and nothing decoded since the last asking counts.
#[derive(Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The next bits, the first one highest. Those after `count` are zero or the ones that follow.
    buffer: u64,
    count: u32,
    /// How many of all bits ever counted were made up.
    made_up: u32,
}

/// What comes at the end of a run of entropy-coded data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// More data than the blocks needed.
    DataLeft,
    /// That of the file.
    File,
    /// This marker.
    Marker(u8),
}

impl<'a> BitReader<'a> {
    /// The fewest bits [`Self::refill`] leaves: a code (16) and its value (16).
    pub(super) const REFILLED: u32 = 32;

    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, buffer: 0, count: 0, made_up: 0 }
    }

    /// Makes sure of [`Self::REFILLED`] bits.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count >= Self::REFILLED {
            return;
        }
        if let Some(word) = self.bytes.get(self.position..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*word);
            if !has_ff(word) {
                self.buffer |= word >> self.count;
                self.position += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        self.refill_bytewise();
    }

    #[cold]
    fn refill_bytewise(&mut self) {
        while self.count <= 56 {
            match self.bytes.get(self.position..).unwrap_or_default() {
                [0xFF, 0x00, ..] => {
                    self.buffer |= 0xFF << (56 - self.count);
                    self.position += 2;
                }
                // A marker, or the end: nothing but zeros from here on.
                [0xFF, ..] | [] => self.made_up += 8,
                [byte, ..] => {
                    self.buffer |= u64::from(*byte) << (56 - self.count);
                    self.position += 1;
                }
            }
            self.count += 8;
        }
    }

    /// The next `length` bits (1 to 32) as a number.
    #[inline(always)]
    pub(super) fn peek(&self, length: u32) -> u32 {
        (self.buffer >> (64 - length)) as u32
    }

    /// All that is buffered, the next bit highest.
    #[inline(always)]
    pub(super) fn ahead(&self) -> u64 {
        self.buffer
    }

    /// Passes `length` bits, at most as many as are buffered.
    #[inline(always)]
    pub(super) fn skip(&mut self, length: u32) {
        self.buffer <<= length;
        self.count -= length;
    }

    /// Whether more bits were taken than the data had.
    #[inline(always)]
    pub(super) fn has_overrun(&self) -> bool {
        self.count < self.made_up
    }

    /// What comes after the last code. Fill bytes before a marker are passed over.
    pub(super) fn end(&mut self) -> End {
        if self.count.saturating_sub(self.made_up) >= 8 {
            return End::DataLeft;
        }
        loop {
            match self.bytes.get(self.position..).unwrap_or_default() {
                [0xFF, 0xFF, ..] => self.position += 1,
                [0xFF, 0x00, ..] => return End::DataLeft,
                [0xFF, code, ..] => return End::Marker(*code),
                [0xFF] | [] => return End::File,
                _ => return End::DataLeft,
            }
        }
    }

    /// Passes the restart marker that [`Self::end`] found.
    pub(super) fn restart(&mut self) {
        self.position += 2;
        (self.buffer, self.count, self.made_up) = (0, 0, 0);
    }

    /// Where the marker after the data is.
    pub(super) fn position(&self) -> usize {
        self.position
    }
}

impl End {
    /// Whether this is the restart marker after `intervals` others.
    pub(super) fn is_restart(self, intervals: u32) -> bool {
        self == Self::Marker(marker::RST0 + (intervals % 8) as u8)
    }
}

/// Whether one of the eight bytes is `0xFF`.
#[inline(always)]
fn has_ff(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    (!word).wrapping_sub(LOW) & word & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_zeros_are_left_out_wherever_they_lie() {
        for lead in 0..20_usize {
            let mut bytes = vec![0xA5; lead];
            bytes.extend([0xFF, 0x00, 0x3C, 0xFF, 0x00]);
            bytes.extend([0x5A; 20]);
            let mut expected = vec![0xA5; lead];
            expected.extend([0xFF, 0x3C, 0xFF]);
            expected.extend([0x5A; 20]);
            let mut reader = BitReader::new(&bytes);
            for byte in expected {
                let byte: u8 = byte;
                reader.refill();
                assert_eq!(reader.peek(8), u32::from(byte));
                reader.skip(8);
            }
            assert!(!reader.has_overrun());
            assert_eq!(reader.end(), End::File);
        }
    }

    #[test]
    fn reading_past_a_marker_is_an_overrun() {
        let mut reader = BitReader::new(&[0x12, 0x34, 0xFF, 0xD9, 0x56]);
        reader.refill();
        reader.skip(9);
        assert_eq!(reader.end(), End::Marker(0xD9));
        reader.skip(7);
        assert!(!reader.has_overrun());
        reader.skip(1);
        assert!(reader.has_overrun());
    }

    #[test]
    fn a_whole_byte_left_over_is_noticed() {
        let mut reader = BitReader::new(&[0x12, 0x34, 0xFF, 0xD0]);
        reader.refill();
        reader.skip(8);
        assert_eq!(reader.end(), End::DataLeft);
        reader.skip(1);
        assert!(reader.end().is_restart(8));
        reader.restart();
        assert_eq!(reader.end(), End::File);
    }
}
