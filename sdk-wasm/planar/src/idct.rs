//! Inverse DCTs of 8 × 8, 4 × 4, 2 × 2 and 1 × 1 samples, the smaller ones from the lowest frequencies
//! of an 8 × 8 block only.
//!
//! Blocks come column by column: the first pass then works on rows with vectors that hold a column
//! each, one transposition turns them, and the second pass leaves rows of samples.

use super::scale::Scale;
use super::simd::{I16x8, I32x4, transpose_8x8};

/// Makes samples of a row of blocks. `samples` begins at the row's first sample and has rows of
/// `stride`; what does not fit is left out.
pub(super) fn row_of_blocks(scale: Scale, blocks: &[i16], samples: &mut [u8], stride: usize) {
    match scale {
        Scale::Full => {
            for (block, x) in blocks.chunks_exact(64).zip((0..).step_by(8)) {
                let Some(block) = block.first_chunk() else { continue };
                put_rows(&full(block), samples, x, stride);
            }
        }
        Scale::Half => {
            for (pair, x) in blocks.chunks(32).zip((0..).step_by(8)) {
                let mut padded = [0; 32];
                let rows = half(pair.first_chunk().unwrap_or_else(|| {
                    padded.iter_mut().zip(pair).for_each(|(place, coefficient)| *place = *coefficient);
                    &padded
                }));
                if pair.len() == 32 {
                    put_rows(&rows, samples, x, stride);
                } else {
                    put_rows(&rows.map(|[a, b, c, d, ..]| [a, b, c, d]), samples, x, stride);
                }
            }
        }
        Scale::Quarter => {
            for (block, x) in blocks.chunks_exact(4).zip((0..).step_by(2)) {
                let Some(block) = block.first_chunk() else { continue };
                put_rows(&quarter(*block), samples, x, stride);
            }
        }
        Scale::Eighth => {
            for (dc, sample) in blocks.iter().zip(samples) {
                *sample = (((i32::from(*dc) + 4) >> 3) + 128).clamp(0, 255) as u8;
            }
        }
    }
}

#[inline(always)]
fn put_rows<const WIDTH: usize, const HEIGHT: usize>(
    rows: &[[u8; WIDTH]; HEIGHT],
    samples: &mut [u8],
    x: usize,
    stride: usize,
) {
    for (row, start) in rows.iter().zip((x..).step_by(stride)) {
        if let Some(place) = samples.get_mut(start..start + WIDTH) {
            place.copy_from_slice(row);
        }
    }
}

/// Fraction bits of the constants.
const FIX: u32 = 13;
/// Fraction bits kept between the passes of the full-size transform.
const BETWEEN: u32 = 2;

/// `√2 cos(k π / 16)` in 1/8192.
const fn cosine(k: usize) -> i16 {
    [8192, 11363, 10703, 9633, 8192, 6437, 4433, 2260][k]
}

/// Two constants to multiply an alternation of two vectors with.
#[inline(always)]
fn pair(even: i16, odd: i16) -> I16x8 {
    I16x8::load(&[even, odd, even, odd, even, odd, even, odd])
}

/// The eight-point transform of eight columns at once, in the direct form of sums of products: four
/// of even frequencies, four of odd ones, and their sums and differences. `bias` is added before the
/// last `shift` bits are dropped.
#[inline(always)]
fn eight_points(x: [I16x8; 8], bias: i32, shift: u32) -> [I16x8; 8] {
    let low = half_of_eight_points(
        [x[0].zip_low(x[4]), x[2].zip_low(x[6]), x[1].zip_low(x[3]), x[5].zip_low(x[7])],
        bias,
        shift,
    );
    let high = half_of_eight_points(
        [x[0].zip_high(x[4]), x[2].zip_high(x[6]), x[1].zip_high(x[3]), x[5].zip_high(x[7])],
        bias,
        shift,
    );
    std::array::from_fn(|i| low[i].narrow(high[i]))
}

#[inline(always)]
fn half_of_eight_points([x04, x26, x13, x57]: [I16x8; 4], bias: i32, shift: u32) -> [I32x4; 8] {
    let [c1, c2, c3, c5, c6, c7] = [cosine(1), cosine(2), cosine(3), cosine(5), cosine(6), cosine(7)];
    let bias = I32x4::splat(bias);
    let sum = x04.dot(pair(cosine(0), cosine(4))).add(bias);
    let difference = x04.dot(pair(cosine(0), -cosine(4))).add(bias);
    let outer = x26.dot(pair(c2, c6));
    let inner = x26.dot(pair(c6, -c2));
    let even = [sum.add(outer), difference.add(inner), difference.sub(inner), sum.sub(outer)];
    let odd = [
        x13.dot(pair(c1, c3)).add(x57.dot(pair(c5, c7))),
        x13.dot(pair(c3, -c7)).add(x57.dot(pair(-c1, -c5))),
        x13.dot(pair(c5, -c1)).add(x57.dot(pair(c7, c3))),
        x13.dot(pair(c7, -c5)).add(x57.dot(pair(c3, -c1))),
    ];
    std::array::from_fn(|i| {
        let sum = if i < 4 { even[i].add(odd[i]) } else { even[7 - i].sub(odd[7 - i]) };
        sum.shift_right(shift)
    })
}

