//! The HTTP surface: the router is its table of contents.

mod access;
pub mod busy;
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
use tower_http::cors::CorsLayer;
use windlass_protocol::API_PREFIX;

use self::cors::AllowedOrigins;
use self::error::ApiError;
use crate::app::App;
use crate::jobs::caught::words_of;
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
        .route("/events", get(events::stream::stream).head(events::stream::look))
        .route("/events/tickets", post(events::ticket::ticket))
        .route(
            "/projects/{project_id}/upload-links",
            get(upload_links::list::list).post(upload_links::create::create),
        )
        .route("/projects/{project_id}/upload-links/{link_id}", delete(upload_links::revoke::revoke))
        .route("/me", get(me::me))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES));
    let cors = origins.layer(app.settings.plain_clients);
    let of_pages = for_pages(Router::new().nest(API_PREFIX, api).merge(companion::routes()), cors);
    let others = Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(health::readyz));
    let others = if app.settings.api_docs { others.merge(openapi::routes()) } else { others };
    let others = match demo {
        Some(site) => others.merge(demo::routes(site)),
        None => others,
    };
    of_pages
        .merge(guarded(others))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(headers::set_defaults))
        .layer(from_fn_with_state(app.clone(), telemetry::follow))
        .with_state(app)
}

/// What takes too long or panics is an answer, too.
fn guarded<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes.layer(from_fn(timeout::limit)).layer(CatchPanicLayer::custom(panicked))
}

/// Pages of these origins may read all that is answered, also that it took too long, or failed inside.
fn for_pages<S: Clone + Send + Sync + 'static>(routes: Router<S>, cors: CorsLayer) -> Router<S> {
    guarded(routes).layer(cors)
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
    ApiError::Internal(format!("a handler panicked: {}", words_of(panic.as_ref()))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
    use tower::ServiceExt as _;

    use super::*;

    async fn fails() {
        panic!("as a bug would");
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_can_read_that_a_request_took_too_long_or_failed_inside() {
        let origins = AllowedOrigins::Exactly(vec!["https://good.com".parse().unwrap()]);
        for (routes, status) in
            [(Router::new().fallback(std::future::pending::<()>), 503), (Router::new().fallback(fails), 500)]
        {
            let request = Request::get("/").header(ORIGIN, "https://good.com").body(Body::empty()).unwrap();
            let answer = for_pages(routes, origins.layer(false)).oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status);
            let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.as_bytes());
            assert_eq!(allowed, Some("https://good.com".as_bytes()), "{status}");
        }
    }
}
