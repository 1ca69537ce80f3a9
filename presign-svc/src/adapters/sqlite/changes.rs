//! Events and terms, recorded in the transaction of the change they belong to.

use std::collections::HashMap;
use std::sync::LazyLock;

use rusqlite::{Connection, TransactionBehavior, params};

use super::insert::names_of;
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

static OLD_TERMS: LazyLock<String> = LazyLock::new(|| {
    let columns = names_of(UploadRow::COLUMNS);
    format!("SELECT {columns} FROM uploads WHERE verified_at IS NOT NULL AND terms_version < ? LIMIT 500")
});
const SET_FILTERED: &str = "UPDATE uploads SET kind = ?, taken_local = ?, taken_utc = ? WHERE id = ?";

/// Records them.
pub(super) fn record(connection: &Connection, changes: Changes) -> RepositoryResult<()> {
    let Changes { tenant, project, id, news, terms } = changes;
    if let Some(terms) = terms {
        record_terms(connection, (&tenant, &project, &id), &terms)?;
    }
    for news in news {
        let number: i64 =
            connection.prepare_cached(NEXT_NUMBER)?.query_row([&tenant, &project], |row| row.get(0))?;
        connection.prepare_cached(INSERT_EVENT)?.execute(params![
            tenant,
            project,
            number,
            news.kind.as_str(),
            id,
            status_column(news.status),
            news.reason,
            millis(news.at),
        ])?;
    }
    Ok(())
}

/// Adds what is new and drops what is gone, of a photo of a tenant and a project.
fn record_terms(
    connection: &Connection,
    (tenant, project, id): (&str, &str, &str),
    found_by: &Terms,
) -> rusqlite::Result<()> {
    let mut known: HashMap<(String, String), Option<i64>> = connection
        .prepare_cached(TERMS)?
        .query_map([id], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut add = connection.prepare_cached(ADD_TERM)?;
    for term in &found_by.terms {
        let kind = term.kind.as_str();
        if known.remove(&(kind.to_owned(), term.text.clone())) != Some(found_by.taken_ms) {
            add.execute(params![tenant, project, kind, term.text, id, found_by.taken_ms])?;
        }
    }
    let mut remove = connection.prepare_cached(DROP_TERM)?;
    for (kind, term) in known.keys() {
        remove.execute(params![tenant, project, kind, term, id])?;
    }
    terms_made(connection, id)
}

fn terms_made(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(TERMS_MADE)?.execute(params![TERMS_VERSION, id, TERMS_VERSION])?;
    Ok(())
}

/// Makes what photos are filtered and found by, of those that were stored before there was any of it or by an
/// older rule.
pub(super) fn renew_old_terms(connection: &mut Connection) -> RepositoryResult<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows: Vec<UploadRow> = transaction
            .prepare_cached(&OLD_TERMS)?
            .query_map([TERMS_VERSION], UploadRow::read)?
            .collect::<rusqlite::Result<_>>()?;
        if rows.is_empty() {
            transaction.rollback()?;
            return Ok(());
        }
        for row in rows {
            let id = row.id.clone();
            match row.into_upload() {
                Ok(upload) => {
                    let row = UploadRow::of(&upload)?;
                    transaction.prepare_cached(SET_FILTERED)?.execute(params![
                        row.kind,
                        row.taken_local,
                        row.taken_utc,
                        id
                    ])?;
                    let photo = (row.tenant.as_str(), row.project.as_str(), id.as_str());
                    record_terms(&transaction, photo, &Terms::of(&upload))?;
                }
                Err(error) => {
                    tracing::error!(%error, "a photo cannot be found by search");
                    terms_made(&transaction, &id)?;
                }
            }
        }
        transaction.commit()?;
    }
}
