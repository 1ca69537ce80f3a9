//! The questions asked of `uploads`. Each carries the tenant, except those of the jobs.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use sqlx::postgres::PgArguments;
use sqlx::{AssertSqlSafe, Connection as _, FromRow as _, PgConnection, Row as _};
use time::OffsetDateTime;
use tokio::time::timeout;
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::bounded::{BoundedPool, PATIENCE};
use super::insert::Insert;
use super::{PostgresDatabase, changes, usage};
use crate::adapters::changes::Changes;
use crate::adapters::columns::{ids_of, millis, place_columns};
use crate::adapters::listing::{
    Dialect, Engine, PageRow, RowMark, Search, Statement, arguments, found_in, in_order, page_of, readable,
    readable_due, totals_of,
};
use crate::adapters::same_content::{answers_to, checksums_of, names_of};
use crate::adapters::upload_row::{FORGET_CLOSED_BEFORE, PUT_OFF_DUE, UploadRow};
use crate::domain::quota::{Allowance, InUse};
use crate::domain::upload::{Upload, UploadState};
use crate::failpoints;
use crate::ports::uploads::{
    Content, FoundRecords, KnownPhotos, Look, Owner, PhotoPage, PhotoPlace, PhotoQuery, PhotosInOrder,
    Recorded, RepositoryError, RepositoryResult, UploadRepository,
};

/// The columns of `uploads u`, as a row has them.
pub(super) fn columns() -> String {
    let columns: Vec<String> = UploadRow::COLUMNS
        .iter()
        .map(|(name, kind)| match *kind {
            "uuid" => format!("u.{name}::text AS {name}"),
            _ => format!("u.{name}"),
        })
        .collect();
    columns.join(", ")
}

/// `SELECT` with those columns, and the rest of a statement.
macro_rules! select {
    ($rest:literal) => {
        LazyLock::new(|| format!("SELECT {} FROM uploads u {}", columns(), $rest))
    };
}

static FIND: LazyLock<String> = select!("WHERE tenant = $1 AND id = $2::uuid AND deleted_at IS NULL");

static FIND_MANY: LazyLock<String> =
    select!("WHERE tenant = $1 AND id = ANY($2::text[]::uuid[]) AND deleted_at IS NULL");

// By its content: of all that somebody has sent there is much more, so the index of senders must not see its column. The
// newest: where the bucket has lost one, the one that was sent in its place.
pub(in crate::adapters) static FIND_SAME: LazyLock<String> = LazyLock::new(|| {
    let size = "coalesce(verified_size_bytes, size_bytes)";
    format!(
        "SELECT DISTINCT ON (verified_checksum, {size}) {} FROM uploads u
         WHERE tenant = $1 AND project = $2 AND created_by || '' = $3 AND verified_checksum = ANY($4)
             AND verified_at IS NOT NULL AND deleted_at IS NULL AND status != 'quarantined'
         ORDER BY verified_checksum, {size}, u.id DESC",
        columns()
    )
});

const TAKEN: &str =
    "SELECT client_ref FROM uploads WHERE tenant = $1 AND project = $2 AND client_ref = ANY($3)";

static COLUMNS: LazyLock<String> = LazyLock::new(columns);

const TOTALS: &str = "SELECT status, photos FROM photo_totals WHERE tenant = $1 AND project = $2";

/// When a pending upload is looked for next, as the index `uploads_by_look` has it.
const LOOK_DUE: &str = "least(coalesce(look_due_at, created_at + 120000), deadline_at)";

static PAST_DEADLINE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM uploads u WHERE status = 'pending_upload' AND {LOOK_DUE} <= $1 AND deadline_at <= $1
         ORDER BY {LOOK_DUE} LIMIT $2",
        columns()
    )
});

static DUE_FOR_LOOK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM uploads u WHERE status = 'pending_upload' AND {LOOK_DUE} <= $1 AND deadline_at > $1
         ORDER BY {LOOK_DUE} LIMIT $2 OFFSET $3",
        columns()
    )
});

