//! The headers that are part of a signature: a URL signed with them works only for a request that
//! sends them unchanged. That is how a URL is bound to a size, a type and a content.

use std::borrow::Cow;

use crate::encode::Decimal;
use crate::error::SignError;

/// The checksum algorithms S3 verifies on arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumAlgorithm {
    /// CRC-32 (ISO HDLC), 4 bytes.
    Crc32,
    /// CRC-32C (Castagnoli), 4 bytes.
    Crc32c,
    /// CRC-64/NVME, 8 bytes.
    Crc64Nvme,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
}

impl ChecksumAlgorithm {
    /// The header that carries it, in lower case.
    pub fn header_name(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }
}

/// A checksum of the body to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum<'a> {
    /// Which one.
    pub algorithm: ChecksumAlgorithm,
    /// The digest in base64, the CRCs big-endian: as S3 writes it in its header.
    pub base64: &'a str,
}

/// Headers of a signature, besides `host`: to be sent unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadersToSend<'a> {
    pub(crate) content_length: Option<u64>,
    pub(crate) content_type: Option<Cow<'a, str>>,
    pub(crate) if_none_match: bool,
    pub(crate) checksum: Option<Checksum<'a>>,
}

impl HeadersToSend<'_> {
    /// Names in lower case with their values, in alphabetical order. Browsers refuse to have
    /// `content-length` set and send it themselves.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let content_length =
            self.content_length.map(|length| ("content-length", Cow::Owned(length.to_string())));
        let content_type = self.content_type.as_deref().map(|value| ("content-type", Cow::Borrowed(value)));
        let if_none_match = self.if_none_match.then_some(("if-none-match", Cow::Borrowed("*")));
        let checksum =
            self.checksum.map(|checksum| (checksum.algorithm.header_name(), Cow::Borrowed(checksum.base64)));
        [content_length, content_type, if_none_match, checksum].into_iter().flatten()
    }

    /// Whether the signature covers `host` alone.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The names of all signed headers, `host` among them, in order.
    pub(crate) fn push_names(&self, out: &mut String, separator: &str) {
        if self.content_length.is_some() {
            out.push_str("content-length");
            out.push_str(separator);
        }
        if self.content_type.is_some() {
            out.push_str("content-type");
            out.push_str(separator);
        }
        out.push_str("host");
        if self.if_none_match {
            out.push_str(separator);
            out.push_str("if-none-match");
        }
        if let Some(checksum) = self.checksum {
            out.push_str(separator);
            out.push_str(checksum.algorithm.header_name());
        }
    }

    /// All signed headers as lines of the canonical request, `host` among them, in order.
    pub(crate) fn push_lines(&self, out: &mut String, host: &str) {
        if let Some(length) = self.content_length {
            out.push_str("content-length:");
            out.push_str(Decimal::new(length).as_str());
            out.push('\n');
        }
        if let Some(value) = &self.content_type {
            out.push_str("content-type:");
            out.push_str(value);
            out.push('\n');
        }
        out.push_str("host:");
        out.push_str(host);
        out.push('\n');
        if self.if_none_match {
            out.push_str("if-none-match:*\n");
        }
        if let Some(checksum) = self.checksum {
            out.push_str(checksum.algorithm.header_name());
            out.push(':');
            out.push_str(checksum.base64);
            out.push('\n');
        }
    }
}

/// A header's value as Signature Version 4 sees it: no spaces around it, none doubled inside. What is
/// signed is also what the client is told to send.
pub(crate) fn normal_value<'a>(header: &'static str, value: &'a str) -> Result<Cow<'a, str>, SignError> {
    let trimmed = value.trim_matches(' ');
    if trimmed.is_empty() || !trimmed.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(SignError::HeaderValue { header });
    }
    if !trimmed.contains("  ") {
        return Ok(Cow::Borrowed(trimmed));
    }
    let words: Vec<&str> = trimmed.split(' ').filter(|word| !word.is_empty()).collect();
    Ok(Cow::Owned(words.join(" ")))
}

/// Refuses a checksum no header could carry; whether it is right, the store finds out.
pub(crate) fn check_checksum(checksum: Option<Checksum<'_>>) -> Result<(), SignError> {
    let Some(Checksum { algorithm, base64 }) = checksum else { return Ok(()) };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if base64.is_empty() || !base64.bytes().all(plain) {
        return Err(SignError::HeaderValue { header: algorithm.header_name() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_to_the_client_as_it_was_signed() {
        let value = |text| normal_value("content-type", text);
        assert_eq!(value("image/jpeg").unwrap(), "image/jpeg");
        assert_eq!(value("  text/plain;   charset=utf-8 ").unwrap(), "text/plain; charset=utf-8");
        for bad in ["", "   ", "a\r\nx-amz-acl: public-read", "image/jpég", "a\tb", "a\u{7f}"] {
            assert_eq!(value(bad), Err(SignError::HeaderValue { header: "content-type" }), "{bad:?}");
        }
    }

    #[test]
    fn a_checksum_that_is_not_base64_is_refused() {
        let check = |base64| check_checksum(Some(Checksum { algorithm: ChecksumAlgorithm::Crc32c, base64 }));
        assert_eq!(check("4waSgw=="), Ok(()));
        for bad in ["", "4waSgw==\n", "no base64", "ü"] {
            assert_eq!(
                check(bad),
                Err(SignError::HeaderValue { header: "x-amz-checksum-crc32c" }),
                "{bad:?}"
            );
        }
    }
}
