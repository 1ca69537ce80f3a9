//! Traces for OpenTelemetry: what a collector is told, and what happens without one.

use std::path::Path;
use std::process::{Command, Stdio};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use tempfile::TempDir;

use crate::collector::{Collector, value};
use crate::{Served, run, token, windlass};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn serve(data: &Path, collector: &Collector) -> Command {
    let mut command = windlass(data);
    command.args(["serve", "--port", "0", "--log", "info"]);
    // Sent at once, and given up at once.
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url().as_str()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "200"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ] {
        command.env(name, value);
    }
    command
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_request_is_a_span_of_its_callers_trace_with_what_was_asked_for_it_below() {
    let (folder, collector) = (TempDir::new().unwrap(), Collector::start().await);
    let mut command = serve(folder.path(), &collector);
    command.env("OTEL_SERVICE_NAME", "photos").env("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue");
    let log = folder.path().join("log");
    command.stderr(std::fs::File::create(&log).unwrap());
    let served = Served::of(command);
    let token = token(folder.path(), &["--project", "job-7"]);
    let file = json!({"client_ref": "a", "filename": "roof.jpg", "content_type": "image/jpeg", "size": 4096});
    let answer = http()
        .post(format!("{}/api/v1/uploads", served.api))
        .bearer_auth(&token)
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("x-request-id", "request-7")
        .json(&json!({"project_id": "job-7", "files": [file]}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let request = collector.span(|span| span.name == "POST /api/v1/uploads").await;
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(request.kind(), SpanKind::Server);
    for (name, expected) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/v1/uploads"),
        ("http.response.status_code", "201"),
        ("windlass.request_id", "request-7"),
    ] {
        assert_eq!(value(&request.attributes, name), expected, "{name}");
    }
    let record = collector.span(|span| span.name == "record insert").await;
    assert_eq!((&record.trace_id, &record.parent_span_id), (&request.trace_id, &request.span_id));
    assert_eq!(value(&record.attributes, "db.system.name"), "sqlite");
    assert_eq!(collector.resource("service.name"), "photos");
    assert_eq!(collector.resource("service.version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(collector.header("x-team"), "blue");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().any(|line| line.contains("request-7") && line.contains(TRACE)), "{log}");
}

#[tokio::test]
async fn a_caller_decides_whether_its_trace_is_taken_and_not_how_spans_are_called() {
    let (folder, collector) = (TempDir::new().unwrap(), Collector::start().await);
    let mut command = serve(folder.path(), &collector);
    command.env("OTEL_SERVICE_NAME", "").stderr(Stdio::null());
    let served = Served::of(command);
    let get = async |path: &str, traceparent: &str| {
        let url = format!("{}{path}", served.api);
        http().get(url).header("traceparent", traceparent).send().await.unwrap();
    };
    get("/healthz", &format!("00-{TRACE}-{CALLER}-00")).await;
    get("/nowhere/canary", "no trace").await;
    let brew = reqwest::Method::from_bytes(b"CANARY").unwrap();
    http().request(brew, format!("{}/healthz", served.api)).send().await.unwrap();
    let made_up = collector.span(|span| span.name == "HTTP /healthz").await;
    assert_eq!(value(&made_up.attributes, "http.request.method"), "_OTHER");
    let is_nowhere = |span: &Span| value(&span.attributes, "http.response.status_code") == "404";
    let nowhere = collector.span(is_nowhere).await;
    assert!(nowhere.parent_span_id.is_empty(), "{nowhere:?}");
    assert!(collector.spans().iter().all(|span| hex(&span.trace_id) != TRACE), "it was not to be taken");
    assert_eq!(collector.resource("service.name"), "windlass");
    assert!(!collector.bytes().to_lowercase().contains("canary"), "{}", collector.bytes());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_when_the_service_stops() {
    let (folder, collector) = (TempDir::new().unwrap(), Collector::start().await);
    let mut command = serve(folder.path(), &collector);
    command.env("OTEL_BSP_SCHEDULE_DELAY", "3600000").stderr(Stdio::null());
    let mut served = Served::of(command);
    http().get(format!("{}/readyz", served.api)).send().await.unwrap();
    assert!(collector.spans().is_empty(), "it is not due for an hour");
    tokio::task::block_in_place(|| served.stop());
    let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
    for name in ["GET /readyz", "record check", "bucket check"] {
        assert!(names.iter().any(|each| each == name), "{name} is not among {names:?}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_said_once_and_costs_nobody_anything() {
    const QUEUE: usize = 32;
    let (folder, collector) = (TempDir::new().unwrap(), Collector::start().await);
    collector.be_away(true);
    let log = folder.path().join("log");
    let mut command = serve(folder.path(), &collector);
    command.env("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE.to_string()).env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8");
    command.stderr(std::fs::File::create(&log).unwrap());
    let mut served = Served::of(command);
    let read = || std::fs::read_to_string(&log).unwrap();
    let ask = async || {
        let answer = http().get(format!("{}/healthz", served.api)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    };
    for batch in 1..=3 {
        ask().await;
        collector.refused(batch).await;
    }
    let asked = 20 * QUEUE;
    for _ in 0..asked {
        ask().await;
    }
    collector.be_away(false);
    let before = collector.spans().len();
    ask().await;
    collector.span(|span| span.name == "GET /healthz").await;
    tokio::task::block_in_place(|| served.stop());
    let sent = collector.spans().len() - before;
    assert!(sent <= 2 * QUEUE, "{sent} of {asked} were kept");
    let log = read();
    for words in ["the collector does not take traces", "the collector takes traces again"] {
        assert_eq!(log.matches(words).count(), 1, "{words}: {log}");
    }
}

#[tokio::test]
async fn the_doctor_tries_the_collector_and_says_what_is_not_spoken() {
    let (folder, collector) = (TempDir::new().unwrap(), Collector::start().await);
    let doctor = async |protocol: &'static str, url: String| {
        let folder = folder.path().to_owned();
        tokio::task::spawn_blocking(move || {
            run(windlass(&folder)
                .arg("doctor")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", url)
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol))
        })
        .await
        .unwrap()
    };
    let (output, text) = doctor("http/protobuf", collector.url()).await;
    assert!(output.status.success() && text.contains("ok    traces:"), "{text}");
    for (protocol, url, words) in [
        ("grpc", collector.url(), "http/protobuf only"),
        ("http/protobuf", "http://127.0.0.1:1".to_owned(), "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ] {
        let (output, text) = doctor(protocol, url).await;
        assert!(!output.status.success() && text.contains("FIX   traces:") && text.contains(words), "{text}");
    }
    let (_, text) = run(windlass(folder.path()).arg("doctor"));
    assert!(!text.contains("traces:"), "{text}");
}
