//! Whether browsers may talk to the bucket: asked as a browser asks, once per origin.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use windlass_embedded_store::Origin;

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
/// the bucket compares them as text. And that of the page for upload links.
pub fn origins(options: &ServeOptions) -> Vec<String> {
    let mut origins: Vec<String> = if options.http.allowed_origins.is_empty() {
        ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}", options.http.port)).into()
    } else {
        options.http.allowed_origins.iter().map(ToString::to_string).collect()
    };
    if let Some(page) = upload_page(options).map(|page| page.to_string())
        && !origins.contains(&page)
    {
        origins.push(page);
    }
    origins
}

/// The origin of the page that upload links lead to.
fn upload_page(options: &ServeOptions) -> Option<Origin> {
    let page: Uri = options.http.upload_page.as_ref()?.parse().ok()?;
    format!("{}://{}", page.scheme_str()?, page.authority()?).parse().ok()
}

/// Whether that page may call the API, where there is one.
pub fn check_upload_page(options: &ServeOptions) -> Option<Finding> {
    let what = "upload page";
    let origin = upload_page(options)?;
    let may_call = HeaderValue::from_str(origin.as_str()).is_ok_and(|it| options.http.origins().allows(&it));
    Some(if may_call {
        Finding::good(what, format!("pages of {origin} may call the API."))
    } else {
        Finding::note(
            what,
            format!(
                "pages of {origin} may not call the API: nobody who opens an upload link there can send anything. Add \
                 it to WINDLASS_ALLOWED_ORIGINS, unless that page has the API at its own origin."
            ),
        )
    })
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

    use super::super::Verdict;
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

    #[test]
    fn the_page_for_upload_links_is_asked_for_too_and_told_where_it_may_not_call_the_api() {
        let of = |allowed: &str| {
            let arguments =
                ["windlass", "--upload-page", "https://Acme.example:443/send", "--allowed-origins", allowed];
            Line::try_parse_from(arguments).unwrap().serve
        };
        let both = ["https://app.example.com", "https://acme.example"];
        let joined = both.join(",");
        for (allowed, verdict) in [(both[0], Verdict::Note), (joined.as_str(), Verdict::Good)] {
            let serve = of(allowed);
            assert_eq!(origins(&serve), both, "{allowed}");
            let found = check_upload_page(&serve).unwrap();
            assert_eq!(found.verdict, verdict, "{allowed}");
            assert!(found.says.contains(both[1]), "{}", found.says);
        }
        let without = Line::try_parse_from(["windlass"]).unwrap().serve;
        assert_eq!(check_upload_page(&without), None);
    }
}
