//! The pool as single statements use it: none is waited for long. The server itself ends a statement that takes
//! long, but one that vanished without a word ends nothing, and the pool would wait for it for ever, with each request
//! that is waiting on it and each of its connections.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Execute, Executor, Postgres, SqlStr};
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::groups::NoAnswer;

/// How long a connection may be used by one request or one group of them: so long before those who ask give up that
/// they are told why. What is then left of the connection is closed: its server may have vanished without a word.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);
/// How long a connection that goes back to the pool may take to say that it is well.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// A pool whose statements end.
#[derive(Debug, Clone)]
pub(super) struct BoundedPool(PgPool);

/// A connection of it in use. It goes back only if the server still answers on it.
pub(super) struct InUse(Option<PoolConnection<Postgres>>);

impl BoundedPool {
    /// Of that pool.
    pub(super) fn of(pool: PgPool) -> Self {
        Self(pool)
    }

    /// A connection, to be asked within [`PATIENCE`].
    pub(super) async fn acquire(&self) -> sqlx::Result<InUse> {
        Ok(InUse(Some(self.0.acquire().await?)))
    }

    /// Whether it is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl InUse {
    /// The connection.
    pub(super) fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// What came of the questions on it. It goes back, or is closed where no answer came in time.
    pub(super) fn end<T, E: From<sqlx::Error>>(
        mut self,
        answer: Result<Result<T, E>, Elapsed>,
    ) -> Result<T, E> {
        answer.unwrap_or_else(|_| {
            drop(self.0.take().map(PoolConnection::detach));
            Err(sqlx::Error::Io(std::io::Error::other(NoAnswer::Lost)).into())
        })
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        let Ok(runtime) = Handle::try_current() else {
            drop(connection.detach());
            return;
        };
        // The pool asks, and waits for ever for a server that vanishes just then: its place would be lost. Where that is
        // ended the connection is closed, and its place is free.
        runtime.spawn(timeout(SIGN_OF_LIFE, connection.return_to_pool()));
    }
}

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InUse").finish_non_exhaustive()
    }
}

impl<'p> Executor<'p> for &'_ BoundedPool {
    type Database = Postgres;

    /// All rows at once: none of our statements has so many that they would have to come one by one.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        let found = stream::once(async move {
            let mut held = pool.acquire().await?;
            let steps: Result<sqlx::Result<Vec<_>>, _> =
                timeout(PATIENCE, held.connection()?.fetch_many(query).try_collect()).await;
            held.end(steps)
        });
        found.map_ok(|steps| stream::iter(steps.into_iter().map(Ok))).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut held = pool.acquire().await?;
            let row = timeout(PATIENCE, held.connection()?.fetch_optional(query)).await;
            held.end(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut held = pool.acquire().await?;
            let statement = timeout(PATIENCE, held.connection()?.prepare_with(sql, parameters)).await;
            held.end(statement)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut held = pool.acquire().await?;
            let described = timeout(PATIENCE, held.connection()?.describe(sql)).await;
            held.end(described)
        })
    }
}
