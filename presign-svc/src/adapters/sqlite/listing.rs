//! Lists of photos, under any filter, in pages that continue after a photo.
//!
//! A statement is put together from the filters that are given, so that each finds its index: whole terms
//! by a join whose rows come in the order of the list, beginnings of words by a subquery, the rest by the
//! partial indexes of visible photos.

use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{QueryBuilder, Row as _};
use windlass_protocol::list_photos::PhotoTotals;
use windlass_protocol::{ProjectId, TenantId, UploadId};

use super::row::{UploadRow, kind_column, status_column};
use crate::domain::filter::{BoundingBox, MAX_OFFSET_MS, PageMark, PhotoFilter, TakenClock, TakenRange};
use crate::domain::search::TermKind;
use crate::domain::upload::Upload;
use crate::ports::uploads::{PhotoPage, PhotoQuery, RepositoryResult};

/// Greater than every UUID's text.
const NEWEST: &str = "g";
/// Greater than every time.
const LATEST: i64 = i64::MAX;

/// The uploads of those rows that can be read; the others are told to the operator.
pub(super) fn readable(rows: Vec<UploadRow>) -> Vec<Upload> {
    let uploads = rows.into_iter().map(UploadRow::into_upload);
    uploads
        .filter_map(|upload| upload.inspect_err(|error| tracing::error!(%error, "a record is left out")).ok())
        .collect()
}

pub(super) async fn find_many(
    readers: &SqlitePool,
    tenant: &TenantId,
    ids: &[UploadId],
) -> RepositoryResult<Vec<Upload>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new("SELECT * FROM uploads WHERE deleted_at IS NULL AND tenant = ");
    query.push_bind(tenant.as_str()).push(" AND id IN (");
    let mut listed = query.separated(", ");
    for id in ids {
        listed.push_bind(id.to_string());
    }
    query.push(")");
    Ok(readable(query.build_query_as().fetch_all(readers).await?))
}

pub(super) async fn list_photos(readers: &SqlitePool, query: &PhotoQuery<'_>) -> RepositoryResult<PhotoPage> {
    let limit = query.limit as usize;
    let mut rows: Vec<UploadRow> = statement(query).build_query_as().fetch_all(readers).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    // Also where the last row cannot be read: the next page begins after it.
    let next = rows.last().filter(|_| has_more).map(|row| mark_of(row, query.filter)).transpose()?;
    Ok(PhotoPage { photos: readable(rows), next })
}

pub(super) async fn photo_totals(
    readers: &SqlitePool,
    tenant: &TenantId,
    project: &ProjectId,
) -> RepositoryResult<PhotoTotals> {
    let rows = sqlx::query("SELECT status, photos FROM photo_totals WHERE tenant = ? AND project = ?")
        .bind(tenant.as_str())
        .bind(project.as_str())
        .fetch_all(readers)
        .await?;
    let mut totals = PhotoTotals::default();
    for row in rows {
        let photos = row.try_get::<i64, _>("photos")?.unsigned_abs();
        match row.try_get::<&str, _>("status")? {
            "uploaded" => totals.uploaded = photos,
            "processing" => totals.processing = photos,
            "completed" => totals.completed = photos,
            "failed" => totals.failed = photos,
            _ => {}
        }
    }
    Ok(totals)
}

fn mark_of(row: &UploadRow, filter: &PhotoFilter) -> RepositoryResult<PageMark> {
    let photo = row.parse(&row.id, "id")?;
    Ok(PageMark { photo, taken_ms: row.taken_local.filter(|_| filter.taken.is_some()) })
}

