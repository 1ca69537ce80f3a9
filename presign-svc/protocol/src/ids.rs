//! Identifiers. Each can only be built from a valid text, so holding one is proof of its form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a valid identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {reason}")]
pub struct InvalidId {
    /// What kind of identifier was expected, in words.
    pub kind: &'static str,
    /// What is wrong with the text.
    pub reason: &'static str,
}

/// Letters, digits, `.`, `_`, `-`; starts with a letter or digit; at most 128 bytes. Safe in object
/// keys, in URLs and in logs, and wide enough for UUIDs, ULIDs and slugs.
fn check_name(kind: &'static str, text: &str) -> Result<(), InvalidId> {
    let reason = if text.is_empty() {
        "is empty"
    } else if text.len() > 128 {
        "is longer than 128 characters"
    } else if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        "may only hold letters, digits, '.', '_' and '-'"
    } else if !text.as_bytes()[0].is_ascii_alphanumeric() {
        "must start with a letter or a digit"
    } else if text.contains("..") {
        "may not hold '..'"
    } else {
        return Ok(());
    };
    Err(InvalidId { kind, reason })
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export, type = "string"))]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                $check($kind, &text)?;
                Ok(Self(text))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The company. Every row, key and query carries it.
    TenantId, "tenant", check_name
);
text_id!(
    /// What photos are attached to: a job, a site, an album.
    ProjectId, "project_id", check_name
);
text_id!(
    /// The client's own name for one file: the idempotency key of create. Any printable text, 1 to 200 bytes.
    ClientRef, "client_ref", |kind, text: &str| {
        let reason = if text.is_empty() {
            "is empty"
        } else if text.len() > 200 {
            "is longer than 200 bytes"
        } else if text.chars().any(char::is_control) {
            "holds a control character"
        } else {
            return Ok(());
        };
        Err(InvalidId { kind, reason })
    }
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export, type = "string"))]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// The identifier as a UUID.
            pub fn as_uuid(&self) -> &uuid::Uuid {
                &self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only the hyphenated form: one id, one text.
                match uuid::Uuid::try_parse(text) {
                    Ok(id) if text.len() == 36 => Ok(Self(id)),
                    _ => Err(InvalidId { kind: $kind, reason: "is not a UUID" }),
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }
    };
}

uuid_id!(
    /// One file on its way. A UUIDv7 made by the service.
    UploadId, "upload_id"
);
uuid_id!(
    /// What an upload becomes once its bytes are verified: the same UUID as its upload.
    PhotoId, "photo_id"
);

uuid_id!(
    /// A capability link for customers without an account. Not its secret token.
    UploadLinkId, "link_id"
);

impl From<UploadId> for PhotoId {
    fn from(id: UploadId) -> Self {
        Self(id.0)
    }
}

impl From<PhotoId> for UploadId {
    fn from(id: PhotoId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_cannot_climb_out_of_its_folder() {
        for bad in ["", "..", "a/../b", "a/b", ".hidden", "a..b", "a b", "ü", "a\u{0}", &"x".repeat(129)] {
            assert!(bad.parse::<ProjectId>().is_err(), "{bad:?}");
        }
        for good in ["job-7", "0192f0c1-2c5d-7c1e-9f00-0123456789ab", "A.b_c"] {
            assert_eq!(good.parse::<ProjectId>().map(String::from), Ok(good.to_owned()));
        }
    }

    #[test]
    fn an_upload_id_has_one_spelling() {
        assert!("0192f0c12c5d7c1e9f000123456789ab".parse::<UploadId>().is_err());
        assert!("{0192f0c1-2c5d-7c1e-9f00-0123456789ab}".parse::<UploadId>().is_err());
        assert!("0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse::<UploadId>().is_ok());
    }
}
