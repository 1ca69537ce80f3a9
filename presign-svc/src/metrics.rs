//! What an operator's Prometheus asks for, on a listener of its own: how requests go by route, what becomes of
//! uploads, how long verification takes, who watches. No tenant, project, file or address is a label.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use time::OffsetDateTime;

use crate::app::App;
use crate::jobs::reconcile::Reconciled;

/// Upper bounds in seconds: from an answer out of memory to the longest a request may take.
const REQUEST_SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 50.0];
/// From one look at a small object to the join of ten thousand parts, and from a photo that is sent at once to
/// a film that waits for a better network.
const VERIFICATION_SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];
const ARRIVAL_SECONDS: [f64; 10] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0, 86_400.0];

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Histogram>,
    uploads: Family<UploadLabels, Counter>,
    verification: Histogram,
    arrival: Histogram,
    janitor_failures: Counter,
    streams: Gauge,
    limits_alone: Gauge,
    unreconciled: Family<FindingLabels, Gauge>,
    reconciled_at: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    /// In the words of [`Reconciled`].
    finding: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    /// As a pattern, such as `/api/v1/photos/{photo_id}`.
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UploadLabels {
    outcome: UploadOutcome,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UploadOutcome {
    /// Announced.
    Announced,
    /// Verified: a photo now.
    Verified,
    /// Found whole though its client had not said that it was done; counted with the verified, too.
    Noticed,
    /// Its bytes were not what was announced.
    Refused,
    /// Given up by its client.
    Aborted,
    /// Never finished.
    Expired,
}

impl EncodeLabelValue for UploadOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.write_str(match self {
            Self::Announced => "announced",
            Self::Verified => "verified",
            Self::Noticed => "noticed",
            Self::Refused => "refused",
            Self::Aborted => "aborted",
            Self::Expired => "expired",
        })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("windlass");
        let metrics = Self {
            requests: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            uploads: Family::default(),
            verification: Histogram::new(VERIFICATION_SECONDS),
            arrival: Histogram::new(ARRIVAL_SECONDS),
            janitor_failures: Counter::default(),
            streams: Gauge::default(),
            limits_alone: Gauge::default(),
            unreconciled: Family::default(),
            reconciled_at: Gauge::default(),
            registry: Registry::default(),
        };
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which Windlass this is", build);
        let requests = metrics.requests.clone();
        let help = "Time until a request was answered, by route";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, requests);
        registry.register("uploads", "Uploads by what became of them", metrics.uploads.clone());
        let help = "Time it took to verify an upload's bytes";
        registry.register_with_unit("verification", help, Unit::Seconds, metrics.verification.clone());
        let help = "Time from an upload's announcement until it was verified";
        registry.register_with_unit("verification_lag", help, Unit::Seconds, metrics.arrival.clone());
        let help = "How often the janitor could not close an upload or clean up after one, and put it off";
        registry.register("janitor_failures", help, metrics.janitor_failures.clone());
        registry.register("event_streams", "Streams of events that are open", metrics.streams.clone());
        let help =
            "Whether this instance keeps rate limits by itself, because those it shares cannot be reached";
        registry.register("rate_limits_alone", help, metrics.limits_alone.clone());
        let help = "What record and bucket did not agree about at the last comparison";
        registry.register("unreconciled", help, metrics.unreconciled.clone());
        let help = "When record and bucket were last compared, in seconds since 1970";
        registry.register_with_unit("last_reconciled", help, Unit::Seconds, metrics.reconciled_at.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, method: &http::Method, route: &str, status: u16, took: Duration) {
        let method = match *method {
            http::Method::GET => "GET",
            http::Method::POST => "POST",
            http::Method::PATCH => "PATCH",
            http::Method::DELETE => "DELETE",
            http::Method::OPTIONS => "OPTIONS",
            // Whatever a client makes up: it must not make up series.
            _ => "other",
        };
        let labels = RequestLabels { method, route: route.to_owned(), status };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// So many uploads came to this.
    pub fn uploads(&self, outcome: UploadOutcome, count: u64) {
        self.uploads.get_or_create(&UploadLabels { outcome }).inc_by(count);
    }

    /// An upload was verified.
    pub fn verified(&self, took: Duration, since_announced: Duration) {
        self.uploads(UploadOutcome::Verified, 1);
        self.verification.observe(took.as_secs_f64());
        self.arrival.observe(since_announced.as_secs_f64());
    }

    /// The janitor could not close so many uploads, or clean up after them.
    pub fn janitor_failed(&self, count: u64) {
        self.janitor_failures.inc_by(count);
    }

    /// Record and bucket were compared.
    pub fn reconciled(&self, seen: &Reconciled, now: OffsetDateTime) {
        for (finding, count) in [
            ("without_record", seen.without_record),
            ("left_over", seen.left_over),
            ("stray", seen.stray),
            ("replaced", seen.replaced),
            ("without_original", seen.without_original),
            ("without_variant", seen.without_variant),
            ("unreadable", seen.unreadable),
            ("multipart", seen.multiparts),
        ] {
            let gauge = self.unreconciled.get_or_create(&FindingLabels { finding });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.reconciled_at.set(now.unix_timestamp());
    }

    /// Whether rate limits are kept by this instance alone.
    pub fn limits_are_alone(&self, alone: bool) {
        self.limits_alone.set(i64::from(alone));
    }

    /// All of it as text (OpenMetrics 1.0).
    pub fn text(&self, open_streams: usize) -> String {
        self.streams.set(i64::try_from(open_streams).unwrap_or(i64::MAX));
        let mut text = String::new();
        if text::encode(&mut text, &self.registry).is_err() {
            // Writing to a text does not fail; a half one is better than none.
            let _ = writeln!(text, "# EOF");
        }
        text
    }
}

/// The listener's only page.
pub fn router(app: Arc<App>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

async fn show(State(app): State<Arc<App>>) -> Response {
    app.metrics.limits_are_alone(app.limiter.makes_do());
    let text = app.metrics.text(app.feeds.watching());
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_in_the_text() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        metrics.answered(&http::Method::GET, "/api/v1/photos/{photo_id}", 200, took);
        metrics.answered(&http::Method::from_bytes(b"BREW").unwrap(), "-", 405, took);
        metrics.uploads(UploadOutcome::Announced, 3);
        metrics.verified(took, Duration::from_secs(61));
        metrics.janitor_failed(2);
        let text = metrics.text(7);
        for line in [
            "windlass_http_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/api/v1/photos/{photo_id}\",status=\"200\"} 1",
            "windlass_http_request_duration_seconds_count{method=\"other\",route=\"-\",status=\"405\"} 1",
            "windlass_uploads_total{outcome=\"announced\"} 3",
            "windlass_uploads_total{outcome=\"verified\"} 1",
            "windlass_verification_seconds_count 1",
            "windlass_verification_lag_seconds_bucket{le=\"300.0\"} 1",
            "windlass_janitor_failures_total 2",
            "windlass_event_streams 7",
            "# EOF",
        ] {
            assert!(text.lines().any(|each| each == line), "{line} is not in\n{text}");
        }
    }
}
