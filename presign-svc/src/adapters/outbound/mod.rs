//! Requests to addresses the operator configured: an identity provider's keys, a project check. No redirect
//! is followed, and neither a slow answer nor a large one is waited for.

mod key_document;
mod project_webhook;

pub use key_document::KeyDocument;
pub use project_webhook::ProjectWebhook;

use std::error::Error;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::adapters::mistrust;
use crate::ports::key_source::FetchError;

/// Whom requests go to: `https://…`, or `http://` on this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundUrl(Uri);

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address that begins with https:// (or http:// on this machine, for development)")]
pub struct InvalidOutboundUrl(String);

impl FromStr for OutboundUrl {
    type Err = InvalidOutboundUrl;
    fn from_str(text: &str) -> Result<Self, InvalidOutboundUrl> {
        let invalid = || InvalidOutboundUrl(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let is_here = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match uri.scheme_str() {
            Some("https") if !has_user => Ok(Self(uri)),
            Some("http") if is_here && !has_user => Ok(Self(uri)),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for OutboundUrl {
    /// Without the query, which may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host) = (self.0.scheme_str().unwrap_or_default(), self.0.authority());
        write!(f, "{scheme}://{}{}", host.map_or("", |host| host.as_str()), self.0.path())
    }
}

/// Sends such requests.
#[derive(Clone)]
struct Outbound {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    limit: Duration,
    max_bytes: usize,
}

impl Outbound {
    /// Trusts whom the system trusts.
    fn new(limit: Duration, max_bytes: usize) -> io::Result<Self> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), limit, max_bytes })
    }

    /// The body of an answer of 200.
    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Vec<u8>, FetchError> {
        let answer = tokio::time::timeout(self.limit, self.answer(request)).await;
        answer.unwrap_or_else(|_| Err(FetchError(format!("no whole answer within {:?}", self.limit))))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Vec<u8>, FetchError> {
        let response =
            self.client.request(request).await.map_err(|error| FetchError(why_no_answer(&error)))?;
        if response.status() != http::StatusCode::OK {
            return Err(FetchError(format!("the answer was {}, not 200", response.status())));
        }
        let body = Limited::new(response.into_body(), self.max_bytes).collect().await;
        let body = body.map_err(|error| FetchError(format!("the answer cannot be read ({error})")))?;
        Ok(body.to_bytes().to_vec())
    }
}

/// What a client's error came of, which is all that helps: it itself says "client error (Connect)".
fn why_no_answer(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut words: Vec<String> = causes.map(ToString::to_string).collect();
    if words.is_empty() {
        words.push(error.to_string());
    }
    // Each cause may repeat the one below it.
    words.dedup_by(|below, above| above.contains(below.as_str()));
    let said = words.join(": ");
    format!("no answer ({said}){}", mistrust::advice(&said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for good in ["https://id.example.com/keys", "http://localhost:8080/jwks", "http://127.0.0.1/a?b=c"] {
            assert!(good.parse::<OutboundUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.com/keys",
            "http://169.254.169.254/latest",
            "http://localhost.evil.com/",
            "https://ann:secret@id.example.com/",
            "file:///etc/passwd",
            "id.example.com",
            "",
        ] {
            assert!(bad.parse::<OutboundUrl>().is_err(), "{bad}");
        }
        let url: OutboundUrl = "https://id.example.com/keys?key=canary".parse().unwrap();
        assert_eq!(url.to_string(), "https://id.example.com/keys");
    }
}
