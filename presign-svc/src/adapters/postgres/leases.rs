//! Turns on an upload among instances: a row says who works on it, and until when unless they say again
//! that they do. No connection is held meanwhile, so a slow store cannot use up the pool.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use windlass_protocol::UploadId;

use super::PostgresDatabase;
use super::bounded::BoundedPool;
use crate::ports::leases::{Lease, UploadLeases};
use crate::ports::uploads::{RepositoryError, RepositoryResult};

/// How often whoever holds a lease says so; a lease ends three times as long after it was last said.
const RENEWAL: Duration = Duration::from_secs(5);
/// How long to wait for others: longer than a lease of an instance that died.
const PATIENCE: Duration = Duration::from_secs(20);
/// How soon to look again at first, and at most.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

const TAKE: &str = "INSERT INTO turns (upload_id, holder, until)
VALUES ($1::uuid, $2::uuid, now() + interval '15 seconds')
ON CONFLICT (upload_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE turns.until < now()";

const RENEW: &str = "UPDATE turns SET until = now() + interval '15 seconds'
WHERE upload_id = $1::uuid AND holder = $2::uuid";

/// By the server's clock, as all of it. One that is taken again meanwhile stays.
const FORGET_ENDED: &str = "DELETE FROM turns WHERE until < now() - interval '1 hour'";

const RELEASE: &str = "DELETE FROM turns WHERE upload_id = $1::uuid AND holder = $2::uuid";

#[async_trait]
impl UploadLeases for PostgresDatabase {
    async fn take(&self, id: UploadId) -> RepositoryResult<Lease> {
        let (reply, taken) = oneshot::channel();
        let turn =
            Turn { upload: id.to_string(), holder: Uuid::now_v7().to_string(), pool: self.pool.clone() };
        // On its own: a request that is given up in the moment its turn comes leaves none behind.
        self.turns.spawn(turn.serve(reply));
        taken.await.unwrap_or_else(|_| Err(RepositoryError::Unavailable("the database is closed".to_owned())))
    }

    async fn forget_ended(&self) -> RepositoryResult<u64> {
        Ok(sqlx::query(FORGET_ENDED).execute(&self.pool).await?.rows_affected())
    }
}

/// One wish to work on an upload.
struct Turn {
    pool: BoundedPool,
    upload: String,
    holder: String,
}

impl Turn {
    /// Takes the turn, hands it to whoever waits for it, and ends it when they are done or gone.
    async fn serve(self, mut reply: oneshot::Sender<RepositoryResult<Lease>>) {
        match self.take(&mut reply).await {
            Ok(true) => {}
            // Nobody waits for it any more.
            Ok(false) => return,
            Err(error) => {
                let _ = reply.send(Err(error));
                return;
            }
        }
        let released = CancellationToken::new();
        // Where nobody waits any more, the lease comes back here, is dropped, and so released.
        let _ = reply.send(Ok(Lease::until(released.clone())));
        self.hold(released).await;
        if let Err(error) = self.ask(RELEASE).await {
            tracing::debug!(upload = self.upload, %error, "the turn on an upload ends by itself");
        }
    }

    /// Whether the turn was taken before nobody waited for it any more.
    async fn take(&self, reply: &mut oneshot::Sender<RepositoryResult<Lease>>) -> RepositoryResult<bool> {
        let give_up = Instant::now() + PATIENCE;
        let mut pause = LOOK_AGAIN.0;
        while self.ask(TAKE).await? == 0 {
            if Instant::now() >= give_up {
                let why = "another instance works on the upload for too long".to_owned();
                return Err(RepositoryError::Unavailable(why));
            }
            tokio::select! {
                () = reply.closed() => return Ok(false),
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(LOOK_AGAIN.1);
        }
        Ok(true)
    }

    /// Renews it until it is released. One that cannot be renewed may pass to somebody else: the record takes
    /// no change that was decided on an older version of it, and nothing is removed from the bucket before such a
    /// change was taken, so nothing is lost but work.
    async fn hold(&self, released: CancellationToken) {
        loop {
            tokio::select! {
                () = released.cancelled() => return,
                () = sleep(RENEWAL) => {}
            }
            match self.ask(RENEW).await {
                Ok(0) => {
                    tracing::warn!(upload = self.upload, "the turn on an upload has passed to somebody else");
                    return;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(upload = self.upload, %error, "the turn on an upload cannot be renewed now");
                }
            }
        }
    }

    /// How many rows a statement changed.
    async fn ask(&self, statement: &'static str) -> Result<u64, sqlx::Error> {
        let done = sqlx::query(statement).bind(&self.upload).bind(&self.holder).execute(&self.pool).await?;
        Ok(done.rows_affected())
    }
}
