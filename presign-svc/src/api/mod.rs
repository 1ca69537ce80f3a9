//! The HTTP surface: the router is its table of contents.

mod access;
mod companion;
pub mod cors;
pub mod demo;
pub mod error;
mod events;
mod extract;
mod headers;
mod health;
mod me;
mod openapi;
mod photos;
pub mod rates;
pub mod scopes;
mod timeout;
mod upload_links;
mod uploads;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use time::OffsetDateTime;
use tower_http::catch_panic::CatchPanicLayer;
use windlass_protocol::API_PREFIX;

use self::cors::AllowedOrigins;
use self::error::ApiError;
use crate::app::App;
use crate::telemetry;

/// Most requests are a few hundred bytes.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// A hundred files with metadata.
const CREATE_LIMIT_BYTES: usize = 1024 * 1024;
/// A thousand parts with SHA-256 checksums.
const SIGN_PARTS_LIMIT_BYTES: usize = 256 * 1024;
/// Ten thousand parts with entity tags and checksums.
const COMPLETE_LIMIT_BYTES: usize = 2 * 1024 * 1024;

/// Everything the service answers.
pub fn router(app: Arc<App>, origins: &AllowedOrigins, demo: Option<demo::DemoSite>) -> Router {
    let cors = origins.layer(app.settings.plain_clients);
    let api = Router::new()
        .route("/uploads", post(uploads::create::create).layer(DefaultBodyLimit::max(CREATE_LIMIT_BYTES)))
        .route("/uploads/previews", post(uploads::report_previews::report_previews))
        .route("/uploads/{upload_id}", get(uploads::show::show).delete(uploads::abort::abort))
        .route(
            "/uploads/{upload_id}/parts",
            get(uploads::list_parts::list_parts)
                .post(uploads::sign_parts::sign_parts)
                .layer(DefaultBodyLimit::max(SIGN_PARTS_LIMIT_BYTES)),
        )
        .route("/uploads/{upload_id}/pieces", post(uploads::sign_pieces::sign_pieces))
        .route(
            "/uploads/{upload_id}/complete",
            post(uploads::complete::complete).layer(DefaultBodyLimit::max(COMPLETE_LIMIT_BYTES)),
        )
        .route("/photos", get(photos::list::list))
        .route("/photos/urls", post(photos::urls::urls))
        .route("/photos/upload-url", post(photos::upload_url::upload_url))
        .route(
            "/photos/{photo_id}",
            get(photos::show::show).patch(photos::edit::edit).delete(photos::delete::delete),
        )
        .route("/photos/{photo_id}/status", patch(photos::set_status::set_status))
        .route("/events", get(events::stream::stream))
        .route("/events/tickets", post(events::ticket::ticket))
        .route(
            "/projects/{project_id}/upload-links",
            get(upload_links::list::list).post(upload_links::create::create),
        )
        .route("/projects/{project_id}/upload-links/{link_id}", delete(upload_links::revoke::revoke))
        .route("/me", get(me::me))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(cors.clone());
    let router = Router::new()
        .nest(API_PREFIX, api)
        .merge(companion::routes().layer(cors))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    let router = if app.settings.api_docs { router.merge(openapi::routes()) } else { router };
    let router = match demo {
        Some(site) => router.merge(demo::routes(site)),
        None => router,
    };
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(timeout::limit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(headers::set_defaults))
        .layer(from_fn_with_state(app.clone(), telemetry::follow))
        .with_state(app)
}

/// How long a URL works from now on: signing counts whole seconds.
fn seconds_left(expires_at: OffsetDateTime, now: OffsetDateTime) -> u32 {
    u32::try_from(expires_at.unix_timestamp() - now.unix_timestamp()).unwrap_or_default()
}

async fn unknown_path() -> ApiError {
    ApiError::NotFound("There is nothing at this path")
}

async fn wrong_method() -> ApiError {
    ApiError::MethodNotAllowed
}

#[expect(clippy::needless_pass_by_value, reason = "the signature tower-http asks for")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    ApiError::Internal(format!("a handler panicked: {message}")).into_response()
}
