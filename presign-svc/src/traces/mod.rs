//! Traces for OpenTelemetry, where a collector is configured: one span for each request, named after its route,
//! within the caller's trace where its `traceparent` names one (W3C Trace Context), and below it one for each
//! question to the database, the bucket and the rate limits ([`crate::adapters::traced`]). Without a collector
//! nothing of this is there: requests pass by one comparison.
//!
//! Never in a span: tokens, signed URLs, paths, query strings, names of files, tenants, subjects, places.

mod collector;
mod environment;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, Method};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    FutureExt as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _, WithContext,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use self::collector::Collector;
use self::environment::{Asked, asked, heeds_callers, names_service, of_this_process};

/// What this program calls itself where nobody gave it a name.
const NAME: &str = "windlass";
/// How long spans that wait may take to be sent when the service stops.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// Where spans are made, if they are.
#[derive(Debug, Clone, Default)]
pub struct Traces(Option<Arc<Sending>>);

#[derive(Debug)]
struct Sending {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
    heeds_callers: bool,
}

/// The span of one request.
#[derive(Debug, Clone)]
pub struct RequestTrace(Context);

impl Traces {
    /// None are made.
    pub fn off() -> Self {
        Self::default()
    }

    /// As the standard variables say. What is wrong with them is said in the log, and no reason not to serve.
    pub fn from_environment() -> Self {
        match asked(&of_this_process) {
            Asked::Off => Self::off(),
            Asked::Unusable(why) => {
                tracing::warn!("{why}");
                Self::off()
            }
            Asked::On => Self::to_collector().unwrap_or_else(|why| {
                tracing::warn!("no traces are sent: {why}");
                Self::off()
            }),
        }
    }

    /// Sends nothing in a request of its own: whether the collector takes it. `None` where traces are off.
    pub async fn try_collector() -> Option<Result<(), String>> {
        match asked(&of_this_process) {
            Asked::Off => None,
            Asked::Unusable(why) => Some(Err(why)),
            Asked::On => Some(match collector() {
                Ok(collector) => {
                    use opentelemetry_sdk::trace::SpanExporter as _;
                    collector.export(Vec::new()).await.map_err(|error| error.to_string())
                }
                Err(why) => Err(why),
            }),
        }
    }

    fn to_collector() -> Result<Self, String> {
        let mut resource =
            Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if !names_service(&of_this_process) {
            resource = resource.with_service_name(NAME);
        }
        // Its queue is bounded (OTEL_BSP_MAX_QUEUE_SIZE): what does not fit is dropped.
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(collector()?)
            .build();
        let tracer = provider.tracer(NAME);
        let propagator = TraceContextPropagator::new();
        let heeds_callers = heeds_callers(&of_this_process);
        Ok(Self(Some(Arc::new(Sending { provider, tracer, propagator, heeds_callers }))))
    }

    /// Whether spans are made.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins the span of a request; `route` is its pattern, "-" where it has none.
    pub fn begin(
        &self,
        method: &Method,
        route: &str,
        request_id: &str,
        headers: &HeaderMap,
    ) -> Option<RequestTrace> {
        let Sending { tracer, propagator, heeds_callers, .. } = self.0.as_deref()?;
        let nobody = Context::new();
        let caller = if *heeds_callers {
            propagator.extract_with_context(&nobody, &HeaderExtractor(headers))
        } else {
            nobody
        };
        let method = known(method);
        let verb = method.unwrap_or("HTTP");
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.unwrap_or("_OTHER")),
            KeyValue::new("windlass.request_id", request_id.to_owned()),
        ];
        let name = if route == "-" {
            verb.to_owned()
        } else {
            attributes.push(KeyValue::new("http.route", route.to_owned()));
            format!("{verb} {route}")
        };
        let span = tracer
            .span_builder(name)
            .with_kind(SpanKind::Server)
            .with_attributes(attributes)
            .start_with_context(tracer, &caller);
        Some(RequestTrace(caller.with_span(span)))
    }

    /// Makes a span of a question to somebody else, within the request it is asked for; none where it is asked
    /// for nobody.
    pub(crate) async fn step<T, E>(
        &self,
        name: &'static str,
        (attribute, system): (&'static str, &'static str),
        answer: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let parent = Context::current();
        let Some(Sending { tracer, .. }) = self.0.as_deref() else { return answer.await };
        if !parent.span().is_recording() {
            return answer.await;
        }
        let span = tracer
            .span_builder(name)
            .with_kind(SpanKind::Client)
            .with_attributes([KeyValue::new(attribute, system)])
            .start_with_context(tracer, &parent);
        let within = parent.with_span(span);
        let outcome = answer.with_context(within.clone()).await;
        if outcome.is_err() {
            within.span().set_status(Status::error(""));
        }
        within.span().end();
        outcome
    }

    /// Sends what waits, and makes no more.
    pub async fn stop(&self) {
        let Some(sending) = self.0.clone() else { return };
        let stopped =
            tokio::task::spawn_blocking(move || sending.provider.shutdown_with_timeout(LAST_SPANS)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Something that goes on in a task of its own, within the request it is for.
pub(crate) fn carried<F: Future>(work: F) -> WithContext<F> {
    work.with_current_context()
}

fn collector() -> Result<Collector, String> {
    Collector::named(environment::timeout(&of_this_process)).map_err(|error| error.to_string())
}

impl RequestTrace {
    /// The trace's id: 32 hexadecimal digits.
    pub fn id(&self) -> String {
        self.0.span().span_context().trace_id().to_string()
    }

    /// Answers within the span, and ends it. A request that is given up ends it, too.
    pub async fn follow(self, answer: impl Future<Output = Response> + Send) -> Response {
        let response = Box::pin(answer).with_context(self.0.clone()).await;
        let status = response.status();
        let span = self.0.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        span.end();
        response
    }
}

/// Whatever a client makes up must not make up names of spans.
fn known(method: &Method) -> Option<&'static str> {
    Some(match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => return None,
    })
}
