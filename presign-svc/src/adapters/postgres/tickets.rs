//! Tickets that every instance knows.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::Timestamp;

use super::PostgresDatabase;
use crate::adapters::columns::millis;
use crate::ports::tickets::{Admission, MAX_OF_VIEWER, TicketBook, TicketDigest};
use crate::ports::uploads::{RepositoryError, RepositoryResult};

/// The server's clock says what has long passed: an instance whose own is ahead would forget the tickets of all others,
/// and whether one is still good is for the clocks of those who give it out and take it. Those that somebody else is removing are left to him: who waits for nobody cannot wait in a circle.
const KEEP: &str = "WITH past AS MATERIALIZED (
    SELECT digest FROM event_tickets
    WHERE expires_at <= (extract(epoch FROM statement_timestamp()) * 1000)::bigint - 3600000
    FOR UPDATE SKIP LOCKED
), too_many AS MATERIALIZED (
    SELECT digest FROM event_tickets WHERE digest IN (
        SELECT digest FROM event_tickets WHERE tenant = $2 AND subject = $3
        ORDER BY expires_at DESC OFFSET $6
    ) FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM event_tickets WHERE digest IN (SELECT digest FROM past UNION SELECT digest FROM too_many)
)
INSERT INTO event_tickets (digest, tenant, subject, project, expires_at) VALUES ($1, $2, $3, $4, $5)";

const REDEEM: &str = "DELETE FROM event_tickets WHERE digest = $1 AND expires_at > $2
RETURNING tenant, subject, project, expires_at";

#[async_trait]
impl TicketBook for PostgresDatabase {
    async fn keep(
        &self,
        ticket: TicketDigest,
        admission: Admission,
        _now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        sqlx::query(KEEP)
            .bind(ticket.as_slice())
            .bind(admission.tenant.as_str())
            .bind(admission.subject)
            .bind(admission.project.as_str())
            .bind(millis(admission.expires_at))
            .bind(i64::from(MAX_OF_VIEWER - 1))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn redeem(&self, ticket: TicketDigest, now: OffsetDateTime) -> RepositoryResult<Option<Admission>> {
        let row: Option<(String, String, String, i64)> = sqlx::query_as(REDEEM)
            .bind(ticket.as_slice())
            .bind(millis(now))
            .fetch_optional(&self.pool)
            .await?;
        row.map(read).transpose()
    }
}

fn read(
    (tenant, subject, project, expires_at): (String, String, String, i64),
) -> RepositoryResult<Admission> {
    let corrupt = |column| RepositoryError::Corrupt { id: "ticket".to_owned(), column };
    Ok(Admission {
        tenant: tenant.parse().map_err(|_| corrupt("tenant"))?,
        subject,
        project: project.parse().map_err(|_| corrupt("project"))?,
        expires_at: Timestamp::from_unix_millis(expires_at)
            .ok_or_else(|| corrupt("expires_at"))?
            .as_datetime(),
    })
}
