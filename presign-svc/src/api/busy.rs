//! What somebody is told for whom there is no room: to come again, in words that a page of an allowed origin can read.

use axum::Router;
use axum::extract::{Extension, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use windlass_protocol::ErrorCode;

use super::cors::{AllowedOrigins, X_REQUEST_ID};
use super::error::{finish, problem_of};
use super::headers;
use crate::adapters::system::RandomIds;
use crate::ports::ids::IdSource as _;

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// All connections there can be are open.
    Full,
    /// Nearly all are, and whoever comes has many of them.
    HasItsShare,
}

/// Answers every request so. A preflight gets its leave: without it the page could not read the answer that follows.
pub fn router(origins: &AllowedOrigins) -> Router {
    Router::new()
        .fallback(come_again)
        // Whatever a client may name: it is read by nobody here.
        .layer(origins.layer(true))
        .layer(from_fn(headers::set_defaults))
        .layer(from_fn(with_id))
}

async fn come_again(Extension(why): Extension<Busy>) -> Response {
    let detail = match why {
        Busy::Full => "The service has as many connections as it can have; try again soon.",
        Busy::HasItsShare => {
            "Your network has as many connections to the service as it can have while others come, too; try again soon."
        }
    };
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Box::new(problem_of(ErrorCode::Unavailable, detail.to_owned())));
    response
}

/// The log has no line of each: whoever stands in a crowd's way is no news.
async fn with_id(request: Request, next: Next) -> Response {
    let id = RandomIds::new().request_id();
    let mut response = finish(next.run(request).await, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}
