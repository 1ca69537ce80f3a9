//! Everything about signing that is fixed once time and lifetime are: computed once for all requests of
//! a second, and for the whole of a window where signing times are quantised.

use crate::credentials::Credentials;
use crate::encode::{self, Decimal};
use crate::hash::{Hmac, Midstate};
use crate::key::{DayKey, SECONDS_PER_DAY};
use crate::validity::Lifespan;

/// A digest in hexadecimal digits, in bytes.
const HEX_BYTES: usize = 64;
/// What is left of the string to sign's head after whole blocks, and the digest after it.
const MAX_TAIL_BYTES: usize = 63 + HEX_BYTES;

/// A signer's state at one signing time, for one lifetime.
pub(crate) struct Moment {
    pub(crate) lifespan: Lifespan,
    /// The query up to the names of the signed headers.
    pub(crate) query_head: String,
    /// Has absorbed the whole blocks of the string to sign's head …
    hmac: Hmac,
    /// … and this is what remains of it, with room for the digest that follows.
    tail: [u8; MAX_TAIL_BYTES],
    tail_head_bytes: usize,
}

impl Moment {
    pub(crate) fn new(day: &DayKey, credentials: &Credentials, lifespan: Lifespan) -> Self {
        let time_of_day = time_of_day(lifespan.signed_at_s);
        let head = format!("AWS4-HMAC-SHA256\n{}{time_of_day}\n{}\n", day.date, day.scope);
        let mut hmac = day.hmac;
        let rest = hmac.absorb(head.as_bytes());
        let mut tail = [0; MAX_TAIL_BYTES];
        // What remains after whole blocks is less than one.
        tail[..rest.len()].copy_from_slice(rest);

        let mut query_head = day.query_head.clone();
        query_head.push_str(&time_of_day);
        query_head.push_str("&X-Amz-Expires=");
        query_head.push_str(Decimal::new(lifespan.lifetime_s).as_str());
        if let Some(token) = &credentials.session_token {
            query_head.push_str("&X-Amz-Security-Token=");
            encode::push_query(&mut query_head, token);
        }
        query_head.push_str("&X-Amz-SignedHeaders=");
        Self { lifespan, query_head, hmac, tail, tail_head_bytes: rest.len() }
    }

    /// The signature in hexadecimal digits of a canonical request: `absorbed` and then `rest`.
    pub(crate) fn sign(&self, absorbed: Midstate, rest: &[u8]) -> [u8; HEX_BYTES] {
        let digest = encode::lower_hex(&absorbed.finish(rest));
        let mut tail = self.tail;
        let end = self.tail_head_bytes + HEX_BYTES;
        tail[self.tail_head_bytes..end].copy_from_slice(&digest);
        encode::lower_hex(&self.hmac.finish(&tail[..end]))
    }
}

/// `T101112Z`: the rest of a signing time after its date.
pub(crate) fn time_of_day(unix_time_s: i64) -> String {
    let seconds = unix_time_s.rem_euclid(SECONDS_PER_DAY);
    format!("T{:02}{:02}{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_has_two_digits_each() {
        assert_eq!(time_of_day(10 * SECONDS_PER_DAY + 9 * 3600 + 8 * 60 + 7), "T090807Z");
        assert_eq!(time_of_day(SECONDS_PER_DAY - 1), "T235959Z");
    }
}
