//! Whether browsers may talk to the bucket: asked as a browser asks, once per origin.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, Method, Request};

use super::Finding;
use super::probe::Probe;
use crate::config::ServeOptions;
use crate::domain::object_key::{DOCTOR_PREFIX, ObjectKey};
use crate::ports::object_store::ObjectStore;

/// The check's name.
pub const WHAT: &str = "CORS";

/// Headers of signed writes that browsers ask leave for.
pub const ALLOWED_HEADERS: [&str; 5] = [
    "content-type",
    "if-none-match",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha256",
];

/// Without these a client cannot read what the bucket says of a part, nor for how long a busy one wants to be left
/// alone.
pub const EXPOSED_HEADERS: [&str; 5] =
    ["ETag", "Location", "Retry-After", "x-amz-checksum-crc64nvme", "x-amz-request-id"];

/// The origins whose pages send files: those that may call the API, or the service's own by both names of this machine:
/// the bucket compares them as text.
pub fn origins(options: &ServeOptions) -> Vec<String> {
    if options.http.allowed_origins.is_empty() {
        return ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}", options.http.port)).into();
    }
    options.http.allowed_origins.iter().map(ToString::to_string).collect()
}

/// Asks for each origin.
pub async fn check(store: &dyn ObjectStore, probe: &Probe, origins: &[String]) -> Finding {
    let mut deaf = None;
    for origin in origins {
        match check_origin(store, probe, origin).await {
            Ok(Hears::RetryAfter) => {}
            Ok(Hears::NoRetryAfter) => deaf = deaf.or(Some(origin)),
            Err(reason) => {
                return Finding::bad(
                    WHAT,
                    format!("pages of {origin} cannot send files: {reason} Set the rules below."),
                );
            }
        }
    }
    match deaf {
        None => Finding::good(WHAT, format!("pages of {} may send files.", origins.join(", "))),
        Some(origin) => Finding::note(
            WHAT,
            format!(
                "pages of {origin} may send files, but come back too soon when the bucket is busy: Retry-After is \
                 not among the exposed headers. Set the rules below."
            ),
        ),
    }
}

/// Whether a page can read for how long a busy bucket wants to be left alone.
enum Hears {
    RetryAfter,
    NoRetryAfter,
}

async fn check_origin(store: &dyn ObjectStore, probe: &Probe, origin: &str) -> Result<Hears, String> {
    let key = ObjectKey::try_from(format!("{DOCTOR_PREFIX}cors")).map_err(|error| error.to_string())?;
    let url = store.object_url(&key);
    let wanted = ["content-type", "if-none-match", "x-amz-checksum-crc64nvme"];
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri(&url)
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
        .header(ACCESS_CONTROL_REQUEST_HEADERS, wanted.join(","))
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let answer = probe.send(preflight).await?;
    let headers = answer.headers();
    if !answer.status().is_success() || !lists(headers, &ACCESS_CONTROL_ALLOW_ORIGIN, origin) {
        return Err(format!("the bucket answers the preflight with {} and no leave.", answer.status()));
    }
    if !lists(headers, &ACCESS_CONTROL_ALLOW_METHODS, "PUT") {
        return Err("PUT is not among the allowed methods.".to_owned());
    }
    if let Some(missing) = wanted.iter().find(|name| !lists(headers, &ACCESS_CONTROL_ALLOW_HEADERS, name)) {
        return Err(format!("{missing} is not among the allowed headers."));
    }
    // Any answer to a page of this origin says what the page may read, also a refusal.
    let plain =
        Request::get(&url).header(ORIGIN, origin).body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer = probe.send(plain).await?;
    if !lists(answer.headers(), &ACCESS_CONTROL_EXPOSE_HEADERS, "ETag") {
        return Err("ETag is not among the exposed headers.".to_owned());
    }
    let hears = lists(answer.headers(), &ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After");
    Ok(if hears { Hears::RetryAfter } else { Hears::NoRetryAfter })
}

/// Whether a header lists a value, or everything.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| {
        let value = value.trim();
        value == "*" || value.eq_ignore_ascii_case(wanted)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeOptions,
    }

    #[test]
    fn without_origins_the_page_that_serve_names_is_asked_for_too() {
        let of = |arguments: &[&str]| {
            origins(&Line::try_parse_from([&["windlass"], arguments].concat()).unwrap().serve)
        };
        assert_eq!(of(&["--port", "8090"]), ["http://127.0.0.1:8090", "http://localhost:8090"]);
        assert_eq!(of(&["--allowed-origins", "https://app.example.com"]), ["https://app.example.com"]);
    }
}
