//! Checksums as S3 knows them: the algorithm, one value, a whole body's digests in one pass, and
//! how part checksums make an object's (composed, or combined into the one of the whole).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The algorithms this store verifies. S3's SHA-1 is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    /// CRC-32 (ISO-HDLC), 4 bytes.
    Crc32,
    /// CRC-32C (Castagnoli), 4 bytes.
    Crc32c,
    /// CRC-64/NVME, 8 bytes; what S3 adds by itself when the client declares nothing.
    Crc64Nvme,
    /// SHA-256, 32 bytes.
    Sha256,
}

/// How a multipart object's checksum came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChecksumType {
    /// Over all bytes of the object.
    FullObject,
    /// Over the checksums of the parts, written with `-N`.
    Composite,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 4] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha256];

    /// The name in `x-amz-checksum-algorithm`.
    pub(crate) fn s3_name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha256 => "SHA256",
        }
    }

    pub(crate) fn from_s3_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.s3_name() == name)
    }

    /// The header that carries a value, also as a trailer.
    pub(crate) fn header_name(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The type S3 takes when the client names only the algorithm.
    pub(crate) fn default_type(self) -> ChecksumType {
        match self {
            Self::Crc64Nvme => ChecksumType::FullObject,
            Self::Crc32 | Self::Crc32c | Self::Sha256 => ChecksumType::Composite,
        }
    }

    /// Whether S3 offers this algorithm with that type for multipart uploads.
    pub(crate) fn allows(self, checksum_type: ChecksumType) -> bool {
        match self {
            Self::Crc32 | Self::Crc32c => true,
            Self::Crc64Nvme => checksum_type == ChecksumType::FullObject,
            Self::Sha256 => checksum_type == ChecksumType::Composite,
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha256 => None,
        }
    }
}

/// One checksum: big-endian bytes, written as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredChecksum", into = "StoredChecksum")]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct StoredChecksum {
    algorithm: Algorithm,
    value: String,
}

impl TryFrom<StoredChecksum> for Checksum {
    type Error = &'static str;

    fn try_from(stored: StoredChecksum) -> Result<Self, Self::Error> {
        Self::parse(stored.algorithm, &stored.value).ok_or("not base64 of a checksum of that algorithm")
    }
}

impl From<Checksum> for StoredChecksum {
    fn from(checksum: Checksum) -> Self {
        Self { algorithm: checksum.algorithm, value: checksum.to_base64() }
    }
}

impl Checksum {
    /// Reads base64; `None` when it is not base64 or has another length than the algorithm's.
    pub(crate) fn parse(algorithm: Algorithm, base64: &str) -> Option<Self> {
        let bytes = STANDARD.decode(base64).ok()?;
        (bytes.len() == algorithm.length()).then_some(Self { algorithm, bytes })
    }

    pub(crate) fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    fn from_crc(algorithm: Algorithm, value: u64) -> Self {
        let bytes = value.to_be_bytes();
        Self { algorithm, bytes: bytes.iter().copied().skip(bytes.len() - algorithm.length()).collect() }
    }

    fn as_crc(&self) -> u64 {
        self.bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte))
    }

    /// The checksum over part checksums, S3's `COMPOSITE` (before the `-N`).
    pub(crate) fn composite<'a>(algorithm: Algorithm, parts: impl Iterator<Item = &'a Self>) -> Self {
        let mut hasher = Hasher::new(algorithm);
        for part in parts {
            hasher.update(&part.bytes);
        }
        hasher.finish()
    }

    /// The checksum over all bytes, from the parts' own and their sizes; `None` where the
    /// algorithm cannot be combined (SHA-256).
    pub(crate) fn full_object<'a>(
        algorithm: Algorithm,
        parts: impl Iterator<Item = (&'a Self, u64)>,
    ) -> Option<Self> {
        let crc = algorithm.crc()?;
        let whole = parts.map(|(checksum, size_bytes)| (checksum.as_crc(), size_bytes)).reduce(
            |(whole, length), (part, size_bytes)| {
                (checksum_combine(crc, whole, part, size_bytes), length.saturating_add(size_bytes))
            },
        );
        whole.map(|(value, _)| Self::from_crc(algorithm, value))
    }
}

