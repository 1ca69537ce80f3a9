//! The vectors as plain arrays, for targets without the instructions and as the reference in tests.

use std::array::from_fn;

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct U8x16([u8; 16]);

/// Eight signed 16-bit numbers. Plain arithmetic wraps.
#[derive(Clone, Copy)]
pub(crate) struct I16x8([i16; 8]);

/// Four signed 32-bit numbers. Arithmetic wraps.
#[derive(Clone, Copy)]
pub(crate) struct I32x4([i32; 4]);

impl U8x16 {
    #[inline(always)]
    pub(crate) fn load(bytes: &[u8; 16]) -> Self {
        Self(*bytes)
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [u8; 16] {
        self.0
    }

    /// The first and the last eight bytes.
    #[inline(always)]
    pub(crate) fn halves(self) -> [[u8; 8]; 2] {
        [from_fn(|i| self.0[i]), from_fn(|i| self.0[i + 8])]
    }

    /// The first eight bytes of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Self) -> Self {
        Self(from_fn(|i| if i % 2 == 0 { self.0[i / 2] } else { other.0[i / 2] }))
    }

    /// The last eight bytes of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Self) -> Self {
        Self(from_fn(|i| if i % 2 == 0 { self.0[8 + i / 2] } else { other.0[8 + i / 2] }))
    }

    /// The first eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn widen_low(self) -> I16x8 {
        I16x8(from_fn(|i| i16::from(self.0[i])))
    }

    /// The last eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn widen_high(self) -> I16x8 {
        I16x8(from_fn(|i| i16::from(self.0[i + 8])))
    }
}

impl I16x8 {
    #[inline(always)]
    pub(crate) fn load(numbers: &[i16; 8]) -> Self {
        Self(*numbers)
    }

    #[inline(always)]
    pub(crate) fn to_array(self) -> [i16; 8] {
        self.0
    }

    #[inline(always)]
    pub(crate) fn splat(number: i16) -> Self {
        Self([number; 8])
    }

    /// Two numbers, alternating.
    #[inline(always)]
    pub(crate) fn splat_pair(numbers: [i16; 2]) -> Self {
        Self(from_fn(|i| numbers[i % 2]))
    }

    /// Eight bytes as numbers.
    #[inline(always)]
    pub(crate) fn from_bytes(bytes: &[u8; 8]) -> Self {
        Self(bytes.map(i16::from))
    }

    #[inline(always)]
    fn each(self, other: Self, operation: impl Fn(i16, i16) -> i16) -> Self {
        Self(from_fn(|i| operation(self.0[i], other.0[i])))
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        self.each(other, i16::wrapping_add)
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        self.each(other, i16::wrapping_sub)
    }

    #[inline(always)]
    pub(crate) fn add_sat(self, other: Self) -> Self {
        self.each(other, i16::saturating_add)
    }

    #[inline(always)]
    pub(crate) fn sub_sat(self, other: Self) -> Self {
        self.each(other, i16::saturating_sub)
    }

    /// The product of two numbers counted in 1/32768, rounded. Both must not be −32768.
    #[inline(always)]
    pub(crate) fn mul_q15(self, other: Self) -> Self {
        self.each(other, |a, b| ((i32::from(a) * i32::from(b) + 0x4000) >> 15) as i16)
    }

    #[inline(always)]
    pub(crate) fn shift_left<const BITS: u32>(self) -> Self {
        Self(self.0.map(|number| number << BITS))
    }

    #[inline(always)]
    pub(crate) fn shift_right<const BITS: u32>(self) -> Self {
        Self(self.0.map(|number| number >> BITS))
    }

    /// The first four numbers of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_low(self, other: Self) -> Self {
        Self(from_fn(|i| if i % 2 == 0 { self.0[i / 2] } else { other.0[i / 2] }))
    }

    /// The last four numbers of both, alternating.
    #[inline(always)]
    pub(crate) fn zip_high(self, other: Self) -> Self {
        Self(from_fn(|i| if i % 2 == 0 { self.0[4 + i / 2] } else { other.0[4 + i / 2] }))
    }

    /// The first four numbers of one, then those of the other.
    #[inline(always)]
    pub(crate) fn low_halves(self, other: Self) -> Self {
        Self(from_fn(|i| if i < 4 { self.0[i] } else { other.0[i - 4] }))
    }

    /// The last four numbers of one, then those of the other.
    #[inline(always)]
    pub(crate) fn high_halves(self, other: Self) -> Self {
        Self(from_fn(|i| if i < 4 { self.0[i + 4] } else { other.0[i] }))
    }

    /// Products, each even place's added to the next one's.
    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> I32x4 {
        let product = |i: usize| i32::from(self.0[i]) * i32::from(other.0[i]);
        I32x4(from_fn(|i| product(2 * i).wrapping_add(product(2 * i + 1))))
    }

    /// Products of the first four places.
    #[inline(always)]
    pub(crate) fn mul_wide_low(self, other: Self) -> I32x4 {
        I32x4(from_fn(|i| i32::from(self.0[i]) * i32::from(other.0[i])))
    }

    /// Products of the last four places.
    #[inline(always)]
    pub(crate) fn mul_wide_high(self, other: Self) -> I32x4 {
        I32x4(from_fn(|i| i32::from(self.0[i + 4]) * i32::from(other.0[i + 4])))
    }

    /// Both as bytes, clamped to 0 … 255.
    #[inline(always)]
    pub(crate) fn narrow_to_u8(self, high: Self) -> U8x16 {
        let clamp = |number: i16| number.clamp(0, 255) as u8;
        U8x16(from_fn(|i| if i < 8 { clamp(self.0[i]) } else { clamp(high.0[i - 8]) }))
    }

    /// One bit for each number that is not zero, the lowest for the first.
    #[inline(always)]
    pub(crate) fn nonzero_mask(self, high: Self) -> u32 {
        let numbers = self.0.iter().chain(&high.0);
        numbers.enumerate().fold(0, |mask, (i, number)| mask | (u32::from(*number != 0) << i))
    }
}

impl I32x4 {
    #[inline(always)]
    pub(crate) fn splat(number: i32) -> Self {
        Self([number; 4])
    }

    #[cfg(test)]
    pub(crate) fn to_array(self) -> [i32; 4] {
        self.0
    }

    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    #[inline(always)]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }

    #[inline(always)]
    pub(crate) fn shift_right(self, bits: u32) -> Self {
        Self(self.0.map(|number| number >> bits))
    }

    /// Both as 16-bit numbers, clamped.
    #[inline(always)]
    pub(crate) fn narrow(self, high: Self) -> I16x8 {
        let clamp = |number: i32| number.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        I16x8(from_fn(|i| if i < 4 { clamp(self.0[i]) } else { clamp(high.0[i - 4]) }))
    }
}