/// What somebody else is just changing is left to them.
static PUT_OFF_LOOKS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH free AS MATERIALIZED (
             SELECT id FROM uploads WHERE id = ANY($1::text[]::uuid[]) FOR UPDATE SKIP LOCKED
         )
         UPDATE uploads SET look_due_at = asked.next_at
         FROM UNNEST($1::text[]::uuid[], $2::bigint[], $3::bigint[]) AS asked(id, due_at, next_at)
         WHERE uploads.id = asked.id AND uploads.id IN (SELECT id FROM free)
             AND status = 'pending_upload' AND {LOOK_DUE} = asked.due_at
         RETURNING uploads.id::text"
    )
});

static DUE_FOR_CLEANUP: LazyLock<String> =
    select!("WHERE cleanup_due_at IS NOT NULL AND cleanup_due_at <= $1 ORDER BY cleanup_due_at LIMIT $2");

static PUT_OFF: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{PUT_OFF_DUE} (SELECT id FROM uploads WHERE id = ANY($2::text[]::uuid[]) FOR UPDATE SKIP LOCKED)"
    )
});

static FIND_RECORDED: LazyLock<String> = select!("WHERE id = ANY($1::text[]::uuid[])");

static PHOTOS_AFTER: LazyLock<String> = select!(
    "WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND (tenant, project, id) > ($1, $2, $3::uuid)
     ORDER BY tenant, project, u.id LIMIT $4"
);

static DUE_FOR_ASSEMBLY: LazyLock<String> = select!(
    "JOIN (
         SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY assembly_due_at) AS place FROM uploads
         WHERE assembly_due_at IS NOT NULL AND assembly_due_at <= $1
         ORDER BY place, assembly_due_at LIMIT $2 OFFSET $3
     ) AS due ON due.id = u.id ORDER BY place, assembly_due_at"
);

static SAVE: LazyLock<String> = LazyLock::new(|| UploadRow::save_statement("::uuid"));

/// A change that may settle or give back what an upload has reserved.
static SETTLE: LazyLock<String> = LazyLock::new(|| {
    let (set, of_row) = SAVE.split_once("WHERE").unwrap_or((SAVE.as_str(), ""));
    let tenant = UploadRow::SAVED.len() + 1;
    // The tenant's usage is locked before the upload is, as by those who add uploads.
    format!(
        "WITH held AS MATERIALIZED (SELECT 1 FROM usage WHERE tenant = ${tenant} AND holder = 'tenant' FOR UPDATE)
         {set} FROM (SELECT count(*) FROM held) AS first WHERE {of_row}"
    )
});

/// Of a file that was announced without its size: what is reserved becomes what is stored. Its tenant's usage
/// is locked by the change that goes before, in the same transaction.
const SETTLE_SIZE: &str = "UPDATE uploads SET verified_size_bytes = $1, charged_bytes = $2
WHERE tenant = $3 AND id = $4::uuid AND charged_bytes != $2";

const FORGET: &str = "DELETE FROM uploads WHERE tenant = $1 AND id = $2::uuid AND deleted_at IS NOT NULL";

#[async_trait]
impl UploadRepository for PostgresDatabase {
    async fn insert(&self, uploads: Vec<Upload>, allowance: &Allowance) -> RepositoryResult<Vec<Recorded>> {
        self.inserts.ask(Insert { uploads, allowance: allowance.clone() }).await?
    }

    async fn in_use(&self, tenant: &TenantId, link: Option<UploadLinkId>) -> RepositoryResult<InUse> {
        usage::in_use(&self.pool, tenant, link).await
    }

    async fn find(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<Option<Upload>> {
        let row: Option<UploadRow> = sqlx::query_as(FIND.as_str())
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.map(UploadRow::into_upload).transpose()
    }

    async fn find_many(&self, tenant: &TenantId, ids: &[UploadId]) -> RepositoryResult<Vec<Upload>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows: Vec<UploadRow> =
            sqlx::query_as(FIND_MANY.as_str()).bind(tenant.as_str()).bind(ids).fetch_all(&self.pool).await?;
        Ok(readable(rows))
    }

