//! New uploads, those of several requests by one statement: every statement is a trip to SQLite's thread.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::{Executor as _, SqliteConnection};
use tokio::sync::oneshot;

use super::writer::answer;
use super::{changes, usage};
use crate::adapters::changes::Changes;
use crate::adapters::upload_row::UploadRow;
use crate::adapters::usage_row::{Room, keys_of};
use crate::domain::quota::{Allowance, charge_of};
use crate::domain::upload::Upload;
use crate::ports::uploads::{Recorded, RepositoryResult};

/// How many rows one statement takes, largest first: any number of rows is at most one statement of each size
/// and some of the largest. So few that all stay prepared; SQLite binds up to 32,766 values.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// For rows that are only announced, and for any.
static STATEMENTS: LazyLock<[[String; SIZES.len()]; 2]> = LazyLock::new(|| {
    [UploadRow::ANNOUNCED, UploadRow::COLUMNS].map(|columns| SIZES.map(|rows| statement(columns, rows)))
});

const INSERTED: &str = "SELECT id FROM uploads WHERE id IN (SELECT value FROM json_each(?))";

const FIND_BY_CLIENT_REF: &str = "SELECT * FROM uploads WHERE tenant = ? AND project = ? AND client_ref = ?";

fn statement(columns: &[(&str, &str)], rows: usize) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let row = format!("({})", vec!["?"; names.len()].join(", "));
    format!(
        "INSERT INTO uploads ({}) VALUES {} \
         ON CONFLICT (tenant, project, client_ref) WHERE client_ref IS NOT NULL DO NOTHING",
        names.join(", "),
        vec![row; rows].join(", "),
    )
}

/// One request's uploads, and who waits for what becomes of them.
pub(super) struct Insert {
    uploads: Vec<Upload>,
    allowance: Allowance,
    /// The same as rows, until they are written.
    rows: Vec<UploadRow>,
    outcome: Option<RepositoryResult<Vec<Recorded>>>,
    reply: oneshot::Sender<RepositoryResult<Vec<Recorded>>>,
}

impl Insert {
    pub(super) fn of(
        uploads: Vec<Upload>,
        allowance: Allowance,
        reply: oneshot::Sender<RepositoryResult<Vec<Recorded>>>,
    ) -> RepositoryResult<Self> {
        let rows = uploads.iter().map(UploadRow::of).collect::<RepositoryResult<_>>()?;
        Ok(Self { uploads, allowance, rows, outcome: None, reply })
    }

    /// Whether anybody still waits for what becomes of it.
    pub(super) fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    /// Tells whoever waits, once it is known whether the transaction was committed, or why not.
    pub(super) fn answer(self, committed: Result<(), &str>) {
        answer(self.reply, self.outcome, committed);
    }
}

/// Writes all of them inside a transaction. One that cannot be written leaves the others as they are. An
/// error is the transaction's, not one of theirs.
pub(super) async fn insert_together(
    connection: &mut SqliteConnection,
    inserts: &mut [Insert],
) -> sqlx::Result<()> {
    if inserts.is_empty() {
        return Ok(());
    }
    connection.execute("SAVEPOINT inserts").await?;
    let fit = all_fit(connection, inserts).await;
    if matches!(fit, Ok(true)) && insert_all(connection, inserts).await.is_ok() {
        connection.execute("RELEASE inserts").await?;
        return Ok(());
    }
    // For one of them there may be no room, or it is at fault: each for itself.
    connection.execute("ROLLBACK TO inserts; RELEASE inserts").await?;
    for insert in inserts {
        connection.execute("SAVEPOINT one").await?;
        match insert_what_fits(connection, insert).await {
            Ok(()) => connection.execute("RELEASE one").await?,
            Err(error) => {
                insert.outcome = Some(Err(error));
                connection.execute("ROLLBACK TO one; RELEASE one").await?
            }
        };
    }
    Ok(())
}

