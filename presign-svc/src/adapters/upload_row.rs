//! A row of `uploads` and the upload it means, the same in every database. The columns' formats are in
//! `columns`.

use std::str::FromStr;

use serde::Deserialize;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use time::OffsetDateTime;
use windlass_protocol::{PartPlan, PhotoMetadata, Timestamp};

use super::columns::{
    ExpectedRow, PIPELINE, StatusChangeRow, VariantRow, failure_column, json, kind_column, millis,
    read_failure, status_column,
};
use super::row_macro::upload_row;
use crate::domain::announce::{AnnouncedFile, SizeClaim, Transfer};
use crate::domain::description::Description;
use crate::domain::filename::Filename;
use crate::domain::filter::taken_ms;
use crate::domain::media_type::MediaType;
use crate::domain::object_key::PhotoFolder;
use crate::domain::photo_facts::PhotoFacts;
use crate::domain::quota::charge_of;
use crate::domain::stored::MultipartId;
use crate::domain::upload::{Announcement, Progress, Stage, Upload, UploadState, VerifiedObject};
use crate::domain::verify::Failure;
use crate::ports::uploads::RepositoryError;

upload_row! {
    announced {
        id: String => "uuid",
        tenant: String => "text",
        project: String => "text",
        created_by: String => "text",
        version: i64 => "bigint",
        filename: String => "text",
        media_type: String => "text",
        size_bytes: i64 => "bigint",
        checksum: Option<String> => "text",
        claimed_metadata: Option<String> => "text",
        folder: String => "text",
        part_size_bytes: Option<i64> => "bigint",
        created_at: i64 => "bigint",
        charged_bytes: i64 => "bigint",
        size_is_bound: bool => "boolean",
    }
    changing {
        client_ref: Option<String> => "text",
        status: String => "text",
        variants: String => "text",
        updated_at: i64 => "bigint",
        deadline_at: i64 => "bigint",
        tags: String => "text",
        status_changes: String => "text",
        is_arriving: bool => "boolean",
    }
    later {
        failure_code: Option<String> => "text",
        failure_detail: Option<String> => "text",
        multipart_id: Option<String> => "text",
        expected_object: Option<String> => "text",
        verified_at: Option<i64> => "bigint",
        etag: Option<String> => "text",
        verified_media_type: Option<String> => "text",
        verified_checksum: Option<String> => "text",
        metadata: Option<String> => "text",
        width: Option<i64> => "bigint",
        height: Option<i64> => "bigint",
        taken_at: Option<String> => "text",
        latitude: Option<f64> => "double precision",
        longitude: Option<f64> => "double precision",
        deleted_at: Option<i64> => "bigint",
        cleanup_due_at: Option<i64> => "bigint",
        caption: Option<String> => "text",
        kind: Option<String> => "text",
        taken_local: Option<i64> => "bigint",
        taken_utc: Option<i64> => "bigint",
        piece_size_bytes: Option<i64> => "bigint",
        assembly_due_at: Option<i64> => "bigint",
        look_due_at: Option<i64> => "bigint",
    }
    settled {
        verified_size_bytes: Option<i64> => "bigint",
    }
}

/// Removes uploads that came to nothing and were cleaned up before a time, as the index `uploads_by_closing` has them.
pub(super) const FORGET_CLOSED_BEFORE: &str = "DELETE FROM uploads WHERE id IN (
    SELECT id FROM uploads
    WHERE status != 'pending_upload' AND verified_at IS NULL AND cleanup_due_at IS NULL AND updated_at < $1
    ORDER BY updated_at LIMIT $2
)";

/// Puts off what is due of uploads until a time, the first value; which uploads is still to be said.
pub(super) const PUT_OFF_DUE: &str = "UPDATE uploads SET
    deadline_at = CASE WHEN status = 'pending_upload' AND deadline_at < $1 THEN $1 ELSE deadline_at END,
    look_due_at = CASE WHEN status = 'pending_upload' AND deadline_at < $1 THEN $1 ELSE look_due_at END,
    cleanup_due_at = CASE WHEN cleanup_due_at < $1 THEN $1 ELSE cleanup_due_at END
