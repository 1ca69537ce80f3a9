//! No request takes for ever. What it began in the store is found again by the next one.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Below the minute most proxies wait.
const LIMIT: Duration = Duration::from_secs(50);

/// Answers `unavailable` when a handler, or the body it reads, takes too long.
pub async fn limit(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::Unavailable("the request took too long".to_owned()).into_response(),
    }
}
