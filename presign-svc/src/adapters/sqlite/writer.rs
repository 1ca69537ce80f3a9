//! The one who writes: SQLite has a single writer, so all writes go through one task. What arrives while
//! it commits is written together by its next transaction: a durable commit costs one wait for the disk,
//! however many requests share it. Nothing is answered before that commit.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

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
const LIMIT: Duration = Duration::from_secs(super::BUSY_WAIT.as_secs() + 3);

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
#[async_trait]
trait Write: Send {
    /// Writes. What is written is undone where it answers `false`.
    async fn write(&mut self, connection: &mut SqliteConnection) -> bool;

    /// Tells whoever waits, once it is known whether the transaction was committed, or why not.
    fn answer(self: Box<Self>, committed: Result<(), &str>);
}

impl Writer {
    /// Starts the writer on a connection of its own.
    pub(super) fn start(options: SqliteConnectOptions, connection: SqliteConnection) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(run(queue, options, connection));
        Self { jobs }
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
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, RepositoryResult<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Write(Box::new(Pending { work: Some(work), outcome: None, reply })), answer).await
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

#[async_trait]
impl<T, W> Write for Pending<T, W>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, RepositoryResult<T>> + Send + 'static,
{
    async fn write(&mut self, connection: &mut SqliteConnection) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = Some(work(connection).await);
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

async fn run(
    mut queue: mpsc::Receiver<Job>,
    options: SqliteConnectOptions,
    mut connection: SqliteConnection,
) {
    let mut jobs = Vec::new();
    while queue.recv_many(&mut jobs, GROUP).await > 0 {
        let (mut inserts, mut writes, mut closing) = (Vec::new(), Vec::new(), None);
        for job in jobs.drain(..) {
            match job {
                // Whoever has given up announces again: to record it now would be to record it for nobody.
                Job::Insert(insert) => inserts.extend(Some(insert).filter(Insert::is_awaited)),
                Job::Write(write) => writes.push(write),
                Job::Close(reply) => closing = Some(reply),
            }
        }
        let committed = write_together(&mut connection, &mut inserts, &mut writes).await;
        let committed = committed.map_err(|error| error.to_string());
        let told = committed.as_ref().copied().map_err(String::as_str);
        for insert in inserts {
            insert.answer(told);
        }
        for write in writes {
            write.answer(told);
        }
        if let Some(reply) = closing {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "the database did not close well");
            }
            let _ = reply.send(());
            return;
        }
        // After a failure the connection may be in any state: the next group gets a new one.
        if committed.is_err() {
            match options.connect().await {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(%error, "the database cannot be opened again yet"),
            }
        }
    }
}

/// One transaction for all of them. An error means that none of it was committed.
async fn write_together(
    connection: &mut SqliteConnection,
    inserts: &mut [Insert],
    writes: &mut [Box<dyn Write>],
) -> sqlx::Result<()> {
    if inserts.is_empty() && writes.is_empty() {
        return Ok(());
    }
    connection.execute("BEGIN IMMEDIATE").await?;
    let done = write_each(connection, inserts, writes).await;
    if done.is_err() {
        // SQLite has done so itself after some errors, such as a full disk, and then this one fails.
        let _ = connection.execute("ROLLBACK").await;
    }
    done
}

async fn write_each(
    connection: &mut SqliteConnection,
    inserts: &mut [Insert],
    writes: &mut [Box<dyn Write>],
) -> sqlx::Result<()> {
    insert_together(connection, inserts).await?;
    for write in writes.iter_mut() {
        connection.execute("SAVEPOINT one").await?;
        if write.write(connection).await {
            connection.execute("RELEASE one").await?;
        } else {
            connection.execute("ROLLBACK TO one; RELEASE one").await?;
        }
    }
    failpoints::reach(if writes.is_empty() { "insert::before_commit" } else { "save::before_commit" });
    connection.execute("COMMIT").await?;
    failpoints::reach(if writes.is_empty() { "insert::after_commit" } else { "save::after_commit" });
    Ok(())
}
