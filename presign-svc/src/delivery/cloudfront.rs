//! CloudFront's signed URLs with a custom policy (Amazon CloudFront Developer Guide, "Create a signed URL
//! using a custom policy"). A policy may cover many objects by a wildcard: one signature, 325 µs by RSA, then
//! does for a photo with all its sizes, or for a whole page of photos, until the window moves on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;

use super::{BaseUrl, SigningKey};
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{StoreError, StoreResult};

/// Signatures that are kept; a window's are all replaced by the next one's.
const KEPT: usize = 4096;

/// What one signature may open, at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Wildcard {
    /// One photo with all its sizes.
    #[default]
    Photo,
    /// All that lies in a project's folder, also what nobody is given a URL of: photos in quarantine, originals
    /// that are not verified yet, documents.
    Project,
}

/// A distribution in front of the bucket, and the key that opens it.
#[derive(Debug)]
pub struct CloudFront {
    base: BaseUrl,
    key_pair_id: String,
    key: SigningKey,
    wildcard: Wildcard,
    /// Queries by the policy they are of.
    signed: Mutex<HashMap<String, String>>,
}

impl CloudFront {
    /// A distribution at an address; its key group has the key's public half under that id.
    pub fn new(base: BaseUrl, key_pair_id: String, key: SigningKey, wildcard: Wildcard) -> Self {
        Self { base, key_pair_id, key, wildcard, signed: Mutex::default() }
    }

    /// Where it is.
    pub(super) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// What one of its signatures may open.
    pub(super) fn wildcard(&self) -> Wildcard {
        self.wildcard
    }

    /// An object's URL, by a policy that is good for all keys that begin with `scope`, or for this one alone.
    pub(super) fn signed_url(
        &self,
        key: &ObjectKey,
        scope: Option<&str>,
        expires_at: OffsetDateTime,
    ) -> StoreResult<String> {
        let url = self.base.with(key.as_str());
        let opened = scope.map_or_else(|| url.clone(), |scope| self.base.with(scope) + "*");
        let query = self.query(policy(&opened, expires_at))?;
        Ok(format!("{url}?{query}"))
    }

    fn query(&self, policy: String) -> StoreResult<String> {
        if let Some(query) = self.signed.lock().unwrap_or_else(PoisonError::into_inner).get(&policy) {
            return Ok(query.clone());
        }
        // Signed without the lock: two requests at once may do it twice.
        let signature = self.key.sign(policy.as_bytes()).map_err(StoreError::Unexpected)?;
        let query = format!(
            "Policy={}&Signature={}&Key-Pair-Id={}",
            url_safe(policy.as_bytes()),
            url_safe(&signature),
            self.key_pair_id
        );
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if signed.len() >= KEPT {
            signed.clear();
        }
        signed.insert(policy, query.clone());
        Ok(query)
    }
}

/// This address, or all that a wildcard makes of it, until then. Addresses and keys hold nothing that JSON would have
/// to escape, and no wildcard of their own.
fn policy(opened: &str, expires_at: OffsetDateTime) -> String {
    format!(
        "{{\"Statement\":[{{\"Resource\":\"{opened}\",\"Condition\":{{\"DateLessThan\":{{\"AWS:EpochTime\":{}}}}}}}]}}",
        expires_at.unix_timestamp()
    )
}

