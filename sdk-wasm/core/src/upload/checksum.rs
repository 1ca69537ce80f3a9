//! CRC-64/NVME: computed while reading, and put together from the parts.
//!
//! It is the checksum S3 verifies both per part and over a whole multipart object ("full object"), and
//! the one whose parts can be combined without reading a byte twice: for a CRC that starts with and is
//! xored with all ones, `crc(A ‖ B) = crc(A)·x^(8·|B|) ⊕ crc(B)` in GF(2)[x] modulo the polynomial.

use std::sync::LazyLock;

use crc::{CRC_64_NVME, Crc, Digest, Table};
use windlass_protocol::Checksum;

/// The polynomial 0xAD93D23594C93659 with its bits reversed, as the algorithm reflects its input.
const POLYNOMIAL_REFLECTED: u64 = 0x9a6c_9329_ac4b_c9b5;
/// `x^0` in the reflected notation: the highest bit is the lowest power.
const ONE: u64 = 1 << 63;
/// `x^8`: one byte of zeros.
const X_TO_THE_8: u64 = 1 << 55;

/// 32 KiB of tables, made at first use: computed, they cost nothing to download.
static TABLES: LazyLock<Crc<u64, Table<16>>> = LazyLock::new(|| Crc::<u64, Table<16>>::new(&CRC_64_NVME));

/// Computes a CRC-64/NVME over bytes that come in pieces.
#[derive(Clone)]
pub struct Crc64NvmeDigest(Digest<'static, u64, Table<16>>);

impl Crc64NvmeDigest {
    /// Of no bytes yet.
    pub fn new() -> Self {
        Self(TABLES.digest())
    }

    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of everything taken in.
    pub fn finish(self) -> Checksum {
        Checksum::Crc64Nvme(self.0.finalize().to_be_bytes())
    }
}

impl Default for Crc64NvmeDigest {
    fn default() -> Self {
        Self::new()
    }
}

/// The CRC-64/NVME of bytes that are all there.
pub fn crc64_nvme(bytes: &[u8]) -> Checksum {
    let mut digest = Crc64NvmeDigest::new();
    digest.update(bytes);
    digest.finish()
}

/// The checksum of a whole from the checksums and sizes in bytes of its consecutive pieces; `None` when
/// one of them is of another algorithm.
pub fn combine(pieces: impl IntoIterator<Item = (Checksum, u64)>) -> Option<Checksum> {
    let mut whole = 0_u64; // the CRC of no bytes
    for (checksum, size_bytes) in pieces {
        let Checksum::Crc64Nvme(bytes) = checksum else { return None };
        whole = multiply(whole, x_to_the_8(size_bytes)) ^ u64::from_be_bytes(bytes);
    }
    Some(Checksum::Crc64Nvme(whole.to_be_bytes()))
}

/// `a·b` modulo the polynomial.
fn multiply(mut a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    while a != 0 {
        if a & ONE != 0 {
            product ^= b;
        }
        a <<= 1;
        b = if b & 1 == 0 { b >> 1 } else { (b >> 1) ^ POLYNOMIAL_REFLECTED };
    }
    product
}

/// `x^(8·count)` modulo the polynomial, by squaring.
fn x_to_the_8(mut count: u64) -> u64 {
    let mut power = ONE;
    let mut square = X_TO_THE_8;
    while count != 0 {
        if count & 1 != 0 {
            power = multiply(power, square);
        }
        square = multiply(square, square);
        count >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        let mut state = 1_u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(count)
        .collect()
    }

    #[test]
    fn the_catalogues_check_value_comes_out() {
        assert_eq!(crc64_nvme(b"123456789"), Checksum::Crc64Nvme(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
    }

    #[test]
    fn reading_in_pieces_changes_nothing() {
        let all = bytes(100_003);
        for step in [1, 7, 16, 4_096, 100_003] {
            let mut digest = Crc64NvmeDigest::new();
            all.chunks(step).for_each(|chunk| digest.update(chunk));
            assert_eq!(digest.finish(), crc64_nvme(&all), "in steps of {step}");
        }
    }

    #[test]
    fn combined_parts_equal_the_whole() {
        let all = bytes(70_001);
        for cuts in [vec![], vec![0], vec![1], vec![35_000], vec![5, 5, 4_096, 69_999, 70_000, 70_001]] {
            let mut start = 0;
            let mut pieces = Vec::new();
            for end in cuts.iter().copied().chain([all.len()]) {
                pieces.push((crc64_nvme(&all[start..end]), (end - start) as u64));
                start = end;
            }
            assert_eq!(combine(pieces), Some(crc64_nvme(&all)), "cut at {cuts:?}");
        }
    }

    #[test]
    fn checksums_of_another_kind_are_not_combined() {
        assert_eq!(combine([(Checksum::Crc32c([0; 4]), 1)]), None);
    }
}
