//! Which web pages may call the API: an exact list of origins, never a pattern, never credentials.

use std::time::Duration;

use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};
use windlass_embedded_store::Origin;

use super::events::stream::LAST_EVENT_ID;

/// The header a request is followed by.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The trace of the page that asks (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Some clients that know nothing of Windlass name their tenant beside the token. Nobody reads it: the token's counts.
const X_TENANT_ID: HeaderName = HeaderName::from_static("x-tenant-id");

/// Web origins whose scripts may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Pages of this very machine, on any port: for development.
    Loopback,
    /// Exactly these, compared whole.
    Exactly(Vec<Origin>),
}

impl AllowedOrigins {
    /// Whether a page of this origin may call.
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        match self {
            Self::Exactly(origins) => origins.iter().any(|allowed| allowed.as_str() == origin),
            Self::Loopback => is_loopback(origin),
        }
    }

    /// Whether pages of this host, with its port where it has one, may call.
    pub fn allows_host(&self, host: &str) -> bool {
        ["https", "http"]
            .iter()
            .filter_map(|scheme| HeaderValue::try_from(format!("{scheme}://{host}")).ok())
            .any(|origin| self.allows(&origin))
    }

    pub(super) fn layer(&self, plain_clients: bool) -> CorsLayer {
        let origins = self.clone();
        let named_by_plain_clients = plain_clients.then_some(X_TENANT_ID);
        let headers = [
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_NONE_MATCH,
            LAST_EVENT_ID,
            TRACEPARENT,
            TRACESTATE,
            X_REQUEST_ID,
        ];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| origins.allows(origin)))
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers(headers.into_iter().chain(named_by_plain_clients).collect::<Vec<_>>())
            .expose_headers([ALLOW, ETAG, RETRY_AFTER, X_REQUEST_ID])
            .max_age(Duration::from_secs(7200))
    }
}

fn is_loopback(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let is_bare = uri.scheme_str() == Some("http") && uri.query().is_none() && matches!(uri.path(), "" | "/");
    is_bare && !origin.contains('@') && matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origins: &AllowedOrigins, origin: &str) -> bool {
        origins.allows(&HeaderValue::from_str(origin).unwrap())
    }

    #[test]
    fn t33_likenesses_of_an_allowed_origin_are_refused() {
        let origins = AllowedOrigins::Exactly(vec!["https://good.com".parse().unwrap()]);
        assert!(allows(&origins, "https://good.com"));
        for bad in [
            "https://evil-good.com",
            "https://good.com.evil",
            "null",
            "http://good.com",
            "https://good.com:8443",
            "*",
            "",
        ] {
            assert!(!allows(&origins, bad), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for good in ["http://localhost:5173", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"]
        {
            assert!(allows(&AllowedOrigins::Loopback, good), "{good}");
        }
        for bad in [
            "http://localhost.evil.com",
            "http://127.0.0.1.evil.com",
            "http://localhost@evil.com",
            "https://evil.com/?http://localhost",
            "null",
            "file://localhost",
        ] {
            assert!(!allows(&AllowedOrigins::Loopback, bad), "{bad}");
        }
    }
}
