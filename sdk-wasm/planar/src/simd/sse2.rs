//! The vectors as `__m128i` with the SSE2 instructions of `x86_64`.

use core::arch::x86_64::*;
use core::mem::transmute;

/// Calls instructions that every `x86_64` has.
macro_rules! sse2 {
    ($call:expr) => {
        // SAFETY: SSE2 is part of the x86_64 baseline, and none of the instructions used here takes
        // a pointer.
        unsafe { $call }
    };
}

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct U8x16(__m128i);

/// Eight signed 16-bit numbers. Plain arithmetic wraps.
#[derive(Clone, Copy)]
pub(crate) struct I16x8(__m128i);

/// Four signed 32-bit numbers. Arithmetic wraps.
#[derive(Clone, Copy)]
pub(crate) struct I32x4(__m128i);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        Self(unsafe { transmute::<[u8; 16], __m128i>(*bytes) })
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [u8; 16] {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        unsafe { transmute::<__m128i, [u8; 16]>(self.0) }
    }

    /// The first and the last eight bytes.
    #[inline(always)]
    pub(crate) fn halves(self) -> [[u8; 8]; 2] {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        unsafe { transmute::<__m128i, [[u8; 8]; 2]>(self.0) }
    }

    /// The first eight bytes of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Self) -> Self {
        Self(sse2!(_mm_unpacklo_epi8(self.0, other.0)))
    }

    /// The last eight bytes of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Self) -> Self {
        Self(sse2!(_mm_unpackhi_epi8(self.0, other.0)))
    }

    /// The first eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn widen_low(self) -> I16x8 {
        I16x8(sse2!(_mm_unpacklo_epi8(self.0, _mm_setzero_si128())))
    }

    /// The last eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn widen_high(self) -> I16x8 {
        I16x8(sse2!(_mm_unpackhi_epi8(self.0, _mm_setzero_si128())))
    }
}

impl I16x8 {
    #[inline(always)]
    pub(crate) fn load(numbers: &[i16; 8]) -> Self {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        Self(unsafe { transmute::<[i16; 8], __m128i>(*numbers) })
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i16; 8] {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        unsafe { transmute::<__m128i, [i16; 8]>(self.0) }
    }

    #[inline(always)]
    pub(crate) fn splat(number: i16) -> Self {
        Self(sse2!(_mm_set1_epi16(number)))
    }

    /// Two numbers, alternating.
    #[inline(always)]
    pub(crate) fn splat_pair(numbers: [i16; 2]) -> Self {
        let both = i32::from(numbers[0]) & 0xFFFF | i32::from(numbers[1]) << 16;
        Self(sse2!(_mm_set1_epi32(both)))
    }

    /// Eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn from_bytes(bytes: &[u8; 8]) -> Self {
        let low = i64::from_le_bytes(*bytes);
        Self(sse2!(_mm_unpacklo_epi8(_mm_set_epi64x(0, low), _mm_setzero_si128())))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_epi16(self.0, other.0)))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(sse2!(_mm_sub_epi16(self.0, other.0)))
    }

    #[inline(always)]
    pub(crate) fn add_sat(self, other: Self) -> Self {
        Self(sse2!(_mm_adds_epi16(self.0, other.0)))
    }

    #[inline(always)]
    pub(crate) fn sub_sat(self, other: Self) -> Self {
        Self(sse2!(_mm_subs_epi16(self.0, other.0)))
    }

    /// The product of two numbers counted in 1/32768, rounded. Both must not be −32768.
    ///
    /// `pmulhrsw` does this in one, but came with SSSE3 only.
    #[inline(always)]
    pub(crate) fn mul_q15(self, other: Self) -> Self {
        sse2!({
            let high = _mm_mulhi_epi16(self.0, other.0);
            let low = _mm_mullo_epi16(self.0, other.0);
            let whole = _mm_or_si128(_mm_slli_epi16::<1>(high), _mm_srli_epi16::<15>(low));
            let round = _mm_and_si128(_mm_srli_epi16::<14>(low), _mm_set1_epi16(1));
            Self(_mm_add_epi16(whole, round))
        })
    }

    #[inline(always)]
    pub(crate) fn shift_left<const BITS: u32>(self) -> Self {
        Self(sse2!(_mm_sll_epi16(self.0, _mm_cvtsi32_si128(BITS as i32))))
    }

    #[inline(always)]
    pub(crate) fn shift_right<const BITS: u32>(self) -> Self {
        Self(sse2!(_mm_sra_epi16(self.0, _mm_cvtsi32_si128(BITS as i32))))
    }

    /// The first four numbers of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Self) -> Self {
        Self(sse2!(_mm_unpacklo_epi16(self.0, other.0)))
    }

    /// The last four numbers of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Self) -> Self {
        Self(sse2!(_mm_unpackhi_epi16(self.0, other.0)))
    }

    /// The first four numbers of one, then those of the other.
    #[inline(always)]
    pub(crate) fn low_halves(self, other: Self) -> Self {
        Self(sse2!(_mm_unpacklo_epi64(self.0, other.0)))
    }

    /// The last four numbers of one, then those of the other.
    #[inline(always)]
    pub(crate) fn high_halves(self, other: Self) -> Self {
        Self(sse2!(_mm_unpackhi_epi64(self.0, other.0)))
    }

    /// Products, each even place's added to the next one's.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        I32x4(sse2!(_mm_madd_epi16(self.0, other.0)))
    }

    /// Products of the first four places.
    #[inline(always)]
    pub(crate) fn mul_wide_low(self, other: Self) -> I32x4 {
        let (low, high) = sse2!((_mm_mullo_epi16(self.0, other.0), _mm_mulhi_epi16(self.0, other.0)));
        I32x4(sse2!(_mm_unpacklo_epi16(low, high)))
    }

    /// Products of the last four places.
    #[inline(always)]
    pub(crate) fn mul_wide_high(self, other: Self) -> I32x4 {
        let (low, high) = sse2!((_mm_mullo_epi16(self.0, other.0), _mm_mulhi_epi16(self.0, other.0)));
        I32x4(sse2!(_mm_unpackhi_epi16(low, high)))
    }

    /// Both as bytes, clamped to 0 … 255.
    #[inline(always)]
    pub(crate) fn narrow_to_u8(self, high: Self) -> U8x16 {
        U8x16(sse2!(_mm_packus_epi16(self.0, high.0)))
    }

    /// One bit for each number that is not zero, the lowest for the first.
    #[inline(always)]
    pub(crate) fn nonzero_mask(self, high: Self) -> u32 {
        let zeros =
            sse2!(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_packs_epi16(self.0, high.0), _mm_setzero_si128())));
        !zeros.cast_unsigned() & 0xFFFF
    }
}

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(number: i32) -> Self {
        Self(sse2!(_mm_set1_epi32(number)))
    }

    #[cfg(test)]
    pub(crate) fn to_array(self) -> [i32; 4] {
        // SAFETY: both types are sixteen bytes of which every pattern is valid.
        unsafe { transmute::<__m128i, [i32; 4]>(self.0) }
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(sse2!(_mm_add_epi32(self.0, other.0)))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(sse2!(_mm_sub_epi32(self.0, other.0)))
    }

    #[inline(always)]
    pub(crate) fn shift_right(self, bits: u32) -> Self {
        Self(sse2!(_mm_sra_epi32(self.0, _mm_cvtsi32_si128(bits.cast_signed()))))
    }

    /// Both as 16-bit numbers, clamped.
    #[inline(always)]
    pub(crate) fn narrow(self, high: Self) -> I16x8 {
        I16x8(sse2!(_mm_packs_epi32(self.0, high.0)))
    }
}
