//! The canonical request: the text that is hashed and signed (Amazon S3 API Reference, "Authenticating
//! Requests: Using Query Parameters"). It lies in one piece, because hashing one piece is fastest, and
//! the URL is copied out of it.

use std::ops::Range;

use crate::endpoint::Endpoint;
use crate::headers::HeadersToSend;

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

/// A canonical request up to the end of its query.
pub(crate) struct CanonicalRequest {
    pub(crate) text: String,
    path: Range<usize>,
}

impl CanonicalRequest {
    /// `query_head` ends with `X-Amz-SignedHeaders=`; `query_tail` is the operation's own part of the
    /// query: encoded, sorted, each parameter with its `&`, and every name after `X-Amz-…` in ASCII
    /// order, as all that begin in lower case are.
    pub(crate) fn new(
        method: Method,
        endpoint: &Endpoint,
        key: &str,
        query_head: &str,
        headers: &HeadersToSend<'_>,
        query_tail: &str,
    ) -> Self {
        let mut text = String::with_capacity(key.len() + query_head.len() + query_tail.len() + SPARE_BYTES);
        text.push_str(method.line());
        let path_start = text.len();
        endpoint.push_path(&mut text, key);
        let path_end = text.len();
        text.push('\n');
        text.push_str(query_head);
        headers.push_names(&mut text, "%3B");
        text.push_str(query_tail);
        Self { text, path: path_start..path_end }
    }

    /// The URL of the request, as far as its query goes; `spare_bytes` of room after it.
    pub(crate) fn url(&self, endpoint: &Endpoint, spare_bytes: usize) -> String {
        let mut url = String::with_capacity(endpoint.origin().len() + self.text.len() + spare_bytes);
        url.push_str(endpoint.origin());
        // The positions are where whole strings were pushed, and one character between them.
        url.push_str(&self.text[self.path.clone()]);
        url.push('?');
        url.push_str(&self.text[self.path.end + 1..]);
        url
    }
}

/// Appends what follows the query: the signed headers and what comes after them.
pub(crate) fn push_after_query(text: &mut String, headers: &HeadersToSend<'_>, host: &str) {
    text.push('\n');
    headers.push_lines(text, host);
    push_after_lines(text, headers);
}

/// Appends what follows the signed headers: their names, and that the body is not hashed.
pub(crate) fn push_after_lines(text: &mut String, headers: &HeadersToSend<'_>) {
    text.push('\n');
    headers.push_names(text, ";");
    text.push_str("\nUNSIGNED-PAYLOAD");
}

/// Room for method, bucket, a few escapes, and the headers twice: so that the text is one allocation.
const SPARE_BYTES: usize = 512;
