//! The vectors as `v128` with the `simd128` instructions of WebAssembly.

use core::arch::wasm32::*;

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct U8x16(v128);

/// Eight signed 16-bit numbers. Plain arithmetic wraps.
#[derive(Clone, Copy)]
pub(crate) struct I16x8(v128);

/// Four signed 32-bit numbers. Arithmetic wraps.
#[derive(Clone, Copy)]
pub(crate) struct I32x4(v128);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        // SAFETY: the reference is to sixteen readable bytes, and v128_load needs no alignment.
        Self(unsafe { v128_load(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [u8; 16] {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        unsafe { core::mem::transmute::<v128, [u8; 16]>(self.0) }
    }

    /// The first and the last eight bytes.
    #[inline(always)]
    pub(crate) fn halves(self) -> [[u8; 8]; 2] {
        [i64x2_extract_lane::<0>(self.0).to_le_bytes(), i64x2_extract_lane::<1>(self.0).to_le_bytes()]
    }

    /// The first eight bytes of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Self) -> Self {
        Self(i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(self.0, other.0))
    }

    /// The last eight bytes of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Self) -> Self {
        Self(i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(self.0, other.0))
    }

    /// The first eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn widen_low(self) -> I16x8 {
        I16x8(i16x8_extend_low_u8x16(self.0))
    }

    /// The last eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn widen_high(self) -> I16x8 {
        I16x8(i16x8_extend_high_u8x16(self.0))
    }
}

impl I16x8 {
    #[inline(always)]
    pub(crate) fn load(numbers: &[i16; 8]) -> Self {
        // SAFETY: the reference is to sixteen readable bytes, and v128_load needs no alignment.
        Self(unsafe { v128_load(numbers.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i16; 8] {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        unsafe { core::mem::transmute::<v128, [i16; 8]>(self.0) }
    }

    #[inline(always)]
    pub(crate) fn splat(number: i16) -> Self {
        Self(i16x8_splat(number))
    }

    /// Two numbers, alternating.
    #[inline(always)]
    pub(crate) fn splat_pair(numbers: [i16; 2]) -> Self {
        Self(i32x4_splat(i32::from(numbers[0]) & 0xFFFF | i32::from(numbers[1]) << 16))
    }

    /// Eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn from_bytes(bytes: &[u8; 8]) -> Self {
        // SAFETY: the reference is to eight readable bytes, and v128_load64_zero needs no alignment.
        Self(i16x8_extend_low_u8x16(unsafe { v128_load64_zero(bytes.as_ptr().cast()) }))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(i16x8_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(i16x8_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn add_sat(self, other: Self) -> Self {
        Self(i16x8_add_sat(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub_sat(self, other: Self) -> Self {
        Self(i16x8_sub_sat(self.0, other.0))
    }

    /// The product of two numbers counted in 1/32768, rounded. Both must not be −32768.
    #[inline(always)]
    pub(crate) fn mul_q15(self, other: Self) -> Self {
        Self(i16x8_q15mulr_sat(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn shift_left<const BITS: u32>(self) -> Self {
        Self(i16x8_shl(self.0, BITS))
    }

    #[inline(always)]
    pub(crate) fn shift_right<const BITS: u32>(self) -> Self {
        Self(i16x8_shr(self.0, BITS))
    }

    /// The first four numbers of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Self) -> Self {
        Self(i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(self.0, other.0))
    }

    /// The last four numbers of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Self) -> Self {
        Self(i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(self.0, other.0))
    }

    /// The first four numbers of one, then those of the other.
    #[inline(always)]
    pub(crate) fn low_halves(self, other: Self) -> Self {
        Self(i64x2_shuffle::<0, 2>(self.0, other.0))
    }

    /// The last four numbers of one, then those of the other.
    #[inline(always)]
    pub(crate) fn high_halves(self, other: Self) -> Self {
        Self(i64x2_shuffle::<1, 3>(self.0, other.0))
    }

    /// Products, each even place's added to the next one's.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        I32x4(i32x4_dot_i16x8(self.0, other.0))
    }

    /// Products of the first four places.
    #[inline(always)]
    pub(crate) fn mul_wide_low(self, other: Self) -> I32x4 {
        I32x4(i32x4_extmul_low_i16x8(self.0, other.0))
    }

    /// Products of the last four places.
    #[inline(always)]
    pub(crate) fn mul_wide_high(self, other: Self) -> I32x4 {
        I32x4(i32x4_extmul_high_i16x8(self.0, other.0))
    }

    /// Both as bytes, clamped to 0 … 255.
    #[inline(always)]
    pub(crate) fn narrow_to_u8(self, high: Self) -> U8x16 {
        U8x16(u8x16_narrow_i16x8(self.0, high.0))
    }

    /// One bit for each number that is not zero, the lowest for the first.
    #[inline(always)]
    pub(crate) fn nonzero_mask(self, high: Self) -> u32 {
        let bytes = i8x16_narrow_i16x8(self.0, high.0);
        u32::from(i8x16_bitmask(i8x16_ne(bytes, i8x16_splat(0))))
    }
}

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(number: i32) -> Self {
        Self(i32x4_splat(number))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(i32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(i32x4_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(crate) fn shift_right(self, bits: u32) -> Self {
        Self(i32x4_shr(self.0, bits))
    }

    /// Both as 16-bit numbers, clamped.
    #[inline(always)]
    pub(crate) fn narrow(self, high: Self) -> I16x8 {
        I16x8(i16x8_narrow_i32x4(self.0, high.0))
    }
}
