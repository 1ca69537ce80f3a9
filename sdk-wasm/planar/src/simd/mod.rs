//! The sixteen-byte vectors the kernels are written in.
//!
//! One small vocabulary, three implementations that agree bit for bit: `simd128` on wasm32, SSE2 (part
//! of every `x86_64`), and plain arrays everywhere else. Only the first two need `unsafe`, and only to
//! turn arrays into vectors or to call an instruction the target is known to have.

#[cfg(any(test, not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
pub(super) use portable::{I16x8, I32x4, U8x16};
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::{I16x8, I32x4, U8x16};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wasm::{I16x8, I32x4, U8x16};

/// Transposes 8 × 8 numbers: three perfect shuffles turn the index bits `rrrccc` into `cccrrr`.
#[inline(always)]
pub(super) fn transpose_8x8(rows: [I16x8; 8]) -> [I16x8; 8] {
    let shuffle = |v: [I16x8; 8]| {
        [
            v[0].zip_low(v[4]),
            v[0].zip_high(v[4]),
            v[1].zip_low(v[5]),
            v[1].zip_high(v[5]),
            v[2].zip_low(v[6]),
            v[2].zip_high(v[6]),
            v[3].zip_low(v[7]),
            v[3].zip_high(v[7]),
        ]
    };
    shuffle(shuffle(shuffle(rows)))
}

/// Transposes 16 × 16 bytes: four perfect shuffles.
#[inline(always)]
pub(super) fn transpose_16x16(mut rows: [U8x16; 16]) -> [U8x16; 16] {
    for _ in 0..4 {
        let mut shuffled = rows;
        for index in 0..8 {
            shuffled[2 * index] = rows[index].zip_low(rows[index + 8]);
            shuffled[2 * index + 1] = rows[index].zip_high(rows[index + 8]);
        }
        rows = shuffled;
    }
    rows
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::{portable, sse2};

    /// Every bit pattern of interest: extremes, and a xorshift sequence.
    fn numbers() -> Vec<[i16; 8]> {
        let mut state = 0x9E37_79B9_u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as i16
        };
        let mut all = vec![[i16::MIN; 8], [i16::MAX; 8], [0; 8], [-1, 1, 127, 128, 255, 256, -128, -129]];
        all.extend((0..200).map(|_| std::array::from_fn(|_| next())));
        all
    }

    macro_rules! assert_alike {
        ($operation:expr, $a:expr, $b:expr, $type:ident) => {{
            let portable = {
                use portable::{I16x8, I32x4, U8x16};
                let _ = (I16x8::splat(0), I32x4::splat(0), U8x16::load(&[0; 16]));
                let operation: fn(I16x8, I16x8) -> portable::$type = $operation;
                operation(I16x8::load($a), I16x8::load($b)).to_array()
            };
            let sse2 = {
                use sse2::{I16x8, I32x4, U8x16};
                let _ = (I16x8::splat(0), I32x4::splat(0), U8x16::load(&[0; 16]));
                let operation: fn(I16x8, I16x8) -> sse2::$type = $operation;
                operation(I16x8::load($a), I16x8::load($b)).to_array()
            };
            assert_eq!(portable, sse2, "{} of {:?} and {:?}", stringify!($operation), $a, $b);
        }};
    }

    #[test]
    fn sse2_and_arrays_agree_on_every_operation() {
        let numbers = numbers();
        for (a, b) in numbers.iter().zip(numbers.iter().cycle().skip(7)) {
            assert_alike!(|a, b| a.add(b), a, b, I16x8);
            assert_alike!(|a, b| a.sub(b), a, b, I16x8);
            assert_alike!(|a, b| a.add_sat(b), a, b, I16x8);
            assert_alike!(|a, b| a.sub_sat(b), a, b, I16x8);
            assert_alike!(|a, b| a.mul_q15(b), a, b, I16x8);
            assert_alike!(|a, _| a.shift_left::<1>(), a, b, I16x8);
            assert_alike!(|a, _| a.shift_right::<5>(), a, b, I16x8);
            assert_alike!(|a, b| a.zip_low(b), a, b, I16x8);
            assert_alike!(|a, b| a.zip_high(b), a, b, I16x8);
            assert_alike!(|a, b| a.low_halves(b), a, b, I16x8);
            assert_alike!(|a, b| a.high_halves(b), a, b, I16x8);
            assert_alike!(|a, b| a.dot(b), a, b, I32x4);
            let pair = [a[0], b[0]];
            assert_eq!(
                portable::I16x8::splat_pair(pair).to_array(),
                sse2::I16x8::splat_pair(pair).to_array()
            );
            assert_alike!(|a, b| a.dot(b).add(b.dot(b)).sub(a.dot(a)), a, b, I32x4);
            assert_alike!(|a, b| a.dot(b).shift_right(7), a, b, I32x4);
            assert_alike!(|a, b| a.mul_wide_low(b), a, b, I32x4);
            assert_alike!(|a, b| a.mul_wide_high(b), a, b, I32x4);
            assert_alike!(|a, b| I32x4::narrow(a.dot(b), b.dot(b)), a, b, I16x8);
            assert_alike!(|a, b| a.narrow_to_u8(b), a, b, U8x16);
            assert_alike!(|a, b| a.narrow_to_u8(b).zip_low(b.narrow_to_u8(a)), a, b, U8x16);
            assert_alike!(|a, b| a.narrow_to_u8(b).zip_high(b.narrow_to_u8(a)), a, b, U8x16);
            assert_alike!(|a, b| a.narrow_to_u8(b).widen_low(), a, b, I16x8);
            assert_alike!(|a, b| a.narrow_to_u8(b).widen_high(), a, b, I16x8);
            let (low, high) = (portable::I16x8::load(a), portable::I16x8::load(b));
            let mask = sse2::I16x8::load(a).nonzero_mask(sse2::I16x8::load(b));
            assert_eq!(low.nonzero_mask(high), mask);
            let bytes = a.map(|number| number as u8);
            assert_eq!(
                portable::I16x8::from_bytes(&bytes).to_array(),
                sse2::I16x8::from_bytes(&bytes).to_array()
            );
            let halves = sse2::I16x8::load(a).narrow_to_u8(sse2::I16x8::load(b)).halves();
            assert_eq!(low.narrow_to_u8(high).halves(), halves);
        }
    }

    #[test]
    fn transposing_swaps_rows_and_columns() {
        let rows: [[i16; 8]; 8] = std::array::from_fn(|y| std::array::from_fn(|x| (y * 8 + x) as i16));
        let columns = super::transpose_8x8(rows.map(|row| super::I16x8::load(&row)));
        for (x, column) in columns.iter().enumerate() {
            assert_eq!(column.to_array(), std::array::from_fn(|y| rows[y][x]));
        }
        let rows: [[u8; 16]; 16] = std::array::from_fn(|y| std::array::from_fn(|x| (y * 16 + x) as u8));
        let columns = super::transpose_16x16(rows.map(|row| super::U8x16::load(&row)));
        for (x, column) in columns.iter().enumerate() {
            assert_eq!(column.to_array(), std::array::from_fn(|y| rows[y][x]));
        }
    }
}
