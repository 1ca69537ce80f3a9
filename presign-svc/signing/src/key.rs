//! The signing key. It is derived by four HMACs and depends only on secret, day, region and service,
//! so it is made once a day; what is kept is its HMAC state with inner and outer pad already absorbed.

use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::encode::{self, Decimal};

const SECONDS_PER_DAY: i64 = 24 * 3600;

/// Everything about signing that changes once a day.
pub(crate) struct DayKey {
    /// Days since 1970-01-01.
    day: i64,
    /// HMAC-SHA256 keyed with the day's signing key.
    pub(crate) mac: Hmac<Sha256>,
    /// `20260922`.
    pub(crate) date: String,
    /// `20260922/eu-central-1/s3/aws4_request`.
    pub(crate) scope: String,
    /// The query up to where the time of day matters:
    /// `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=…&X-Amz-Date=20260922`.
    pub(crate) query_head: String,
}

/// The keys of two days. Two, because around midnight and with quantised signing times the days
/// alternate; even days and odd days have a place each.
#[derive(Default)]
pub(crate) struct DayKeys([RwLock<Option<Arc<DayKey>>>; 2]);

impl DayKeys {
    /// The key of the day `unix_time_s` lies in.
    pub(crate) fn get(&self, unix_time_s: i64, derive: impl FnOnce(i64) -> DayKey) -> Arc<DayKey> {
        let day = unix_time_s.div_euclid(SECONDS_PER_DAY);
        let [even, odd] = &self.0;
        let place = if day % 2 == 0 { even } else { odd };
        // A poisoned lock guards an `Option` that is replaced whole: it cannot be half written.
        if let Some(key) = place.read().unwrap_or_else(PoisonError::into_inner).as_ref()
            && key.day == day
        {
            return Arc::clone(key);
        }
        let key = Arc::new(derive(day));
        *place.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&key));
        key
    }
}

impl DayKey {
    /// Derives the key of a day (days since 1970).
    pub(crate) fn derive(day: i64, access_key_id: &str, secret: &str, region: &str) -> Self {
        let date = date_text(day);
        let scope = format!("{date}/{region}/s3/aws4_request");
        let mut root = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        root.extend_from_slice(b"AWS4");
        root.extend_from_slice(secret.as_bytes());
        let mut key = Zeroizing::new(hmac_sha256(&root, date.as_bytes()));
        for step in [region, "s3", "aws4_request"] {
            *key = hmac_sha256(&key[..], step.as_bytes());
        }
        let mut query_head = String::from("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
        encode::push_query(&mut query_head, access_key_id);
        encode::push_query(&mut query_head, "/");
        encode::push_query(&mut query_head, &scope);
        query_head.push_str("&X-Amz-Date=");
        query_head.push_str(&date);
        Self { day, mac: keyed(&key[..]), date, scope, query_head }
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

/// `T101112Z`: the rest of a signing time after its date.
pub(crate) fn push_time_of_day(out: &mut String, unix_time_s: i64) {
    let seconds = unix_time_s.rem_euclid(SECONDS_PER_DAY) as u64;
    out.push('T');
    for number in [seconds / 3600, seconds / 60 % 60, seconds % 60] {
        if number < 10 {
            out.push('0');
        }
        out.push_str(Decimal::new(number).as_str());
    }
    out.push('Z');
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(message).finalize().into_bytes().into()
}

/// HMAC-SHA256 with a key of any length (RFC 2104, section 2: longer than a block is hashed first).
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    match block.get_mut(..key.len()) {
        Some(start) => start.copy_from_slice(key),
        None => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    Hmac::new((&*block).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 and 6: a key shorter than a block, and one longer.
    #[test]
    fn keys_of_any_length_give_the_standard_hmac() {
        let short = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert!(encode::lower_hex(&short).starts_with(b"5bdcc146bf60754e6a042426089575c7"));
        let long = hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert!(encode::lower_hex(&long).starts_with(b"60e431591ee0b67f0d8a26aacbf5b77f"));
    }

    #[test]
    fn a_key_is_derived_once_a_day_and_two_days_are_kept() {
        let keys = DayKeys::default();
        let derived = std::cell::Cell::new(0);
        let get = |unix_time_s| {
            keys.get(unix_time_s, |day| {
                derived.set(derived.get() + 1);
                DayKey::derive(day, "AKIA", "secret", "eu-central-1")
            })
            .date
            .clone()
        };
        for _ in 0..3 {
            assert_eq!(get(SECONDS_PER_DAY - 1), "19700101");
            assert_eq!(get(SECONDS_PER_DAY), "19700102");
        }
        assert_eq!(derived.get(), 2);
        assert_eq!(get(2 * SECONDS_PER_DAY), "19700103");
        assert_eq!(derived.get(), 3);
    }

    #[test]
    fn the_time_of_day_has_two_digits_each() {
        let mut out = String::new();
        push_time_of_day(&mut out, 10 * SECONDS_PER_DAY + 9 * 3600 + 8 * 60 + 7);
        push_time_of_day(&mut out, SECONDS_PER_DAY - 1);
        assert_eq!(out, "T090807ZT235959Z");
    }
}
