//! The questions asked of `uploads`, except for lists (`listing`). Each carries the tenant, except the
//! janitor's two.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use time::OffsetDateTime;
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{ProjectId, TenantId, UploadId};

use super::SqliteDatabase;
use super::changes::Changes;
use super::listing::{self, readable};
use super::row::{UploadRow, millis};
use crate::domain::news::Event;
use crate::domain::upload::Upload;
use crate::ports::uploads::{
    PhotoPage, PhotoQuery, Recorded, RepositoryError, RepositoryResult, UploadRepository,
};

const INSERT: &str = "INSERT INTO uploads (
    id, tenant, project, created_by, client_ref, version, status, failure_code, failure_detail,
    filename, media_type, size_bytes, checksum, claimed_metadata, folder, part_size_bytes, multipart_id,
    expected_object, verified_at, etag, verified_media_type, verified_checksum, metadata, width, height,
    taken_at, latitude, longitude, variants, created_at, updated_at, deadline_at, deleted_at, cleanup_due_at,
    caption, tags, status_changes, kind, taken_local, taken_utc
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, project, client_ref) WHERE client_ref IS NOT NULL DO NOTHING";

const FIND_BY_CLIENT_REF: &str = "SELECT * FROM uploads WHERE tenant = ? AND project = ? AND client_ref = ?";

const FIND: &str = "SELECT * FROM uploads WHERE tenant = ? AND id = ? AND deleted_at IS NULL";

const SAVE: &str = "UPDATE uploads SET
    client_ref = ?, status = ?, failure_code = ?, failure_detail = ?, multipart_id = ?, expected_object = ?,
    verified_at = ?, etag = ?, verified_media_type = ?, verified_checksum = ?, metadata = ?, width = ?,
    height = ?, taken_at = ?, latitude = ?, longitude = ?, variants = ?, updated_at = ?, deadline_at = ?,
    deleted_at = ?, cleanup_due_at = ?, caption = ?, tags = ?, status_changes = ?, kind = ?, taken_local = ?,
    taken_utc = ?, version = version + 1
WHERE tenant = ? AND id = ? AND version = ?";

const PAST_DEADLINE: &str = "SELECT * FROM uploads
WHERE status = 'pending_upload' AND deadline_at <= ? ORDER BY deadline_at LIMIT ?";

const DUE_FOR_CLEANUP: &str = "SELECT * FROM uploads
WHERE cleanup_due_at IS NOT NULL AND cleanup_due_at <= ? ORDER BY cleanup_due_at LIMIT ?";

const FORGET: &str = "DELETE FROM uploads WHERE tenant = ? AND id = ? AND deleted_at IS NOT NULL";

#[async_trait]
impl UploadRepository for SqliteDatabase {
    async fn insert(&self, uploads: Vec<Upload>) -> RepositoryResult<Vec<Recorded>> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut recorded = Vec::with_capacity(uploads.len());
        let mut events = Vec::new();
        for upload in uploads {
            recorded.push(insert_one(&mut transaction, upload, &mut events).await?);
        }
        transaction.commit().await?;
        self.hub.tell(events);
        Ok(recorded)
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        let row: Option<UploadRow> = sqlx::query_as(FIND)
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.map(UploadRow::into_upload).transpose()
    }

    async fn find_many(&self, tenant: &TenantId, ids: &[UploadId]) -> RepositoryResult<Vec<Upload>> {
        listing::find_many(&self.readers, tenant, ids).await
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        let (row, changes) = (UploadRow::of(upload)?, Changes::of(upload));
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        save_row(&mut transaction, row).await?;
        let events = changes.record(&mut transaction).await?;
        transaction.commit().await?;
        self.hub.tell(events);
        upload.saved_as(upload.progress().version.saturating_add(1));
        Ok(())
    }

    async fn list_photos(&self, query: &PhotoQuery<'_>) -> RepositoryResult<PhotoPage> {
        listing::list_photos(&self.readers, query).await
    }

    async fn photo_totals(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<PhotoTotals> {
        listing::photo_totals(&self.readers, tenant, project).await
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        let rows: Vec<UploadRow> =
            sqlx::query_as(PAST_DEADLINE).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        Ok(readable(rows))
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        let rows: Vec<UploadRow> =
            sqlx::query_as(DUE_FOR_CLEANUP).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        Ok(readable(rows))
    }

    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()> {
        sqlx::query(FORGET).bind(tenant.as_str()).bind(id.to_string()).execute(&self.writer).await?;
        Ok(())
    }

    async fn check(&self) -> RepositoryResult<()> {
        sqlx::query("SELECT 1 FROM uploads LIMIT 1").execute(&self.readers).await?;
        Ok(())
    }
}

