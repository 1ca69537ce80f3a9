//! Adapters that make a span of each question, around those that answer it. They are there only where traces
//! are sent ([`Traces`]).

mod limiter;
mod store;
mod uploads;

use std::sync::Arc;

use crate::ports::object_store::ObjectStore;
use crate::ports::rate_limiter::RateLimiter;
use crate::ports::uploads::UploadRepository;
use crate::traces::Traces;

/// Who answers, as an attribute of spans: OpenTelemetry's semantic conventions.
pub type System = (&'static str, &'static str);

/// Whoever speaks Amazon's protocol.
const BUCKET: System = ("rpc.system", "aws-api");

/// Something that answers, and who it is in spans.
struct Traced<P: ?Sized> {
    inner: Arc<P>,
    system: System,
    traces: Traces,
}

/// A database by its name in the conventions: `sqlite`, `postgresql`, `redis`.
pub fn database(name: &'static str) -> System {
    ("db.system.name", name)
}

/// The record, with spans where there are any.
pub fn uploads(
    inner: Arc<dyn UploadRepository>,
    system: System,
    traces: &Traces,
) -> Arc<dyn UploadRepository> {
    if !traces.is_on() {
        return inner;
    }
    Arc::new(Traced { inner, system, traces: traces.clone() })
}

/// The bucket, with spans where there are any.
pub fn store(inner: Arc<dyn ObjectStore>, traces: &Traces) -> Arc<dyn ObjectStore> {
    if !traces.is_on() {
        return inner;
    }
    Arc::new(Traced { inner, system: BUCKET, traces: traces.clone() })
}

/// The rate limits, with spans where there are any.
pub fn limiter(inner: Arc<dyn RateLimiter>, system: System, traces: &Traces) -> Arc<dyn RateLimiter> {
    if !traces.is_on() {
        return inner;
    }
    Arc::new(Traced { inner, system, traces: traces.clone() })
}
