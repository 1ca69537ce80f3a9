//! Checksums as Amazon's client names them.

use windlass_protocol::Checksum;

/// The checksums an answer may carry, one field per algorithm, as S3 writes them.
pub(super) struct ChecksumFields<'a> {
    pub(super) crc64_nvme: Option<&'a str>,
    pub(super) sha256: Option<&'a str>,
    pub(super) crc32c: Option<&'a str>,
}

impl ChecksumFields<'_> {
    /// The strongest statement about the content that the contract knows. A checksum of checksums (written
    /// with the number of parts, `…-3`) says nothing about it and does not count.
    pub(super) fn known(&self) -> Option<Checksum> {
        let expected_bytes = |field: Option<&str>, bytes: usize| {
            let checksum: Checksum = field?.parse().ok()?;
            (checksum.as_bytes().len() == bytes).then_some(checksum)
        };
        expected_bytes(self.crc64_nvme, 8)
            .or_else(|| expected_bytes(self.sha256, 32))
            .or_else(|| expected_bytes(self.crc32c, 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_of_checksums_is_none_of_the_content() {
        let fields = |crc64_nvme, sha256| ChecksumFields { crc64_nvme, sha256, crc32c: None }.known();
        assert_eq!(fields(None, Some("Lr9hZz3M5ZXZ3CyBq6jSO3BF8wNQ6EBGYbqtV2jZ0Cg=-3")), None);
        assert_eq!(fields(Some("rosUhgqZiIg="), None).unwrap().to_string(), "rosUhgqZiIg=");
        assert_eq!(fields(Some("4waSgw=="), None), None, "four bytes are no CRC64NVME");
    }
}
