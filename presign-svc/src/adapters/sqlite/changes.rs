//! What is recorded together with a change of an upload: the events that tell of it, and what its photo is
//! found by.

use std::collections::{BTreeSet, HashSet};

use sqlx::sqlite::SqlitePool;
use sqlx::{Row as _, SqliteConnection};
use windlass_protocol::{ProjectId, TenantId};

use super::row::{UploadRow, millis, status_column};
use crate::domain::news::{Event, News};
use crate::domain::search::{TERMS_VERSION, Term, terms_of};
use crate::domain::upload::Upload;
use crate::ports::uploads::RepositoryResult;

const NEXT_NUMBER: &str = "INSERT INTO event_numbers VALUES (?, ?, 1)
ON CONFLICT DO UPDATE SET latest = latest + 1 RETURNING latest";

const INSERT_EVENT: &str = "INSERT INTO events (tenant, project, number, kind, photo, status, reason, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const TERMS: &str = "SELECT kind, term FROM photo_terms WHERE photo = ?";
const ADD_TERM: &str = "INSERT INTO photo_terms (tenant, project, kind, term, photo) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING";
const DROP_TERM: &str =
    "DELETE FROM photo_terms WHERE tenant = ? AND project = ? AND kind = ? AND term = ? AND photo = ?";
const TERMS_MADE: &str = "UPDATE uploads SET terms_version = ? WHERE id = ? AND terms_version != ?";

const WITHOUT_TERMS: &str =
    "SELECT * FROM uploads WHERE verified_at IS NOT NULL AND terms_version = 0 LIMIT 500";

/// What goes with one stored change.
#[derive(Debug)]
pub(super) struct Changes {
    tenant: TenantId,
    project: ProjectId,
    id: String,
    news: Vec<News>,
    /// `None` where they cannot have changed.
    terms: Option<BTreeSet<Term>>,
}

impl Changes {
    /// Of an upload that is about to be stored.
    pub(super) fn of(upload: &Upload) -> Self {
        let facts = upload.facts();
        let is_visible = upload.object().is_some() && upload.progress().deleted_at.is_none();
        Self {
            tenant: facts.tenant.clone(),
            project: facts.project.clone(),
            id: facts.id.to_string(),
            news: upload.news().to_vec(),
            // Without news nobody sees another photo than before.
            terms: (is_visible && !upload.news().is_empty()).then(|| terms_of(upload)),
        }
    }

    /// Records them in the transaction of the change. The events are to be told once it is committed.
    pub(super) async fn record(self, connection: &mut SqliteConnection) -> RepositoryResult<Vec<Event>> {
        if let Some(terms) = self.terms {
            record_terms(connection, &self.tenant, &self.project, &self.id, &terms).await?;
        }
        let mut events = Vec::with_capacity(self.news.len());
        for news in self.news {
            let number: i64 = sqlx::query_scalar(NEXT_NUMBER)
                .bind(self.tenant.as_str())
                .bind(self.project.as_str())
                .fetch_one(&mut *connection)
                .await?;
            sqlx::query(INSERT_EVENT)
                .bind(self.tenant.as_str())
                .bind(self.project.as_str())
                .bind(number)
                .bind(news.kind.as_str())
                .bind(news.photo.to_string())
                .bind(status_column(news.status))
                .bind(&news.reason)
                .bind(millis(news.at))
                .execute(&mut *connection)
                .await?;
            let (tenant, project) = (self.tenant.clone(), self.project.clone());
            events.push(Event { number: number.unsigned_abs(), tenant, project, news });
        }
        Ok(events)
    }
}

/// Adds what is new and drops what is gone.
async fn record_terms(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    project: &ProjectId,
    id: &str,
    terms: &BTreeSet<Term>,
) -> Result<(), sqlx::Error> {
    let mut gone = HashSet::new();
    for row in sqlx::query(TERMS).bind(id).fetch_all(&mut *connection).await? {
        gone.insert((row.try_get::<String, _>("kind")?, row.try_get::<String, _>("term")?));
    }
    for term in terms {
        let kind = term.kind.as_str();
        if !gone.remove(&(kind.to_owned(), term.text.clone())) {
            change_term(connection, ADD_TERM, tenant, project, (kind, &term.text), id).await?;
        }
    }
    for (kind, term) in &gone {
        change_term(connection, DROP_TERM, tenant, project, (kind, term), id).await?;
    }
    sqlx::query(TERMS_MADE).bind(TERMS_VERSION).bind(id).bind(TERMS_VERSION).execute(connection).await?;
    Ok(())
}

async fn change_term(
    connection: &mut SqliteConnection,
    statement: &'static str,
    tenant: &TenantId,
    project: &ProjectId,
    (kind, term): (&str, &str),
    id: &str,
) -> Result<(), sqlx::Error> {
    let change = sqlx::query(statement).bind(tenant.as_str()).bind(project.as_str());
    change.bind(kind).bind(term).bind(id).execute(connection).await?;
    Ok(())
}

/// Makes the terms of photos that were stored before there were any.
pub(super) async fn make_missing_terms(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    loop {
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let rows: Vec<UploadRow> = sqlx::query_as(WITHOUT_TERMS).fetch_all(&mut *transaction).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let id = row.id.clone();
            match row.into_upload() {
                Ok(upload) => {
                    let facts = upload.facts();
                    let terms = terms_of(&upload);
                    record_terms(&mut transaction, &facts.tenant, &facts.project, &id, &terms).await?;
                }
                Err(error) => {
                    tracing::error!(%error, "a photo cannot be found by search");
                    sqlx::query(TERMS_MADE)
                        .bind(TERMS_VERSION)
                        .bind(id)
                        .bind(TERMS_VERSION)
                        .execute(&mut *transaction)
                        .await?;
                }
            }
        }
        transaction.commit().await?;
    }
}
