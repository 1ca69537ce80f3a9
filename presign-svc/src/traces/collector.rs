//! Where spans go: an OpenTelemetry collector, by HTTP with the client and the TLS this program has anyway.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;
use tokio::runtime::Handle;

/// An answer says how many spans were refused; more than this is none.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why there is nobody to send spans to.
#[derive(Debug, thiserror::Error)]
pub(super) enum CollectorError {
    /// HTTPS cannot be spoken.
    #[error("HTTPS cannot be used: {0}")]
    Certificates(#[from] io::Error),
    /// A variable is not what it should be.
    #[error(transparent)]
    Variables(#[from] ExporterBuildError),
}

/// What batches of spans are handed to. It says once that they do not arrive, and once that they do again; the
/// batches meanwhile are dropped.
#[derive(Debug)]
pub(super) struct Collector {
    exporter: SpanExporter,
    is_failing: AtomicBool,
}

impl Collector {
    /// The collector that the environment names.
    pub(super) fn named(limit: Duration) -> Result<Self, CollectorError> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let client = Plain { client, runtime: Handle::current(), limit };
        let exporter = SpanExporter::builder().with_http().with_http_client(client).build()?;
        Ok(Self { exporter, is_failing: AtomicBool::new(false) })
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        let was_failing = self.is_failing.swap(outcome.is_err(), Ordering::Relaxed);
        match &outcome {
            Err(error) if !was_failing => {
                tracing::warn!(%error, "the collector does not take traces: they are dropped until it does");
            }
            Ok(()) if was_failing => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        outcome
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Spans are sent from a thread of the library's own; the requests run where all others do.
struct Plain {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
    limit: Duration,
}

#[async_trait]
impl HttpClient for Plain {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, limit) = (self.client.clone(), self.limit);
        let answered = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        // Not even a timeout can be made where this is called.
        self.runtime.spawn(async move { tokio::time::timeout(limit, answered).await }).await??
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("limit", &self.limit).finish_non_exhaustive()
    }
}
