//! A row of `events` and the event it means, the same in every database.

use time::OffsetDateTime;
use windlass_protocol::events::EventKind;
use windlass_protocol::{ProjectId, TenantId, Timestamp};

use super::columns::read_status;
use crate::domain::news::{Event, EventNumber, News};
use crate::ports::events::Replay;
use crate::ports::uploads::{RepositoryError, RepositoryResult};

/// A row as the databases have it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct EventRow {
    number: i64,
    kind: String,
    photo: String,
    status: String,
    reason: Option<String>,
    at: i64,
}

impl EventRow {
    fn into_event(self, tenant: &TenantId, project: &ProjectId) -> RepositoryResult<Event> {
        let number = self.number;
        let corrupt = |column| RepositoryError::Corrupt { id: format!("event {number}"), column };
        let kind = EventKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind);
        let news = News {
            kind: kind.ok_or_else(|| corrupt("kind"))?,
            photo: self.photo.parse().map_err(|_| corrupt("photo"))?,
            status: read_status(&self.status).ok_or_else(|| corrupt("status"))?,
            reason: self.reason,
            at: moment(self.at).ok_or_else(|| corrupt("at"))?,
        };
        Ok(Event { number: number.unsigned_abs(), tenant: tenant.clone(), project: project.clone(), news })
    }
}

/// The latest number of a project that has this row of `event_numbers`, or none, and when that event happened.
pub(super) const LATEST: &str = "SELECT known.latest, events.at FROM event_numbers known
LEFT JOIN events ON events.tenant = known.tenant AND events.project = known.project AND events.number = known.latest
WHERE known.tenant = $1 AND known.project = $2";

/// What such a row says; none says that nothing has happened yet.
pub(super) fn latest_with_time(
    row: Option<(i64, Option<i64>)>,
) -> RepositoryResult<(EventNumber, Option<OffsetDateTime>)> {
    let Some((latest, at)) = row else { return Ok((0, None)) };
    let corrupt = || RepositoryError::Corrupt { id: format!("event {latest}"), column: "at" };
    let at = at.map(|at| moment(at).ok_or_else(corrupt)).transpose()?;
    Ok((latest.unsigned_abs(), at))
}

/// Forgets so many of the oldest.
pub(super) const FORGET_BEFORE: &str = "DELETE FROM events WHERE (tenant, project, number) IN
    (SELECT tenant, project, number FROM events WHERE at < $1 ORDER BY at LIMIT $2)";

/// What is told of the time after a number in a project whose latest event has that one; `rows` asks for the
/// rows after a number.
pub(super) async fn replay(
    (tenant, project): (&TenantId, &ProjectId),
    latest: EventNumber,
    after: EventNumber,
    rows: impl AsyncFnOnce(i64) -> RepositoryResult<Vec<EventRow>>,
) -> RepositoryResult<Replay> {
    let Some(number) = i64::try_from(after).ok().filter(|_| after <= latest) else {
        return Ok(Replay::Lost);
    };
    if after == latest {
        return Ok(Replay::Events(Vec::new()));
    }
    let rows = rows(number).await?;
    let read = rows.into_iter().map(|row| row.into_event(tenant, project));
    let events = match read.collect::<RepositoryResult<Vec<Event>>>() {
        Ok(events) => events,
        // Who waited for it would wait, and miss all that follow, until it is forgotten.
        Err(error) => {
            tracing::error!(%error, "an event is left out: whoever watches looks at the photos themselves");
            return Ok(Replay::Lost);
        }
    };
    // They are forgotten by their times, which are not in the order of their numbers where two changes race.
    let mut numbered = (after.saturating_add(1)..).zip(&events);
    let is_whole = !events.is_empty() && numbered.all(|(number, event)| event.number == number);
    Ok(if is_whole { Replay::Events(events) } else { Replay::Lost })
}

fn moment(millis: i64) -> Option<OffsetDateTime> {
    Timestamp::from_unix_millis(millis).map(Timestamp::as_datetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64, kind: &str) -> EventRow {
        let photo = "0192f0c1-2c5d-7c1e-9f00-0123456789ab".to_owned();
        EventRow { number, kind: kind.to_owned(), photo, status: "uploaded".to_owned(), reason: None, at: 0 }
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_is_lost_and_keeps_none_that_follows_from_being_told() {
        let (tenant, project) = ("acme".parse().unwrap(), "job-7".parse().unwrap());
        for (kind, is_read) in [("photo.created", true), ("photo.of-a-newer-version", false)] {
            let rows = async |_: i64| -> RepositoryResult<Vec<EventRow>> {
                Ok(vec![row(1, "photo.created"), row(2, kind)])
            };
            let told = replay((&tenant, &project), 2, 0, rows).await.unwrap();
            assert_eq!(matches!(&told, Replay::Events(events) if events.len() == 2), is_read, "{told:?}");
            assert_eq!(told == Replay::Lost, !is_read);
        }
    }
}
