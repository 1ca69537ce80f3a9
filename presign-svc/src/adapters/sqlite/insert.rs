//! New uploads: those of several requests by one transaction.

use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, params};
use tokio::sync::oneshot;

use super::writer::{BEGIN, ROLLBACK, answer, execute};
use super::{changes, usage};
use crate::adapters::changes::Changes;
use crate::adapters::fate::Fate;
use crate::adapters::upload_row::UploadRow;
use crate::adapters::usage_row::{Room, keys_of};
use crate::domain::quota::{Allowance, charge_of};
use crate::domain::upload::Upload;
use crate::ports::uploads::{Recorded, RepositoryResult};

/// Where one row that cannot be written undoes the whole transaction, SQLite need not keep the pages that each
/// statement changes as they were before.
static TOGETHER: LazyLock<Statements> = LazyLock::new(|| Statements::of("INSERT OR ROLLBACK"));
/// Where it undoes itself alone.
static EACH: LazyLock<Statements> = LazyLock::new(|| Statements::of("INSERT"));

static FIND_BY_CLIENT_REF: LazyLock<String> = LazyLock::new(|| {
    let columns = names_of(UploadRow::COLUMNS);
    format!("SELECT {columns} FROM uploads WHERE tenant = ? AND project = ? AND client_ref = ?")
});

/// One row's insert.
struct Statements {
    /// Of a row that is only announced.
    announced: String,
    /// Of any.
    any: String,
}

impl Statements {
    fn of(verb: &str) -> Self {
        let of = |columns: &[(&str, &str)]| {
            format!(
                "{verb} INTO uploads ({}) VALUES ({}) \
                 ON CONFLICT (tenant, project, client_ref) WHERE client_ref IS NOT NULL DO NOTHING",
                names_of(columns),
                vec!["?"; columns.len()].join(", "),
            )
        };
        Self { announced: of(UploadRow::ANNOUNCED), any: of(UploadRow::COLUMNS) }
    }

    fn prepare<'c>(&self, connection: &'c Connection, rows: &[UploadRow]) -> rusqlite::Result<RowInsert<'c>> {
        let is_only_announced = rows.iter().all(UploadRow::is_only_announced);
        let sql = if is_only_announced { &self.announced } else { &self.any };
        Ok(RowInsert { statement: connection.prepare_cached(sql)?, is_only_announced })
    }
}

/// A prepared insert of a row.
struct RowInsert<'c> {
    statement: CachedStatement<'c>,
    is_only_announced: bool,
}

impl RowInsert<'_> {
    /// Whether its `client_ref` was free.
    fn insert(&mut self, row: &UploadRow) -> rusqlite::Result<bool> {
        row.bind_to(&mut self.statement, self.is_only_announced)?;
        Ok(self.statement.raw_execute()? > 0)
    }
}

