//! The questions asked of `events`.

use async_trait::async_trait;
use windlass_protocol::{ProjectId, TenantId};

use super::PostgresDatabase;
use crate::adapters::event_row::{EventRow, replay};
use crate::domain::news::EventNumber;
use crate::ports::events::{EventLog, Replay};
use crate::ports::uploads::RepositoryResult;

const LATEST: &str = "SELECT latest FROM event_numbers WHERE tenant = $1 AND project = $2";

const SINCE: &str = "SELECT number, kind, photo::text AS photo, status, reason, at FROM events
WHERE tenant = $1 AND project = $2 AND number > $3 ORDER BY number LIMIT $4";

#[async_trait]
impl EventLog for PostgresDatabase {
    async fn latest(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<EventNumber> {
        let latest: Option<i64> = sqlx::query_scalar(LATEST)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(latest.unwrap_or_default().unsigned_abs())
    }

    async fn since(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        after: EventNumber,
        limit: u32,
    ) -> RepositoryResult<Replay> {
        let latest = self.latest(tenant, project).await?;
        let Some(number) = i64::try_from(after).ok().filter(|_| after <= latest) else {
            return Ok(Replay::Lost);
        };
        if after == latest {
            return Ok(Replay::Events(Vec::new()));
        }
        let rows: Vec<EventRow> = sqlx::query_as(SINCE)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .bind(number)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        replay(rows, tenant, project, after)
    }
}
