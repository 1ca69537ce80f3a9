//! The signing key. It is derived by four HMACs and depends only on secret, day, region and service, so
//! it is made once a day and kept as the state of an HMAC that has absorbed it.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::encode;
use crate::hash::Hmac;

/// The length of every day of Unix time, in seconds.
pub(crate) const SECONDS_PER_DAY: i64 = 24 * 3600;

/// Everything about signing that changes once a day.
pub(crate) struct DayKey {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// HMAC-SHA256 with the day's signing key.
    pub(crate) hmac: Hmac,
    /// `20260922`.
    pub(crate) date: String,
    /// `20260922/eu-central-1/s3/aws4_request`.
    pub(crate) scope: String,
    /// The query up to where the time of day matters:
    /// `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=…&X-Amz-Date=20260922`.
    pub(crate) query_head: String,
}

impl DayKey {
    /// Derives the key of a day (days since 1970).
    pub(crate) fn derive(day: i64, access_key_id: &str, secret: &str, region: &str) -> Self {
        let date = date_text(day);
        let scope = format!("{date}/{region}/s3/aws4_request");
        let mut root = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        root.extend_from_slice(b"AWS4");
        root.extend_from_slice(secret.as_bytes());
        let mut key = Zeroizing::new(Hmac::new(&root).finish(date.as_bytes()));
        for step in [region, "s3", "aws4_request"] {
            *key = Hmac::new(&key[..]).finish(step.as_bytes());
        }
        let mut query_head = String::from("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
        encode::push_query(&mut query_head, access_key_id);
        encode::push_query(&mut query_head, "/");
        encode::push_query(&mut query_head, &scope);
        query_head.push_str("&X-Amz-Date=");
        query_head.push_str(&date);
        Self { day, hmac: Hmac::new(&key[..]), date, scope, query_head }
    }
}

/// `20260922`.
fn date_text(day: i64) -> String {
    // Signing times are checked to lie between 1970 and 9999, so the fallback is never taken.
    let date = OffsetDateTime::from_unix_timestamp(day.saturating_mul(SECONDS_PER_DAY))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .date();
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!(date_text(0), "19700101");
        assert_eq!(date_text(59), "19700301");
        assert_eq!(date_text(20_718), "20260922");
    }
}
