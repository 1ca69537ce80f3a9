//! How stored objects reach browsers: by an address that is open to everybody, through CloudFront, or from the
//! bucket itself, as it was configured.
//!
//! Neither an open address nor CloudFront can be told which type and name to answer with, as a signed GET of
//! the bucket can. So they are used only for what may be delivered as it was stored
//! ([`Reach::as_stored`]): pictures and films whose verified type is the stored one. Everything else
//! (documents, archives) comes from the bucket, as a download.

mod cloudfront;
mod key;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::timeout;

pub use self::cloudfront::{CloudFront, Wildcard};
pub use self::key::{InvalidSigningKey, SigningKey};
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{
    GetSigner, GetToSign, ObjectStore, SignedRequest, SigningWindow, StoreError, StoreResult,
};

/// How long whoever asks for addresses waits for credentials to sign with, however many wait for the same.
const CREDENTIALS_WAIT: Duration = Duration::from_secs(5);

/// The ways beside the bucket's own signed URLs; by default there are none.
#[derive(Debug, Default)]
pub struct Delivery {
    /// What everybody may see.
    pub public: Option<PublicObjects>,
    /// The distribution in front of the bucket.
    pub cloudfront: Option<CloudFront>,
}

/// How far an address may reach.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Whether the object may be delivered as it was stored, by ways that know no headers of ours: what its stored
    /// type says is what it is, and no browser runs it.
    pub as_stored: bool,
    /// Who may fetch the object may fetch whatever key begins so, which ends in a slash; `None` where it is the
    /// object alone.
    pub scope: Option<&'a str>,
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
    /// Its scheme, host and port.
    fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |scheme| scheme + "://".len());
        let end =
            self.0.get(host..).and_then(|rest| rest.find('/')).map_or(self.0.len(), |length| host + length);
        self.0.get(..end).unwrap_or(&self.0)
    }

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

impl Delivery {
    /// Where browsers fetch objects beside the bucket, for a page's Content-Security-Policy.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        let public = self.public.as_ref().and_then(|public| public.base.as_ref());
        public.into_iter().chain(self.cloudfront.as_ref().map(CloudFront::base)).map(BaseUrl::origin)
    }

    /// What one signature of CloudFront may open, where objects come through it.
    pub fn wildcard(&self) -> Option<Wildcard> {
        self.cloudfront.as_ref().map(CloudFront::wildcard)
    }

    /// What makes the addresses of a window: of `store` where no other way is configured, or fits.
    pub async fn addresses<'a>(&'a self, store: &'a dyn ObjectStore, window: SigningWindow) -> Addresses<'a> {
        let signer = timeout(CREDENTIALS_WAIT, store.get_signer(window)).await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("the credentials to sign with do not come".to_owned()))
        });
        Addresses { delivery: self, store, signer, expires_at: window.signed_at + window.lifetime }
    }
}

/// Makes the addresses of objects for browsers, in one window.
pub struct Addresses<'a> {
    delivery: &'a Delivery,
    store: &'a dyn ObjectStore,
    /// Where it cannot be had, that is told of the objects that need it alone.
    signer: StoreResult<Box<dyn GetSigner>>,
    expires_at: OffsetDateTime,
}

impl Addresses<'_> {
    /// That of an object.
    pub fn sign(&self, get: &GetToSign<'_>, reach: Reach<'_>) -> StoreResult<SignedRequest> {
        let expires_at = self.expires_at;
        let unsigned = |url| SignedRequest { url, headers: BTreeMap::new(), expires_at };
        match (&self.delivery.public, &self.delivery.cloudfront) {
            (Some(public), _) if reach.as_stored && public.holds(get.key) => {
                Ok(unsigned(match &public.base {
                    Some(base) => base.with(get.key.as_str()),
                    None => self.store.object_url(get.key),
                }))
            }
            (_, Some(cloudfront)) if reach.as_stored => {
                Ok(unsigned(cloudfront.signed_url(get.key, reach.scope, expires_at)?))
            }
            _ => self.signer.as_ref().map_err(Clone::clone)?.sign(get),
        }
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
        for (base, origin) in [
            ("https://img.example/a/", "https://img.example"),
            ("https://img.example", "https://img.example"),
            ("http://localhost:8080/a", "http://localhost:8080"),
        ] {
            assert_eq!(base.parse::<BaseUrl>().unwrap().origin(), origin);
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
