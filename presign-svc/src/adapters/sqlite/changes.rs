//! Events and terms, recorded in the transaction of the change they belong to.

use std::collections::HashMap;

use sqlx::{Connection as _, SqliteConnection};

use crate::adapters::changes::{Changes, Terms};
use crate::adapters::columns::{millis, status_column};
use crate::adapters::upload_row::UploadRow;
use crate::domain::search::TERMS_VERSION;
use crate::ports::uploads::RepositoryResult;

const NEXT_NUMBER: &str = "INSERT INTO event_numbers VALUES (?, ?, 1)
ON CONFLICT DO UPDATE SET latest = latest + 1 RETURNING latest";

const INSERT_EVENT: &str = "INSERT INTO events (tenant, project, number, kind, photo, status, reason, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const TERMS: &str = "SELECT kind, term, taken_local FROM photo_terms WHERE photo = ?";
const ADD_TERM: &str =
    "INSERT INTO photo_terms (tenant, project, kind, term, photo, taken_local) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET taken_local = excluded.taken_local";
const DROP_TERM: &str =
    "DELETE FROM photo_terms WHERE tenant = ? AND project = ? AND kind = ? AND term = ? AND photo = ?";
const TERMS_MADE: &str = "UPDATE uploads SET terms_version = ? WHERE id = ? AND terms_version != ?";

const OLD_TERMS: &str = "SELECT * FROM uploads WHERE verified_at IS NOT NULL AND terms_version < ? LIMIT 500";
const SET_FILTERED: &str = "UPDATE uploads SET kind = ?, taken_local = ?, taken_utc = ? WHERE id = ?";

/// Records them.
pub(super) async fn record(connection: &mut SqliteConnection, changes: Changes) -> RepositoryResult<()> {
    let Changes { tenant, project, id, news, terms } = changes;
    if let Some(terms) = terms {
        record_terms(connection, (&tenant, &project, &id), &terms).await?;
    }
    for news in news {
        let number: i64 =
            sqlx::query_scalar(NEXT_NUMBER).bind(&tenant).bind(&project).fetch_one(&mut *connection).await?;
        sqlx::query(INSERT_EVENT)
            .bind(&tenant)
            .bind(&project)
            .bind(number)
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
    connection: &mut SqliteConnection,
    (tenant, project, id): (&str, &str, &str),
    found_by: &Terms,
) -> Result<(), sqlx::Error> {
    let known: Vec<(String, String, Option<i64>)> =
        sqlx::query_as(TERMS).bind(id).fetch_all(&mut *connection).await?;
    let mut known: HashMap<(String, String), Option<i64>> =
        known.into_iter().map(|(kind, term, taken)| ((kind, term), taken)).collect();
    for term in &found_by.terms {
        let kind = term.kind.as_str();
        if known.remove(&(kind.to_owned(), term.text.clone())) != Some(found_by.taken_ms) {
            let change = sqlx::query(ADD_TERM).bind(tenant).bind(project).bind(kind).bind(&term.text);
            change.bind(id).bind(found_by.taken_ms).execute(&mut *connection).await?;
        }
    }
    for (kind, term) in known.keys() {
        let change = sqlx::query(DROP_TERM).bind(tenant).bind(project).bind(kind).bind(term);
        change.bind(id).execute(&mut *connection).await?;
    }
    terms_made(connection, id).await
}

async fn terms_made(connection: &mut SqliteConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(TERMS_MADE).bind(TERMS_VERSION).bind(id).bind(TERMS_VERSION).execute(connection).await?;
    Ok(())
}

/// Makes what photos are filtered and found by, of those that were stored before there was any of it or by an
/// older rule.
pub(super) async fn renew_old_terms(connection: &mut SqliteConnection) -> RepositoryResult<()> {
    loop {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let rows: Vec<UploadRow> =
            sqlx::query_as(OLD_TERMS).bind(TERMS_VERSION).fetch_all(&mut *transaction).await?;
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
