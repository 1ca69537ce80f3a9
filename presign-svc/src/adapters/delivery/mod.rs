//! How stored objects reach browsers: by an address that is open to everybody, through CloudFront, or from the
//! bucket itself. A wrapper around the bucket that answers `sign_get` otherwise where that was configured.
//!
//! Neither an open address nor CloudFront can be told which type and name to answer with, as a signed GET of
//! the bucket can. So they are used only for what may be delivered as it was stored
//! ([`GetToSign::as_stored`]): pictures and films whose verified type is the stored one. Everything else
//! (documents, archives) comes from the bucket, as a download.

mod cloudfront;
mod key;

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;

pub use self::cloudfront::CloudFront;
pub use self::key::{InvalidSigningKey, SigningKey};
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{
    BucketEntry, FormToSign, GetToSign, ListedObject, MultipartCompletion, MultipartId, MultipartMark,
    MultipartPage, ObjectInfo, ObjectStore, PartToSign, PartToWrite, PutToSign, SignedForm, SignedRequest,
    SigningWindow, StoreResult, StoredPart,
};

/// A bucket whose objects are delivered by other ways as well.
pub struct Delivering {
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
    /// What everybody may see.
    pub public: Option<PublicObjects>,
    /// The distribution in front of the bucket.
    pub cloudfront: Option<CloudFront>,
}

/// Which objects everybody may see, and where. The bucket's policy, or the CDN, must really let everybody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicObjects {
    /// Their keys begin with one of these.
    pub prefixes: Vec<KeyPrefix>,
    /// Where they are instead of at the bucket's own address.
    pub base: Option<BaseUrl>,
}

/// How keys begin: whole segments, such as `acme/showcase/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPrefix(String);

/// The address keys are appended to: `https://`, or `http://` on this machine, without query or fragment; no
/// slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDelivery {
    /// No prefix of keys.
    #[error("{0:?} is not how keys begin: whole segments with a slash at the end, such as acme/showcase/")]
    Prefix(String),
    /// No address.
    #[error("{0:?} is not an address to append keys to, such as https://photos.example.com")]
    Base(String),
}

impl FromStr for KeyPrefix {
    type Err = InvalidDelivery;
    fn from_str(text: &str) -> Result<Self, InvalidDelivery> {
        let invalid = || InvalidDelivery::Prefix(text.to_owned());
        let segments = text.strip_suffix('/').ok_or_else(invalid)?;
        ObjectKey::try_from(segments.to_owned()).map_err(|_| invalid())?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidDelivery;
    fn from_str(text: &str) -> Result<Self, InvalidDelivery> {
        let uri = text.parse::<http::Uri>().ok().filter(|uri| {
            let is_local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let is_safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_local);
            is_safe && uri.query().is_none()
        });
        // What signs a policy and what a browser asks for must be the same letters.
        let is_plain = text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'#' | b'@' | b'*' | b'?'));
        match uri {
            Some(_) if is_plain => Ok(Self(text.trim_end_matches('/').to_owned())),
            _ => Err(InvalidDelivery::Base(text.to_owned())),
        }
    }
}

impl BaseUrl {
    /// Of an object, or of what keys begin with. Keys are made of characters that need no encoding.
    fn with(&self, key: &str) -> String {
        format!("{}/{key}", self.0)
    }
}

impl PublicObjects {
    fn holds(&self, key: &ObjectKey) -> bool {
        self.prefixes.iter().any(|prefix| key.as_str().starts_with(&prefix.0))
    }
}

#[async_trait]
impl ObjectStore for Delivering {
    async fn sign_get(&self, get: &GetToSign<'_>, window: SigningWindow) -> StoreResult<SignedRequest> {
        let expires_at = window.signed_at + window.lifetime;
        let unsigned = |url| SignedRequest { url, headers: BTreeMap::new(), expires_at };
        match (&self.public, &self.cloudfront) {
            (Some(public), _) if get.as_stored && public.holds(get.key) => Ok(unsigned(match &public.base {
                Some(base) => base.with(get.key.as_str()),
                None => self.store.object_url(get.key),
            })),
            (_, Some(cloudfront)) if get.as_stored => {
                Ok(unsigned(cloudfront.signed_url(get.key, get.scope, expires_at)?))
            }
            _ => self.store.sign_get(get, window).await,
        }
    }

