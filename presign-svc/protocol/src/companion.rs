//! `GET /s3/params`, `/s3/multipart…` — the contract of Uppy's Companion, for unmodified `@uppy/aws-s3`.
//!
//! The shapes are Companion's (its `src/server/controllers/s3.js` at 6.2): what it says in CamelCase is said
//! so here, and fields that are not known are left alone. `uploadId` is a Windlass upload's id; `key` comes
//! back with each request and must be the upload's own. Caller: scope `upload` on the project. Errors: those
//! of create and of the part operations, with the sentence in `message` as well, where Uppy looks for it.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{PartNumber, ProjectId, UploadId};

/// The most parts of one `batch`.
pub const MAX_BATCH: usize = 1000;

/// Where to send a file in one form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormParams {
    /// `POST`.
    pub method: String,
    /// Where to: the bucket.
    pub url: String,
    /// The fields of the form; the file comes after them, as `file`.
    pub fields: BTreeMap<String, String>,
    /// For how many seconds the store takes it.
    pub expires: u32,
}

/// A file that is to come in parts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateMultipart {
    /// The name on the client.
    pub filename: String,
    /// The media type the client believes in.
    #[serde(default, rename = "type")]
    pub content_type: String,
    /// The file's `meta` in Uppy.
    #[serde(default)]
    pub metadata: Metadata,
}

/// What Windlass reads of a file's `meta`; the rest stays in the browser.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Metadata {
    /// The project it belongs to. May be left out where the token covers one project only.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// The file's size in bytes. Without it the largest size of its kind is reserved until it is stored.
    #[serde(default, deserialize_with = "number_or_text")]
    pub size: Option<u64>,
}

/// Uppy 5 makes texts of all values, Uppy 6 leaves them as they are.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum NumberOrText {
        Number(u64),
        Text(String),
    }
    match Option::<NumberOrText>::deserialize(deserializer)? {
        None => Ok(None),
        Some(NumberOrText::Number(number)) => Ok(Some(number)),
        Some(NumberOrText::Text(text)) => {
            text.parse().map(Some).map_err(|_| D::Error::custom("is not a number of bytes"))
        }
    }
}

/// A multipart upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedMultipart {
    /// The object's key.
    pub key: String,
    /// The upload's id.
    #[serde(rename = "uploadId")]
    pub upload_id: UploadId,
}

/// A part the store has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "PascalCase")]
pub struct UploadedPart {
    /// Its number.
    pub part_number: PartNumber,
    /// Its size in bytes.
    pub size: u64,
    /// Its entity tag.
    #[serde(rename = "ETag")]
    pub etag: String,
}

/// Where to PUT one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartParams {
    /// Signed URL.
    pub url: String,
    /// For how many seconds it works.
    pub expires: u32,
}

/// Where to PUT several parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchParams {
    /// Signed URLs by number.
    #[serde(rename = "presignedUrls")]
    pub presigned_urls: BTreeMap<String, String>,
}

/// All parts of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompleteMultipart {
    /// With the entity tags the client was answered.
    #[serde(default)]
    pub parts: Vec<SentPart>,
}

/// A part the client has sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "PascalCase")]
pub struct SentPart {
    /// Its number.
    pub part_number: PartNumber,
    /// The entity tag the store answered.
    #[serde(rename = "ETag")]
    pub etag: String,
}

/// A file that is stored and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompletedMultipart {
    /// The object's address: a name for it, not a way to fetch it.
    pub location: String,
    /// The object's key.
    pub key: String,
}

/// Nothing to say: `{}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Aborted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_uppy_are_understood() {
        let read = |json: &str| serde_json::from_str::<CreateMultipart>(json);
        let five = read(
            r#"{"filename":"a.jpg","type":"image/jpeg","metadata":{"name":"a.jpg","size":"77","project_id":"job-7"}}"#,
        );
        let six = read(
            r#"{"filename":"a.jpg","metadata":{"relativePath":null,"size":77,"project_id":"job-7"},"type":"image/jpeg"}"#,
        );
        assert_eq!(five.unwrap(), six.unwrap());
        assert_eq!(read(r#"{"filename":"a.jpg"}"#).unwrap().metadata, Metadata::default());
        for odd in [r#""77 bytes""#, "-1", "1.5", "[77]"] {
            assert!(
                read(&format!(r#"{{"filename":"a.jpg","metadata":{{"size":{odd}}}}}"#)).is_err(),
                "{odd}"
            );
        }
    }
}
