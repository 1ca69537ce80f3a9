//! The questions asked of `uploads`. Each carries the tenant, except those of the jobs.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use time::OffsetDateTime;
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::{SqliteDatabase, changes, usage};
use crate::adapters::changes::Changes;
use crate::adapters::columns::{ids_of, millis, place_columns};
use crate::adapters::listing::{found_in, in_order, readable, readable_due, totals_of};
use crate::adapters::same_content::{answers_to, checksums_of, names_of};
use crate::adapters::upload_row::{FORGET_CLOSED_BEFORE, PUT_OFF_DUE, UploadRow};
use crate::domain::quota::{Allowance, InUse};
use crate::domain::upload::Upload;
use crate::ports::events::Heard;
use crate::ports::uploads::{
    Content, FoundRecords, KnownPhotos, Look, Owner, PhotoPage, PhotoPlace, PhotoQuery, PhotosInOrder,
    Recorded, RepositoryError, RepositoryResult, UploadRepository,
};

const FIND: &str = "SELECT * FROM uploads WHERE tenant = ? AND id = ? AND deleted_at IS NULL";

static SAVE: LazyLock<String> = LazyLock::new(|| UploadRow::save_statement(""));

/// Of a file that was announced without its size: what is reserved becomes what is stored.
const SETTLE_SIZE: &str = "UPDATE uploads SET verified_size_bytes = ?, charged_bytes = ?
WHERE tenant = ? AND id = ? AND charged_bytes != ?";

const FIND_MANY: &str = "SELECT * FROM uploads
WHERE tenant = ? AND id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL";

// By its content: of all that somebody has sent there is much more. The newest: where the bucket has lost one, the one that
// was sent in its place.
pub(in crate::adapters) const FIND_SAME: &str = "SELECT * FROM uploads WHERE id IN (
    SELECT max(id) FROM uploads
    WHERE tenant = ? AND project = ? AND +created_by = ?
        AND verified_checksum IN (SELECT value FROM json_each(?))
        AND verified_at IS NOT NULL AND deleted_at IS NULL AND status != 'quarantined'
    GROUP BY verified_checksum, coalesce(verified_size_bytes, size_bytes)
)";

const TAKEN: &str = "SELECT client_ref FROM uploads
WHERE tenant = ? AND project = ? AND client_ref IN (SELECT value FROM json_each(?))";

const TOTALS: &str = "SELECT status, photos FROM photo_totals WHERE tenant = ? AND project = ?";

/// When a pending upload is looked for next, as the index `uploads_by_look` has it.
macro_rules! look_due {
    () => {
        "min(coalesce(look_due_at, created_at + 120000), deadline_at)"
    };
}

const PAST_DEADLINE: &str = concat!(
    "SELECT * FROM uploads WHERE status = 'pending_upload' AND ",
    look_due!(),
    " <= ?1 AND deadline_at <= ?1 ORDER BY ",
    look_due!(),
    " LIMIT ?2"
);

const DUE_FOR_LOOK: &str = concat!(
    "SELECT * FROM uploads WHERE status = 'pending_upload' AND ",
    look_due!(),
    " <= ?1 AND deadline_at > ?1 ORDER BY ",
    look_due!(),
    " LIMIT ?2 OFFSET ?3"
);

const PUT_OFF_LOOKS: &str = concat!(
    "UPDATE uploads SET look_due_at = asked.value ->> 'next_at' FROM json_each(?) AS asked
     WHERE uploads.id = asked.value ->> 'upload' AND status = 'pending_upload' AND ",
    look_due!(),
    " = asked.value ->> 'due_at' RETURNING uploads.id"
);

const DUE_FOR_CLEANUP: &str = "SELECT * FROM uploads
WHERE cleanup_due_at IS NOT NULL AND cleanup_due_at <= ? ORDER BY cleanup_due_at LIMIT ?";

static PUT_OFF: LazyLock<String> =
    LazyLock::new(|| format!("{PUT_OFF_DUE} (SELECT value FROM json_each($2))"));

const FIND_RECORDED: &str = "SELECT * FROM uploads WHERE id IN (SELECT value FROM json_each(?))";