/// A running checksum of one algorithm.
enum Hasher {
    Crc(Algorithm, Box<crc_fast::Digest>),
    Sha256(Box<Sha256>),
}

impl Hasher {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm.crc() {
            Some(crc) => Self::Crc(algorithm, Box::new(crc_fast::Digest::new(crc))),
            None => Self::Sha256(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    fn finish(self) -> Checksum {
        match self {
            Self::Crc(algorithm, digest) => Checksum::from_crc(algorithm, digest.finalize()),
            Self::Sha256(digest) => {
                Checksum { algorithm: Algorithm::Sha256, bytes: digest.finalize().as_slice().to_vec() }
            }
        }
    }
}

/// What a body is digested to while it is written: MD5 for the ETag, and one checksum.
pub(crate) struct BodyDigester {
    md5: Md5,
    checksum: Hasher,
}

impl BodyDigester {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self { md5: Md5::new(), checksum: Hasher::new(algorithm) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.checksum.update(bytes);
    }

    pub(crate) fn finish(self) -> ([u8; 16], Checksum) {
        (self.md5.finalize().into(), self.checksum.finish())
    }
}

/// The ETag of a multipart object: MD5 over the parts' MD5s, with the number of parts.
pub(crate) fn multipart_etag(part_md5s: &[[u8; 16]]) -> String {
    let mut md5 = Md5::new();
    for part in part_md5s {
        md5.update(part);
    }
    format!("{}-{}", hex(&md5.finalize()), part_md5s.len())
}

/// Lower-case hexadecimal, as ETags and file names are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The 16 bytes of an MD5 from its 32 hexadecimal digits.
pub(crate) fn md5_from_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let value = u128::from_str_radix(text, 16).ok()?;
    Some(value.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
        let mut digester = BodyDigester::new(algorithm);
        digester.update(bytes);
        digester.finish().1
    }

    #[test]
    fn known_answers_of_the_check_string() {
        // The catalogue's check value of each CRC is over "123456789".
        for (algorithm, expected) in [
            (Algorithm::Crc32, vec![0xcb, 0xf4, 0x39, 0x26]),
            (Algorithm::Crc32c, vec![0xe3, 0x06, 0x92, 0x83]),
            (Algorithm::Crc64Nvme, vec![0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88]),
        ] {
            assert_eq!(digest(algorithm, b"123456789").bytes, expected, "{algorithm:?}");
        }
        assert_eq!(
            digest(Algorithm::Sha256, b"").to_base64(),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }

    #[test]
    fn part_checksums_combine_to_the_one_of_the_whole() {
        let whole: Vec<u8> = (0..100_000u32).map(|n| (n * 31 % 251) as u8).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let parts: Vec<(Checksum, u64)> =
                whole.chunks(33_333).map(|part| (digest(algorithm, part), part.len() as u64)).collect();
            let combined = Checksum::full_object(algorithm, parts.iter().map(|(sum, size)| (sum, *size)));
            assert_eq!(combined, Some(digest(algorithm, &whole)), "{algorithm:?}");
        }
    }

    #[test]
    fn a_checksum_of_the_wrong_length_is_not_one() {
        assert!(Checksum::parse(Algorithm::Crc32c, "4waSgw==").is_some());
        assert!(Checksum::parse(Algorithm::Sha256, "4waSgw==").is_none());
        assert!(Checksum::parse(Algorithm::Crc32c, "not base64").is_none());
    }

    #[test]
    fn md5_survives_hexadecimal() {
        let (md5, _) = BodyDigester::new(Algorithm::Crc32).finish();
        assert_eq!(hex(&md5), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_from_hex(&hex(&md5)), Some(md5));
    }
}
