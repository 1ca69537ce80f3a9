//! A plain HTTP client: what a browser would see, not what Amazon's client makes of it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::ports::object_store::SignedRequest;

const LIMIT: Duration = Duration::from_secs(10);

/// Sends single requests and looks at the head of the answer.
pub struct Probe {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Probe {
    /// A client that trusts whom the system trusts.
    pub fn new() -> io::Result<Self> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// The answer's head, or a sentence about why there is none.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<()>, String> {
        let answer = tokio::time::timeout(LIMIT, self.client.request(request.map(Full::new))).await;
        match answer {
            Ok(Ok(response)) => Ok(response.map(|_| ())),
            Ok(Err(error)) => Err(format!("it does not answer ({error}).")),
            Err(_) => Err(format!("it does not answer within {} seconds.", LIMIT.as_secs())),
        }
    }
    /// Sends bytes by a signed PUT, with the headers that are part of its signature.
    pub async fn put(&self, signed: &SignedRequest, bytes: &'static [u8]) -> Result<StatusCode, String> {
        let mut request = Request::put(&signed.url);
        for (name, value) in &signed.headers {
            request = request.header(name, value);
        }
        let request = request.body(Bytes::from_static(bytes)).map_err(|error| error.to_string())?;
        Ok(self.send(request).await?.status())
    }
}
