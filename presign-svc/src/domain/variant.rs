//! The smaller pictures a client sends beside an original.

use std::fmt;

use windlass_protocol::Checksum;

use super::announce::{Refusal, checksums_agree};
use super::limits::{VARIANT_MAX_BYTES, size_in_words};
use super::media_type::MediaType;

/// The longest side of a picture the client may claim, in pixels: what JPEG can hold.
const MAX_SIDE_PX: u32 = 65_535;
const MAX_NAME_BYTES: usize = 32;

/// The name of a smaller picture, such as `thumb_200`: 1 to 32 of `a-z`, `0-9`, `_`, and not `original`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantName(String);

/// A text that names no variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 of a-z, 0-9 and _, and not \"original\"")]
pub struct InvalidVariantName;

impl VariantName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for VariantName {
    type Error = InvalidVariantName;
    fn try_from(text: String) -> Result<Self, InvalidVariantName> {
        let charset = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let well_formed =
            (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(charset) && text != "original";
        if well_formed { Ok(Self(text)) } else { Err(InvalidVariantName) }
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A smaller picture as the client describes it, unchecked.
#[derive(Debug, Clone)]
pub struct VariantClaim {
    /// `thumb_200`, `web_1920` …
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Of its bytes.
    pub checksum: Option<Checksum>,
}

/// A smaller picture of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// `thumb_200`, `web_1920` …
    pub name: VariantName,
    /// Its type.
    pub media_type: MediaType,
    /// Its size.
    pub size_bytes: u64,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Of its bytes.
    pub checksum: Option<Checksum>,
    /// Whether its bytes are in the store and were looked at.
    pub is_stored: bool,
}

impl Variant {
    /// Whether another announcement describes the same bytes.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.media_type == other.media_type
            && self.size_bytes == other.size_bytes
            && checksums_agree(self.checksum.as_ref(), other.checksum.as_ref())
    }
}

/// Checks the smaller pictures of one file.
pub fn accept_variants(claims: Vec<VariantClaim>, max_count: usize) -> Result<Vec<Variant>, Refusal> {
    if claims.len() > max_count {
        return Err(Refusal::Field {
            field: "variants".to_owned(),
            reason: format!("may hold at most {max_count} entries"),
        });
    }
    let mut accepted: Vec<Variant> = Vec::with_capacity(claims.len());
    for (index, claim) in claims.into_iter().enumerate() {
        let wrong = |field: &str, reason: String| Refusal::Field {
            field: format!("variants[{index}].{field}"),
            reason,
        };
        let name = VariantName::try_from(claim.name).map_err(|error| wrong("name", error.to_string()))?;
        if accepted.iter().any(|other| other.name == name) {
            return Err(wrong("name", format!("is used twice: {name}")));
        }
        let media_type =
            MediaType::from_mime(&claim.content_type).filter(|t| t.is_variant_type()).ok_or_else(|| {
                wrong("content_type", "must be image/jpeg, image/png, image/webp or image/avif".to_owned())
            })?;
        if claim.size_bytes == 0 || claim.size_bytes > VARIANT_MAX_BYTES {
            let limit = size_in_words(VARIANT_MAX_BYTES);
            return Err(wrong("size", format!("must be between 1 byte and {limit}")));
        }
        for (field, side) in [("width", claim.width), ("height", claim.height)] {
            if side == 0 || side > MAX_SIDE_PX {
                return Err(wrong(field, format!("must be between 1 and {MAX_SIDE_PX} pixels")));
            }
        }
        accepted.push(Variant {
            name,
            media_type,
            size_bytes: claim.size_bytes,
            width: claim.width,
            height: claim.height,
            checksum: claim.checksum,
            is_stored: false,
        });
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str) -> VariantClaim {
        VariantClaim {
            name: name.to_owned(),
            content_type: "image/jpeg".to_owned(),
            size_bytes: 9_000,
            width: 200,
            height: 150,
            checksum: None,
        }
    }

    #[test]
    fn a_variant_that_is_wrong_is_named() {
        type Spoil = fn(&mut VariantClaim);
        let cases: [(&str, Spoil); 7] = [
            ("variants[1].name", |v| v.name = "../original".to_owned()),
            ("variants[1].name", |v| v.name = "original".to_owned()),
            ("variants[1].name", |v| v.name = "thumb_200".to_owned()),
            ("variants[1].content_type", |v| v.content_type = "image/svg+xml".to_owned()),
            ("variants[1].size", |v| v.size_bytes = VARIANT_MAX_BYTES + 1),
            ("variants[1].width", |v| v.width = 0),
            ("variants[1].height", |v| v.height = 70_000),
        ];
        for (expected, spoil) in cases {
            let mut second = variant("web_1920");
            spoil(&mut second);
            let refusal = accept_variants(vec![variant("thumb_200"), second], 8).unwrap_err();
            assert!(
                matches!(&refusal, Refusal::Field { field, .. } if field == expected),
                "{expected}: {refusal}"
            );
        }
        let nine = (0..9).map(|n| variant(&format!("v{n}"))).collect();
        assert!(accept_variants(nine, 8).is_err());
        let accepted = accept_variants(vec![variant("thumb_200"), variant("web_1920")], 8).unwrap();
        assert_eq!(accepted.len(), 2);
    }
}
