//! The signer of one bucket, and the presigner: a signer at one moment.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::canonical::{self, Method, Sink};
use crate::credentials::Credentials;
use crate::encode::{self, Decimal};
use crate::endpoint::Endpoint;
use crate::error::{KeyProblem, SignError};
use crate::headers::HeadersToSend;
use crate::key::{self, DayKey, DayKeys};
use crate::signed_url::SignedUrl;
use crate::validity::{Lifespan, Validity};

/// S3's limit for an object key, in bytes of UTF-8.
const MAX_KEY_BYTES: usize = 1024;

/// Signs requests for one bucket with one set of credentials. Cheap to share; when the credentials
/// change, make another one.
pub struct Signer {
    endpoint: Endpoint,
    credentials: Credentials,
    /// `&X-Amz-Security-Token=…`, or empty.
    token_parameter: String,
    day_keys: DayKeys,
}

impl Signer {
    /// A signer for a bucket.
    pub fn new(endpoint: Endpoint, credentials: Credentials) -> Self {
        let mut token_parameter = String::new();
        if let Some(token) = &credentials.session_token {
            token_parameter.push_str("&X-Amz-Security-Token=");
            encode::push_query(&mut token_parameter, token);
        }
        Self { endpoint, credentials, token_parameter, day_keys: DayKeys::default() }
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
        Ok(Presigner::new(self, lifespan))
    }

    fn day_key(&self, unix_time_s: i64) -> Arc<DayKey> {
        let Credentials { access_key_id, secret_access_key, .. } = &self.credentials;
        self.day_keys.get(unix_time_s, |day| {
            DayKey::derive(day, access_key_id, secret_access_key, self.endpoint.region())
        })
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
    lifespan: Lifespan,
    /// Has absorbed the string to sign up to the hash of the canonical request.
    mac: Hmac<Sha256>,
    /// The query up to the names of the signed headers.
    query_head: String,
}

impl<'s> Presigner<'s> {
    fn new(signer: &'s Signer, lifespan: Lifespan) -> Self {
        let day = signer.day_key(lifespan.signed_at_s);
        let mut query_head = String::with_capacity(day.query_head.len() + signer.token_parameter.len() + 64);
        query_head.push_str(&day.query_head);
        let time_start = query_head.len();
        key::push_time_of_day(&mut query_head, lifespan.signed_at_s);

        let mut mac = day.mac.clone();
        mac.update(b"AWS4-HMAC-SHA256\n");
        mac.update(day.date.as_bytes());
        // `time_start` is where a push began just above.
        mac.update(&query_head.as_bytes()[time_start..]);
        mac.update(b"\n");
        mac.update(day.scope.as_bytes());
        mac.update(b"\n");

        query_head.push_str("&X-Amz-Expires=");
        query_head.push_str(Decimal::new(lifespan.lifetime_s).as_str());
        query_head.push_str(&signer.token_parameter);
        query_head.push_str("&X-Amz-SignedHeaders=");
        Self { endpoint: &signer.endpoint, lifespan, mac, query_head }
    }

    /// When what is signed here stops working.
    pub fn expires_at(&self) -> OffsetDateTime {
        self.lifespan.expires_at
    }

    /// Signs one request. `query_tail` is the operation's own part of the query: encoded, sorted, each
    /// parameter with its `&`, and every name after `X-Amz-…` in ASCII order, as all lower-case ones are.
    pub(crate) fn sign(
        &self,
        method: Method,
        key: &str,
        query_tail: &str,
        headers: &HeadersToSend<'_>,
    ) -> Result<SignedUrl, SignError> {
        let (mut url, mut hash) = self.begin(method, key, headers, query_tail)?;
        canonical::write_after_query(&mut hash, headers, self.endpoint.host());
        canonical::push_signature(&mut url, self.mac.clone(), hash);
        Ok(SignedUrl::new(url))
    }

    /// The URL and the hash of the canonical request, both up to the end of `query_tail`.
    pub(crate) fn begin(
        &self,
        method: Method,
        key: &str,
        headers: &HeadersToSend<'_>,
        query_tail: &str,
    ) -> Result<(String, Sha256), SignError> {
        check_key(key).map_err(SignError::Key)?;
        let origin = self.endpoint.origin();
        let mut url = String::with_capacity(
            origin.len() + key.len() + self.query_head.len() + query_tail.len() + URL_SPARE_BYTES,
        );
        url.push_str(origin);
        let path_start = url.len();
        self.endpoint.push_path(&mut url, key);
        let path_end = url.len();
        url.push('?');
        url.push_str(&self.query_head);
        headers.write_names(&mut url, "%3B");
        url.push_str(query_tail);

        // The positions are where pushes of whole strings began and ended just above.
        let mut hash = Sha256::new();
        hash.put(method.line());
        hash.put(&url[path_start..path_end]);
        hash.put("\n");
        hash.put(&url[path_end + 1..]);
        Ok((url, hash))
    }

    /// Finishes what [`Self::begin`] began: continues the URL and signs it.
    pub(crate) fn finish(&self, url: &mut String, mut hash: Sha256, headers: &HeadersToSend<'_>) {
        canonical::write_after_query(&mut hash, headers, self.endpoint.host());
        canonical::push_signature(url, self.mac.clone(), hash);
    }
}

/// Room for bucket, header names, signature and a few escapes, so that a URL is one allocation.
const URL_SPARE_BYTES: usize = 320;

impl fmt::Debug for Presigner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigner")
            .field("endpoint", self.endpoint)
            .field("expires_at", &self.lifespan.expires_at)
            .finish_non_exhaustive()
    }
}

/// Refuses keys that S3 does not know or that clients would rewrite on their way.
fn check_key(key: &str) -> Result<(), KeyProblem> {
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
