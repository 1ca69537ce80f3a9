//! The questions asked of `events`.

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use windlass_protocol::{ProjectId, TenantId};

use super::PostgresDatabase;
use crate::adapters::columns::millis;
use crate::adapters::event_row::{EventRow, FORGET_BEFORE, LATEST, latest_with_time, replay};
use crate::domain::news::EventNumber;
use crate::ports::events::{EventLog, Heard, Replay};
use crate::ports::uploads::RepositoryResult;

const SINCE: &str = "SELECT number, kind, photo::text AS photo, status, reason, at FROM events
WHERE tenant = $1 AND project = $2 AND number > $3 ORDER BY number LIMIT $4";

#[async_trait]
impl EventLog for PostgresDatabase {
    async fn latest_with_time(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
    ) -> RepositoryResult<(EventNumber, Option<OffsetDateTime>)> {
        let asked = sqlx::query_as(LATEST).bind(tenant.as_str()).bind(project.as_str());
        latest_with_time(asked.fetch_optional(&self.pool).await?)
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
            Ok(asked.bind(number).bind(i64::from(limit)).fetch_all(&self.pool).await?)
        };
        replay((tenant, project), latest, after, rows).await
    }

    async fn forget_before(&self, time: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        let forget = sqlx::query(FORGET_BEFORE).bind(millis(time)).bind(i64::from(limit));
        Ok(forget.execute(&self.pool).await?.rows_affected())
    }

    fn listen(&self) -> broadcast::Receiver<Heard> {
        self.announcements.listen()
    }
}
