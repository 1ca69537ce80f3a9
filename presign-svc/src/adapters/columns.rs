//! The formats of single columns of `uploads`: names in words, moments, and what is kept as JSON.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use windlass_protocol::photo::MediaKind;
use windlass_protocol::{Checksum, Timestamp, UploadId, UploadStatus};

use super::upload_row::UploadRow;
use crate::domain::joining::ExpectedObject;
use crate::domain::upload::StatusChange;
use crate::domain::variant::{Variant, VariantName};
use crate::domain::verify::FailureCode;
use crate::ports::uploads::{PhotoPlace, RepositoryError};

/// A variant in the JSON of its column.
#[derive(Serialize, Deserialize)]
pub(super) struct VariantRow {
    name: String,
    media_type: String,
    size_bytes: u64,
    width: u32,
    height: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<Checksum>,
    is_stored: bool,
}

/// A change of status in the JSON of its column.
#[derive(Serialize, Deserialize)]
pub(super) struct StatusChangeRow {
    status: UploadStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: Timestamp,
}

/// What parts were about to become, in the JSON of its column.
#[derive(Serialize, Deserialize)]
pub(super) struct ExpectedRow {
    etag: Option<String>,
    checksum: Option<Checksum>,
}

impl ExpectedRow {
    pub(super) fn of(expected: &ExpectedObject) -> Self {
        Self { etag: expected.etag.clone(), checksum: expected.checksum }
    }

    pub(super) fn read(self) -> ExpectedObject {
        ExpectedObject { etag: self.etag, checksum: self.checksum }
    }
}

pub(super) fn status_column(status: UploadStatus) -> &'static str {
    match status {
        UploadStatus::PendingUpload => "pending_upload",
        UploadStatus::Uploaded => "uploaded",
        UploadStatus::Processing => "processing",
        UploadStatus::Completed => "completed",
        UploadStatus::Failed => "failed",
        UploadStatus::Aborted => "aborted",
        UploadStatus::Expired => "expired",
        UploadStatus::Quarantined => "quarantined",
    }
}

pub(super) fn read_status(column: &str) -> Option<UploadStatus> {
    [
        UploadStatus::PendingUpload,
        UploadStatus::Uploaded,
        UploadStatus::Processing,
        UploadStatus::Completed,
        UploadStatus::Failed,
        UploadStatus::Aborted,
        UploadStatus::Expired,
        UploadStatus::Quarantined,
    ]
    .into_iter()
    .find(|status| status_column(*status) == column)
}

pub(super) fn kind_column(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Photo => "photo",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
        MediaKind::Archive => "archive",
    }
}

pub(super) fn millis(moment: OffsetDateTime) -> i64 {
    Timestamp::from(moment).unix_millis()
}

/// The ids a statement answers with.
pub(super) fn ids_of(ids: Vec<String>) -> Result<Vec<UploadId>, RepositoryError> {
    let read = |id: String| id.parse().map_err(|_| RepositoryError::Corrupt { id, column: "id" });
    ids.into_iter().map(read).collect()
}

/// Tenant, project and id to come after; before all others where there is none.
pub(super) fn place_columns(place: Option<&PhotoPlace>) -> (&str, &str, &str) {
    match place {
        Some(place) => (&place.tenant, &place.project, &place.id),
        None => ("", "", "00000000-0000-0000-0000-000000000000"),
    }
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, RepositoryError> {
    serde_json::to_string(value).map_err(|error| RepositoryError::Unavailable(error.to_string()))
}

impl StatusChangeRow {
    pub(super) fn of(change: &StatusChange) -> Self {
        Self { status: change.status, reason: change.reason.clone(), at: Timestamp::from(change.at) }
    }

    pub(super) fn read(self) -> StatusChange {
        StatusChange { status: self.status, reason: self.reason, at: self.at.as_datetime() }
    }
}

impl VariantRow {
    pub(super) fn of(variant: &Variant) -> Self {
        Self {
            name: variant.name.to_string(),
            media_type: variant.media_type.mime().to_owned(),
            size_bytes: variant.size_bytes,
            width: variant.width,
            height: variant.height,
            checksum: variant.checksum,
            is_stored: variant.is_stored,
        }
    }

    pub(super) fn read(self, row: &UploadRow) -> Result<Variant, RepositoryError> {
        Ok(Variant {
            media_type: row.media_type(&self.media_type, "variants")?,
            name: VariantName::try_from(self.name).map_err(|_| row.corrupt("variants"))?,
            size_bytes: self.size_bytes,
            width: self.width,
            height: self.height,
            checksum: self.checksum,
            is_stored: self.is_stored,
        })
    }
}

/// The failure code of a photo the pipeline gave up on.
pub(super) const PIPELINE: &str = "pipeline";

pub(super) fn failure_column(code: FailureCode) -> &'static str {
    match code {
        FailureCode::SizeMismatch => "size_mismatch",
        FailureCode::ChecksumMismatch => "checksum_mismatch",
        FailureCode::TypeMismatch => "type_mismatch",
    }
}

pub(super) fn read_failure(column: &str) -> Option<FailureCode> {
    [FailureCode::SizeMismatch, FailureCode::ChecksumMismatch, FailureCode::TypeMismatch]
        .into_iter()
        .find(|code| failure_column(*code) == column)
}