const PHOTOS_AFTER: &str = "SELECT * FROM uploads
WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND (tenant, project, id) > (?, ?, ?)
ORDER BY tenant, project, id LIMIT ?";

const DUE_FOR_ASSEMBLY: &str = "SELECT uploads.* FROM uploads JOIN (
    SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY assembly_due_at) AS place FROM uploads
    WHERE assembly_due_at IS NOT NULL AND assembly_due_at <= ?
    ORDER BY place, assembly_due_at LIMIT ? OFFSET ?
) AS due ON due.id = uploads.id ORDER BY place, assembly_due_at";

const FORGET: &str = "DELETE FROM uploads WHERE tenant = ? AND id = ? AND deleted_at IS NOT NULL";

#[async_trait]
impl UploadRepository for SqliteDatabase {
    async fn insert(&self, uploads: Vec<Upload>, allowance: &Allowance) -> RepositoryResult<Vec<Recorded>> {
        self.writer.insert(uploads, allowance.clone()).await
    }

    async fn in_use(&self, tenant: &TenantId, link: Option<UploadLinkId>) -> RepositoryResult<InUse> {
        usage::in_use(&self.readers, tenant, link).await
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        let row: Option<UploadRow> = sqlx::query_as(FIND)
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.map(UploadRow::into_upload).transpose()
    }

    async fn find_same(&self, owner: &Owner<'_>, asked: &[Content]) -> RepositoryResult<Vec<Option<Upload>>> {
        let (tenant, project) = (owner.tenant.as_str(), owner.project.as_str());
        let checksums = serde_json::Value::from(checksums_of(asked)).to_string();
        let found = sqlx::query_as(FIND_SAME).bind(tenant).bind(project).bind(owner.subject).bind(checksums);
        let photos = readable(found.fetch_all(&self.readers).await?);
        if photos.is_empty() {
            return Ok(vec![None; asked.len()]);
        }
        let names = serde_json::Value::from(names_of(asked)).to_string();
        let taken = sqlx::query_scalar(TAKEN).bind(tenant).bind(project).bind(names);
        let taken: Vec<String> = taken.fetch_all(&self.readers).await?;
        Ok(answers_to(asked, &photos, &taken.into_iter().collect()))
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        let (row, changes) = (UploadRow::of(upload)?, Changes::if_any(upload));
        self.writer.write(move |connection| save(connection, &row, changes)).await?;
        if !upload.news().is_empty() {
            let facts = upload.facts();
            // Where nobody listens nobody watches.
            let _ = self.heard.send(Heard::Project(facts.tenant.clone(), facts.project.clone()));
        }
        upload.saved_as(upload.progress().version.saturating_add(1));
        Ok(())
    }

