//! Signed URLs as values that do not leak: whoever holds one may do what it says until it expires, so
//! `Debug` and `Display` leave the query out, and reading the whole is a deliberate call.

use std::borrow::Cow;
use std::fmt;

use time::OffsetDateTime;

use crate::headers::HeadersToSend;

/// A URL whose query holds a signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    pub(crate) fn new(url: String) -> Self {
        Self(url)
    }

    /// The whole URL, signature included: for the client it was made for, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The whole URL, signature included, without a copy.
    pub fn into_string(self) -> String {
        self.0
    }

    fn redacted(&self) -> Cow<'_, str> {
        match self.0.split_once('?') {
            Some((address, _)) => Cow::Owned(format!("{address}?…redacted")),
            None => Cow::Borrowed("…redacted"),
        }
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedUrl({})", self.redacted())
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// A request somebody else may send on our behalf: the URL, the headers that belong to its signature,
/// and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest<'a> {
    /// Where to.
    pub url: SignedUrl,
    /// What has to be sent unchanged with it; `host` is not among them, every client sends that itself.
    pub headers: HeadersToSend<'a>,
    /// When the URL stops working.
    pub expires_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_display_shows_the_query() {
        let url = SignedUrl::new("https://b.example/k.jpg?X-Amz-Credential=AKIA&X-Amz-Signature=0f".into());
        assert_eq!(url.to_string(), "https://b.example/k.jpg?…redacted");
        assert_eq!(format!("{url:?}"), "SignedUrl(https://b.example/k.jpg?…redacted)");
        assert!(url.expose().ends_with("=0f"));
    }
}
