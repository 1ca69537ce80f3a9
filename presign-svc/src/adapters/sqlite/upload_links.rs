//! The questions asked of `upload_links`.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::SqliteDatabase;
use crate::adapters::columns::{ids_of, millis};
use crate::adapters::link_row::{LinkRow, ListedLinkRow, limit};
use crate::domain::quota::Usage;
use crate::domain::upload_link::{SecretHash, UploadLink, subject_of};
use crate::ports::upload_links::UploadLinkRepository;
use crate::ports::uploads::RepositoryResult;

const INSERT: &str = "INSERT INTO upload_links (
    id, secret_hash, tenant, project, label, created_by, max_files, max_bytes, created_at, expires_at, revoked_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const FIND: &str = "SELECT l.* FROM upload_links l WHERE secret_hash = ?";

const IS_REVOKED: &str = "SELECT 1 FROM upload_links WHERE tenant = ? AND id = ? AND revoked_at IS NOT NULL";

// By the index of what waits for its bytes, which is little beside all that a company has sent.
pub(in crate::adapters) const OPEN_UPLOADS: &str = "SELECT id FROM uploads
WHERE status = 'pending_upload' AND min(coalesce(look_due_at, created_at + 120000), deadline_at) >= 0
    AND +tenant = ? AND +project = ? AND +created_by = ?";

const LIST: &str = "SELECT l.*,
    coalesce(open_files, 0) AS open_files, coalesce(open_bytes, 0) AS open_bytes,
    coalesce(stored_files, 0) AS stored_files, coalesce(stored_bytes, 0) AS stored_bytes
FROM upload_links l LEFT JOIN usage u ON u.tenant = l.tenant AND u.holder = 'link' AND u.name = l.id
WHERE l.tenant = ? AND l.project = ? ORDER BY l.id DESC LIMIT ?";

const REVOKE: &str = "UPDATE upload_links SET revoked_at = coalesce(revoked_at, ?)
WHERE tenant = ? AND project = ? AND id = ?";

#[async_trait]
impl UploadLinkRepository for SqliteDatabase {
    async fn insert(&self, link: &UploadLink, secret: SecretHash) -> RepositoryResult<()> {
        let link = link.clone();
        self.writer.write(move |connection| insert(connection, &link, secret)).await
    }

    async fn find_by_secret(&self, secret: SecretHash) -> RepositoryResult<Option<UploadLink>> {
        let row: Option<LinkRow> =
            sqlx::query_as(FIND).bind(&secret.0[..]).fetch_optional(&self.readers).await?;
        row.map(LinkRow::into_link).transpose()
    }

    async fn is_revoked(&self, tenant: &TenantId, id: UploadLinkId) -> RepositoryResult<bool> {
        let found = sqlx::query(IS_REVOKED).bind(tenant.as_str()).bind(id.to_string());
        Ok(found.fetch_optional(&self.readers).await?.is_some())
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
        ids_of(open.fetch_all(&self.readers).await?)
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
            .fetch_all(&self.readers)
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
        let (tenant, project, id) = (tenant.to_string(), project.to_string(), id.to_string());
        self.writer.write(move |connection| revoke(connection, [tenant, project, id], now)).await
    }
}

fn insert(connection: &Connection, link: &UploadLink, secret: SecretHash) -> RepositoryResult<()> {
    connection.prepare_cached(INSERT)?.execute(params![
        link.id.to_string(),
        &secret.0[..],
        link.tenant.as_str(),
        link.project.as_str(),
        link.label,
        link.created_by,
        limit(link.max_files),
        limit(link.max_bytes),
        millis(link.created_at),
        millis(link.expires_at),
        link.revoked_at.map(millis),
    ])?;
    Ok(())
}

fn revoke(
    connection: &Connection,
    [tenant, project, id]: [String; 3],
    now: OffsetDateTime,
) -> RepositoryResult<bool> {
    Ok(connection.prepare_cached(REVOKE)?.execute(params![millis(now), tenant, project, id])? > 0)
}
