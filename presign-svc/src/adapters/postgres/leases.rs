//! Turns on an upload among instances: a row says who works on it, and until when unless they say again
//! that they do. No connection is held meanwhile, so a slow store cannot use up the pool.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use windlass_protocol::UploadId;

use super::PostgresDatabase;
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

const RELEASE: &str = "DELETE FROM turns WHERE upload_id = $1::uuid AND holder = $2::uuid";

#[async_trait]
impl UploadLeases for PostgresDatabase {
    async fn take(&self, id: UploadId) -> RepositoryResult<Lease> {
        let (upload, holder) = (id.to_string(), Uuid::now_v7().to_string());
        let give_up = Instant::now() + PATIENCE;
        let mut pause = LOOK_AGAIN.0;
        loop {
            let taken = sqlx::query(TAKE).bind(&upload).bind(&holder).execute(&self.pool).await?;
            if taken.rows_affected() == 1 {
                break;
            }
            if Instant::now() >= give_up {
                let why = "another instance works on the upload for too long".to_owned();
                return Err(RepositoryError::Unavailable(why));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN.1);
        }
        let released = CancellationToken::new();
        tokio::spawn(hold(self.pool.clone(), upload, holder, released.clone()));
        Ok(Lease::until(released))
    }
}

/// Renews a lease until it is released. One that cannot be renewed may pass to somebody else: the record
/// takes no change that was decided on an older version of it, so nothing is lost but work.
async fn hold(pool: PgPool, upload: String, holder: String, released: CancellationToken) {
    loop {
        tokio::select! {
            () = released.cancelled() => break,
            () = sleep(RENEWAL) => {}
        }
        if let Err(error) = sqlx::query(RENEW).bind(&upload).bind(&holder).execute(&pool).await {
            tracing::warn!(upload, %error, "the turn on an upload cannot be renewed now");
        }
    }
    if let Err(error) = sqlx::query(RELEASE).bind(&upload).bind(&holder).execute(&pool).await {
        tracing::debug!(upload, %error, "the turn on an upload ends by itself");
    }
}
