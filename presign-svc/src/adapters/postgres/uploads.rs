//! The questions asked of `uploads`. Each carries the tenant, except the janitor's two.

use std::sync::LazyLock;

use async_trait::async_trait;
use sqlx::PgPool;
use time::OffsetDateTime;
use windlass_protocol::{TenantId, UploadId};

use super::PostgresDatabase;
use crate::adapters::upload_row::{UploadRow, millis, status_column};
use crate::domain::upload::Upload;
use crate::failpoints;
use crate::ports::uploads::{PhotoQuery, Recorded, RepositoryError, RepositoryResult, UploadRepository};

/// `SELECT` with the columns as the row has them, and the rest of a statement.
macro_rules! select {
    ($rest:literal) => {
        LazyLock::new(|| {
            let columns: Vec<String> = UploadRow::COLUMNS
                .iter()
                .map(|(name, kind)| match *kind {
                    "uuid" => format!("{name}::text AS {name}"),
                    _ => (*name).to_owned(),
                })
                .collect();
            format!("SELECT {} FROM uploads {}", columns.join(", "), $rest)
        })
    };
}

static FIND: LazyLock<String> = select!("WHERE tenant = $1 AND id = $2::uuid AND deleted_at IS NULL");

static FIND_BY_CLIENT_REF: LazyLock<String> =
    select!("WHERE tenant = $1 AND project = $2 AND client_ref = $3");

// The cursor's upper bound is always there, so that one statement and one index serve every page.
static LIST: LazyLock<String> = select!(
    "WHERE tenant = $1 AND project = $2 AND id < $3::uuid AND verified_at IS NOT NULL AND deleted_at IS NULL
       AND status != 'quarantined' AND ($4::text IS NULL OR status = $4)
     ORDER BY uploads.id DESC LIMIT $5"
);
/// Greater than every UUID of version 7.
const NEWEST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

static PAST_DEADLINE: LazyLock<String> =
    select!("WHERE status = 'pending_upload' AND deadline_at <= $1 ORDER BY deadline_at LIMIT $2");

static DUE_FOR_CLEANUP: LazyLock<String> =
    select!("WHERE cleanup_due_at IS NOT NULL AND cleanup_due_at <= $1 ORDER BY cleanup_due_at LIMIT $2");

const SAVE: &str = "UPDATE uploads SET
    client_ref = $1, status = $2, failure_code = $3, failure_detail = $4, multipart_id = $5,
    expected_object = $6, verified_at = $7, etag = $8, verified_media_type = $9, verified_checksum = $10,
    metadata = $11, width = $12, height = $13, taken_at = $14, latitude = $15, longitude = $16,
    variants = $17, updated_at = $18, deleted_at = $19, cleanup_due_at = $20, version = version + 1
WHERE tenant = $21 AND id = $22::uuid AND version = $23";

const FORGET: &str = "DELETE FROM uploads WHERE tenant = $1 AND id = $2::uuid AND deleted_at IS NOT NULL";

#[async_trait]
impl UploadRepository for PostgresDatabase {
    async fn insert(&self, uploads: Vec<Upload>) -> RepositoryResult<Vec<Recorded>> {
        self.inserts.record(uploads).await
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        let row: Option<UploadRow> = sqlx::query_as(FIND.as_str())
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.map(UploadRow::into_upload).transpose()
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        let row = UploadRow::of(upload)?;
        failpoints::reach("save::before_commit");
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
            .execute(&self.pool)
            .await?;
        failpoints::reach("save::after_commit");
        if done.rows_affected() == 0 {
            return Err(RepositoryError::Stale);
        }
        upload.saved_as(upload.progress().version.saturating_add(1));
        Ok(())
    }

    async fn list_photos(&self, query: &PhotoQuery<'_>) -> RepositoryResult<Vec<Upload>> {
        let before = query.before.map_or_else(|| NEWEST.to_owned(), |id| id.to_string());
        let rows: Vec<UploadRow> = sqlx::query_as(LIST.as_str())
            .bind(query.tenant.as_str())
            .bind(query.project.as_str())
            .bind(before)
            .bind(query.status.map(status_column))
            .bind(i64::from(query.limit))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(UploadRow::into_upload).collect()
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        due(&self.pool, PAST_DEADLINE.as_str(), now, limit).await
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        due(&self.pool, DUE_FOR_CLEANUP.as_str(), now, limit).await
    }

    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()> {
        sqlx::query(FORGET).bind(tenant.as_str()).bind(id.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    async fn check(&self) -> RepositoryResult<()> {
        sqlx::query("SELECT 1 FROM uploads LIMIT 1").execute(&self.pool).await?;
        Ok(())
    }
}

async fn due(
    pool: &PgPool,
    statement: &'static str,
    now: OffsetDateTime,
    limit: u32,
) -> RepositoryResult<Vec<Upload>> {
    let rows: Vec<UploadRow> =
        sqlx::query_as(statement).bind(millis(now)).bind(i64::from(limit)).fetch_all(pool).await?;
    rows.into_iter().map(UploadRow::into_upload).collect()
}

/// The upload that has this one's `client_ref`, if there is one.
pub(super) async fn find_by_client_ref(pool: &PgPool, upload: &Upload) -> RepositoryResult<Option<Upload>> {
    let (facts, client_ref) = (upload.facts(), upload.progress().client_ref.as_ref());
    let row: Option<UploadRow> = sqlx::query_as(FIND_BY_CLIENT_REF.as_str())
        .bind(facts.tenant.as_str())
        .bind(facts.project.as_str())
        .bind(client_ref.map(ToString::to_string))
        .fetch_optional(pool)
        .await?;
    row.map(UploadRow::into_upload).transpose()
}
