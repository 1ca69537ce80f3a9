//! Lists that were answered a moment ago and are still true. An office looks at the same photos from several
//! screens and asks again whenever something happens; between two events the answer is the same, down to its URLs,
//! which stay the same within their window.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use time::OffsetDateTime;
use windlass_protocol::{ProjectId, TenantId};

use crate::domain::news::EventNumber;

/// All kept answers together, in bytes: some twenty full pages.
const MAX_BYTES: usize = 4 << 20;

/// What an answer depends on: whatever a list shows changes with an event or with the window of its URLs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Whose photos.
    pub tenant: TenantId,
    /// Of which project: a token may say so instead of the query string.
    pub project: ProjectId,
    /// The query string: filters, page.
    pub query: String,
    /// The last event of the project.
    pub latest_event: EventNumber,
    /// When the window of the URLs began, in seconds since 1970.
    pub window: i64,
}

#[derive(Debug)]
struct Answer {
    body: Bytes,
    good_until: OffsetDateTime,
}

/// Answers, the oldest of which make room for new ones.
#[derive(Debug)]
pub struct RecentAnswers {
    kept: Mutex<Kept>,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Question, Answer>,
    /// In the order they came.
    order: VecDeque<Question>,
    size_bytes: usize,
}

impl Default for RecentAnswers {
    fn default() -> Self {
        Self { kept: Mutex::default(), max_bytes: MAX_BYTES }
    }
}

impl RecentAnswers {
    /// The answer, where it was given before.
    pub fn find(&self, question: &Question, now: OffsetDateTime) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.answers.get(question).filter(|answer| now < answer.good_until).map(|answer| answer.body.clone())
    }

    /// Keeps an answer until then at most.
    pub fn keep(&self, question: Question, body: Bytes, good_until: OffsetDateTime) {
        if body.len() > self.max_bytes / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.size_bytes += body.len();
        match kept.answers.insert(question.clone(), Answer { body, good_until }) {
            Some(before) => kept.size_bytes -= before.body.len(),
            None => kept.order.push_back(question),
        }
        while kept.size_bytes > self.max_bytes {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some(answer) = kept.answers.remove(&oldest) {
                kept.size_bytes -= answer.body.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const LATER: OffsetDateTime = datetime!(2026-11-21 12:15 UTC);

    fn question(tenant: &str, query: &str) -> Question {
        let (tenant, project) = (tenant.parse().unwrap(), "job-7".parse().unwrap());
        Question { tenant, project, query: query.to_owned(), latest_event: 7, window: 0 }
    }

    #[test]
    fn an_answer_is_given_again_to_the_same_question_and_to_no_other() {
        let answers = RecentAnswers::default();
        let asked = question("acme", "project_id=job-7");
        answers.keep(asked.clone(), Bytes::from_static(b"[]"), LATER);
        assert_eq!(answers.find(&asked, NOON).as_deref(), Some(&b"[]"[..]));
        assert_eq!(answers.find(&asked, LATER), None, "its URLs are too old");
        for other in [
            question("other", "project_id=job-7"),
            question("acme", "project_id=job-8"),
            Question { project: "job-8".parse().unwrap(), ..asked.clone() },
            Question { latest_event: 8, ..asked.clone() },
            Question { window: 900, ..asked },
        ] {
            assert_eq!(answers.find(&other, NOON), None, "{other:?}");
        }
    }

    #[test]
    fn the_oldest_make_room_and_nothing_grows() {
        let answers = RecentAnswers { max_bytes: 1000, ..RecentAnswers::default() };
        for number in 0..100 {
            answers.keep(question("acme", &number.to_string()), Bytes::from(vec![0; 200]), LATER);
        }
        answers.keep(question("acme", "too large"), Bytes::from(vec![0; 300]), LATER);
        let kept = answers.kept.lock().unwrap();
        assert_eq!((kept.size_bytes, kept.answers.len(), kept.order.len()), (1000, 5, 5));
        assert!(kept.answers.contains_key(&question("acme", "99")));
    }
}
