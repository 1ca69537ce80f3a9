//! Companion's contract, so that an unmodified `@uppy/aws-s3` uploads through this service: the same rules as
//! the API's own operations, in another's words. `docs/uppy.md` says what the contract cannot do.

pub mod abort;
pub mod complete;
pub mod create;
pub mod params;
pub mod parts;
pub mod sign;

mod announce;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use http::Extensions;
use serde::{Deserialize, Serialize};
use windlass_protocol::{Problem, UploadId};

use super::error::ApiError;
use super::{BODY_LIMIT_BYTES, COMPLETE_LIMIT_BYTES, uploads, wrong_method};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;

/// Companion's routes, at the service's root.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/s3/params", get(params::params))
        .route("/s3/multipart", post(create::create))
        .route("/s3/multipart/{upload_id}", get(parts::list).delete(abort::abort))
        .route("/s3/multipart/{upload_id}/batch", get(sign::sign_batch))
        .route("/s3/multipart/{upload_id}/{part_number}", get(sign::sign_one))
        .route(
            "/s3/multipart/{upload_id}/complete",
            post(complete::complete).layer(DefaultBodyLimit::max(COMPLETE_LIMIT_BYTES)),
        )
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(map_response(say_message))
}

/// The key that comes back with each request about an upload.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// The object's key, as it was answered.
    #[param(required = true)]
    key: Option<String>,
}

/// The caller's upload, if this is its key. It decides nothing: where the bytes go is in the record.
async fn find(app: &App, caller: &Caller, id: UploadId, query: &KeyQuery) -> Result<Upload, ApiError> {
    let upload = uploads::find(app, caller, id).await?;
    match &query.key {
        Some(key) if key == upload.original_key().as_str() => Ok(upload),
        Some(_) => Err(ApiError::NotFound("There is no such upload")),
        None => {
            let reason = "is missing: send back the key that came with the upload".to_owned();
            Err(ApiError::InvalidRequest { field: Some("key".to_owned()), reason })
        }
    }
}

/// A problem is shown by Uppy's clients, which look for its sentence in `message`.
#[derive(Debug, Clone, Copy)]
struct ShownByUppy;

async fn say_message(mut response: Response) -> Response {
    response.extensions_mut().insert(ShownByUppy);
    response
}

/// A problem as it goes over the wire, for whoever asked.
pub(super) fn problem_body(problem: &Problem, response: &Extensions) -> Vec<u8> {
    #[derive(Serialize)]
    struct WithMessage<'a> {
        #[serde(flatten)]
        problem: &'a Problem,
        message: &'a str,
    }
    let body = match response.get::<ShownByUppy>() {
        Some(ShownByUppy) => serde_json::to_vec(&WithMessage { problem, message: &problem.detail }),
        None => serde_json::to_vec(problem),
    };
    body.unwrap_or_default()
}
