//! An OpenTelemetry collector of a test's own: it takes spans by OTLP over HTTP, and may be told not to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::sync::Notify;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector that listens.
#[derive(Clone)]
pub struct Collector {
    address: SocketAddr,
    taken: Arc<Taken>,
}

#[derive(Default)]
struct Taken {
    requests: Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>,
    bodies: Mutex<Vec<u8>>,
    is_away: AtomicBool,
    refused: AtomicUsize,
    news: Notify,
}

impl Collector {
    /// Starts one.
    pub async fn start() -> Self {
        let taken = Arc::new(Taken::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/v1/traces", post(take)).with_state(taken.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, taken }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to say.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on everything is refused, or taken.
    pub fn be_away(&self, is_away: bool) {
        self.taken.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Waits until so many requests were refused.
    pub async fn refused(&self, count: usize) {
        self.until(|| (self.taken.refused.load(Ordering::SeqCst) >= count).then_some(())).await;
    }

    /// Waits for a span.
    pub async fn span(&self, is_it: impl Fn(&Span) -> bool) -> Span {
        self.until(|| self.spans().into_iter().find(&is_it)).await
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.taken.requests.lock().unwrap();
        let resources = requests.iter().flat_map(|(_, request)| &request.resource_spans);
        resources.flat_map(|each| &each.scope_spans).flat_map(|scope| &scope.spans).cloned().collect()
    }

    /// A header of the first request.
    pub fn header(&self, name: &str) -> String {
        let requests = self.taken.requests.lock().unwrap();
        requests[0].0.get(name).unwrap().to_str().unwrap().to_owned()
    }

    /// What all spans have in common.
    pub fn resource(&self, name: &str) -> String {
        let requests = self.taken.requests.lock().unwrap();
        value(&requests[0].1.resource_spans[0].resource.as_ref().unwrap().attributes, name)
    }

    /// Everything that was sent, refused or not, as it came; texts are readable in it.
    pub fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.taken.bodies.lock().unwrap()).into_owned()
    }

    async fn until<T>(&self, look: impl Fn() -> Option<T>) -> T {
        loop {
            let news = self.taken.news.notified();
            if let Some(found) = look() {
                return found;
            }
            tokio::time::timeout(PATIENCE, news).await.unwrap();
        }
    }
}

async fn take(State(taken): State<Arc<Taken>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    taken.bodies.lock().unwrap().extend_from_slice(&body);
    let status = if taken.is_away.load(Ordering::SeqCst) {
        taken.refused.fetch_add(1, Ordering::SeqCst);
        StatusCode::BAD_GATEWAY
    } else {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        taken.requests.lock().unwrap().push((headers, request));
        StatusCode::OK
    };
    taken.news.notify_waiters();
    status
}

/// An attribute as text; empty where there is none.
pub fn value(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.clone()) {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text,
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        other => other.map(|value| format!("{value:?}")).unwrap_or_default(),
    }
}
