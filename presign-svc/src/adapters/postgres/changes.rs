//! Events and terms, recorded in the transaction of the change they belong to.

use std::sync::LazyLock;

use sqlx::{PgConnection, PgPool};

use super::uploads::columns;
use crate::adapters::changes::{Changes, Terms};
use crate::adapters::columns::{millis, status_column};
use crate::adapters::upload_row::UploadRow;
use crate::domain::search::TERMS_VERSION;
use crate::ports::uploads::RepositoryResult;

// The row of the project's number is locked until the commit: numbers come in the order of commits.
const INSERT_EVENT: &str = "WITH next AS (
    INSERT INTO event_numbers AS known VALUES ($1::text, $2::text, 1)
    ON CONFLICT (tenant, project) DO UPDATE SET latest = known.latest + 1 RETURNING latest
)
INSERT INTO events (tenant, project, number, kind, photo, status, reason, at)
SELECT $1::text, $2::text, latest, $3::text, $4::text::uuid, $5::text, $6::text, $7::bigint FROM next";

const DROP_TERMS: &str = "DELETE FROM photo_terms
WHERE photo = $1::text::uuid AND (kind, term) NOT IN (SELECT * FROM UNNEST($2::text[], $3::text[]))";
const ADD_TERMS: &str = "INSERT INTO photo_terms AS known (tenant, project, kind, term, photo, taken_local)
SELECT $1::text, $2::text, kind, term, $3::text::uuid, $6::bigint
FROM UNNEST($4::text[], $5::text[]) AS of_photo (kind, term)
ON CONFLICT (tenant, project, kind, term, photo) DO UPDATE SET taken_local = excluded.taken_local
WHERE known.taken_local IS DISTINCT FROM excluded.taken_local";
const TERMS_MADE: &str =
    "UPDATE uploads SET terms_version = $1 WHERE id = $2::text::uuid AND terms_version != $1";

// Of instances that start at once each takes others.
static OLD_TERMS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM uploads u WHERE u.verified_at IS NOT NULL AND u.terms_version < $1
         LIMIT 500 FOR UPDATE SKIP LOCKED",
        columns(),
    )
});
const SET_FILTERED: &str =
    "UPDATE uploads SET kind = $1, taken_local = $2, taken_utc = $3 WHERE id = $4::text::uuid";

/// Records them.
pub(super) async fn record(connection: &mut PgConnection, changes: Changes) -> Result<(), sqlx::Error> {
    let Changes { tenant, project, id, news, terms } = changes;
    if let Some(terms) = terms {
        record_terms(connection, (&tenant, &project, &id), &terms).await?;
    }
    for news in news {
        sqlx::query(INSERT_EVENT)
            .bind(&tenant)
            .bind(&project)
            .bind(news.kind.as_str())
            .bind(&id)
            .bind(status_column(news.status))
            .bind(&news.reason)
            .bind(millis(news.at))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Adds what is new and drops what is gone, of a photo of a tenant and a project.
async fn record_terms(
    connection: &mut PgConnection,
    (tenant, project, id): (&str, &str, &str),
    Terms { terms, taken_ms }: &Terms,
) -> Result<(), sqlx::Error> {
    let kinds: Vec<&str> = terms.iter().map(|term| term.kind.as_str()).collect();
    let texts: Vec<&str> = terms.iter().map(|term| term.text.as_str()).collect();
    sqlx::query(DROP_TERMS).bind(id).bind(&kinds).bind(&texts).execute(&mut *connection).await?;
    sqlx::query(ADD_TERMS)
        .bind(tenant)
        .bind(project)
        .bind(id)
        .bind(&kinds)
        .bind(&texts)
        .bind(taken_ms)
        .execute(&mut *connection)
        .await?;
    terms_made(connection, id).await
}

async fn terms_made(connection: &mut PgConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(TERMS_MADE).bind(i64::from(TERMS_VERSION)).bind(id).execute(connection).await?;
    Ok(())
}

/// Makes what photos are filtered and found by, of those that were stored before there was any of it or by an
/// older rule.
pub(super) async fn renew_old_terms(pool: &PgPool) -> RepositoryResult<()> {
    loop {
        let mut transaction = pool.begin().await?;
        let rows: Vec<UploadRow> = sqlx::query_as(OLD_TERMS.as_str())
            .bind(i64::from(TERMS_VERSION))
            .fetch_all(&mut *transaction)
            .await?;
        if rows.is_empty() {
            transaction.rollback().await?;
            return Ok(());
        }
        for row in rows {
            let id = row.id.clone();
            match row.into_upload() {
                Ok(upload) => {
                    let row = UploadRow::of(&upload)?;
                    sqlx::query(SET_FILTERED)
                        .bind(row.kind)
                        .bind(row.taken_local)
                        .bind(row.taken_utc)
                        .bind(&id)
                        .execute(&mut *transaction)
                        .await?;
                    let photo = (row.tenant.as_str(), row.project.as_str(), id.as_str());
                    record_terms(&mut transaction, photo, &Terms::of(&upload)).await?;
                }
                Err(error) => {
                    tracing::error!(%error, "a photo cannot be found by search");
                    terms_made(&mut transaction, &id).await?;
                }
            }
        }
        transaction.commit().await?;
    }
}
