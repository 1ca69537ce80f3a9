//! Huffman tables (T.81, C and F.2.2.3): nine bits by table, longer codes by their first numbers.

use super::corrupt;
use crate::image::ImageError;

const FAST_BITS: u32 = 9;

/// A table ready to decode with.
pub(crate) struct HuffmanTable {
    /// By the next nine bits: length << 8 | symbol, zero where the code is longer.
    fast: [u16; 1 << FAST_BITS],
    /// Per length, the first 16-bit left-aligned code that is longer.
    limit: [u32; 17],
    /// Per length, what to add to a code of it to get its symbol's index.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl HuffmanTable {
    /// Builds a table from the 16 counts of codes per length and the symbols in order of their codes.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, ImageError> {
        let mut table =
            Self { fast: [0; 1 << FAST_BITS], limit: [0; 17], offset: [0; 17], symbols: symbols.to_vec() };
        let mut code = 0_u32;
        let mut index = 0_u32;
        for (length, count) in (1_u32..).zip(counts) {
            let count = u32::from(*count);
            if code + count > 1 << length {
                return Err(corrupt("a Huffman table has more codes than fit"));
            }
            table.put_limits(length, index as i32 - code as i32, (code + count) << (16 - length));
            if length <= FAST_BITS {
                table.put_fast(length, code, symbols.get(index as usize..).unwrap_or_default(), count);
            }
            code = (code + count) << 1;
            index += count;
        }
        Ok(table)
    }

    fn put_limits(&mut self, length: u32, offset: i32, limit: u32) {
        if let Some(slot) = self.offset.get_mut(length as usize) {
            *slot = offset;
        }
        if let Some(slot) = self.limit.get_mut(length as usize) {
            *slot = limit;
        }
    }

    fn put_fast(&mut self, length: u32, first_code: u32, symbols: &[u8], count: u32) {
        let span = 1_usize << (FAST_BITS - length);
        for (code, symbol) in (first_code..first_code + count).zip(symbols) {
            let start = code as usize * span;
            if let Some(slots) = self.fast.get_mut(start..start + span) {
                slots.fill((length as u16) << 8 | u16::from(*symbol));
            }
        }
    }

    /// The length and symbol of the code that the 16 bits begin with.
    #[inline]
    pub(crate) fn lookup(&self, ahead: u16) -> Option<(u32, u8)> {
        let fast = self.fast.get(usize::from(ahead >> (16 - FAST_BITS))).copied().unwrap_or(0);
        if fast != 0 {
            return Some((u32::from(fast >> 8), fast as u8));
        }
        self.lookup_long(ahead)
    }

    /// Whether zeros are the code of a coefficient, in a table for AC coefficients: in the standard
    /// table for brightness they are, in many others they end a block.
    pub(crate) fn has_coefficient_of_zeros(&self) -> bool {
        self.lookup(0).is_some_and(|(_, symbol)| symbol & 15 != 0)
    }

    #[cold]
    fn lookup_long(&self, ahead: u16) -> Option<(u32, u8)> {
        for length in FAST_BITS + 1..=16 {
            let limit = *self.limit.get(length as usize)?;
            if u32::from(ahead) < limit {
                let code = i32::from(ahead >> (16 - length));
                let index = usize::try_from(code + self.offset.get(length as usize)?).ok()?;
                return Some((length, *self.symbols.get(index)?));
            }
        }
        None
    }
}
