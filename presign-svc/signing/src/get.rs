//! GetObject: reading an object, and what the answer's headers are to say.

use crate::canonical::Method;
use crate::encode;
use crate::error::SignError;
use crate::headers::{self, HeadersToSend};
use crate::signed_url::SignedRequest;
use crate::signer::{Presigner, Signer};
use crate::validity::Validity;

/// What a GET asks for besides the object. The overrides replace what the object was stored with, which
/// is a claim of whoever uploaded it: a URL for a browser should set type and disposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetOptions<'a> {
    /// `Cache-Control` of the answer.
    pub response_cache_control: Option<&'a str>,
    /// `Content-Disposition` of the answer: RFC 6266, a name in it encoded by RFC 8187.
    pub response_content_disposition: Option<&'a str>,
    /// `Content-Encoding` of the answer.
    pub response_content_encoding: Option<&'a str>,
    /// `Content-Language` of the answer.
    pub response_content_language: Option<&'a str>,
    /// `Content-Type` of the answer.
    pub response_content_type: Option<&'a str>,
    /// `Expires` of the answer, an HTTP date.
    pub response_expires: Option<&'a str>,
    /// Which version, in a bucket that keeps versions.
    pub version_id: Option<&'a str>,
}

impl GetOptions<'_> {
    /// As the tail of a query, in the order signing wants. What the store is to say in a header has to
    /// be fit for one: no line breaks, no bare non-ASCII.
    pub(crate) fn query_tail(&self) -> Result<String, SignError> {
        let overrides = [
            ("response-cache-control", self.response_cache_control),
            ("response-content-disposition", self.response_content_disposition),
            ("response-content-encoding", self.response_content_encoding),
            ("response-content-language", self.response_content_language),
            ("response-content-type", self.response_content_type),
            ("response-expires", self.response_expires),
        ];
        let mut tail = String::new();
        for (name, value) in overrides {
            if let Some(value) = value {
                push_parameter(&mut tail, name, &headers::normal_value(name, value)?);
            }
        }
        if let Some(version_id) = self.version_id {
            push_parameter(&mut tail, "versionId", version_id);
        }
        Ok(tail)
    }
}

fn push_parameter(tail: &mut String, name: &str, value: &str) {
    tail.push('&');
    tail.push_str(name);
    tail.push('=');
    encode::push_query(tail, value);
}

impl Presigner<'_> {
    /// Signs a GET of one object. It needs no header but `host`.
    pub fn get_object(
        &self,
        key: &str,
        options: &GetOptions<'_>,
    ) -> Result<SignedRequest<'static>, SignError> {
        let headers = HeadersToSend::default();
        let url = self.sign(Method::Get, key, &options.query_tail()?, &headers)?;
        Ok(SignedRequest { url, headers, expires_at: self.expires_at() })
    }
}

impl Signer {
    /// Signs a GET of one object. It needs no header but `host`.
    pub fn get_object(
        &self,
        key: &str,
        options: &GetOptions<'_>,
        validity: &Validity,
    ) -> Result<SignedRequest<'static>, SignError> {
        self.presigner(validity)?.get_object(key, options)
    }
}
