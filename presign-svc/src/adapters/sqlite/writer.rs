//! The one who writes: SQLite has a single writer, so all writes go through one thread. What arrives while
//! it commits is written together by its next transaction: a durable commit costs one wait for the disk,
//! however many requests share it. Nothing is answered before that commit. The statements of a transaction run where
//! SQLite does: a trip between threads for each of them would cost more than they do.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::BUSY_WAIT;
use super::insert::{Insert, insert_together};
use crate::domain::quota::Allowance;
use crate::domain::upload::Upload;
use crate::failpoints;
use crate::ports::uploads::{Recorded, RepositoryError, RepositoryResult};

/// How many requests may wait for the writer.
const QUEUE: usize = 4096;
/// How many requests one transaction takes on: enough to share the wait for the disk, few enough that the
/// first of them does not wait long for the last.
const GROUP: usize = 256;
/// How long a request waits for its turn and its commit: longer than the writer itself may wait for another
/// process that holds the file's lock, as a backup does. What became of a write that takes longer is not known to
/// its caller, who asks again.
const LIMIT: Duration = Duration::from_secs(BUSY_WAIT.as_secs() + 3);
/// How many statements stay prepared: all that are written with.
const PREPARED: usize = 32;

/// Takes the file's lock at once: nobody reads first and finds out later that somebody else has written.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// A handle to the writer.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Insert(Insert),
    Write(Box<dyn Write>),
    Close(oneshot::Sender<()>),
}

/// Something to write inside a transaction that others share.
trait Write: Send {
    /// Writes. What is written is undone where it answers `false`.
    fn write(&mut self, connection: &Connection) -> bool;

    /// Tells whoever waits, once it is known whether the transaction was committed, or why not.
    fn answer(self: Box<Self>, committed: Result<(), &str>);
}

/// A connection to write with, to a file that is there.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

/// Runs a statement that has no values.
pub(super) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute()?;
    Ok(())
}

impl Writer {
    /// Starts the writer on a connection to this file.
    pub(super) fn start(path: Arc<Path>, connection: Connection) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(queue, &path, connection))?;
        Ok(Self { jobs })
    }

    /// Records new uploads, all or none.
    pub(super) async fn insert(
        &self,
        uploads: Vec<Upload>,
        allowance: Allowance,
    ) -> RepositoryResult<Vec<Recorded>> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Insert(Insert::of(uploads, allowance, reply)?), answer).await
    }

    /// Writes anything else, all or nothing: where `work` answers an error, what it wrote is undone.
    pub(super) async fn write<T, W>(&self, work: W) -> RepositoryResult<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> RepositoryResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Write(Box::new(Pending { work: Some(work), outcome: None, reply })), answer).await
    }

    /// Whether there is anybody to write.
    pub(super) fn check(&self) -> RepositoryResult<()> {
        if self.jobs.is_closed() { Err(closed()) } else { Ok(()) }
    }

    /// Waits for what is being written, and closes the connection.
    pub(super) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).await.is_ok() {
            // Where the writer is gone there is nothing to wait for.
            let _ = closed.await;
        }
    }

    async fn ask<T>(&self, job: Job, answer: oneshot::Receiver<RepositoryResult<T>>) -> RepositoryResult<T> {
        let asked = async {
            self.jobs.send(job).await.map_err(|_| closed())?;
            answer.await.map_err(|_| closed())?
        };
        timeout(LIMIT, asked).await.unwrap_or_else(|_| {
            Err(RepositoryError::Unavailable(format!("no commit within {} seconds", LIMIT.as_secs())))
        })
    }
}

fn closed() -> RepositoryError {
    RepositoryError::Unavailable("the database is closed".to_owned())
}

/// Work, what came of it, and who waits for that.
struct Pending<T, W> {
    work: Option<W>,
    outcome: Option<RepositoryResult<T>>,
    reply: oneshot::Sender<RepositoryResult<T>>,
}

impl<T, W> Write for Pending<T, W>
where
    T: Send + 'static,
    W: FnOnce(&Connection) -> RepositoryResult<T> + Send + 'static,
{
    fn write(&mut self, connection: &Connection) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = Some(work(connection));
        }
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), &str>) {
        answer(self.reply, self.outcome, committed);
    }
}

/// What somebody who waits is told: success only for what was committed.
pub(super) fn answer<T>(
    reply: oneshot::Sender<RepositoryResult<T>>,
    outcome: Option<RepositoryResult<T>>,
    committed: Result<(), &str>,
) {
    let told = match (outcome, committed) {
        (Some(Err(error)), _) => Err(error),
        (Some(Ok(answer)), Ok(())) => Ok(answer),
        (_, Err(why)) => Err(RepositoryError::Unavailable(why.to_owned())),
        (None, Ok(())) => Err(closed()),
    };
    // Nobody listens where the request was given up.
    let _ = reply.send(told);
}

fn run(mut queue: mpsc::Receiver<Job>, path: &Path, mut connection: Connection) {
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, GROUP) > 0 {
        let (mut inserts, mut writes, mut closing) = (Vec::new(), Vec::new(), None);
        for job in jobs.drain(..) {
            match job {
                // Whoever has given up announces again: to record it now would be to record it for nobody.
                Job::Insert(insert) => inserts.extend(Some(insert).filter(Insert::is_awaited)),
                Job::Write(write) => writes.push(write),
                Job::Close(reply) => closing = Some(reply),
            }
        }
        let committed = write_together(&connection, &mut inserts, &mut writes);
        let committed = committed.map_err(|error| error.to_string());
        let told = committed.as_ref().copied().map_err(String::as_str);
        for insert in inserts {
            insert.answer(told);
        }
        for write in writes {
            write.answer(told);
        }
        if let Some(reply) = closing {
            if let Err((_, error)) = connection.close() {
                tracing::warn!(%error, "the database did not close well");
            }
            // Before the word: who has it may ask whether there is still a writer.
            drop(queue);
            let _ = reply.send(());
            return;
        }
        // After a failure the connection may be in any state: the next group gets a new one.
        if committed.is_err() {
            match open(path) {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(%error, "the database cannot be opened again yet"),
            }
        }
    }
}

/// One transaction for all of them. An error means that none of it was committed.
fn write_together(
    connection: &Connection,
    inserts: &mut [Insert],
    writes: &mut [Box<dyn Write>],
) -> rusqlite::Result<()> {
    if inserts.is_empty() && writes.is_empty() {
        return Ok(());
    }
    execute(connection, BEGIN)?;
    let done = write_each(connection, inserts, writes);
    // SQLite has done so itself after some errors, such as a full disk.
    if done.is_err() && !connection.is_autocommit() {
        // Where this fails, too, the connection's end undoes what is left.
        let _ = execute(connection, ROLLBACK);
    }
    done
}

fn write_each(
    connection: &Connection,
    inserts: &mut [Insert],
    writes: &mut [Box<dyn Write>],
) -> rusqlite::Result<()> {
    insert_together(connection, inserts)?;
    for write in writes.iter_mut() {
        execute(connection, "SAVEPOINT one")?;
        if !write.write(connection) {
            execute(connection, "ROLLBACK TO one")?;
        }
        execute(connection, "RELEASE one")?;
    }
    // One commit may be of both.
    let reach = |insert: &str, save: &str| {
        if !inserts.is_empty() {
            failpoints::reach(insert);
        }
        if !writes.is_empty() {
            failpoints::reach(save);
        }
    };
    reach("insert::before_commit", "save::before_commit");
    execute(connection, "COMMIT")?;
    reach("insert::after_commit", "save::after_commit");
    Ok(())
}
