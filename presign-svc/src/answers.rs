//! Lists that were answered a moment ago and are still true. An office looks at the same photos from several
//! screens and asks again whenever something happens; between two events the answer is the same, down to its URLs,
//! which stay the same within their window.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId};

use crate::domain::news::EventNumber;
use crate::recent::Recent;

/// All kept answers together, in bytes: some five full pages. Those that are left out are made anew of photos that were
/// shown before ([`crate::shown`]).
const MAX_BYTES: usize = 1 << 20;

/// What an answer depends on: whatever a list shows changes with an event or with the window of its URLs.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Whose photos.
    pub tenant: &'a TenantId,
    /// Of which project: a token may say so instead of the query string.
    pub project: &'a ProjectId,
    /// The query string: filters, page.
    pub query: &'a str,
    /// The last event of the project.
    pub latest_event: EventNumber,
    /// When that happened, unless it is forgotten: a database that took over without the last commits gives their
    /// numbers to others.
    pub latest_at: Option<OffsetDateTime>,
    /// When the window of the URLs began, in seconds since 1970.
    pub window: i64,
}

/// A question by its SHA-256: of the same size however long its query string is, which is the caller's to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Question<'_> {
    /// The same for the same question only: of another tenant's project of the same name it is another one.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut digest = Sha256::new();
        for part in [self.tenant.as_str(), self.project.as_str(), self.query] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.update(self.latest_event.to_be_bytes());
        let at = self.latest_at.map_or(i128::MAX, OffsetDateTime::unix_timestamp_nanos);
        digest.update(at.to_be_bytes());
        digest.update(self.window.to_be_bytes());
        Fingerprint(digest.finalize().into())
    }
}

impl Fingerprint {
    /// All of it.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Answers, and how long each of them is good.
#[derive(Debug)]
pub struct RecentAnswers(Recent<Fingerprint, (Bytes, OffsetDateTime)>);

impl Default for RecentAnswers {
    fn default() -> Self {
        Self(Recent::with_room_for(MAX_BYTES))
    }
}

impl RecentAnswers {
    /// The answer and how long it is good, where it was given before.
    pub fn find(&self, question: &Fingerprint, now: OffsetDateTime) -> Option<(Bytes, OffsetDateTime)> {
        self.0.find(question, now)
    }

    /// Keeps an answer until then at most.
    pub fn keep(&self, question: Fingerprint, body: Bytes, good_until: OffsetDateTime) {
        let size_bytes = body.len();
        self.0.keep(question, (body, good_until), size_bytes, good_until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const LATER: OffsetDateTime = datetime!(2026-11-21 12:15 UTC);

    fn question(
        tenant: &str,
        project: &str,
        query: &str,
        latest_event: EventNumber,
        window: i64,
    ) -> Fingerprint {
        let (tenant, project) = (tenant.parse().unwrap(), project.parse().unwrap());
        let latest_at = Some(NOON);
        Question { tenant: &tenant, project: &project, query, latest_event, latest_at, window }.fingerprint()
    }

    #[test]
    fn an_answer_is_given_again_to_the_same_question_and_to_no_other() {
        let answers = RecentAnswers::default();
        let asked = || question("acme", "job-7", "project_id=job-7", 7, 0);
        answers.keep(asked(), Bytes::from_static(b"[]"), LATER);
        assert_eq!(answers.find(&asked(), NOON), Some((Bytes::from_static(b"[]"), LATER)));
        assert_eq!(answers.find(&asked(), LATER), None, "its URLs are too old");
        for other in [
            question("other", "job-7", "project_id=job-7", 7, 0),
            question("acme", "job-7", "project_id=job-8", 7, 0),
            question("acme", "job-8", "project_id=job-7", 7, 0),
            question("acme", "job-7", "project_id=job-7", 8, 0),
            question("acme", "job-7", "project_id=job-7", 7, 900),
            question("acmejob-", "7", "project_id=job-7", 7, 0),
        ] {
            assert_eq!(answers.find(&other, NOON), None, "{other:?}");
        }
    }
}