WHERE id IN";

impl UploadRow {
    /// What saves a change of an upload, unless somebody else has changed it: the values of [`Self::SAVED`] come
    /// first, then tenant, id and version. `id_cast` makes an id of a text. What a client has claimed goes with an
    /// upload that comes to nothing: it is most of the row.
    pub(super) fn save_statement(id_cast: &str) -> String {
        let set: Vec<String> =
            (1..).zip(Self::SAVED).map(|(number, column)| format!("{column} = ${number}")).collect();
        let number_of = |name| Self::SAVED.iter().take_while(|column| **column != name).count() + 1;
        let (status, verified_at) = (number_of("status"), number_of("verified_at"));
        let [tenant, id, version] = [1, 2, 3].map(|after| Self::SAVED.len() + after);
        format!(
            "UPDATE uploads SET {}, version = version + 1, claimed_metadata = CASE
                 WHEN ${status} = 'pending_upload' OR ${verified_at} IS NOT NULL THEN claimed_metadata END
             WHERE tenant = ${tenant} AND id = ${id}{id_cast} AND version = ${version}",
            set.join(", ")
        )
    }

    /// The row that records an upload.
    pub(super) fn of(upload: &Upload) -> Result<Self, RepositoryError> {
        let (facts, progress) = (upload.facts(), upload.progress());
        let failure = match &progress.state {
            UploadState::Refused(failure) => Some((failure_column(failure.code), failure.detail.clone())),
            UploadState::Stored { stage: Stage::Failed { reason }, .. } => Some((PIPELINE, reason.clone())),
            _ => None,
        };
        let object = upload.object();
        let is_arriving = upload.is_arriving();
        let announced_type = is_arriving.then_some(facts.file.media_type);
        let shown_type = object.map(|object| object.media_type).or(announced_type);
        let metadata = object.and_then(|object| object.metadata.as_ref());
        let shown = metadata.map(PhotoFacts::of).unwrap_or_default();
        let taken = shown.taken_at.as_deref().and_then(taken_ms);
        let variants: Vec<VariantRow> = progress.variants.iter().map(VariantRow::of).collect();
        let changes: Vec<StatusChangeRow> = progress.history.iter().map(StatusChangeRow::of).collect();
        Ok(Self {
            id: facts.id.to_string(),
            tenant: facts.tenant.to_string(),
            project: facts.project.to_string(),
            created_by: facts.created_by.clone(),
            client_ref: progress.client_ref.as_ref().map(ToString::to_string),
            version: i64::from(progress.version),
            status: status_column(upload.status()).to_owned(),
            failure_code: failure.as_ref().map(|(code, _)| (*code).to_owned()),
            failure_detail: failure.map(|(_, detail)| detail),
            filename: facts.file.filename.to_string(),
            media_type: facts.file.media_type.mime().to_owned(),
            // At most 5 TiB.
            size_bytes: facts.file.size_bytes as i64,
            checksum: facts.file.checksum.map(String::from),
            claimed_metadata: facts.file.claimed_metadata.as_ref().map(json).transpose()?,
            folder: facts.folder.as_str().to_owned(),
            part_size_bytes: match facts.file.transfer {
                Transfer::Put => None,
                Transfer::Multipart(plan) => Some(plan.part_size_bytes() as i64),
            },
            multipart_id: progress.multipart.as_ref().map(|id| id.0.clone()),
            expected_object: progress
                .expected
                .as_ref()
                .map(|expected| json(&ExpectedRow::of(expected)))
                .transpose()?,
            verified_at: object.map(|object| millis(object.verified_at)),
            etag: object.map(|object| object.etag.clone()),
            verified_media_type: object.map(|object| object.media_type.mime().to_owned()),
            verified_checksum: object.and_then(|object| object.checksum).map(String::from),
            metadata: metadata.map(json).transpose()?,
            width: shown.width.map(i64::from),
            height: shown.height.map(i64::from),
            taken_at: shown.taken_at,
            latitude: shown.location.as_ref().map(|place| place.latitude),
            longitude: shown.location.as_ref().map(|place| place.longitude),
            variants: json(&variants)?,
            created_at: millis(facts.created_at),
            updated_at: millis(progress.updated_at),
            deadline_at: millis(progress.deadline_at),
            deleted_at: progress.deleted_at.map(millis),
            cleanup_due_at: progress.cleanup_due_at.map(millis),
            caption: progress.description.caption.clone(),
            tags: json(&progress.description.tags)?,
            status_changes: json(&changes)?,
            kind: shown_type.map(|media_type| kind_column(media_type.kind()).to_owned()),
            taken_local: taken.map(|(local, _)| local),
            taken_utc: taken.map(|(_, utc)| utc),
            charged_bytes: i64::try_from(charge_of(upload)).unwrap_or(i64::MAX),
            piece_size_bytes: progress.piece_size_bytes.map(|size| size as i64),
            assembly_due_at: progress.assembly_due_at.map(millis),
            look_due_at: progress.look_due_at.map(millis),
            size_is_bound: facts.file.size_claim == SizeClaim::AtMost,
            verified_size_bytes: object
                .filter(|object| object.size_bytes != facts.file.size_bytes)
                .map(|object| object.size_bytes as i64),
            is_arriving,
        })
    }

