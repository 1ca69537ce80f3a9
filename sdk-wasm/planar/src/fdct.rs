//! The forward DCT, eight columns at a time, after Arai, Agui and Nakajima ("A fast DCT-SQ scheme for
//! images", 1988): five multiplications, with the scale of each frequency left to the quantisation.

use super::simd::{I16x8, transpose_8x8};

/// The result is this many bits larger than it needs to be: what its sixteen bits leave free.
const HEADROOM: u32 = 1;
/// The first pass, whose results are smaller, has so many more.
const FIRST_PASS_HEADROOM: u32 = 2;

/// √2 cos(k π / 16), and one for k of zero.
const ONE_WAY_GAIN: [f64; 8] = [
    1.0,
    1.387_039_845_322_147_5,
    1.306_562_964_876_376_5,
    1.175_875_602_419_358_7,
    1.0,
    0.785_694_958_387_102_2,
    0.541_196_100_146_197,
    0.275_899_379_282_943_06,
];

/// How many times too large the coefficient of a frequency pair comes out.
pub(super) fn gain(horizontal: usize, vertical: usize) -> f64 {
    8.0 * f64::from(1 << HEADROOM) * ONE_WAY_GAIN[horizontal] * ONE_WAY_GAIN[vertical]
}

/// The coefficients of 8 × 8 samples given by rows. Vectors are horizontal frequencies, lanes vertical
/// ones: a block column by column.
#[inline(always)]
pub(super) fn forward(rows: [&[u8; 8]; 8]) -> [I16x8; 8] {
    let level = I16x8::splat(128);
    let half = I16x8::splat(1 << (FIRST_PASS_HEADROOM - 1));
    let rows =
        rows.map(|row| I16x8::from_bytes(row).sub(level).shift_left::<{ HEADROOM + FIRST_PASS_HEADROOM }>());
    let columns = eight_points(rows).map(|column| column.add(half).shift_right::<FIRST_PASS_HEADROOM>());
    eight_points(transpose_8x8(columns))
}

#[inline(always)]
fn eight_points([x0, x1, x2, x3, x4, x5, x6, x7]: [I16x8; 8]) -> [I16x8; 8] {
    let [s07, s16, s25, s34] = [x0.add(x7), x1.add(x6), x2.add(x5), x3.add(x4)];
    let [d07, d16, d25, d34] = [x0.sub(x7), x1.sub(x6), x2.sub(x5), x3.sub(x4)];
    // cos(4π/16), cos(6π/16), and the difference and the sum of cos(2π/16) and cos(6π/16), less one.
    let fix = |constant: f64| I16x8::splat((constant * 32768.0).round() as i16);
    let (c4, c6) = (fix(std::f64::consts::FRAC_1_SQRT_2), fix(0.382_683_433));
    let (difference, sum_less_one) = (fix(0.541_196_1), fix(0.306_562_965));

    let (outer, inner) = (s07.add(s34), s16.add(s25));
    let (outer_slope, inner_slope) = (s07.sub(s34), s16.sub(s25));
    let turned = outer_slope.add(inner_slope).mul_q15(c4);

    let (a, b, c) = (d34.add(d25), d25.add(d16), d16.add(d07));
    let common = a.sub(c).mul_q15(c6);
    let low = a.mul_q15(difference).add(common);
    let high = c.add(c.mul_q15(sum_less_one)).add(common);
    let middle = b.mul_q15(c4);
    let (plus, minus) = (d07.add(middle), d07.sub(middle));
    [
        outer.add(inner),
        plus.add(high),
        outer_slope.add(turned),
        minus.sub(low),
        outer.sub(inner),
        minus.add(low),
        outer_slope.sub(turned),
        plus.sub(high),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transform as T.81, A.3.3 defines it.
    fn by_definition(samples: &[[u8; 8]; 8], horizontal: usize, vertical: usize) -> f64 {
        let scale = |k: usize| if k == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let wave = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        let mut sum = 0.0;
        for (y, row) in samples.iter().enumerate() {
            for (x, sample) in row.iter().enumerate() {
                sum += (f64::from(*sample) - 128.0) * wave(x, horizontal) * wave(y, vertical);
            }
        }
        sum * scale(horizontal) * scale(vertical) / 4.0
    }

    #[test]
    fn gains_are_cosines() {
        for (k, gain) in ONE_WAY_GAIN.iter().enumerate().skip(1) {
            let cosine = (k as f64 * std::f64::consts::PI / 16.0).cos();
            assert!((gain - std::f64::consts::SQRT_2 * cosine).abs() < 1e-15, "{gain} of {k}");
        }
    }

    #[test]
    fn rounding_adds_up_to_less_than_five_units_of_the_result() {
        let mut state = 7_u32;
        let mut next = |spread: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (128 + (state >> 24) % spread - spread / 2) as u8
        };
        let mut blocks = vec![[[0; 8]; 8], [[255; 8]; 8]];
        for spread in [2, 16, 100, 254] {
            blocks.extend((0..50).map(|_| std::array::from_fn(|_| std::array::from_fn(|_| next(spread)))));
        }
        // The largest that each frequency can be.
        for k in 0..64 {
            let sign = |x: usize, y: usize| {
                let wave =
                    |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
                wave(x, k % 8) * wave(y, k / 8) >= 0.0
            };
            blocks.push(std::array::from_fn(|y| std::array::from_fn(|x| if sign(x, y) { 255 } else { 0 })));
        }
        for samples in &blocks {
            let columns = forward(std::array::from_fn(|y| &samples[y]));
            for (horizontal, column) in columns.into_iter().enumerate() {
                for (vertical, value) in column.to_array().into_iter().enumerate() {
                    let expected = by_definition(samples, horizontal, vertical) * gain(horizontal, vertical);
                    let error = (f64::from(value) - expected).abs();
                    assert!(error < 5.0, "{value} for {expected} at {horizontal}, {vertical}");
                }
            }
        }
    }
}
