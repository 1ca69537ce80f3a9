//! The questions asked of `events` and `event_tickets`.

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;
use windlass_protocol::events::EventKind;
use windlass_protocol::{ProjectId, TenantId, Timestamp};

use super::SqliteDatabase;
use super::row::{millis, read_status};
use crate::domain::news::{Event, EventNumber, News};
use crate::ports::events::{EventLog, Replay, Subscription, Ticket, TicketDigest};
use crate::ports::uploads::{RepositoryError, RepositoryResult};

const LATEST: &str = "SELECT latest FROM event_numbers WHERE tenant = ? AND project = ?";

const SINCE: &str = "SELECT * FROM events WHERE tenant = ? AND project = ? AND number > ?
ORDER BY number LIMIT ?";

const FORGET: &str = "DELETE FROM events WHERE (tenant, project, number) IN
(SELECT tenant, project, number FROM events WHERE at < ? ORDER BY at LIMIT ?)";

const KEEP_TICKET: &str =
    "INSERT INTO event_tickets (digest, tenant, project, expires_at) VALUES (?, ?, ?, ?)";
const TAKE_TICKET: &str = "DELETE FROM event_tickets WHERE digest = ? RETURNING tenant, project, expires_at";
const FORGET_TICKETS: &str = "DELETE FROM event_tickets WHERE expires_at <= ?";

#[async_trait]
impl EventLog for SqliteDatabase {
    async fn latest(&self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<EventNumber> {
        let latest: Option<i64> = sqlx::query_scalar(LATEST)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .fetch_optional(&self.readers)
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
        let Ok(number) = i64::try_from(after) else { return Ok(Replay::Lost) };
        // One view of both: an event that is committed between the two questions is in neither.
        let mut snapshot = self.readers.begin().await?;
        let latest: Option<i64> = sqlx::query_scalar(LATEST)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .fetch_optional(&mut *snapshot)
            .await?;
        let latest = latest.unwrap_or_default().unsigned_abs();
        if after >= latest {
            return Ok(if after == latest { Replay::Events(Vec::new()) } else { Replay::Lost });
        }
        let rows = sqlx::query(SINCE)
            .bind(tenant.as_str())
            .bind(project.as_str())
            .bind(number)
            .bind(limit)
            .fetch_all(&mut *snapshot)
            .await?;
        let events: Vec<Event> =
            rows.iter().map(|row| read_event(row, tenant, project)).collect::<RepositoryResult<_>>()?;
        let is_whole = events.first().is_some_and(|first| first.number == after + 1);
        Ok(if is_whole { Replay::Events(events) } else { Replay::Lost })
    }

    fn subscribe(&self, tenant: &TenantId, project: &ProjectId) -> Subscription {
        self.hub.subscribe(tenant, project)
    }

    async fn forget_events(&self, before: OffsetDateTime, limit: u32) -> RepositoryResult<u64> {
        let done = sqlx::query(FORGET).bind(millis(before)).bind(limit).execute(&self.writer).await?;
        Ok(done.rows_affected())
    }

    async fn keep_ticket(&self, ticket: &Ticket) -> RepositoryResult<()> {
        sqlx::query(KEEP_TICKET)
            .bind(ticket.digest.as_slice())
            .bind(ticket.tenant.as_str())
            .bind(ticket.project.as_str())
            .bind(millis(ticket.expires_at))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn take_ticket(
        &self,
        digest: &TicketDigest,
        now: OffsetDateTime,
    ) -> RepositoryResult<Option<Ticket>> {
        let row = sqlx::query(TAKE_TICKET).bind(digest.as_slice()).fetch_optional(&self.writer).await?;
        let Some(row) = row else { return Ok(None) };
        let corrupt = |column| RepositoryError::Corrupt { id: "ticket".to_owned(), column };
        let expires_at = row.try_get::<i64, _>("expires_at")?;
        let ticket = Ticket {
            digest: *digest,
            tenant: row.try_get::<String, _>("tenant")?.parse().map_err(|_| corrupt("tenant"))?,
            project: row.try_get::<String, _>("project")?.parse().map_err(|_| corrupt("project"))?,
            expires_at: moment(expires_at).ok_or_else(|| corrupt("expires_at"))?,
        };
        Ok(Some(ticket).filter(|ticket| ticket.expires_at > now))
    }

    async fn forget_tickets(&self, now: OffsetDateTime) -> RepositoryResult<u64> {
        let done = sqlx::query(FORGET_TICKETS).bind(millis(now)).execute(&self.writer).await?;
        Ok(done.rows_affected())
    }
}

fn read_event(row: &SqliteRow, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<Event> {
    let number = row.try_get::<i64, _>("number")?;
    let corrupt = |column| RepositoryError::Corrupt { id: format!("event {number}"), column };
    let kind = row.try_get::<&str, _>("kind")?;
    let kind = EventKind::ALL.into_iter().find(|known| known.as_str() == kind);
    let news = News {
        kind: kind.ok_or_else(|| corrupt("kind"))?,
        photo: row.try_get::<&str, _>("photo")?.parse().map_err(|_| corrupt("photo"))?,
        status: read_status(row.try_get("status")?).ok_or_else(|| corrupt("status"))?,
        reason: row.try_get("reason")?,
        at: moment(row.try_get("at")?).ok_or_else(|| corrupt("at"))?,
    };
    Ok(Event { number: number.unsigned_abs(), tenant: tenant.clone(), project: project.clone(), news })
}

fn moment(millis: i64) -> Option<OffsetDateTime> {
    Timestamp::from_unix_millis(millis).map(Timestamp::as_datetime)
}
