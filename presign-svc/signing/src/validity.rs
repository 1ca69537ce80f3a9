//! From when and for how long a URL works. Time is an argument; nothing here reads a clock.

use std::time::Duration;

use time::OffsetDateTime;

use crate::credentials::Credentials;
use crate::error::SignError;

/// The longest life Signature Version 4 allows a URL: 7 days, in seconds.
pub const MAX_LIFETIME_S: u64 = 7 * 24 * 3600;
/// How long before its credentials a URL ends, in seconds: the store's clock is not ours.
pub const CREDENTIALS_MARGIN_S: u64 = 60;
/// The shortest life, in seconds and from when it is given out, that expiring credentials may cut a URL down to;
/// below that the answer is [`SignError::CredentialsExpiring`].
pub const MIN_CUT_LIFETIME_S: u64 = 60;

/// 9999-12-31T23:59:59Z, the last moment `X-Amz-Date` can name.
const LAST_UNIX_TIME_S: i64 = 253_402_300_799;

/// When a URL is signed and how long it is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    signed_at: OffsetDateTime,
    lifetime_s: u64,
    /// When it is given out: `signed_at`, or later.
    now: OffsetDateTime,
}

impl Validity {
    /// Signed at `now`; life is counted in whole seconds and cut to 7 days.
    pub fn new(now: OffsetDateTime, lifetime: Duration) -> Self {
        Self { signed_at: now, lifetime_s: lifetime.as_secs().min(MAX_LIFETIME_S), now }
    }

    /// The same where the URL is given out only now, after the time it is signed with: credentials that have less
    /// life left than a URL needs sign none, however long they lived from then on.
    pub fn given_out_at(self, now: OffsetDateTime) -> Self {
        Self { now: now.max(self.signed_at), ..self }
    }

    /// Signed at the start of the window `now` lies in, so that the same request gives the same URL
    /// for the whole window, which is what lets browsers cache what it fetches. The URL never lives
    /// longer than asked, and at least half as long: a longer window is cut to half the lifetime.
    pub fn in_window(now: OffsetDateTime, lifetime: Duration, window: Duration) -> Self {
        let Self { signed_at, lifetime_s, .. } = Self::new(now, lifetime);
        let window_s = window.as_secs().min(lifetime_s / 2).max(1);
        let into_window_s = now.unix_timestamp().rem_euclid(i64::try_from(window_s).unwrap_or(1));
        let start = OffsetDateTime::from_unix_timestamp(now.unix_timestamp() - into_window_s);
        Self { signed_at: start.unwrap_or(signed_at), lifetime_s, now }
    }

    /// What the signature will say: the credentials may cut the life short.
    pub(crate) fn resolve(&self, credentials: &Credentials) -> Result<Lifespan, SignError> {
        if self.lifetime_s == 0 {
            return Err(SignError::LifetimeTooShort);
        }
        let signed_at_s = self.signed_at.unix_timestamp();
        let mut lifetime_s = self.lifetime_s;
        if let Some(expires_at) = credentials.expires_at {
            let usable_s = |from_s: i64| {
                let left_s = u64::try_from(expires_at.unix_timestamp().saturating_sub(from_s)).unwrap_or(0);
                left_s.saturating_sub(CREDENTIALS_MARGIN_S)
            };
            if usable_s(self.now.unix_timestamp()) < lifetime_s.min(MIN_CUT_LIFETIME_S) {
                return Err(SignError::CredentialsExpiring { expires_at });
            }
            lifetime_s = lifetime_s.min(usable_s(signed_at_s));
        }
        // At most 7 days in seconds, so the conversion is exact.
        let end_s = signed_at_s.saturating_add(lifetime_s as i64);
        match OffsetDateTime::from_unix_timestamp(end_s) {
            Ok(expires_at) if signed_at_s >= 0 && end_s <= LAST_UNIX_TIME_S => {
                Ok(Lifespan { signed_at_s, lifetime_s, expires_at })
            }
            _ => Err(SignError::Clock(self.signed_at)),
        }
    }
}