    /// The upload a row records.
    pub(super) fn into_upload(self) -> Result<Upload, RepositoryError> {
        let row = self;
        let transfer = match row.part_size_bytes {
            None => Transfer::Put,
            Some(part_size) => {
                let plan = PartPlan::with_part_size(row.size_bytes as u64, part_size as u64);
                Transfer::Multipart(plan.map_err(|_| row.corrupt("part_size_bytes"))?)
            }
        };
        let facts = Announcement {
            id: row.parse(&row.id, "id")?,
            tenant: row.parse(&row.tenant, "tenant")?,
            project: row.parse(&row.project, "project")?,
            created_by: row.created_by.clone(),
            file: AnnouncedFile {
                filename: Filename::clean(&row.filename),
                media_type: row.media_type(&row.media_type, "media_type")?,
                size_bytes: row.size_bytes as u64,
                size_claim: if row.size_is_bound { SizeClaim::AtMost } else { SizeClaim::Exactly },
                checksum: row.parse_option(row.checksum.as_deref(), "checksum")?,
                claimed_metadata: row.read_json(row.claimed_metadata.as_deref(), "claimed_metadata")?,
                transfer,
            },
            folder: PhotoFolder::try_from(row.folder.clone()).map_err(|_| row.corrupt("folder"))?,
            created_at: row.moment(row.created_at, "created_at")?,
        };
        let variants: Vec<VariantRow> =
            serde_json::from_str(&row.variants).map_err(|_| row.corrupt("variants"))?;
        let changes: Vec<StatusChangeRow> =
            serde_json::from_str(&row.status_changes).map_err(|_| row.corrupt("status_changes"))?;
        let progress = Progress {
            client_ref: row.parse_option(row.client_ref.as_deref(), "client_ref")?,
            state: row.state()?,
            variants: variants.into_iter().map(|variant| variant.read(&row)).collect::<Result<_, _>>()?,
            multipart: row.multipart_id.clone().map(MultipartId),
            expected: row
                .read_json::<ExpectedRow>(row.expected_object.as_deref(), "expected_object")?
                .map(ExpectedRow::read),
            piece_size_bytes: row.piece_size_bytes.map(|size| size as u64),
            assembly_due_at: row.moment_option(row.assembly_due_at, "assembly_due_at")?,
            look_due_at: row.moment_option(row.look_due_at, "look_due_at")?,
            description: Description {
                caption: row.caption.clone(),
                tags: serde_json::from_str(&row.tags).map_err(|_| row.corrupt("tags"))?,
            },
            history: changes.into_iter().map(StatusChangeRow::read).collect(),
            updated_at: row.moment(row.updated_at, "updated_at")?,
            deadline_at: row.moment(row.deadline_at, "deadline_at")?,
            cleanup_due_at: row.moment_option(row.cleanup_due_at, "cleanup_due_at")?,
            deleted_at: row.moment_option(row.deleted_at, "deleted_at")?,
            version: u32::try_from(row.version).map_err(|_| row.corrupt("version"))?,
        };
        Ok(Upload::restore(facts, progress))
    }