    async fn sign_put(&self, put: &PutToSign<'_>, window: SigningWindow) -> StoreResult<SignedRequest> {
        self.store.sign_put(put, window).await
    }

    async fn sign_plain_put(
        &self,
        key: &ObjectKey,
        content_type: &str,
        window: SigningWindow,
    ) -> StoreResult<SignedRequest> {
        self.store.sign_plain_put(key, content_type, window).await
    }

    async fn sign_form(&self, form: &FormToSign<'_>, window: SigningWindow) -> StoreResult<SignedForm> {
        self.store.sign_form(form, window).await
    }

    async fn sign_parts(
        &self,
        key: &ObjectKey,
        multipart: &MultipartId,
        parts: &[PartToSign],
        window: SigningWindow,
    ) -> StoreResult<Vec<SignedRequest>> {
        self.store.sign_parts(key, multipart, parts, window).await
    }

    fn object_url(&self, key: &ObjectKey) -> String {
        self.store.object_url(key)
    }

    fn browser_origin(&self) -> String {
        self.store.browser_origin()
    }

    async fn create_multipart(&self, key: &ObjectKey, content_type: &str) -> StoreResult<MultipartId> {
        self.store.create_multipart(key, content_type).await
    }

    async fn list_parts(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<Vec<StoredPart>> {
        self.store.list_parts(key, multipart).await
    }

    async fn complete_multipart(&self, completion: &MultipartCompletion<'_>) -> StoreResult<()> {
        self.store.complete_multipart(completion).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, multipart: &MultipartId) -> StoreResult<()> {
        self.store.abort_multipart(key, multipart).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectInfo> {
        self.store.head(key).await
    }

    async fn read_range(&self, key: &ObjectKey, range: Range<u64>, etag: Option<&str>) -> StoreResult<Bytes> {
        self.store.read_range(key, range, etag).await
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<ListedObject>> {
        self.store.list(prefix).await
    }

    async fn list_objects(&self, prefix: &str, after: Option<&str>) -> StoreResult<Vec<BucketEntry>> {
        self.store.list_objects(prefix, after).await
    }

    async fn list_multiparts(
        &self,
        prefix: &str,
        after: Option<&MultipartMark>,
    ) -> StoreResult<MultipartPage> {
        self.store.list_multiparts(prefix, after).await
    }

    fn time(&self) -> Option<OffsetDateTime> {
        self.store.time()
    }

    async fn put(&self, put: &PutToSign<'_>, bytes: Bytes) -> StoreResult<()> {
        self.store.put(put, bytes).await
    }

    async fn upload_part(&self, part: &PartToWrite<'_>, bytes: Bytes) -> StoreResult<()> {
        self.store.upload_part(part, bytes).await
    }

    async fn copy_part(&self, part: &PartToWrite<'_>, source: &ObjectKey) -> StoreResult<()> {
        self.store.copy_part(part, source).await
    }

    async fn delete(&self, key: &ObjectKey) -> StoreResult<()> {
        self.store.delete(key).await
    }

    async fn check(&self) -> StoreResult<()> {
        self.store.check().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_of_whole_segments_and_a_base_is_an_address() {
        assert_eq!("acme/showcase/".parse(), Ok(KeyPrefix("acme/showcase/".to_owned())));
        for bad in ["", "/", "acme", "acme/../", "/acme/", "acme//", "acme/*/"] {
            assert!(bad.parse::<KeyPrefix>().is_err(), "{bad}");
        }
        for good in ["https://d111.cloudfront.net", "https://img.example/photos/", "http://localhost:8080"] {
            assert!(good.parse::<BaseUrl>().is_ok(), "{good}");
        }
        assert_eq!("https://img.example/a/".parse::<BaseUrl>().unwrap().with("k"), "https://img.example/a/k");
        for bad in [
            "",
            "d111.cloudfront.net",
            "http://img.example",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a/*",
        ] {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }
}