/// Whether there is room for all of them, even if none is there already.
async fn all_fit(connection: &mut SqliteConnection, inserts: &[Insert]) -> RepositoryResult<bool> {
    let mut room = Room::default();
    for insert in inserts.iter().filter(|insert| !insert.allowance.is_unlimited()) {
        let Some(tenant) = insert.uploads.first().map(|upload| &upload.facts().tenant) else { continue };
        for key in keys_of(tenant, insert.allowance.link_id()) {
            if !room.knows(&key) {
                let usage = usage::of(connection, &key).await?;
                room.is_told(key, usage);
            }
        }
        if !room.reserve_all(&insert.uploads, &insert.allowance) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One request's uploads one after the other, as far as there is room for them.
async fn insert_what_fits(connection: &mut SqliteConnection, insert: &mut Insert) -> RepositoryResult<()> {
    let Some(tenant) = insert.uploads.first().map(|upload| upload.facts().tenant.clone()) else {
        insert.outcome = Some(Ok(Vec::new()));
        return Ok(());
    };
    let mut in_use = usage::in_use(connection, &tenant, insert.allowance.link_id()).await?;
    let mut recorded = Vec::with_capacity(insert.uploads.len());
    for upload in &insert.uploads {
        // One that is there already needs no room.
        if let Some(existing) = find_existing(connection, upload).await? {
            recorded.push(Recorded::Existing(existing));
            continue;
        }
        if let Err(exceeded) = insert.allowance.reserve(&mut in_use, charge_of(upload)) {
            recorded.push(Recorded::OverQuota(exceeded));
            continue;
        }
        insert_rows(connection, vec![UploadRow::of(upload)?]).await?;
        record_changes(connection, upload).await?;
        recorded.push(recorded_as_new(upload.clone()));
    }
    insert.outcome = Some(Ok(recorded));
    Ok(())
}

/// What goes with a new upload.
async fn record_changes(connection: &mut SqliteConnection, upload: &Upload) -> RepositoryResult<()> {
    match Changes::if_any(upload) {
        Some(changes) => changes::record(connection, changes).await,
        None => Ok(()),
    }
}

/// As it is once it is recorded, and its news with it.
fn recorded_as_new(mut upload: Upload) -> Recorded {
    upload.saved_as(upload.progress().version);
    Recorded::New(upload)
}

async fn insert_all(connection: &mut SqliteConnection, inserts: &mut [Insert]) -> RepositoryResult<()> {
    let rows: Vec<UploadRow> =
        inserts.iter_mut().flat_map(|insert| std::mem::take(&mut insert.rows)).collect();
    let count = rows.len() as u64;
    let inserted = insert_rows(connection, rows).await?;
    let new = if inserted == count { None } else { Some(inserted_ids(connection, inserts).await?) };
    let mut existing = Vec::with_capacity(inserts.len());
    for insert in inserts.iter() {
        let mut of_insert = Vec::with_capacity(insert.uploads.len());
        for upload in &insert.uploads {
            of_insert.push(if new.as_ref().is_none_or(|new| new.contains(&upload.id().to_string())) {
                record_changes(connection, upload).await?;
                None
            } else {
                Some(find_existing(connection, upload).await?.ok_or(sqlx::Error::RowNotFound)?)
            });
        }
        existing.push(of_insert);
    }
    // Nothing fails from here on: nobody needs the uploads to begin again.
    for (insert, existing) in inserts.iter_mut().zip(existing) {
        let recorded = std::mem::take(&mut insert.uploads).into_iter().zip(existing);
        let recorded = recorded.map(|(upload, existing)| match existing {
            Some(existing) => Recorded::Existing(existing),
            None => recorded_as_new(upload),
        });
        insert.outcome = Some(Ok(recorded.collect()));
    }
    Ok(())
}

/// Inserts those whose `client_ref` is free, and says how many.
async fn insert_rows(connection: &mut SqliteConnection, mut rows: Vec<UploadRow>) -> sqlx::Result<u64> {
    let is_only_announced = rows.iter().all(UploadRow::is_only_announced);
    let [announced, any] = &*STATEMENTS;
    let mut inserted = 0;
    for (size, sql) in SIZES.iter().zip(if is_only_announced { announced } else { any }) {
        while rows.len() >= *size {
            let rest = rows.split_off(*size);
            let statement = sqlx::query(sql.as_str());
            let bound = rows.into_iter().fold(statement, |bound, row| row.bind_to(bound, is_only_announced));
            inserted += bound.execute(&mut *connection).await?.rows_affected();
            rows = rest;
        }
    }
    Ok(inserted)
}

/// Those of the uploads that are recorded under their own id.
async fn inserted_ids(
    connection: &mut SqliteConnection,
    inserts: &[Insert],
) -> RepositoryResult<HashSet<String>> {
    let ids = inserts.iter().flat_map(|insert| &insert.uploads).map(|upload| upload.id().to_string());
    let ids = serde_json::Value::from(ids.collect::<Vec<_>>()).to_string();
    let found: Vec<String> = sqlx::query_scalar(INSERTED).bind(ids).fetch_all(connection).await?;
    Ok(found.into_iter().collect())
}

/// The upload that has this one's `client_ref` already.
async fn find_existing(
    connection: &mut SqliteConnection,
    upload: &Upload,
) -> RepositoryResult<Option<Upload>> {
    let (facts, client_ref) = (upload.facts(), upload.progress().client_ref.as_ref());
    let row: Option<UploadRow> = sqlx::query_as(FIND_BY_CLIENT_REF)
        .bind(facts.tenant.as_str())
        .bind(facts.project.as_str())
        .bind(client_ref.map(ToString::to_string))
        .fetch_optional(connection)
        .await?;
    row.map(UploadRow::into_upload).transpose()
}
