//! What a scan says, before it is known in which codes: the tables come before the scan and are made of
//! how often each symbol is in it.

use super::OutOfMemory;
use super::optimal::HuffmanTable;

/// How many tokens are kept at most, but for a row of blocks: four mebibytes. A photo of 1920 × 1440
/// pixels at quality 80 has three quarters as many.
pub(super) const KEPT_TOKENS: usize = 1 << 20;
/// The most tokens of a block: its DC coefficient and each AC coefficient.
const BLOCK_TOKENS: usize = 64;
/// The most blocks of an MCU that is sixteen pixels a side, and of one that is eight.
const MCU_BLOCKS: [usize; 2] = [6, 3];

/// The most bytes of tokens that encoding a picture of this size in colour takes.
#[must_use]
pub fn token_bytes(width: u32, height: u32) -> u64 {
    let most = [16, 8].into_iter().zip(MCU_BLOCKS).map(|(edge, blocks)| {
        let (columns, rows) = (width.div_ceil(edge) as usize, height.div_ceil(edge) as usize);
        most_tokens(columns.saturating_mul(blocks), rows, KEPT_TOKENS)
    });
    most.max().unwrap_or_default() as u64 * size_of::<Token>() as u64
}

/// The most tokens there are at once of a picture of `rows` of so many blocks.
pub(super) fn most_tokens(row_blocks: usize, rows: usize, kept_tokens: usize) -> usize {
    let row = row_blocks.saturating_mul(BLOCK_TOKENS);
    row.saturating_mul(rows).min(row.saturating_add(kept_tokens))
}

/// Which of the four tables a symbol belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    DcLuma,
    AcLuma,
    DcChroma,
    AcChroma,
}

impl Slot {
    pub(super) const ALL: [Self; 4] = [Self::DcLuma, Self::AcLuma, Self::DcChroma, Self::AcChroma];

    /// Class and destination, as a DHT segment has them (T.81, B.2.4.2).
    pub(super) fn class_and_destination(self) -> u8 {
        match self {
            Self::DcLuma => 0x00,
            Self::AcLuma => 0x10,
            Self::DcChroma => 0x01,
            Self::AcChroma => 0x11,
        }
    }

    /// Whether a baseline file can have the symbol (T.81, tables F.1 and F.2).
    fn can_have(self, symbol: u8) -> bool {
        let size = symbol & 15;
        match self {
            Self::DcLuma | Self::DcChroma => symbol <= 11,
            Self::AcLuma | Self::AcChroma => symbol == 0x00 || symbol == 0xF0 || (1..=10).contains(&size),
        }
    }
}

/// A symbol with the bits that follow its code, and how many these are by the symbol's low half.
///
/// The value's bits are the lower half; then come eight bits of symbol and two of slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token(u32);

impl Token {
    #[inline(always)]
    pub(super) fn new(slot: Slot, symbol: u32, bits: u32) -> Self {
        Self((slot as u32) << 24 | (symbol & 0xFF) << 16 | bits)
    }

    /// Slot and symbol, below 1024.
    #[inline(always)]
    pub(super) fn key(self) -> usize {
        (self.0 >> 16 & 1023) as usize
    }

    /// The value's bits and their number, at most eleven.
    #[inline(always)]
    pub(super) fn bits(self) -> (u32, u32) {
        (self.0 & 0xFFFF, self.0 >> 16 & 15)
    }
}

/// The tokens not yet written, and how often there was each symbol.
pub(super) struct Tokens {
    pub(super) pending: Vec<Token>,
    occurrences: Box<[u32; 1024]>,
}

impl Tokens {
    /// With room for `most` at once: none is asked for while they are made, when refusing would be too late.
    pub(super) fn new(most: usize) -> Result<Self, OutOfMemory> {
        let mut pending = Vec::new();
        pending.try_reserve_exact(most).map_err(|_| OutOfMemory)?;
        Ok(Self { pending, occurrences: Box::new([0; 1024]) })
    }

    #[inline(always)]
    pub(super) fn push(&mut self, token: Token) {
        self.occurrences[token.key()] += 1;
        self.pending.push(token);
    }

    /// The best tables for what there was so far. When more is to come, they have a code for whatever
    /// a baseline file can say.
    pub(super) fn tables(&self, more_to_come: bool) -> [HuffmanTable; 4] {
        Slot::ALL.map(|slot| {
            let mut occurrences = [0; 256];
            let counted = self.occurrences.chunks_exact(256).nth(slot as usize).unwrap_or_default();
            for ((symbol, count), counted) in (0..=255).zip(&mut occurrences).zip(counted) {
                *count = counted + u32::from(more_to_come && slot.can_have(symbol));
            }
            HuffmanTable::optimal(&occurrences)
        })
    }
}