    async fn find_same(&self, owner: &Owner<'_>, asked: &[Content]) -> RepositoryResult<Vec<Option<Upload>>> {
        let (tenant, project) = (owner.tenant.as_str(), owner.project.as_str());
        let found = sqlx::query_as(FIND_SAME.as_str()).bind(tenant).bind(project).bind(owner.subject);
        let photos = readable(found.bind(checksums_of(asked)).fetch_all(&self.pool).await?);
        if photos.is_empty() {
            return Ok(vec![None; asked.len()]);
        }
        let taken = sqlx::query_scalar(TAKEN).bind(tenant).bind(project).bind(names_of(asked));
        let taken: Vec<String> = taken.fetch_all(&self.pool).await?;
        Ok(answers_to(asked, &photos, &taken.into_iter().collect()))
    }

    async fn save(&self, upload: &mut Upload) -> RepositoryResult<()> {
        let (row, changes) = (UploadRow::of(upload)?, Changes::if_any(upload));
        let is_open = *upload.state() == UploadState::Pending && upload.progress().deleted_at.is_none();
        let statement = if is_open { SAVE.as_str() } else { SETTLE.as_str() };
        let mut held = self.pool.acquire().await?;
        let saved = timeout(PATIENCE, save(held.connection()?, row, statement, changes)).await;
        held.end(saved)?;
        failpoints::reach("save::after_commit");
        if !upload.news().is_empty() {
            self.announcements.tell(&upload.facts().tenant, &upload.facts().project);
        }
        upload.saved_as(upload.progress().version.saturating_add(1));
        Ok(())
    }

    async fn list_photos(
        &self,
        query: &PhotoQuery<'_>,
        known: &Arc<dyn KnownPhotos>,
    ) -> RepositoryResult<PhotoPage> {
        let dialect = Dialect { columns: COLUMNS.as_str(), engine: Engine::Postgres };
        let mut search = Search::of(*query, &dialect);
        while let Some(Statement { sql, values }) = search.question() {
            let asked = sqlx::query_with(AssertSqlSafe(sql), arguments::<PgArguments>(values)?);
            let rows = asked.fetch_all(&self.pool).await?;
            let values = rows.iter().flat_map(|row| (0..row.len()).map(|index| row.try_get(index)));
            search.answer(values.collect::<Result<_, _>>()?);
        }
        let mut rows = Vec::new();
        for Statement { sql, values } in search.page() {
            let asked = sqlx::query_with(AssertSqlSafe(sql), arguments::<PgArguments>(values)?);
            for row in asked.fetch_all(&self.pool).await? {
                let read = || UploadRow::from_row(&row);
                rows.push(PageRow::of(RowMark::from_row(&row)?, known.as_ref(), read)?);
            }
        }
        page_of(rows, query)
    }

    async fn photo_totals(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<PhotoTotals> {
        let rows = sqlx::query_as(TOTALS).bind(tenant.as_str()).bind(project.as_str());
        Ok(totals_of(rows.fetch_all(&self.pool).await?))
    }

    async fn past_deadline(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        found_in(due(&self.pool, PAST_DEADLINE.as_str(), now, limit).await?)
    }

    async fn due_for_look(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        readable_due(limit, |offset| due_after(&self.pool, DUE_FOR_LOOK.as_str(), now, (limit, offset))).await
    }

    async fn put_off_looks(&self, looks: &[Look]) -> RepositoryResult<Vec<UploadId>> {
        if looks.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = looks.iter().map(|look| look.upload.to_string()).collect();
        let due: Vec<i64> = looks.iter().map(|look| millis(look.due_at)).collect();
        let next: Vec<i64> = looks.iter().map(|look| millis(look.next_at)).collect();
        let put_off = sqlx::query_scalar(PUT_OFF_LOOKS.as_str()).bind(ids).bind(due).bind(next);
        ids_of(put_off.fetch_all(&self.pool).await?)
    }

    async fn due_for_cleanup(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<FoundRecords> {
        found_in(due(&self.pool, DUE_FOR_CLEANUP.as_str(), now, limit).await?)
    }

    async fn put_off_due(&self, ids: &[UploadId], until: OffsetDateTime) -> RepositoryResult<()> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        sqlx::query(PUT_OFF.as_str()).bind(millis(until)).bind(ids).execute(&self.pool).await?;
        Ok(())
    }

    async fn find_recorded(&self, ids: &[UploadId]) -> RepositoryResult<FoundRecords> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows: Vec<UploadRow> =
            sqlx::query_as(FIND_RECORDED.as_str()).bind(ids).fetch_all(&self.pool).await?;
        found_in(rows)
    }

