//! Huffman codes to bytes, with a zero stuffed after each `0xFF` (T.81, F.1.2.3).

use super::optimal::HuffmanTable;
use super::tokens::Token;

/// The codes of the four tables, by slot and symbol.
pub(super) struct Codes {
    /// Code << 8 | its length; zero for a symbol without a code.
    codes: Box<[u32; 1024]>,
}

impl Codes {
    pub(super) fn new(tables: &[HuffmanTable; 4]) -> Self {
        let mut codes = Box::new([0; 1024]);
        for (codes, table) in codes.chunks_exact_mut(256).zip(tables) {
            let mut symbols = table.symbols.iter();
            let mut code = 0_u32;
            for (length, count) in (1_u32..).zip(table.counts) {
                for symbol in symbols.by_ref().take(count.into()) {
                    codes[usize::from(*symbol)] = code << 8 | length;
                    code += 1;
                }
                code <<= 1;
            }
        }
        Self { codes }
    }
}

/// Collects bits into bytes.
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// The last bits, the newest lowest; at most 31 of them between calls.
    buffer: u64,
    count: u32,
}

impl BitWriter {
    /// Goes on after `bytes`.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, buffer: 0, count: 0 }
    }

    /// Appends a symbol's code and the bits that belong to it.
    #[inline(always)]
    pub(super) fn put(&mut self, codes: &Codes, token: Token) {
        let entry = codes.codes[token.key()];
        let (bits, size) = token.bits();
        let length = (entry & 0xFF) + size;
        let code = (entry >> 8) << size | bits;
        self.buffer = self.buffer << length | u64::from(code);
        self.count += length;
        if self.count >= 32 {
            self.count -= 32;
            let word = (self.buffer >> self.count) as u32;
            self.put_bytes(word);
        }
    }

    #[inline(always)]
    fn put_bytes(&mut self, word: u32) {
        // A byte is 0xFF when its complement is zero.
        let has_ff = (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0;
        if has_ff {
            self.put_stuffed(&word.to_be_bytes());
        } else {
            self.bytes.extend_from_slice(&word.to_be_bytes());
        }
    }

    #[cold]
    fn put_stuffed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes.push(*byte);
            if *byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones and gives the bytes back.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let padding = (8 - self.count % 8) % 8;
        let bits = self.buffer << padding | ((1 << padding) - 1);
        let bytes = (self.count + padding) / 8;
        let rest = bits.to_be_bytes();
        self.put_stuffed(&rest[8 - bytes as usize..]);
        self.bytes
    }
}
