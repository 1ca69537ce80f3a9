//! Checksums on the wire: base64 as S3 writes them in its `x-amz-checksum-*` headers.
//!
//! The algorithm follows from the length, so one text says it all: 4 bytes are CRC32C, 8 bytes
//! CRC64NVME, 32 bytes SHA-256. (CRC32 would be 4 bytes as well and is therefore not accepted here.)

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The checksum algorithms of the wire contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32C (Castagnoli), 4 bytes.
    Crc32c,
    /// CRC-64/NVME, 8 bytes: the one S3 can verify over a whole multipart object.
    Crc64Nvme,
    /// SHA-256, 32 bytes.
    Sha256,
}

impl ChecksumAlgorithm {
    /// The request and response header S3 uses for it.
    pub fn header_name(self) -> &'static str {
        match self {
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The name S3 uses in `x-amz-checksum-algorithm`.
    pub fn s3_name(self) -> &'static str {
        match self {
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha256 => "SHA256",
        }
    }
}

/// A checksum of a part or of a whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export, type = "string"))]
pub enum Checksum {
    /// CRC-32C, big-endian.
    Crc32c([u8; 4]),
    /// CRC-64/NVME, big-endian.
    Crc64Nvme([u8; 8]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// A text that is not a checksum of a known length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be base64 of a CRC32C (4 bytes), CRC64NVME (8 bytes) or SHA-256 (32 bytes) checksum")]
pub struct InvalidChecksum;

impl Checksum {
    /// Which algorithm made it.
    pub fn algorithm(&self) -> ChecksumAlgorithm {
        match self {
            Self::Crc32c(_) => ChecksumAlgorithm::Crc32c,
            Self::Crc64Nvme(_) => ChecksumAlgorithm::Crc64Nvme,
            Self::Sha256(_) => ChecksumAlgorithm::Sha256,
        }
    }

    /// The digest's bytes, big-endian for the CRCs.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Crc32c(bytes) => bytes,
            Self::Crc64Nvme(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }
}

impl FromStr for Checksum {
    type Err = InvalidChecksum;
    fn from_str(text: &str) -> Result<Self, InvalidChecksum> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidChecksum)?;
        if let Ok(bytes) = <[u8; 4]>::try_from(bytes.as_slice()) {
            Ok(Self::Crc32c(bytes))
        } else if let Ok(bytes) = <[u8; 8]>::try_from(bytes.as_slice()) {
            Ok(Self::Crc64Nvme(bytes))
        } else if let Ok(bytes) = <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(Self::Sha256(bytes))
        } else {
            Err(InvalidChecksum)
        }
    }
}

impl TryFrom<String> for Checksum {
    type Error = InvalidChecksum;
    fn try_from(text: String) -> Result<Self, InvalidChecksum> {
        text.parse()
    }
}

impl From<Checksum> for String {
    fn from(checksum: Checksum) -> String {
        checksum.to_string()
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_tells_the_algorithm() {
        // The check values of "123456789".
        let crc32c: Checksum = "4waSgw==".parse().unwrap();
        assert_eq!(crc32c, Checksum::Crc32c(0xe306_9283_u32.to_be_bytes()));
        let crc64 = Checksum::Crc64Nvme(0xae8b_1486_0a79_9888_u64.to_be_bytes());
        assert_eq!(crc64.to_string().parse(), Ok(crc64));
        for bad in ["", "4waSgw", "not base64!", "AAAAAAA="] {
            assert_eq!(bad.parse::<Checksum>(), Err(InvalidChecksum), "{bad:?}");
        }
    }
}
