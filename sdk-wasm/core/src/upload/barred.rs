//! A server that is there and does not let this page in: a bucket, or a service, whose CORS rules do not name it.
//!
//! To a page that looks like bad weather: a request ends at once, without an answer and before a byte has moved.
//! So when several have ended like that in a row and that server has never said a word to this page, it is asked
//! something that needs nobody's permission (`no-cors`). Where that is answered it is not the weather, and people
//! are told what it is. Nothing is given up for it: rules can be mended while the page is open, and it may be a proxy
//! without CORS rules that answers for a service that is being deployed: from a page the two look alike.

use super::FailureCode;
use super::command::Server;
use super::verdict::{Cause, Setback};

/// What ends sooner without an answer, in milliseconds, nobody was waited for.
const AT_ONCE_MS: u64 = 3_000;
/// So many of them in a row …
const FAILURES: u32 = 4;
/// … in no shorter time, in milliseconds, are no accident.
const LEAST_MS: u64 = 3_000;
/// How often it is asked, in milliseconds.
const ASK_EVERY_MS: u64 = 30_000;

/// What is known of one server.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Barred {
    has_answered: bool,
    failures: u32,
    since_ms: u64,
    asked_ms: Option<u64>,
    is_barred: bool,
}

impl Barred {
    /// It has said something to this page, whatever it was.
    pub fn answered(&mut self) {
        *self = Self { has_answered: true, ..Self::default() };
    }

    /// A request ended after so many milliseconds without an answer, and no byte of it had moved.
    pub fn not_answered(&mut self, now_ms: u64, took_ms: u64) {
        if took_ms >= AT_ONCE_MS {
            self.failures = 0;
            return;
        }
        if self.failures == 0 {
            self.since_ms = now_ms;
        }
        self.failures = self.failures.saturating_add(1);
    }

    /// Whether it looks barred, and it is time to ask.
    pub fn is_to_be_asked(&self, now_ms: u64) -> bool {
        self.looks_barred(now_ms)
            && !self.is_barred
            && self.asked_ms.is_none_or(|asked| now_ms >= asked + ASK_EVERY_MS)
    }

    /// It is asked.
    pub fn asked(&mut self, now_ms: u64) {
        self.asked_ms = Some(now_ms);
    }

    /// It answers, if not to this page.
    pub fn is_there(&mut self, now_ms: u64) {
        self.is_barred |= self.looks_barred(now_ms);
    }

    fn looks_barred(&self, now_ms: u64) -> bool {
        !self.has_answered && self.failures >= FAILURES && now_ms >= self.since_ms + LEAST_MS
    }

    /// The setback as it is to be told.
    pub fn explain(&self, server: Server, setback: Setback) -> Setback {
        if !self.is_barred || setback.cause != Cause::NoAnswer {
            return setback;
        }
        let reason = match server {
            Server::Store => {
                "The store is there, but does not let this page send to it. Whoever runs this site has to name it \
                 in the bucket's CORS rules; `windlass doctor` prints them."
            }
            Server::Service => {
                "The photo service does not let this page in. If that lasts, whoever runs this site has to name \
                 the page in WINDLASS_ALLOWED_ORIGINS."
            }
        };
        Setback { code: FailureCode::CorsMisconfigured, reason: reason.to_owned(), ..setback }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(failures: u32, each_ms: u64) -> (Barred, u64) {
        let mut barred = Barred::default();
        let mut now_ms = 0;
        for _ in 0..failures {
            now_ms += each_ms;
            barred.not_answered(now_ms, 20);
        }
        (barred, now_ms)
    }

    #[test]
    fn several_that_end_at_once_over_some_time_are_asked_about_and_not_too_often() {
        let (barred, now_ms) = after(20, 10);
        assert!(!barred.is_to_be_asked(now_ms), "a moment's trouble");
        let (barred, now_ms) = after(3, 2_000);
        assert!(!barred.is_to_be_asked(now_ms), "a few");
        let (mut barred, now_ms) = after(4, 2_000);
        assert!(barred.is_to_be_asked(now_ms));
        barred.asked(now_ms);
        assert!(!barred.is_to_be_asked(now_ms + 29_999));
        assert!(barred.is_to_be_asked(now_ms + 30_000));
    }

    #[test]
    fn who_has_ever_answered_or_keeps_one_waiting_is_not_suspected() {
        let (mut barred, now_ms) = after(40, 1_000);
        barred.answered();
        barred.not_answered(now_ms, 20);
        assert!(!barred.is_to_be_asked(now_ms + 60_000));
        let (mut barred, now_ms) = after(40, 1_000);
        barred.not_answered(now_ms, 12_000);
        assert!(!barred.is_to_be_asked(now_ms));
    }

    #[test]
    fn only_what_is_there_is_called_barred() {
        let (mut barred, now_ms) = after(4, 2_000);
        let told =
            |barred: &Barred| barred.explain(Server::Store, Setback::no_answer("Nobody answers.")).code;
        assert_eq!(told(&barred), FailureCode::RetriesExhausted);
        barred.is_there(now_ms);
        assert_eq!(told(&barred), FailureCode::CorsMisconfigured);
        barred.answered();
        assert_eq!(told(&barred), FailureCode::RetriesExhausted);
    }
}
