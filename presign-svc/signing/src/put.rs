//! PutObject: one request, one whole object.

use crate::canonical::Method;
use crate::error::SignError;
use crate::headers::{self, Checksum, HeadersToSend};
use crate::signed_url::SignedRequest;
use crate::signer::{Presigner, Signer};
use crate::validity::Validity;

/// What a PUT of an object is bound to. Whatever is `None` the client may choose: a URL for a browser
/// should leave nothing to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PutHeaders<'a> {
    /// Size of the body in bytes: the store takes exactly this many.
    pub content_length: Option<u64>,
    /// The media type the object is stored with.
    pub content_type: Option<&'a str>,
    /// The store verifies the body against it before it answers.
    pub checksum: Option<Checksum<'a>>,
    /// `if-none-match: *`: the URL cannot replace an object that exists.
    pub only_if_absent: bool,
}

impl Presigner<'_> {
    /// Signs a PUT of one object.
    pub fn put_object<'a>(&self, key: &str, put: &PutHeaders<'a>) -> Result<SignedRequest<'a>, SignError> {
        headers::check_checksum(put.checksum)?;
        let headers = HeadersToSend {
            content_length: put.content_length,
            content_type: put
                .content_type
                .map(|value| headers::normal_value("content-type", value))
                .transpose()?,
            if_none_match: put.only_if_absent,
            checksum: put.checksum,
        };
        let url = self.sign(Method::Put, key, "", &headers)?;
        Ok(SignedRequest { url, headers, expires_at: self.expires_at() })
    }
}

impl Signer {
    /// Signs a PUT of one object.
    pub fn put_object<'a>(
        &self,
        key: &str,
        put: &PutHeaders<'a>,
        validity: &Validity,
    ) -> Result<SignedRequest<'a>, SignError> {
        self.presigner(validity)?.put_object(key, put)
    }
}
