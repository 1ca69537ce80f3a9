//! The questions asked of `upload_links`.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId, UploadLinkId};

use super::SqliteDatabase;
use crate::adapters::columns::millis;
use crate::adapters::link_row::{LinkRow, ListedLinkRow, limit};
use crate::domain::quota::Usage;
use crate::domain::upload_link::{SecretHash, UploadLink};
use crate::ports::upload_links::UploadLinkRepository;
use crate::ports::uploads::RepositoryResult;

const INSERT: &str = "INSERT INTO upload_links (
    id, secret_hash, tenant, project, label, created_by, max_files, max_bytes, created_at, expires_at, revoked_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const FIND: &str = "SELECT l.* FROM upload_links l WHERE secret_hash = ?";

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
