//! The signer of one bucket, and the presigner: a signer at one moment.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::canonical::{self, CanonicalRequest, Method};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::{KeyProblem, SignError};
use crate::hash::Midstate;
use crate::headers::HeadersToSend;
use crate::key::{DayKey, SECONDS_PER_DAY};
use crate::moment::Moment;
use crate::recent::Recent;
use crate::signed_url::SignedUrl;
use crate::validity::{Lifespan, Validity};

/// S3's limit for an object key, in bytes of UTF-8.
const MAX_KEY_BYTES: usize = 1024;

/// Signs requests for one bucket with one set of credentials. Cheap to share; when the credentials
/// change, make another one.
pub struct Signer {
    endpoint: Endpoint,
    credentials: Credentials,
    /// Two, because around midnight and with quantised signing times the days alternate.
    day_keys: Recent<DayKey, 2>,
    /// A few, because uploads and downloads are signed with lifetimes of their own.
    moments: Recent<Moment, 8>,
}

impl Signer {
    /// A signer for a bucket.
    pub fn new(endpoint: Endpoint, credentials: Credentials) -> Self {
        Self { endpoint, credentials, day_keys: Recent::new(), moments: Recent::new() }
    }

    /// Where the bucket is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Who signs.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The signer at one moment: prepared once, it signs any number of requests.
    pub fn presigner(&self, validity: &Validity) -> Result<Presigner<'_>, SignError> {
        let lifespan = validity.resolve(&self.credentials)?;
        // Lifetimes are few and mostly whole minutes; a lifetime's moments replace one another.
        let place = lifespan.lifetime_s ^ (lifespan.lifetime_s / 60);
        let moment = self.moments.get(place, |moment| moment.lifespan == lifespan, || self.moment(lifespan));
        Ok(Presigner { endpoint: &self.endpoint, moment })
    }

    fn moment(&self, lifespan: Lifespan) -> Moment {
        // Signing times before 1970 were refused.
        let day_key = self.day_key(lifespan.signed_at_s / SECONDS_PER_DAY);
        Moment::new(&day_key, &self.credentials, lifespan)
    }

    /// The key of a day (days since 1970).
    pub(crate) fn day_key(&self, day: i64) -> Arc<DayKey> {
        let Credentials { access_key_id, secret_access_key, .. } = &self.credentials;
        self.day_keys.get(
            day.unsigned_abs(),
            |key| key.day == day,
            || DayKey::derive(day, access_key_id, secret_access_key, self.endpoint.region()),
        )
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// A signer at one moment: signing time and life are fixed, and what they decide is computed once.
pub struct Presigner<'s> {
    endpoint: &'s Endpoint,
    moment: Arc<Moment>,
}

impl Presigner<'_> {
    /// When what is signed here stops working.
    pub fn expires_at(&self) -> OffsetDateTime {
        self.moment.lifespan.expires_at
    }

    /// Signs one request; `query_tail` as [`CanonicalRequest::new`] wants it.
    pub(crate) fn sign(
        &self,
        method: Method,
        key: &str,
        query_tail: &str,
        headers: &HeadersToSend<'_>,
    ) -> Result<SignedUrl, SignError> {
        let mut request = self.canonical_request(method, key, query_tail, headers)?;
        let mut url = self.url(&request);
        canonical::push_after_query(&mut request.text, headers, self.host());
        self.push_signature(&mut url, Midstate::START, &request.text);
        Ok(SignedUrl::new(url))
    }

    /// The canonical request up to the end of `query_tail`.
    pub(crate) fn canonical_request(
        &self,
        method: Method,
        key: &str,
        query_tail: &str,
        headers: &HeadersToSend<'_>,
    ) -> Result<CanonicalRequest, SignError> {
        check_key(key).map_err(SignError::Key)?;
        let query_head = &self.moment.query_head;
        Ok(CanonicalRequest::new(method, self.endpoint, key, query_head, headers, query_tail))
    }

    /// The URL of such a request, with room for the signature.
    pub(crate) fn url(&self, request: &CanonicalRequest) -> String {
        request.url(self.endpoint, SIGNATURE_BYTES)
    }

    /// The `Host` header that is signed.
    pub(crate) fn host(&self) -> &str {
        self.endpoint.host()
    }

    /// Appends the signature of a canonical request, `absorbed` and then `text`.
    pub(crate) fn push_signature(&self, url: &mut String, absorbed: Midstate, text: &str) {
        let signature = self.moment.sign(absorbed, text.as_bytes());
        url.push_str("&X-Amz-Signature=");
        // Hexadecimal digits are ASCII, so the fallback is never taken.
        url.push_str(str::from_utf8(&signature).unwrap_or_default());
    }
}

/// `&X-Amz-Signature=` and 64 digits.
pub(crate) const SIGNATURE_BYTES: usize = 17 + 64;

impl fmt::Debug for Presigner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigner")
            .field("endpoint", self.endpoint)
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

/// Refuses keys that S3 does not know or that clients would rewrite on their way.
pub(crate) fn check_key(key: &str) -> Result<(), KeyProblem> {
    if key.is_empty() {
        return Err(KeyProblem::Empty);
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(KeyProblem::TooLong);
    }
    // Looking for "/." first is cheap, and nearly always the end of it.
    if (key.starts_with('.') || key.contains("/."))
        && key.split('/').any(|segment| matches!(segment, "." | ".."))
    {
        return Err(KeyProblem::DotSegment);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_clients_would_rewrite_are_refused() {
        for key in [".", "..", "../other/key", "a/../b", "a/./b", "a/.."] {
            assert_eq!(check_key(key), Err(KeyProblem::DotSegment), "{key}");
        }
        assert_eq!(check_key(""), Err(KeyProblem::Empty));
        assert_eq!(check_key(&"ü".repeat(513)), Err(KeyProblem::TooLong));
        for key in
            ["...", ".hidden", "a/.well-known/b", "a..b", "/leading", "double//slash", &"ü".repeat(512)]
        {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
    }
}
