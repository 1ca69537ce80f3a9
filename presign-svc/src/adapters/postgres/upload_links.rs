//! The questions asked of `upload_links`.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::PostgresDatabase;
use crate::adapters::columns::{ids_of, millis};
use crate::adapters::link_row::{LinkRow, ListedLinkRow, limit};
use crate::domain::quota::Usage;
use crate::domain::upload_link::{SecretHash, UploadLink, subject_of};
use crate::ports::upload_links::UploadLinkRepository;
use crate::ports::uploads::RepositoryResult;

const INSERT: &str = "INSERT INTO upload_links (
    id, secret_hash, tenant, project, label, created_by, max_files, max_bytes, created_at, expires_at, revoked_at
) VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const FIND: &str = "SELECT l.id::text AS id, l.tenant, l.project, l.label, l.created_by, l.max_files, l.max_bytes, l.created_at, l.expires_at, l.revoked_at FROM upload_links l WHERE secret_hash = $1";

const IS_REVOKED: &str =
    "SELECT 1 FROM upload_links WHERE tenant = $1 AND id = $2::text::uuid AND revoked_at IS NOT NULL";

// By the index of what waits for its bytes, which is little beside all that a company has sent.
pub(in crate::adapters) const OPEN_UPLOADS: &str = "SELECT id::text FROM uploads
WHERE status = 'pending_upload' AND least(coalesce(look_due_at, created_at + 120000), deadline_at) >= 0
    AND tenant = $1 AND project = $2 AND created_by = $3";

const LIST: &str = "SELECT l.id::text AS id, l.tenant, l.project, l.label, l.created_by, l.max_files, l.max_bytes, l.created_at, l.expires_at, l.revoked_at,
    coalesce(open_files, 0) AS open_files, coalesce(open_bytes, 0) AS open_bytes,
    coalesce(stored_files, 0) AS stored_files, coalesce(stored_bytes, 0) AS stored_bytes
FROM upload_links l LEFT JOIN usage u ON u.tenant = l.tenant AND u.holder = 'link' AND u.name = l.id::text
WHERE l.tenant = $1 AND l.project = $2 ORDER BY l.id DESC LIMIT $3";

const REVOKE: &str = "UPDATE upload_links SET revoked_at = coalesce(revoked_at, $1)
WHERE tenant = $2 AND project = $3 AND id = $4::text::uuid";

#[async_trait]
impl UploadLinkRepository for PostgresDatabase {
    async fn insert(&self, link: &UploadLink, secret: SecretHash) -> RepositoryResult<()> {
        sqlx::query(INSERT)
            .bind(link.id.to_string())
            .bind(&secret.0[..])
            .bind(link.tenant.as_str())
            .bind(link.project.as_str())
            .bind(&link.label)
            .bind(&link.created_by)
            .bind(limit(link.max_files))
            .bind(limit(link.max_bytes))
            .bind(millis(link.created_at))
            .bind(millis(link.expires_at))
            .bind(link.revoked_at.map(millis))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn find_by_secret(&self, secret: SecretHash) -> RepositoryResult<Option<UploadLink>> {
        let row: Option<LinkRow> =
            sqlx::query_as(FIND).bind(&secret.0[..]).fetch_optional(&self.pool).await?;
        row.map(LinkRow::into_link).transpose()
    }

    async fn is_revoked(&self, tenant: &TenantId, id: UploadLinkId) -> RepositoryResult<bool> {
        let found = sqlx::query(IS_REVOKED).bind(tenant.as_str()).bind(id.to_string());
        Ok(found.fetch_optional(&self.pool).await?.is_some())
    }

    async fn open_uploads(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        id: UploadLinkId,
    ) -> RepositoryResult<Vec<UploadId>> {
        let open = sqlx::query_scalar(OPEN_UPLOADS)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .bind(subject_of(id));
        ids_of(open.fetch_all(&self.pool).await?)
    }

    async fn list(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        limit: u32,
    ) -> RepositoryResult<Vec<(UploadLink, Usage)>> {
        let rows: Vec<ListedLinkRow> = sqlx::query_as(LIST)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(ListedLinkRow::into_listed).collect()
    }

    async fn revoke(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        id: UploadLinkId,
        now: OffsetDateTime,
    ) -> RepositoryResult<bool> {
        let done = sqlx::query(REVOKE)
            .bind(millis(now))
            .bind(tenant.as_str())
            .bind(project.as_str())
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
