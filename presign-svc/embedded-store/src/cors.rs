//! Cross-origin requests: which pages may read answers, and which headers they see.
//!
//! Browsers hide every response header that is not exposed; an uploader that cannot read `ETag`
//! cannot complete a multipart upload.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};
use s3s::{S3Error, S3ErrorCode};

use crate::config::AllowedOrigins;

const METHODS: &str = "GET, HEAD, PUT, POST, DELETE";
const EXPOSED: &str = "ETag, Content-Length, Content-Range, Accept-Ranges, Last-Modified, Date, Location, \
    Retry-After, x-amz-request-id, x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, \
    x-amz-checksum-sha256, x-amz-checksum-type, x-amz-mp-parts-count";
/// Browsers cap this themselves; Chromium at two hours.
const MAX_AGE_SECONDS: &str = "7200";

/// What to add to the answers to one request.
pub(crate) struct Cors {
    allowed: Option<HeaderValue>,
    varies: bool,
}

impl Cors {
    pub(crate) fn of(allowed: &AllowedOrigins, request: &HeaderMap) -> Self {
        let origin = request.get(ORIGIN);
        match allowed {
            AllowedOrigins::Any => {
                Self { allowed: origin.map(|_| HeaderValue::from_static("*")), varies: false }
            }
            AllowedOrigins::Exactly(list) => Self {
                allowed: origin.filter(|origin| list.iter().any(|one| one.as_str() == **origin)).cloned(),
                varies: true,
            },
        }
    }

    /// Whether a request is a browser's question rather than an S3 operation.
    pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The answer to a browser's question: headers of a 200, or a refusal as S3 words it.
    pub(crate) fn answer_preflight(&self, request: &HeaderMap) -> Result<HeaderMap, S3Error> {
        let asked = request.get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|method| method.to_str().ok());
        let known = asked.is_some_and(|asked| METHODS.split(", ").any(|method| method == asked));
        if self.allowed.is_none() || !known {
            return Err(S3Error::with_message(
                S3ErrorCode::AccessDenied,
                "CORSResponse: This CORS request is not allowed. Add the page's origin to the store's allowed origins",
            ));
        }
        let mut headers = HeaderMap::new();
        self.decorate(&mut headers);
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
        // Any header may be sent: the signature decides which are accepted.
        if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        headers.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
        Ok(headers)
    }

    /// Lets the page read an answer, an error's as well.
    pub(crate) fn decorate(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = &self.allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed_origin(allowed: &AllowedOrigins, origin: &'static str) -> Option<HeaderValue> {
        let request = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
        let mut answer = HeaderMap::new();
        Cors::of(allowed, &request).decorate(&mut answer);
        answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).cloned()
    }

    #[test]
    fn only_a_listed_origin_may_read_answers() {
        let list = AllowedOrigins::Exactly(vec!["https://good.com".parse().unwrap()]);
        assert_eq!(allowed_origin(&list, "https://good.com").unwrap(), "https://good.com");
        for evil in [
            "https://evil-good.com",
            "https://good.com.evil",
            "http://good.com",
            "null",
            "https://good.com:8443",
        ] {
            assert_eq!(allowed_origin(&list, evil), None, "{evil}");
        }
        assert_eq!(allowed_origin(&AllowedOrigins::Any, "https://anywhere.example").unwrap(), "*");
    }

    #[test]
    fn a_preflight_is_answered_for_the_headers_it_asks_for() {
        let request = HeaderMap::from_iter([
            (ORIGIN, HeaderValue::from_static("https://good.com")),
            (ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT")),
            (ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("content-type,x-amz-checksum-crc32c")),
        ]);
        let list = AllowedOrigins::Exactly(vec!["https://good.com".parse().unwrap()]);
        let answer = Cors::of(&list, &request).answer_preflight(&request).unwrap();
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_HEADERS], "content-type,x-amz-checksum-crc32c");
        assert!(answer[ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("PUT"));

        let others = AllowedOrigins::Exactly(vec!["https://other.com".parse().unwrap()]);
        assert!(Cors::of(&others, &request).answer_preflight(&request).is_err());
    }
}
