//! Sample bytes and their checksums.

use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use sha2::{Digest as _, Sha256};

/// Bytes that look like a photo to no compressor; the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Xorshift64*: good enough to make every block different.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// The base64 checksum S3 would write.
pub fn checksum(algorithm: &ChecksumAlgorithm, bytes: &[u8]) -> String {
    match algorithm {
        ChecksumAlgorithm::Sha256 => STANDARD.encode(Sha256::digest(bytes)),
        ChecksumAlgorithm::Crc64Nvme => {
            STANDARD.encode(crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
        }
        ChecksumAlgorithm::Crc32 => crc32(CrcAlgorithm::Crc32IsoHdlc, bytes),
        _ => crc32(CrcAlgorithm::Crc32Iscsi, bytes),
    }
}

fn crc32(algorithm: CrcAlgorithm, bytes: &[u8]) -> String {
    // A 32-bit CRC in 64 bits: the upper half is zero.
    let [_, _, _, _, low @ ..] = crc_fast::checksum(algorithm, bytes).to_be_bytes();
    STANDARD.encode(low)
}

/// A checksum of the right form for other bytes.
pub fn wrong_checksum(algorithm: &ChecksumAlgorithm) -> String {
    checksum(algorithm, b"other bytes")
}
