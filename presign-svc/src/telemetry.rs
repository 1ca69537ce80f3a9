//! Logs, and the id that follows a request through them.
//!
//! Never logged: tokens, signed URLs, query strings, bodies, names of files. A request's line has its
//! method, its route as a pattern, its status and its time.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, Method};
use tracing::Instrument as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::api::cors::X_REQUEST_ID;
use crate::api::error::finish;
use crate::app::App;

/// Libraries whose finer lines hold signed requests, statements or secrets, whatever the operator asks for;
/// and the embedded store's protocol, which calls every refused request an error.
const CAPPED: [&str; 9] = [
    "aws_config=info",
    "aws_runtime=info",
    "aws_sdk_s3=info",
    "aws_sigv4=info",
    "aws_smithy_http_client=info",
    "aws_smithy_runtime=info",
    "hyper_util=info",
    "s3s=off",
    "sqlx=warn",
];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one object per line.
    Json,
}

/// The id of a request: the caller's own where it sent a sane one.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// What to log, as in `RUST_LOG`. There a word that is no level, such as `warning` or `info # comment`, is the name of a
/// part of some program: of ours nothing would be logged, not even errors.
pub fn asked_filter(text: &str) -> Result<String, String> {
    let is_path = |part: &str| {
        part.contains(['_', ':']) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b))
    };
    let is_meant =
        |part: &str| part.parse::<LevelFilter>().is_ok() || part.contains(['=', '[']) || is_path(part);
    if text.split(',').any(is_meant) && EnvFilter::try_new(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{text:?} is no level (error, warn, info, debug, trace, off) and no filter such as \
         info,windlass_presign_svc=debug"
    ))
}

/// Starts logging to standard error; `filter` as in `RUST_LOG`.
pub fn start(filter: &str, format: LogFormat) {
    let filter = filter_of(filter);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that cannot be written, as on a full disk, would be complained of on standard error, and where
        // that fails as well the request would die of it.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start, as in tests, keeps the first.
    let _ = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
}

/// The asked-for filter, or `info` where it cannot be read, under the caps: of two directives for one
/// target the later one counts.
fn filter_of(asked: &str) -> EnvFilter {
    let filter = EnvFilter::try_new(asked).unwrap_or_else(|_| EnvFilter::new("info"));
    CAPPED.iter().filter_map(|cap| cap.parse().ok()).fold(filter, EnvFilter::add_directive)
}

/// What a request is counted under whose client did not wait for the answer, as in nginx.
const HUNG_UP: u16 = 499;

/// A request that is not answered yet. Where it never is, because its client hung up, that is counted and told: else
/// nobody would see that clients do not wait as long as answers take.
struct Unanswered<'a> {
    app: &'a App,
    method: &'a Method,
    route: &'a str,
    began: Instant,
    is_answered: bool,
}

impl Unanswered<'_> {
    fn answered(mut self, status: u16) {
        self.is_answered = true;
        self.count(status);
        tracing::info!(status, elapsed_us = self.elapsed_us(), "answered");
    }

    fn count(&self, status: u16) {
        self.app.metrics.answered(self.method, self.route, status, self.began.elapsed());
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.count(HUNG_UP);
            tracing::info!(status = HUNG_UP, elapsed_us = self.elapsed_us(), "hung up on before the answer");
        }
    }
}

/// Gives a request its id, its span and its line in the log, and a failed one its problem.
pub async fn follow(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id: Arc<str> = match request.headers().get(&X_REQUEST_ID).and_then(sane) {
        Some(id) => id.into(),
        None => app.ids.request_id().into(),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let trace = app.traces.begin(&method, &route, &id, request.headers());
    let trace_id = trace.as_ref().map(|trace| tracing::field::display(trace.id()));
    let span = tracing::info_span!("request", id = %id, %method, route, trace_id);
    let began = Instant::now();
    let answer = async {
        let unanswered = Unanswered { app: &app, method: &method, route: &route, began, is_answered: false };
        let response = next.run(request).await;
        let mut response = finish(response, &id);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        unanswered.answered(response.status().as_u16());
        response
    }
    .instrument(span);
    match trace {
        None => answer.await,
        Some(trace) => trace.follow(answer).await,
    }
}

/// An id that is safe in logs and headers.
fn sane(id: &HeaderValue) -> Option<&str> {
    let text = id.to_str().ok()?;
    let charset = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    ((1..=64).contains(&text.len()) && text.bytes().all(charset)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_does_not_turn_the_log_off() {
        for asked in ["", "error", "INFO", "off", "info,hyper=debug", "windlass_presign_svc", "warn,hyper"] {
            assert_eq!(asked_filter(asked).as_deref(), Ok(asked));
        }
        for refused in ["warning", "verbose", " info", "info # all_of_it", "info,hyper=loud"] {
            assert!(asked_filter(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn no_filter_makes_the_libraries_write_requests() {
        let filter = filter_of("trace,s3s=trace,aws_smithy_runtime=debug").to_string();
        for cap in CAPPED {
            let target = cap.split('=').next().unwrap();
            let directives = filter.split(',').filter(|each| each.starts_with(&format!("{target}=")));
            assert_eq!(directives.collect::<Vec<_>>(), [cap], "{filter}");
        }
    }
}