async fn save_row(connection: &mut SqliteConnection, row: UploadRow) -> RepositoryResult<()> {
    let done = sqlx::query(SAVE)
        .bind(row.client_ref)
        .bind(row.status)
        .bind(row.failure_code)
        .bind(row.failure_detail)
        .bind(row.multipart_id)
        .bind(row.expected_object)
        .bind(row.verified_at)
        .bind(row.etag)
        .bind(row.verified_media_type)
        .bind(row.verified_checksum)
        .bind(row.metadata)
        .bind(row.width)
        .bind(row.height)
        .bind(row.taken_at)
        .bind(row.latitude)
        .bind(row.longitude)
        .bind(row.variants)
        .bind(row.updated_at)
        .bind(row.deadline_at)
        .bind(row.deleted_at)
        .bind(row.cleanup_due_at)
        .bind(row.caption)
        .bind(row.tags)
        .bind(row.status_changes)
        .bind(row.kind)
        .bind(row.taken_local)
        .bind(row.taken_utc)
        .bind(row.tenant)
        .bind(row.id)
        .bind(row.version)
        .execute(connection)
        .await?;
    if done.rows_affected() == 0 {
        return Err(RepositoryError::Stale);
    }
    Ok(())
}

async fn insert_one(
    connection: &mut SqliteConnection,
    mut upload: Upload,
    events: &mut Vec<Event>,
) -> RepositoryResult<Recorded> {
    let row = UploadRow::of(&upload)?;
    let done = sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.tenant)
        .bind(&row.project)
        .bind(row.created_by)
        .bind(&row.client_ref)
        .bind(row.version)
        .bind(row.status)
        .bind(row.failure_code)
        .bind(row.failure_detail)
        .bind(row.filename)
        .bind(row.media_type)
        .bind(row.size_bytes)
        .bind(row.checksum)
        .bind(row.claimed_metadata)
        .bind(row.folder)
        .bind(row.part_size_bytes)
        .bind(row.multipart_id)
        .bind(row.expected_object)
        .bind(row.verified_at)
        .bind(row.etag)
        .bind(row.verified_media_type)
        .bind(row.verified_checksum)
        .bind(row.metadata)
        .bind(row.width)
        .bind(row.height)
        .bind(row.taken_at)
        .bind(row.latitude)
        .bind(row.longitude)
        .bind(row.variants)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.deadline_at)
        .bind(row.deleted_at)
        .bind(row.cleanup_due_at)
        .bind(row.caption)
        .bind(row.tags)
        .bind(row.status_changes)
        .bind(row.kind)
        .bind(row.taken_local)
        .bind(row.taken_utc)
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 1 {
        events.extend(Changes::of(&upload).record(connection).await?);
        upload.saved_as(upload.progress().version);
        return Ok(Recorded::New(upload));
    }
    let existing: UploadRow = sqlx::query_as(FIND_BY_CLIENT_REF)
        .bind(&row.tenant)
        .bind(&row.project)
        .bind(&row.client_ref)
        .fetch_one(connection)
        .await?;
    Ok(Recorded::Existing(existing.into_upload()?))
}
