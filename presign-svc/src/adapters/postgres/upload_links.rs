//! The questions asked of `upload_links`.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, UploadLinkId};

use super::PostgresDatabase;
use crate::adapters::columns::millis;
use crate::adapters::link_row::{LinkRow, ListedLinkRow, limit};
use crate::domain::quota::Usage;
use crate::domain::upload_link::{SecretHash, UploadLink};
use crate::ports::upload_links::UploadLinkRepository;
use crate::ports::uploads::RepositoryResult;

const INSERT: &str = "INSERT INTO upload_links (
    id, secret_hash, tenant, project, label, created_by, max_files, max_bytes, created_at, expires_at, revoked_at
) VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const FIND: &str = "SELECT l.id::text AS id, l.tenant, l.project, l.label, l.created_by, l.max_files, l.max_bytes, l.created_at, l.expires_at, l.revoked_at FROM upload_links l WHERE secret_hash = $1";

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