fn statement<'a>(query: &'a PhotoQuery<'a>) -> QueryBuilder<Sqlite> {
    let filter = query.filter;
    let whole_terms = [(TermKind::Tag, &filter.tag), (TermKind::Camera, &filter.camera)];
    let whole_terms: Vec<_> =
        whole_terms.into_iter().filter_map(|(kind, term)| Some((kind, term.as_deref()?))).collect();
    let by_taken = filter.taken.is_some();
    // The ids of a term's rows come in order, those of the uploads they lead to would be sorted first.
    let id = if whole_terms.is_empty() || by_taken { "u.id" } else { "t0.photo" };

    let mut sql = QueryBuilder::new("SELECT u.* FROM ");
    for index in 0..whole_terms.len() {
        sql.push(format_args!("photo_terms t{index} CROSS JOIN "));
    }
    sql.push("uploads u WHERE u.tenant = ").push_bind(query.tenant.as_str());
    sql.push(" AND u.project = ").push_bind(query.project.as_str());
    sql.push(" AND u.verified_at IS NOT NULL AND u.deleted_at IS NULL AND u.status != 'quarantined'");
    for (index, (kind, term)) in whole_terms.iter().enumerate() {
        sql.push(format_args!(" AND t{index}.tenant = ")).push_bind(query.tenant.as_str());
        sql.push(format_args!(" AND t{index}.project = ")).push_bind(query.project.as_str());
        sql.push(format_args!(" AND t{index}.kind = ")).push_bind(kind.as_str());
        sql.push(format_args!(" AND t{index}.term = ")).push_bind(*term);
        match index {
            0 => sql.push(" AND u.id = t0.photo"),
            _ => sql.push(format_args!(" AND t{index}.photo = t0.photo")),
        };
    }
    if let Some(status) = filter.status {
        sql.push(" AND u.status = ").push_bind(status_column(status));
    }
    if let Some(kind) = filter.kind {
        sql.push(" AND u.kind = ").push_bind(kind_column(kind));
    }
    if let Some(bounds) = filter.place {
        push_place(&mut sql, bounds);
    }
    for word in &filter.words {
        push_word(&mut sql, query, word);
    }
    let last = query.after.map_or_else(|| NEWEST.to_owned(), |mark| mark.photo.to_string());
    match filter.taken {
        Some(range) => {
            push_taken(&mut sql, range);
            let taken = query.after.and_then(|mark| mark.taken_ms).unwrap_or(LATEST);
            sql.push(" AND (u.taken_local, u.id) < (").push_bind(taken).push(", ").push_bind(last);
            sql.push(") ORDER BY u.taken_local DESC, u.id DESC LIMIT ");
        }
        None => {
            sql.push(format_args!(" AND {id} < ")).push_bind(last);
            sql.push(format_args!(" ORDER BY {id} DESC LIMIT "));
        }
    }
    // One more tells whether there is another page.
    sql.push_bind(query.limit.saturating_add(1));
    sql
}

/// The indexed camera's clock finds them; where UTC is meant it finds a day more at each end.
fn push_taken(sql: &mut QueryBuilder<Sqlite>, range: TakenRange) {
    let slack = match range.clock {
        TakenClock::Camera => 0,
        TakenClock::Utc => MAX_OFFSET_MS,
    };
    sql.push(" AND u.taken_local BETWEEN ");
    sql.push_bind(range.from_ms.map_or(i64::MIN, |from| from.saturating_sub(slack)));
    sql.push(" AND ").push_bind(range.to_ms.map_or(LATEST, |to| to.saturating_add(slack)));
    if range.clock == TakenClock::Utc {
        sql.push(" AND u.taken_utc BETWEEN ").push_bind(range.from_ms.unwrap_or(i64::MIN));
        sql.push(" AND ").push_bind(range.to_ms.unwrap_or(LATEST));
    }
}

fn push_place(sql: &mut QueryBuilder<Sqlite>, bounds: BoundingBox) {
    sql.push(" AND u.latitude IS NOT NULL AND u.latitude BETWEEN ").push_bind(bounds.south);
    sql.push(" AND ").push_bind(bounds.north);
    let crosses = bounds.west > bounds.east;
    sql.push(" AND (u.longitude >= ").push_bind(bounds.west);
    sql.push(if crosses { " OR " } else { " AND " });
    sql.push("u.longitude <= ").push_bind(bounds.east).push(")");
}

fn push_word<'a>(sql: &mut QueryBuilder<Sqlite>, query: &'a PhotoQuery<'a>, word: &'a str) {
    sql.push(" AND u.id IN (SELECT photo FROM photo_terms WHERE tenant = ").push_bind(query.tenant.as_str());
    sql.push(" AND project = ").push_bind(query.project.as_str());
    sql.push(" AND kind = 'word' AND term >= ").push_bind(word);
    // Greater than every word that begins so.
    sql.push(" AND term < ").push_bind(format!("{word}\u{10FFFF}")).push(")");
}