    async fn photos_after(&self, after: Option<&PhotoPlace>, limit: u32) -> RepositoryResult<PhotosInOrder> {
        let (tenant, project, id) = place_columns(after);
        let rows: Vec<UploadRow> = sqlx::query_as(PHOTOS_AFTER.as_str())
            .bind(tenant)
            .bind(project)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        Ok(in_order(rows))
    }

    async fn due_for_assembly(&self, now: OffsetDateTime, limit: u32) -> RepositoryResult<Vec<Upload>> {
        readable_due(limit, |offset| due_after(&self.pool, DUE_FOR_ASSEMBLY.as_str(), now, (limit, offset)))
            .await
    }

    async fn forget(&self, tenant: &TenantId, id: UploadId) -> RepositoryResult<()> {
        sqlx::query(FORGET).bind(tenant.as_str()).bind(id.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    async fn forget_closed_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        let forget = sqlx::query(FORGET_CLOSED_BEFORE).bind(millis(time)).bind(i64::from(limit));
        Ok(forget.execute(&self.pool).await?.rows_affected())
    }

    async fn check(&self) -> RepositoryResult<()> {
        sqlx::query("SELECT 1 FROM uploads LIMIT 1").execute(&self.pool).await?;
        Ok(())
    }
}

/// Saves a row, with all that belongs to its change.
async fn save(
    connection: &mut PgConnection,
    row: UploadRow,
    statement: &'static str,
    changes: Option<Changes>,
) -> RepositoryResult<()> {
    let Some(changes) = changes else {
        failpoints::reach("save::before_commit");
        return save_row(connection, row, statement).await;
    };
    let mut transaction = connection.begin().await?;
    save_row(&mut transaction, row, statement).await?;
    changes::record(&mut transaction, changes).await?;
    failpoints::reach("save::before_commit");
    Ok(transaction.commit().await?)
}

async fn save_row(
    connection: &mut PgConnection,
    row: UploadRow,
    statement: &'static str,
) -> RepositoryResult<()> {
    let settled =
        row.verified_size_bytes.map(|size| (size, row.charged_bytes, row.tenant.clone(), row.id.clone()));
    let done = row.bind_change_to_postgres(sqlx::query(statement)).execute(&mut *connection).await?;
    if done.rows_affected() == 0 {
        return Err(RepositoryError::Stale);
    }
    if let Some((size, charged, tenant, id)) = settled {
        let change = sqlx::query(SETTLE_SIZE).bind(size).bind(charged).bind(tenant).bind(id);
        change.execute(connection).await?;
    }
    Ok(())
}

async fn due(
    pool: &BoundedPool,
    statement: &'static str,
    now: OffsetDateTime,
    limit: u32,
) -> RepositoryResult<Vec<UploadRow>> {
    Ok(sqlx::query_as(statement).bind(millis(now)).bind(i64::from(limit)).fetch_all(pool).await?)
}

/// The same after so many of them.
async fn due_after(
    pool: &BoundedPool,
    statement: &'static str,
    now: OffsetDateTime,
    (limit, offset): (u32, u32),
) -> RepositoryResult<Vec<UploadRow>> {
    let asked = sqlx::query_as(statement).bind(millis(now)).bind(i64::from(limit)).bind(i64::from(offset));
    Ok(asked.fetch_all(pool).await?)
}
