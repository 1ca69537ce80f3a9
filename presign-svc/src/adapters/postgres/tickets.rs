//! Tickets that every instance knows.

use async_trait::async_trait;
use time::OffsetDateTime;
use windlass_protocol::Timestamp;

use super::PostgresDatabase;
use crate::adapters::columns::millis;
use crate::ports::tickets::{Admission, TicketBook, TicketDigest};
use crate::ports::uploads::{RepositoryError, RepositoryResult};

const KEEP: &str = "WITH past AS (DELETE FROM event_tickets WHERE expires_at <= $6)
INSERT INTO event_tickets (digest, tenant, subject, project, expires_at) VALUES ($1, $2, $3, $4, $5)";

const REDEEM: &str = "DELETE FROM event_tickets WHERE digest = $1 AND expires_at > $2
RETURNING tenant, subject, project, expires_at";

#[async_trait]
impl TicketBook for PostgresDatabase {
    async fn keep(
        &self,
        ticket: TicketDigest,
        admission: Admission,
        now: OffsetDateTime,
    ) -> RepositoryResult<()> {
        sqlx::query(KEEP)
            .bind(ticket.as_slice())
            .bind(admission.tenant.as_str())
            .bind(admission.subject)
            .bind(admission.project.as_str())
            .bind(millis(admission.expires_at))
            .bind(millis(now))
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
