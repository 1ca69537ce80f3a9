//! How long an answer of the service is waited for: by how long answers took so far (RFC 6298), because a
//! connection that has gone silent says nothing of it.

use super::connections::TRIAL_MS;

/// Which kind of answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Something else watches over it.
    Open,
    /// The next bytes of a file.
    Reading,
    /// Connections answer at once, or are not worth waiting for.
    Trial,
    /// The application's token: a person may have to sign in.
    Token,
    /// The service answers from its own records, or asks the store a short question.
    Quick,
    /// The service verifies an object.
    Verifying,
    /// The service has the store put parts together, which may take long for a large object.
    Joining,
    /// Nothing depends on the answer.
    Aside,
}

/// What is waited for while nothing is known, and at most, in milliseconds.
const TOKEN_MS: u64 = 30_000;
const QUICK_MOST_MS: u64 = 12_000;
const VERIFYING_MOST_MS: u64 = 30_000;
const JOINING_MS: u64 = 30_000;
const ASIDE_MS: u64 = 12_000;
/// A file may come from a card or a cloud; this is far more than either needs for as much as is told of at once.
pub(super) const READING_MS: u64 = 60_000;
/// No answer is given up sooner than this, in milliseconds.
pub(super) const LEAST_MS: u64 = 4_000;

/// A time, smoothed, and its deviation, in milliseconds (RFC 6298, 2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Smoothed {
    smoothed_ms: f64,
    deviation_ms: f64,
}

impl Smoothed {
    /// With another sample.
    pub fn with(known: Option<Self>, sample_ms: u64) -> Self {
        let sample = sample_ms as f64;
        match known {
            None => Self { smoothed_ms: sample, deviation_ms: sample / 2.0 },
            Some(known) => Self {
                deviation_ms: 0.75 * known.deviation_ms + 0.25 * (known.smoothed_ms - sample).abs(),
                smoothed_ms: 0.875 * known.smoothed_ms + 0.125 * sample,
            },
        }
    }

    /// What is hardly ever exceeded.
    pub fn bound_ms(self) -> u64 {
        (self.smoothed_ms + 4.0 * self.deviation_ms) as u64
    }
}

/// The least that an answer took is forgotten by this share of what others take longer: a line may get worse.
const FORGOTTEN: u64 = 16;

/// How long answers took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AnswerTimes {
    quick: Option<Smoothed>,
    verifying: Option<Smoothed>,
    least_ms: Option<u64>,
}

impl AnswerTimes {
    /// An answer came after that long.
    pub fn took(&mut self, wait: Wait, took_ms: u64) {
        match wait {
            Wait::Quick => {
                self.quick = Some(Smoothed::with(self.quick, took_ms));
                let least_ms = self.least_ms.map_or(took_ms, |least_ms| {
                    took_ms.min(least_ms + took_ms.saturating_sub(least_ms) / FORGOTTEN)
                });
                self.least_ms = Some(least_ms);
            }
            Wait::Verifying => self.verifying = Some(Smoothed::with(self.verifying, took_ms)),
            Wait::Open | Wait::Reading | Wait::Trial | Wait::Token | Wait::Joining | Wait::Aside => {}
        }
    }

    /// How long the way there and back takes on this line, in milliseconds, once that is known: the least that an answer
    /// took, without what it waited for behind the bytes of others.
    pub fn there_and_back_ms(&self) -> Option<u64> {
        self.least_ms
    }

    /// How long an answer is waited for after so many failures, in milliseconds; `None` for ever.
    pub fn patience_ms(&self, wait: Wait, failures: u32) -> Option<u64> {
        // Twice what is usual: a second attempt costs little, as all requests may be repeated.
        let usual = |known: Option<Smoothed>, most_ms: u64| {
            known.map_or(most_ms, |known| (2 * known.bound_ms()).clamp(LEAST_MS, most_ms))
        };
        let first_ms = match wait {
            Wait::Open => return None,
            Wait::Reading => READING_MS,
            Wait::Trial => return Some(TRIAL_MS),
            Wait::Token => TOKEN_MS,
            Wait::Quick => usual(self.quick, QUICK_MOST_MS),
            Wait::Verifying => usual(self.verifying, VERIFYING_MOST_MS),
            Wait::Joining => JOINING_MS,
            Wait::Aside => ASIDE_MS,
        };
        // The first time it may have been the connection, and not the service.
        Some(first_ms << failures.saturating_sub(1).min(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_answers_fast_is_asked_again_soon() {
        let mut times = AnswerTimes::default();
        assert_eq!(times.patience_ms(Wait::Quick, 0), Some(12_000));
        (0..10).for_each(|_| times.took(Wait::Quick, 80));
        assert_eq!(
            [0, 1, 2, 9].map(|n| times.patience_ms(Wait::Quick, n)),
            [4, 4, 8, 32].map(|s| Some(s * 1_000))
        );
        assert_eq!(times.patience_ms(Wait::Verifying, 0), Some(30_000), "another kind of answer");
    }

    #[test]
    fn the_way_there_and_back_is_the_least_that_an_answer_took_and_slowly_forgotten() {
        let mut times = AnswerTimes::default();
        assert_eq!(times.there_and_back_ms(), None);
        [1_900, 900, 3_000, 1_200].into_iter().for_each(|took_ms| times.took(Wait::Quick, took_ms));
        assert!((900..1_100).contains(&times.there_and_back_ms().unwrap()), "{times:?}");
        (0..80).for_each(|_| times.took(Wait::Quick, 3_000));
        assert!(times.there_and_back_ms().unwrap() > 2_900, "{times:?}");
        times.took(Wait::Quick, 40);
        assert_eq!(times.there_and_back_ms(), Some(40));
    }

    #[test]
    fn a_slow_service_is_given_its_time() {
        let mut times = AnswerTimes::default();
        (0..20).for_each(|_| times.took(Wait::Verifying, 9_000));
        assert!(times.patience_ms(Wait::Verifying, 0).unwrap() > 17_000);
    }

    #[test]
    fn putting_parts_together_is_never_hurried() {
        let mut times = AnswerTimes::default();
        (0..10).for_each(|_| times.took(Wait::Joining, 50));
        assert_eq!(times.patience_ms(Wait::Joining, 0), Some(30_000));
    }
}
