//! Bits of entropy-coded data, stuffed zero bytes removed (T.81, F.2.2.5).

use super::huffman::HuffmanTable;
use super::{corrupt, incomplete};
use crate::image::ImageError;
use windlass_planar::segments::marker;

const STOPS: &str = "the picture's data stops early";

/// Reads bits up to the next marker, which it never passes by itself.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Left-aligned. Bits after the first `count` are either zero or those that follow in the data.
    buffer: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, buffer: 0, count: 0 }
    }

    fn refill(&mut self) {
        if let Some(word) = self.bytes.get(self.position..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*word);
            if !has_ff(word) {
                self.buffer |= word >> self.count;
                let taken = (63 - self.count) >> 3;
                self.position += taken as usize;
                self.count += taken * 8;
                return;
            }
        }
        while self.count <= 56 {
            let byte = match self.bytes.get(self.position..).unwrap_or_default() {
                [0xFF, 0x00, ..] => {
                    self.position += 2;
                    0xFF
                }
                // A marker, or a lone 0xFF at the end: no more data.
                [0xFF, ..] | [] => return,
                [byte, ..] => {
                    self.position += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Takes `length` bits (at most 16) as a number.
    #[inline]
    pub(crate) fn take(&mut self, length: u32) -> Result<u32, ImageError> {
        if self.count < length {
            self.refill();
            if self.count < length {
                return Err(incomplete(STOPS));
            }
        }
        // In two steps because a shift by 64 would overflow for length 0.
        let value = ((self.buffer >> 1) >> (63 - length)) as u32;
        self.buffer <<= length;
        self.count -= length;
        Ok(value)
    }

    /// Decodes one Huffman code.
    #[inline]
    pub(crate) fn symbol(&mut self, table: &HuffmanTable) -> Result<u8, ImageError> {
        if self.count < 16 {
            self.refill();
        }
        let ahead = (self.buffer >> 48) as u16;
        match table.lookup(ahead) {
            Some((length, symbol)) if length <= self.count => {
                self.buffer <<= length;
                self.count -= length;
                Ok(symbol)
            }
            // What is no code may only be one cut short.
            Some(_) => Err(incomplete(STOPS)),
            None if self.count < 16 => Err(incomplete(STOPS)),
            None => Err(corrupt("the picture's data has a code that no table defines")),
        }
    }

    /// Ends a run of data: only the padding of the last byte may be left. Returns where the data's
    /// end is, counted from where the reader began.
    pub(crate) fn finish(&mut self) -> Result<usize, ImageError> {
        self.refill();
        if self.count >= 8 {
            return Err(corrupt("there is more data than the picture has blocks"));
        }
        self.buffer = 0;
        self.count = 0;
        Ok(self.position)
    }

    /// Ends a restart interval and passes its marker, which has to be the one expected.
    pub(crate) fn restart(&mut self, expected: u8) -> Result<(), ImageError> {
        self.finish()?;
        loop {
            match self.bytes.get(self.position..).unwrap_or_default() {
                [0xFF, 0xFF, ..] => self.position += 1,
                [0xFF, code, ..] if *code == expected => {
                    self.position += 2;
                    return Ok(());
                }
                [0xFF, marker::RST0..=marker::RST7, ..] => {
                    return Err(corrupt("a restart marker is missing"));
                }
                _ => return Err(incomplete(STOPS)),
            }
        }
    }
}

/// Whether one of the eight bytes is `0xFF`.
#[inline]
fn has_ff(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    (!word).wrapping_sub(LOW) & word & HIGH != 0
}