/// All 64 samples of a block.
#[inline(always)]
fn full(block: &[i16; 64]) -> [[u8; 8]; 8] {
    if block[1..].iter().all(|coefficient| *coefficient == 0) {
        return [[(((i32::from(block[0]) + 4) >> 3) + 128).clamp(0, 255) as u8; 8]; 8];
    }
    let columns: [I16x8; 8] = std::array::from_fn(|i| match block[8 * i..].first_chunk() {
        Some(column) => I16x8::load(column),
        None => I16x8::splat(0),
    });
    let turned = transpose_8x8(eight_points(columns, 1 << (FIX - BETWEEN - 1), FIX - BETWEEN));
    // The transform in both directions multiplies by eight; 128 is the level shift (T.81, A.3.1).
    let shift = FIX + BETWEEN + 3;
    let rows = eight_points(turned, (1 << (shift - 1)) + (128 << shift), shift);
    let [[row0, row1], [row2, row3], [row4, row5], [row6, row7]] =
        std::array::from_fn(|i| rows[2 * i].narrow_to_u8(rows[2 * i + 1]).halves());
    [row0, row1, row2, row3, row4, row5, row6, row7]
}

/// The four-point transform of eight columns at once, twice the size of the orthonormal one.
#[inline(always)]
fn four_points([x0, x1, x2, x3]: [I16x8; 4]) -> [I16x8; 4] {
    // √2 cos(π / 8) is 1.306563, of which the whole is added; √2 sin(π / 8) is 0.541196.
    let (cosine_less_one, sine) = (I16x8::splat(10045), I16x8::splat(17734));
    let sum = x0.add_sat(x2);
    let difference = x0.sub_sat(x2);
    let outer = x1.add_sat(x1.mul_q15(cosine_less_one)).add_sat(x3.mul_q15(sine));
    let inner = x1.mul_q15(sine).sub_sat(x3.add_sat(x3.mul_q15(cosine_less_one)));
    [sum.add_sat(outer), difference.add_sat(inner), difference.sub_sat(inner), sum.sub_sat(outer)]
}

/// Two neighbouring blocks at half size: four rows of four samples of the one, four of the other.
///
/// The coefficients come four times as large as they are, which leaves samples in 1/32.
#[inline(always)]
fn half(blocks: &[i16; 32]) -> [[u8; 8]; 4] {
    let [first01, first23, second01, second23] =
        std::array::from_fn(|i| match blocks[8 * i..].first_chunk() {
            Some(columns) => I16x8::load(columns),
            None => I16x8::splat(0),
        });
    let columns = [
        first01.low_halves(second01),
        first01.high_halves(second01),
        first23.low_halves(second23),
        first23.high_halves(second23),
    ];
    let [y0, y1, y2, y3] = four_points(columns);
    // Two perfect shuffles turn index bits `xx b rr` (column, block, row) into `b rr xx`.
    let [a, b, c, d] = [y0.zip_low(y2), y0.zip_high(y2), y1.zip_low(y3), y1.zip_high(y3)];
    let [first, first_lower, second, second_lower] =
        [a.zip_low(c), a.zip_high(c), b.zip_low(d), b.zip_high(d)];
    let rows = four_points([
        first.low_halves(second),
        first.high_halves(second),
        first_lower.low_halves(second_lower),
        first_lower.high_halves(second_lower),
    ]);
    let bias = I16x8::splat((128 << 5) + 16);
    let [row0, row1, row2, row3] = rows.map(|row| row.add_sat(bias).shift_right::<5>());
    let [[row0, row1], [row2, row3]] = [row0.narrow_to_u8(row1).halves(), row2.narrow_to_u8(row3).halves()];
    [row0, row1, row2, row3]
}

/// Two rows of two samples.
#[inline(always)]
fn quarter(block: [i16; 4]) -> [[u8; 2]; 2] {
    let [mean, vertical, horizontal, both] = block.map(i32::from);
    let sample = |sum: i32| (((sum + 4) >> 3) + 128).clamp(0, 255) as u8;
    [
        [sample(mean + horizontal + vertical + both), sample(mean - horizontal + vertical - both)],
        [sample(mean + horizontal - vertical - both), sample(mean - horizontal - vertical + both)],
    ]
}
