//! The questions asked of `uploads`. Each carries the tenant, except the janitor's two.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use time::OffsetDateTime;
use windlass_protocol::{TenantId, UploadId};

use super::SqliteDatabase;
use crate::adapters::upload_row::{UploadRow, millis, status_column};
use crate::domain::upload::Upload;
use crate::ports::uploads::{PhotoQuery, Recorded, RepositoryError, RepositoryResult, UploadRepository};

const FIND: &str = "SELECT * FROM uploads WHERE tenant = ? AND id = ? AND deleted_at IS NULL";

const SAVE: &str = "UPDATE uploads SET
    client_ref = ?, status = ?, failure_code = ?, failure_detail = ?, multipart_id = ?, expected_object = ?,
    verified_at = ?, etag = ?, verified_media_type = ?, verified_checksum = ?, metadata = ?, width = ?,
    height = ?, taken_at = ?, latitude = ?, longitude = ?, variants = ?, updated_at = ?, deleted_at = ?,
    cleanup_due_at = ?, version = version + 1
WHERE tenant = ? AND id = ? AND version = ?";

// The cursor's lower bound is always there, so that one statement and one index serve every page.
const LIST: &str = "SELECT * FROM uploads
WHERE tenant = ?1 AND project = ?2 AND id < ?3 AND verified_at IS NOT NULL AND deleted_at IS NULL
  AND status != 'quarantined' AND (?4 IS NULL OR status = ?4)
ORDER BY id DESC LIMIT ?5";
/// Greater than every UUID's text.
const NEWEST: &str = "g";

const PAST_DEADLINE: &str = "SELECT * FROM uploads
WHERE status = 'pending_upload' AND deadline_at <= ? ORDER BY deadline_at LIMIT ?";

const DUE_FOR_CLEANUP: &str = "SELECT * FROM uploads
WHERE cleanup_due_at IS NOT NULL AND cleanup_due_at <= ? ORDER BY cleanup_due_at LIMIT ?";

const FORGET: &str = "DELETE FROM uploads WHERE tenant = ? AND id = ? AND deleted_at IS NOT NULL";

#[async_trait]
impl UploadRepository for SqliteDatabase {
    async fn insert(&self, uploads: Vec<Upload>) -> RepositoryResult<Vec<Recorded>> {
        self.writer.insert(uploads).await
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        let row: Option<UploadRow> = sqlx::query_as(FIND)
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.map(UploadRow::into_upload).transpose()
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        let row = UploadRow::of(upload)?;
        self.writer.write(move |connection| Box::pin(save(connection, row))).await?;
        upload.saved_as(upload.progress().version.saturating_add(1));
        Ok(())
    }

    async fn list_photos(&self, query: &PhotoQuery<'_>) -> RepositoryResult<Vec<Upload>> {
        let before = query.before.map_or_else(|| NEWEST.to_owned(), |id| id.to_string());
        let rows: Vec<UploadRow> = sqlx::query_as(LIST)
            .bind(query.tenant.as_str())
            .bind(query.project.as_str())
            .bind(before)
            .bind(query.status.map(status_column))
            .bind(query.limit)
            .fetch_all(&self.readers)
            .await?;
        rows.into_iter().map(UploadRow::into_upload).collect()
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        let rows: Vec<UploadRow> =
            sqlx::query_as(PAST_DEADLINE).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        rows.into_iter().map(UploadRow::into_upload).collect()
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        let rows: Vec<UploadRow> =
            sqlx::query_as(DUE_FOR_CLEANUP).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        rows.into_iter().map(UploadRow::into_upload).collect()
    }

    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()> {
        let (tenant, id) = (tenant.to_string(), id.to_string());
        self.writer.write(move |connection| Box::pin(forget(connection, tenant, id))).await
    }

    async fn check(&self) -> RepositoryResult<()> {
        sqlx::query("SELECT 1 FROM uploads LIMIT 1").execute(&self.readers).await?;
        Ok(())
    }
}

async fn save(connection: &mut SqliteConnection, row: UploadRow) -> RepositoryResult<()> {
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
        .bind(row.deleted_at)
        .bind(row.cleanup_due_at)
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

async fn forget(connection: &mut SqliteConnection, tenant: String, id: String) -> RepositoryResult<()> {
    sqlx::query(FORGET).bind(tenant).bind(id).execute(connection).await?;
    Ok(())
}
