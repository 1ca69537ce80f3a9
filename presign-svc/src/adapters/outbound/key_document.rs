//! A JSON Web Key Set by HTTPS.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use http::header::ACCEPT;
use http_body_util::Full;

use super::{Outbound, OutboundUrl};
use crate::ports::key_source::{FetchError, KeySource};

const LIMIT: Duration = Duration::from_secs(5);
/// The largest sets of large providers have some 20 kB.
const MAX_BYTES: usize = 256 * 1024;

/// The document at one fixed address.
pub struct KeyDocument {
    url: OutboundUrl,
    name: String,
    outbound: Outbound,
}

impl KeyDocument {
    /// Of that address.
    pub fn at(url: OutboundUrl) -> io::Result<Self> {
        Ok(Self { name: url.to_string(), url, outbound: Outbound::new(LIMIT, MAX_BYTES)? })
    }
}

#[async_trait]
impl KeySource for KeyDocument {
    async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        let request = Request::get(self.url.0.clone()).header(ACCEPT, "application/json");
        let request = request.body(Full::new(Bytes::new())).map_err(|e| FetchError(e.to_string()))?;
        self.outbound.send(request).await
    }

    fn name(&self) -> &str {
        &self.name
    }
}
