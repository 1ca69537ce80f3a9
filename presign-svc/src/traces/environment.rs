//! What the standard variables say about traces: OpenTelemetry's "Environment Variable Specification" and
//! "OpenTelemetry Protocol Exporter". Those read by the libraries themselves (`OTEL_EXPORTER_OTLP_HEADERS`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_RESOURCE_ATTRIBUTES`) are not repeated here.

use std::time::Duration;

/// How long a batch may take to be sent, unless a variable says otherwise (the specification's default).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether traces are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// No, or nobody said anything.
    Off,
    /// Yes.
    On,
    /// In a way that is not to be had: what is wrong, and what to say instead.
    Unusable(String),
}

/// The environment, as a function so that it can be another one in tests.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub(super) fn of_this_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether traces are asked for: by the address of a collector, or by the name of the exporter.
pub(super) fn asked(variables: Variables<'_>) -> Asked {
    let is_disabled = said(variables, "OTEL_SDK_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let has_address = endpoint(variables).is_some();
    let is_on = match said(variables, "OTEL_TRACES_EXPORTER").as_deref() {
        None => has_address,
        Some("otlp") => true,
        Some("none") => false,
        Some(other) => {
            return Asked::Unusable(format!(
                "OTEL_TRACES_EXPORTER is {other:?}; otlp and none are known, so no traces are sent"
            ));
        }
    };
    if is_disabled || !is_on {
        return Asked::Off;
    }
    let protocols = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
    let named = protocols.iter().find_map(|name| Some((name, said(variables, name)?)));
    match named {
        Some((name, protocol)) if protocol != "http/protobuf" => Asked::Unusable(format!(
            "{name} is {protocol:?}, and traces are sent as http/protobuf only (port 4318 of most collectors); none \
             are sent"
        )),
        _ => Asked::On,
    }
}

/// The address of the collector, as far as a variable names it.
pub(super) fn endpoint(variables: Variables<'_>) -> Option<String> {
    said(variables, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .or_else(|| said(variables, "OTEL_EXPORTER_OTLP_ENDPOINT"))
}

/// How long a batch may take to be sent.
pub(super) fn timeout(variables: Variables<'_>) -> Duration {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
    let asked = names.iter().find_map(|name| said(variables, name)?.parse().ok());
    asked.map_or(DEFAULT_TIMEOUT, Duration::from_millis)
}

/// Whether a caller's `traceparent` is taken: W3C Trace Context is what is known of `OTEL_PROPAGATORS`.
pub(super) fn heeds_callers(variables: Variables<'_>) -> bool {
    said(variables, "OTEL_PROPAGATORS")
        .is_none_or(|names| names.split(',').any(|name| name.trim() == "tracecontext"))
}

/// Whether the operator gave the service a name.
pub(super) fn names_service(variables: Variables<'_>) -> bool {
    let attributes = said(variables, "OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    said(variables, "OTEL_SERVICE_NAME").is_some()
        || attributes.split(',').any(|pair| pair.trim_start().starts_with("service.name="))
}

/// A variable that is empty says nothing (the specification).
fn said(variables: Variables<'_>, name: &str) -> Option<String> {
    variables(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    fn of<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn traces_are_sent_where_a_collector_is_named_and_nowhere_else() {
        for (pairs, is_on) in [
            (&[][..], false),
            (&[ENDPOINT], true),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318/v1/traces")], true),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], false),
            (&[("OTEL_TRACES_EXPORTER", "otlp")], true),
            (&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")], false),
            (&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")], false),
            (&[ENDPOINT, ("OTEL_SDK_DISABLED", "yes")], true),
            (&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")], true),
            (
                &[
                    ENDPOINT,
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
                    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
                ],
                true,
            ),
        ] {
            let expected = if is_on { Asked::On } else { Asked::Off };
            assert_eq!(asked(&of(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn what_is_not_spoken_is_said_with_what_is() {
        for (pairs, words) in [
            ([ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], "http/protobuf"),
            ([ENDPOINT, ("OTEL_TRACES_EXPORTER", "zipkin")], "otlp"),
        ] {
            let Asked::Unusable(said) = asked(&of(&pairs)) else { panic!("{pairs:?}") };
            assert!(said.contains(pairs[1].0) && said.contains(words), "{said}");
        }
    }

    #[test]
    fn callers_are_heeded_unless_somebody_says_otherwise() {
        for (names, is_heeded) in
            [("", true), ("tracecontext,baggage", true), ("baggage, tracecontext", true), ("none", false)]
        {
            assert_eq!(heeds_callers(&of(&[("OTEL_PROPAGATORS", names)])), is_heeded, "{names}");
        }
    }

    #[test]
    fn a_timeout_is_in_milliseconds_and_the_nearer_variable_counts() {
        let general = ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500");
        assert_eq!(timeout(&of(&[])), Duration::from_secs(10));
        assert_eq!(timeout(&of(&[general])), Duration::from_millis(2500));
        let both = [general, ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "100")];
        assert_eq!(timeout(&of(&both)), Duration::from_millis(100));
    }
}
