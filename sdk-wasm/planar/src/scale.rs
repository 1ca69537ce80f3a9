//! The scales a picture can be decoded at: eighths of its size, taken from the low frequencies of each
//! block by a smaller inverse DCT.

/// The natural-order index (row × 8 + column) of each coefficient in zigzag order (T.81, figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// How large the decoded picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// One sample for each block of 8 × 8: its mean.
    Eighth,
    /// Four samples for each block.
    Quarter,
    /// Sixteen samples for each block.
    Half,
    /// As it is stored.
    Full,
}

impl Scale {
    /// All scales, the smallest first.
    pub const ALL: [Self; 4] = [Self::Eighth, Self::Quarter, Self::Half, Self::Full];

    /// Samples along one edge of a decoded block: 1, 2, 4 or 8.
    #[must_use]
    pub const fn block_edge(self) -> usize {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::Half => 4,
            Self::Full => 8,
        }
    }

    /// The last coefficient, in zigzag order, that a block of this size is made of.
    pub(super) const fn last_coefficient(self) -> u32 {
        match self {
            Self::Eighth => 0,
            Self::Quarter => 4,
            Self::Half => 24,
            Self::Full => 63,
        }
    }

    /// How often the inverse DCT wants its input: the half-size one keeps two more bits (see `idct`).
    fn input_gain(self) -> u32 {
        if self == Self::Half { 4 } else { 1 }
    }

    /// Where each coefficient goes and what it is multiplied with, by its zigzag index.
    ///
    /// Blocks are kept column by column, as the inverse DCT wants them. What is not needed goes to the
    /// place after the block. Indices up to 255 have an entry so that a run past the end of a damaged
    /// block needs no check before it is stored.
    pub(super) fn placement(self, quantisation: &[u16; 64]) -> Placement {
        let edge = self.block_edge();
        let dump = Place { index: (edge * edge) as u16, step: 0 };
        let mut places = [dump; 256];
        for ((place, natural), step) in places.iter_mut().zip(ZIGZAG).zip(quantisation) {
            let (row, column) = (usize::from(natural / 8), usize::from(natural % 8));
            // No eight-bit picture has steps beyond 2048; what they would make is clamped anyway.
            let step = (u32::from(*step) * self.input_gain()).min(0x7FFF) as i16;
            if row < edge && column < edge {
                *place = Place { index: (column * edge + row) as u16, step };
            }
        }
        places
    }
}

/// Where a coefficient goes in its block and its quantisation step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) index: u16,
    pub(super) step: i16,
}

/// A place for every index a block of coefficients can reach.
pub(super) type Placement = [Place; 256];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scale_needs_a_coefficient_after_its_last() {
        for scale in Scale::ALL {
            let edge = scale.block_edge();
            let needed = |natural: u8| usize::from(natural / 8) < edge && usize::from(natural % 8) < edge;
            let last = ZIGZAG.iter().rposition(|natural| needed(*natural));
            assert_eq!(last, Some(scale.last_coefficient() as usize));
        }
    }
}
