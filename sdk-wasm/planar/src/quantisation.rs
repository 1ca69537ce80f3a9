//! Quantisation tables and the division by them.

use super::fdct;
use super::scale::ZIGZAG;
use super::simd::{I16x8, I32x4};

/// T.81, table K.1, row by row.
const LUMA: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81, table K.2, row by row.
const CHROMA: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// Which of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Luma,
    Chroma,
}

/// A table, as it is written and as it is divided by.
pub(super) struct Quantiser {
    /// The steps in zigzag order.
    pub(super) zigzag: [u8; 64],
    /// One over step and gain, for blocks kept column by column.
    reciprocals: [I16x8; 8],
    /// Fraction bits of the reciprocals.
    shift: u32,
}

impl Quantiser {
    /// The tables of annex K scaled by a quality from 1 to 100, as libjpeg scales them.
    pub(super) fn new(kind: Kind, quality: u8) -> Self {
        let table = if kind == Kind::Luma { &LUMA } else { &CHROMA };
        let quality = u32::from(quality.clamp(1, 100));
        let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let natural = table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8);
        let divisor = |horizontal: usize, vertical: usize| {
            f64::from(natural[vertical * 8 + horizontal]) * fdct::gain(horizontal, vertical)
        };
        let smallest = (0..64).map(|i| divisor(i / 8, i % 8)).fold(f64::INFINITY, f64::min);
        // As many fraction bits as keep the largest reciprocal in sixteen bits.
        let shift = (15..26).rev().find(|shift| f64::from(1_u32 << shift) / smallest < 32767.0).unwrap_or(15);
        let reciprocals = std::array::from_fn(|horizontal| {
            I16x8::load(&std::array::from_fn(|vertical| {
                (f64::from(1_u32 << shift) / divisor(horizontal, vertical)).round() as i16
            }))
        });
        Self { zigzag: ZIGZAG.map(|place| natural[usize::from(place)]), reciprocals, shift }
    }

    /// Divides and rounds to the nearest.
    #[inline(always)]
    pub(super) fn quantise(&self, columns: [I16x8; 8]) -> [I16x8; 8] {
        let half = I32x4::splat(1 << (self.shift - 1));
        std::array::from_fn(|i| {
            let low = columns[i].mul_wide_low(self.reciprocals[i]).add(half).shift_right(self.shift);
            let high = columns[i].mul_wide_high(self.reciprocals[i]).add(half).shift_right(self.shift);
            low.narrow(high)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_fifty_is_the_table_of_the_standard() {
        let quantiser = Quantiser::new(Kind::Luma, 50);
        assert_eq!(quantiser.zigzag[..6], [16, 11, 12, 14, 12, 10]);
        assert_eq!(Quantiser::new(Kind::Chroma, 100).zigzag, [1; 64]);
        assert_eq!(Quantiser::new(Kind::Chroma, 1).zigzag, [255; 64]);
    }

    #[test]
    fn division_rounds_to_the_nearest_but_for_a_thousandth_of_the_result() {
        for quality in [1, 10, 50, 80, 95, 100] {
            for kind in [Kind::Luma, Kind::Chroma] {
                let quantiser = Quantiser::new(kind, quality);
                for value in (-16_000..16_000).step_by(37) {
                    let quantised = quantiser.quantise([I16x8::splat(value); 8]);
                    for (horizontal, column) in quantised.into_iter().enumerate() {
                        for (vertical, result) in column.to_array().into_iter().enumerate() {
                            let place = (vertical * 8 + horizontal) as u8;
                            let zigzag = ZIGZAG.iter().position(|other| *other == place).unwrap();
                            let step = f64::from(quantiser.zigzag[zigzag]);
                            let exact = f64::from(value) / (step * fdct::gain(horizontal, vertical));
                            let error = (f64::from(result) - exact).abs();
                            assert!(error <= 0.5 + exact.abs() / 1000.0, "{result} for {exact}");
                        }
                    }
                }
            }
        }
    }
}