/// The columns' names in a row.
pub(super) fn names_of(columns: &[(&str, &str)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// One request's uploads, and who waits for what becomes of them.
pub(super) struct Insert {
    uploads: Vec<Upload>,
    /// The same as rows.
    rows: Vec<UploadRow>,
    allowance: Allowance,
    outcome: Option<RepositoryResult<Vec<Fate>>>,
    reply: oneshot::Sender<RepositoryResult<Vec<Recorded>>>,
}

impl Insert {
    pub(super) fn of(
        uploads: Vec<Upload>,
        allowance: Allowance,
        reply: oneshot::Sender<RepositoryResult<Vec<Recorded>>>,
    ) -> RepositoryResult<Self> {
        let rows = uploads.iter().map(UploadRow::of).collect::<RepositoryResult<_>>()?;
        Ok(Self { uploads, rows, allowance, outcome: None, reply })
    }

    /// Whether anybody still waits for what becomes of it.
    pub(super) fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    /// Tells whoever waits, once it is known whether the transaction was committed, or why not.
    pub(super) fn answer(self, committed: Result<(), &str>) {
        let outcome = self.outcome.map(|outcome| {
            let fates = outcome?.into_iter();
            Ok(self.uploads.into_iter().zip(fates).map(|(upload, fate)| fate.of(upload)).collect())
        });
        answer(self.reply, outcome, committed);
    }

    /// Its uploads one after the other, as far as there is room for them beside what others have in use by now.
    fn write(
        &self,
        connection: &Connection,
        statements: &Statements,
        room: &mut Room,
    ) -> RepositoryResult<Vec<Fate>> {
        let Some(tenant) = self.uploads.first().map(|upload| &upload.facts().tenant) else {
            return Ok(Vec::new());
        };
        let link = self.allowance.link_id();
        for key in keys_of(tenant, link) {
            if !room.knows(&key) {
                let usage = usage::of(connection, &key)?;
                room.is_told(key, usage);
            }
        }
        let mut in_use = room.in_use(tenant, link);
        let mut statement = statements.prepare(connection, &self.rows)?;
        let mut fates = Vec::with_capacity(self.uploads.len());
        for (upload, row) in self.uploads.iter().zip(&self.rows) {
            let before = in_use;
            // One that is there already needs no room.
            fates.push(match self.allowance.reserve(&mut in_use, charge_of(upload)) {
                Ok(()) if statement.insert(row)? => {
                    if let Some(changes) = Changes::if_any(upload) {
                        changes::record(connection, changes)?;
                    }
                    Fate::New
                }
                Ok(()) => {
                    in_use = before;
                    let existing = find_existing(connection, row)?;
                    Fate::Existing(existing.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
                }
                Err(exceeded) => {
                    find_existing(connection, row)?.map_or(Fate::OverQuota(exceeded), Fate::Existing)
                }
            });
        }
        room.is_now(tenant, link, in_use);
        Ok(fates)
    }
}

/// Writes all of them first of all in a transaction. One that cannot be written leaves the others as they are. An
/// error is the transaction's, not one of theirs.
pub(super) fn insert_together(connection: &Connection, inserts: &mut [Insert]) -> rusqlite::Result<()> {
    if write_all(connection, inserts).is_ok() {
        return Ok(());
    }
    // One of them is at fault: each for itself, in a transaction that begins anew.
    if !connection.is_autocommit() {
        execute(connection, ROLLBACK)?;
    }
    execute(connection, BEGIN)?;
    for insert in inserts {
        execute(connection, "SAVEPOINT one")?;
        let written = insert.write(connection, &EACH, &mut Room::default());
        if written.is_err() {
            execute(connection, "ROLLBACK TO one")?;
        }
        execute(connection, "RELEASE one")?;
        insert.outcome = Some(written);
    }
    Ok(())
}

fn write_all(connection: &Connection, inserts: &mut [Insert]) -> RepositoryResult<()> {
    let mut room = Room::default();
    for insert in inserts {
        insert.outcome = Some(Ok(insert.write(connection, &TOGETHER, &mut room)?));
    }
    Ok(())
}

/// The upload that has this row's `client_ref` already.
fn find_existing(connection: &Connection, row: &UploadRow) -> RepositoryResult<Option<Box<Upload>>> {
    let mut find = connection.prepare_cached(&FIND_BY_CLIENT_REF)?;
    let mut found = find.query(params![row.tenant, row.project, row.client_ref])?;
    let Some(existing) = found.next()? else { return Ok(None) };
    Ok(Some(Box::new(UploadRow::read(existing)?.into_upload()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sqlite::SqliteDatabase;
    use crate::adapters::sqlite::writer::open;
    use crate::domain::upload::Announcement;
    use crate::domain::upload::tests::pending;
    use crate::ports::uploads::RepositoryError;

    fn insert(number: u8, client_ref: &str) -> Insert {
        let pending = pending();
        let id = format!("0192f0c1-2c5d-7c1e-9f00-0000000000{number:02x}").parse().unwrap();
        let facts = Announcement { id, ..pending.facts().clone() };
        let client_ref = Some(client_ref.parse().unwrap());
        let upload = Upload::announce(facts, client_ref, Vec::new(), pending.progress().deadline_at);
        Insert::of(vec![upload], Allowance::default(), oneshot::channel().0).unwrap()
    }

    #[tokio::test]
    async fn one_that_cannot_be_written_leaves_the_others_of_its_group_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("group.sqlite");
        SqliteDatabase::open(&file).await.unwrap().close().await;
        let connection = open(&file).unwrap();
        let record = |group: &mut [Insert]| {
            execute(&connection, BEGIN).unwrap();
            insert_together(&connection, group).unwrap();
            execute(&connection, "COMMIT").unwrap();
        };
        record(&mut [insert(1, "first")]);
        let mut group = [insert(2, "a"), insert(1, "its id is taken"), insert(3, "b"), insert(4, "first")];
        record(&mut group);
        let [one, taken, other, again] = group.map(|insert| insert.outcome.unwrap());
        for new in [one, other] {
            assert!(matches!(new.as_deref(), Ok([Fate::New])));
        }
        assert!(matches!(taken, Err(RepositoryError::Unavailable(_))));
        assert!(matches!(again.as_deref(), Ok([Fate::Existing(_)])), "a name that is taken is no fault");
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM uploads"), 3);
        assert_eq!(count("SELECT open_files FROM usage WHERE holder = 'tenant'"), 3, "each is counted once");
    }
}
