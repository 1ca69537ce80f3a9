//! The questions asked of `events`.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use time::OffsetDateTime;
use tokio::sync::broadcast;
use windlass_protocol::{ProjectId, TenantId};

use super::SqliteDatabase;
use crate::adapters::columns::millis;
use crate::adapters::event_row::{EventRow, FORGET_BEFORE, LATEST, latest_with_time, replay};
use crate::domain::news::EventNumber;
use crate::ports::events::{EventLog, Heard, Replay};
use crate::ports::uploads::RepositoryResult;

const SINCE: &str = "SELECT number, kind, photo, status, reason, at FROM events
WHERE tenant = $1 AND project = $2 AND number > $3 ORDER BY number LIMIT $4";

#[async_trait]
impl EventLog for SqliteDatabase {
    async fn latest_with_time(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
    ) -> RepositoryResult<(EventNumber, Option<OffsetDateTime>)> {
        let asked = sqlx::query_as(LATEST).bind(tenant.as_str()).bind(project.as_str());
        latest_with_time(asked.fetch_optional(&self.readers).await?)
    }

    async fn since(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        after: EventNumber,
        limit: u32,
    ) -> RepositoryResult<Replay> {
        let latest = self.latest(tenant, project).await?;
        let rows = async |number: i64| -> RepositoryResult<Vec<EventRow>> {
            let asked = sqlx::query_as(SINCE).bind(tenant.as_str()).bind(project.as_str());
            Ok(asked.bind(number).bind(i64::from(limit)).fetch_all(&self.readers).await?)
        };
        replay((tenant, project), latest, after, rows).await
    }

    async fn forget_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        let (time, limit) = (millis(time), i64::from(limit));
        self.writer.write(move |connection| forget_before(connection, time, limit)).await
    }

    fn listen(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }
}

fn forget_before(connection: &Connection, time: i64, limit: i64) -> RepositoryResult<u64> {
    Ok(connection.prepare_cached(FORGET_BEFORE)?.execute(params![time, limit])? as u64)
}
