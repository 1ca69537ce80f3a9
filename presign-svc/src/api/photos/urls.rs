//! `POST /api/v1/photos/urls`: fresh signed GET URLs for many photos at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use windlass_protocol::UploadId;
use windlass_protocol::photo_urls::{
    MAX_PHOTOS, MIN_EXPIRES_IN_SECONDS, PhotoUrls, PhotoUrlsRequest, PhotoUrlsResponse, PhotoUrlsResult,
    RefusedPhoto,
};

use super::is_photo;
use super::links::PhotoSigner;
use crate::api::access::touchable_of;
use crate::api::error::ApiError;
use crate::api::extract::JsonBody;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;
use crate::ports::object_store::SigningWindow;
use crate::telemetry::RequestId;

/// Signs them.
#[utoipa::path(
    post,
    path = "/api/v1/photos/urls",
    operation_id = "photo_urls",
    tag = "photos",
    request_body = PhotoUrlsRequest,
    responses(
        (status = 200, body = PhotoUrlsResponse),
    ),
    security(("token" = []))
)]
pub async fn urls(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(request_id): Extension<RequestId>,
    JsonBody(request): JsonBody<PhotoUrlsRequest>,
) -> Result<Json<PhotoUrlsResponse>, ApiError> {
    let wrong =
        |field: &str, reason: String| Err(ApiError::InvalidRequest { field: Some(field.to_owned()), reason });
    let count = request.photo_ids.len();
    if !(1..=MAX_PHOTOS).contains(&count) {
        return wrong("photo_ids", format!("must hold 1 to {MAX_PHOTOS} entries, not {count}"));
    }
    let now = app.clock.now();
    let window = match request.expires_in_seconds {
        None => app.settings.get_window(now),
        Some(seconds) if seconds < MIN_EXPIRES_IN_SECONDS => {
            return wrong("expires_in_seconds", format!("must be at least {MIN_EXPIRES_IN_SECONDS}"));
        }
        Some(seconds) => {
            let lifetime = Duration::from_secs(seconds.into()).min(app.settings.get_url_lifetime);
            SigningWindow::beginning_at(now, lifetime)
        }
    };
    // An id may be written in capitals: the record knows it as what it is, and a refusal names it as asked.
    let asked: Vec<(String, Option<UploadId>)> = request
        .photo_ids
        .into_iter()
        .map(|photo_id| {
            let id = photo_id.parse().ok();
            (photo_id, id)
        })
        .collect();
    let ids: Vec<UploadId> = asked.iter().filter_map(|(_, id)| *id).collect();
    let mut uploads = app.uploads.find_many(&caller.tenant, &ids).await?;
    uploads.retain(is_photo);
    let shown = touchable_of(&app, &caller, uploads).await?;
    let found: HashMap<_, _> = shown.into_iter().map(|upload| (upload.id(), upload)).collect();
    let signer = PhotoSigner::new(&app, window).await;
    let mut photos = Vec::with_capacity(count);
    for (photo_id, id) in asked {
        let upload = id.and_then(|id| found.get(&id));
        photos.push(match sign(&signer, upload, request.variants.as_deref()) {
            Ok(urls) => PhotoUrlsResult::Signed(urls),
            Err(error) => {
                let error = error.problem_of_file(&photo_id, &request_id.0);
                PhotoUrlsResult::Refused(RefusedPhoto { photo_id, error })
            }
        });
    }
    Ok(Json(PhotoUrlsResponse { photos }))
}

fn sign(
    signer: &PhotoSigner<'_>,
    upload: Option<&Upload>,
    wanted: Option<&[String]>,
) -> Result<PhotoUrls, ApiError> {
    let upload = upload.ok_or(ApiError::NotFound("There is no such photo"))?;
    let links = signer.sign_photo(upload)?;
    let mut variants = links.pictures.variants;
    if let Some(wanted) = wanted {
        variants.retain(|name, _| wanted.contains(name));
    }
    Ok(PhotoUrls { photo_id: upload.photo_id(), url: links.url, variants, url_expires_at: links.expires_at })
}