/// base64 in CloudFront's letters.
fn url_safe(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
    use p256::pkcs8::{EncodePrivateKey as _, LineEnding};
    use rsa::pkcs1::EncodeRsaPrivateKey as _;
    use rsa::rand_core::OsRng;
    use rsa::{Pkcs1v15Sign, RsaPrivateKey};
    use serde_json::{Value, json};
    use sha1::{Digest as _, Sha1};
    use time::macros::datetime;

    use super::*;
    use crate::delivery::InvalidSigningKey;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn key(text: &str) -> ObjectKey {
        text.to_owned().try_into().unwrap()
    }

    fn cloudfront(pem: &str) -> CloudFront {
        let base = "https://d111.cloudfront.net/".parse().unwrap();
        let key = SigningKey::from_pem(pem).unwrap();
        CloudFront::new(base, "K2JCJMDEHXQW5F".to_owned(), key, Wildcard::default())
    }

    /// The parts of a URL's query, decoded as CloudFront decodes them.
    fn opened(url: &str) -> (String, Vec<u8>, Vec<u8>) {
        let (place, query) = url.split_once('?').unwrap();
        let part = |name: &str| {
            let value = query.split('&').find_map(|part| part.strip_prefix(name)).unwrap();
            STANDARD.decode(value.replace('-', "+").replace('_', "=").replace('~', "/")).unwrap()
        };
        assert!(query.ends_with("&Key-Pair-Id=K2JCJMDEHXQW5F"), "{query}");
        (place.to_owned(), part("Policy="), part("Signature="))
    }

    #[test]
    fn one_rsa_signature_does_for_a_page_and_opens_nothing_of_another_project() {
        let private = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        let cloudfront = cloudfront(&private.to_pkcs1_pem(LineEnding::LF).unwrap());
        let page: Vec<String> = (0..100)
            .map(|n| {
                cloudfront
                    .signed_url(&key(&format!("acme/job-7/{n}/original.jpg")), Some("acme/job-7/"), NOON)
                    .unwrap()
            })
            .collect();
        let queries: BTreeSet<&str> = page.iter().map(|url| url.split_once('?').unwrap().1).collect();
        assert_eq!(queries.len(), 1);
        let (place, policy, signature) = opened(&page[7]);
        assert_eq!(place, "https://d111.cloudfront.net/acme/job-7/7/original.jpg");
        assert_eq!(
            serde_json::from_slice::<Value>(&policy).unwrap(),
            json!({"Statement": [{
                "Resource": "https://d111.cloudfront.net/acme/job-7/*",
                "Condition": {"DateLessThan": {"AWS:EpochTime": NOON.unix_timestamp()}},
            }]})
        );
        let public = private.to_public_key();
        public.verify(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(&policy), &signature).unwrap();
        let later = NOON + time::Duration::minutes(15);
        let original = key("acme/job-7/7/original.jpg");
        let other = cloudfront.signed_url(&original, Some("acme/job-7/"), later).unwrap();
        assert_ne!(opened(&other).1, policy, "another window is another policy");
        let alone = opened(&cloudfront.signed_url(&original, None, NOON).unwrap());
        assert_eq!(serde_json::from_slice::<Value>(&alone.1).unwrap()["Statement"][0]["Resource"], alone.0);
    }

    #[test]
    fn an_ecdsa_key_signs_as_well() {
        let private = p256::SecretKey::random(&mut OsRng);
        for pem in
            [private.to_pkcs8_pem(LineEnding::LF).unwrap(), private.to_sec1_pem(LineEnding::LF).unwrap()]
        {
            let url = cloudfront(&pem).signed_url(&key("a/b/c.jpg"), Some("a/b/"), NOON).unwrap();
            let (_, policy, signature) = opened(&url);
            let public = p256::ecdsa::VerifyingKey::from(private.public_key());
            let signature = p256::ecdsa::Signature::from_der(&signature).unwrap();
            public.verify_prehash(&Sha1::digest(&policy), &signature).unwrap();
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_a_key_is_never_printed() {
        for odd in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "key"] {
            assert!(matches!(SigningKey::from_pem(odd), Err(InvalidSigningKey::Unreadable)), "{odd}");
        }
        let small = RsaPrivateKey::new(&mut OsRng, 1024).unwrap().to_pkcs1_pem(LineEnding::LF).unwrap();
        assert!(matches!(SigningKey::from_pem(&small), Err(InvalidSigningKey::Bits(1024))));
        let private = p256::SecretKey::random(&mut OsRng);
        let shown = format!("{:?}", cloudfront(&private.to_pkcs8_pem(LineEnding::LF).unwrap()));
        assert!(shown.contains("P-256, redacted"), "{shown}");
    }
}