    fn state(&self) -> Result<UploadState, RepositoryError> {
        let stage = match self.status.as_str() {
            "pending_upload" => return Ok(UploadState::Pending),
            "aborted" => return Ok(UploadState::Aborted),
            "expired" => return Ok(UploadState::Expired),
            "failed" => match self.failure_code.as_deref().and_then(read_failure) {
                Some(code) => {
                    let detail = self.failure_detail.clone().unwrap_or_default();
                    return Ok(UploadState::Refused(Failure { code, detail }));
                }
                None => Stage::Failed { reason: self.failure_detail.clone().unwrap_or_default() },
            },
            "uploaded" => Stage::Uploaded,
            "processing" => Stage::Processing,
            "completed" => Stage::Completed,
            "quarantined" => Stage::Quarantined,
            _ => return Err(self.corrupt("status")),
        };
        let verified_at = self.verified_at.ok_or_else(|| self.corrupt("verified_at"))?;
        let mime = self.verified_media_type.as_deref().ok_or_else(|| self.corrupt("verified_media_type"))?;
        let object = VerifiedObject {
            etag: self.etag.clone().ok_or_else(|| self.corrupt("etag"))?,
            size_bytes: self.verified_size_bytes.unwrap_or(self.size_bytes) as u64,
            media_type: self.media_type(mime, "verified_media_type")?,
            checksum: self.parse_option(self.verified_checksum.as_deref(), "verified_checksum")?,
            metadata: self.read_json::<PhotoMetadata>(self.metadata.as_deref(), "metadata")?,
            verified_at: self.moment(verified_at, "verified_at")?,
        };
        Ok(UploadState::Stored { stage, object: Box::new(object) })
    }

    pub(super) fn corrupt(&self, column: &'static str) -> RepositoryError {
        RepositoryError::Corrupt { id: self.id.clone(), column }
    }

    pub(super) fn parse<T: FromStr>(&self, text: &str, column: &'static str) -> Result<T, RepositoryError> {
        text.parse().map_err(|_| self.corrupt(column))
    }

    fn parse_option<T: FromStr>(
        &self,
        text: Option<&str>,
        column: &'static str,
    ) -> Result<Option<T>, RepositoryError> {
        text.map(|text| self.parse(text, column)).transpose()
    }

    fn read_json<T: for<'de> Deserialize<'de>>(
        &self,
        text: Option<&str>,
        column: &'static str,
    ) -> Result<Option<T>, RepositoryError> {
        text.map(|text| serde_json::from_str(text).map_err(|_| self.corrupt(column))).transpose()
    }

    pub(super) fn media_type(&self, mime: &str, column: &'static str) -> Result<MediaType, RepositoryError> {
        MediaType::from_mime(mime).ok_or_else(|| self.corrupt(column))
    }

    fn moment(&self, millis: i64, column: &'static str) -> Result<OffsetDateTime, RepositoryError> {
        Timestamp::from_unix_millis(millis).map(Timestamp::as_datetime).ok_or_else(|| self.corrupt(column))
    }

    fn moment_option(
        &self,
        millis: Option<i64>,
        column: &'static str,
    ) -> Result<Option<OffsetDateTime>, RepositoryError> {
        millis.map(|millis| self.moment(millis, column)).transpose()
    }
}