/// A validity that was checked against credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifespan {
    /// `X-Amz-Date`, in seconds since 1970; from then to the year 9999.
    pub(crate) signed_at_s: i64,
    /// `X-Amz-Expires`: 1 to 604,800.
    pub(crate) lifetime_s: u64,
    /// Their sum.
    pub(crate) expires_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-09-22 10:11:12.5 UTC);

    fn permanent() -> Credentials {
        Credentials::new("AKIA", "secret").unwrap()
    }

    fn lifetime(asked_s: u64, credentials_left_s: i64) -> Result<u64, SignError> {
        let credentials = permanent().with_expiry(NOW + time::Duration::seconds(credentials_left_s));
        Ok(Validity::new(NOW, Duration::from_secs(asked_s)).resolve(&credentials)?.lifetime_s)
    }

    #[test]
    fn no_url_lives_longer_than_seven_days() {
        let month = Validity::new(NOW, Duration::from_secs(30 * 24 * 3600));
        assert_eq!(month.resolve(&permanent()).unwrap().lifetime_s, 604_800);
    }

    #[test]
    fn f35_a_url_ends_a_minute_before_its_credentials() {
        assert_eq!(lifetime(900, 7200), Ok(900));
        assert_eq!(lifetime(900, 600), Ok(540));
        assert_eq!(lifetime(900, 120), Ok(60));
    }

    #[test]
    fn credentials_about_to_end_sign_nothing() {
        for left_s in [119, 60, 0, -5] {
            assert!(
                matches!(lifetime(900, left_s), Err(SignError::CredentialsExpiring { .. })),
                "{left_s} s left"
            );
        }
        assert_eq!(lifetime(10, 75), Ok(10), "a URL that was asked to be short may be short");
    }

    #[test]
    fn f35_no_url_is_given_out_that_ends_at_once_though_its_window_began_long_before() {
        let credentials = permanent().with_expiry(datetime!(2026-09-22 12:14 UTC));
        let given_out_at = |now| {
            let two_hours = Duration::from_secs(7200);
            Validity::in_window(now, two_hours, Duration::from_secs(900)).resolve(&credentials)
        };
        let in_time = given_out_at(datetime!(2026-09-22 12:12 UTC)).unwrap();
        assert_eq!(in_time.expires_at, datetime!(2026-09-22 12:13 UTC));
        assert_eq!(given_out_at(datetime!(2026-09-22 12:01 UTC)), Ok(in_time), "the same in its window");
        for late in [datetime!(2026-09-22 12:12:01 UTC), datetime!(2026-09-22 12:13:30 UTC)] {
            assert!(matches!(given_out_at(late), Err(SignError::CredentialsExpiring { .. })), "{late}");
        }
    }

    #[test]
    fn a_life_of_no_whole_second_is_refused() {
        let blink = Validity::new(NOW, Duration::from_millis(999));
        assert_eq!(blink.resolve(&permanent()), Err(SignError::LifetimeTooShort));
    }

    #[test]
    fn a_clock_outside_the_calendar_is_an_error_not_a_panic() {
        for now in [datetime!(1969-12-31 23:59:59 UTC), datetime!(9999-12-31 23:59:00 UTC)] {
            let hour = Validity::new(now, Duration::from_secs(3600));
            assert_eq!(hour.resolve(&permanent()), Err(SignError::Clock(now)));
        }
    }

    #[test]
    fn within_a_window_every_moment_signs_the_same() {
        let two_hours = Duration::from_secs(7200);
        let window = Duration::from_secs(900);
        let at = |seconds| {
            Validity::in_window(
                datetime!(2026-09-22 10:15 UTC) + time::Duration::seconds(seconds),
                two_hours,
                window,
            )
            .resolve(&permanent())
            .unwrap()
        };
        assert_eq!(at(0), at(899));
        assert_ne!(at(899), at(900));
        assert_eq!(at(899).expires_at, datetime!(2026-09-22 12:15 UTC));
    }

    #[test]
    fn a_window_leaves_at_least_half_of_the_life() {
        let hour = Duration::from_secs(3600);
        let lifespan =
            Validity::in_window(datetime!(2026-09-22 10:59:59 UTC), hour, Duration::from_secs(86_400))
                .resolve(&permanent())
                .unwrap();
        assert!(lifespan.expires_at - datetime!(2026-09-22 10:59:59 UTC) >= time::Duration::minutes(30));
    }
}
