//! The canonical request and the signature over it (Amazon S3 API Reference, "Authenticating Requests:
//! Using Query Parameters"). The canonical text is never put together in memory: its pieces are
//! mostly pieces of the URL, and go straight into the hash.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::encode;
use crate::headers::HeadersToSend;

/// What a piece of canonical text can be written to: a URL or a hash.
pub(crate) trait Sink {
    fn put(&mut self, text: &str);
}

impl Sink for String {
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Sink for Sha256 {
    fn put(&mut self, text: &str) {
        self.update(text.as_bytes());
    }
}

/// The HTTP methods that are signed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Put,
}

impl Method {
    /// The first line of the canonical request.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Get => "GET\n",
            Self::Put => "PUT\n",
        }
    }
}

/// Everything after the query: the signed headers, their names, and that the body is not hashed.
pub(crate) fn write_after_query(out: &mut impl Sink, headers: &HeadersToSend<'_>, host: &str) {
    out.put("\n");
    headers.write_lines(out, host);
    out.put("\n");
    headers.write_names(out, ";");
    out.put("\nUNSIGNED-PAYLOAD");
}

/// Signs a hashed canonical request and appends the signature to the URL. `mac` has absorbed the
/// string to sign up to the hash.
pub(crate) fn push_signature(url: &mut String, mut mac: Hmac<Sha256>, canonical_request: Sha256) {
    mac.update(&encode::lower_hex(&canonical_request.finalize().into()));
    let signature = encode::lower_hex(&mac.finalize().into_bytes().into());
    url.push_str("&X-Amz-Signature=");
    // Hexadecimal digits are ASCII, so the fallback is never taken.
    url.push_str(str::from_utf8(&signature).unwrap_or_default());
}