    async fn find_many(&self, tenant: &TenantId, ids: &[UploadId]) -> RepositoryResult<Vec<Upload>> {
        let ids = serde_json::Value::from(ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        let rows: Vec<UploadRow> = sqlx::query_as(FIND_MANY)
            .bind(tenant.as_str())
            .bind(ids.to_string())
            .fetch_all(&self.readers)
            .await?;
        Ok(readable(rows))
    }

    async fn list_photos(
        &self,
        query: &PhotoQuery<'_>,
        known: &Arc<dyn KnownPhotos>,
    ) -> RepositoryResult<PhotoPage> {
        self.lists.page(query, known).await
    }

    async fn photo_totals(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<PhotoTotals> {
        let rows = sqlx::query_as(TOTALS).bind(tenant.as_str()).bind(project.as_str());
        Ok(totals_of(rows.fetch_all(&self.readers).await?))
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        let rows: Vec<UploadRow> =
            sqlx::query_as(PAST_DEADLINE).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        found_in(rows)
    }

    async fn due_for_look(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        readable_due(limit, |offset| due(&self.readers, DUE_FOR_LOOK, now, (limit, offset))).await
    }

    async fn put_off_looks(&self, looks: &[Look]) -> RepositoryResult<Vec<UploadId>> {
        if looks.is_empty() {
            return Ok(Vec::new());
        }
        let looks: serde_json::Value = looks
            .iter()
            .map(|look| {
                let (due_at, next_at) = (millis(look.due_at), millis(look.next_at));
                serde_json::json!({"upload": look.upload.to_string(), "due_at": due_at, "next_at": next_at})
            })
            .collect();
        self.writer.write(move |connection| put_off_looks(connection, &looks.to_string())).await
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        let rows: Vec<UploadRow> =
            sqlx::query_as(DUE_FOR_CLEANUP).bind(millis(now)).bind(limit).fetch_all(&self.readers).await?;
        found_in(rows)
    }

    async fn put_off_due(&self, ids: &[UploadId], until: OffsetDateTime) -> RepositoryResult<()> {
        let ids = serde_json::Value::from(ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        self.writer.write(move |connection| put_off_due(connection, &ids.to_string(), millis(until))).await
    }

    async fn find_recorded(&self, ids: &[UploadId]) -> RepositoryResult<FoundRecords> {
        let ids = serde_json::Value::from(ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        let rows: Vec<UploadRow> =
            sqlx::query_as(FIND_RECORDED).bind(ids.to_string()).fetch_all(&self.readers).await?;
        found_in(rows)
    }

    async fn photos_after(&self, after: Option<&PhotoPlace>, limit: u32) -> RepositoryResult<PhotosInOrder> {
        let (tenant, project, id) = place_columns(after);
        let rows: Vec<UploadRow> = sqlx::query_as(PHOTOS_AFTER)
            .bind(tenant)
            .bind(project)
            .bind(id)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        Ok(in_order(rows))
    }

    async fn due_for_assembly(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        readable_due(limit, |offset| due(&self.readers, DUE_FOR_ASSEMBLY, now, (limit, offset))).await
    }

    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()> {
        let (tenant, id) = (tenant.to_string(), id.to_string());
        self.writer.write(move |connection| forget(connection, &tenant, &id)).await
    }

    async fn forget_closed_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        let time = millis(time);
        self.writer.write(move |connection| forget_closed_before(connection, time, limit)).await
    }

    async fn check(&self) -> RepositoryResult<()> {
        sqlx::query("SELECT 1 FROM uploads LIMIT 1").execute(&self.readers).await?;
        self.writer.check()
    }
}

async fn due(
    readers: &SqlitePool,
    statement: &'static str,
    now: OffsetDateTime,
    (limit, offset): (u32, u32),
) -> RepositoryResult<Vec<UploadRow>> {
    let asked = sqlx::query_as(statement).bind(millis(now)).bind(limit).bind(offset);
    Ok(asked.fetch_all(readers).await?)
}

fn save(connection: &Connection, row: &UploadRow, changes: Option<Changes>) -> RepositoryResult<()> {
    let mut statement = connection.prepare_cached(&SAVE)?;
    row.bind_change_to_sqlite(&mut statement)?;
    if statement.raw_execute()? == 0 {
        return Err(RepositoryError::Stale);
    }
    if let Some(size) = row.verified_size_bytes {
        let charged = row.charged_bytes;
        connection
            .prepare_cached(SETTLE_SIZE)?
            .execute(params![size, charged, row.tenant, row.id, charged])?;
    }
    match changes {
        Some(changes) => changes::record(connection, changes),
        None => Ok(()),
    }
}

fn put_off_looks(connection: &Connection, looks: &str) -> RepositoryResult<Vec<UploadId>> {
    let mut put_off = connection.prepare_cached(PUT_OFF_LOOKS)?;
    let ids = put_off.query_map([looks], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    ids_of(ids)
}

fn put_off_due(connection: &Connection, ids: &str, until: i64) -> RepositoryResult<()> {
    connection.prepare_cached(&PUT_OFF)?.execute(params![until, ids])?;
    Ok(())
}

fn forget(connection: &Connection, tenant: &str, id: &str) -> RepositoryResult<()> {
    connection.prepare_cached(FORGET)?.execute([tenant, id])?;
    Ok(())
}

fn forget_closed_before(connection: &Connection, time: i64, limit: u32) -> RepositoryResult<u64> {
    Ok(connection.prepare_cached(FORGET_CLOSED_BEFORE)?.execute(params![time, limit])? as u64)
}
