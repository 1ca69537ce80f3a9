//! `GET /api/v1/photos`: a project's photos, newest first. Pages continue after a photo, not at a count,
//! so that they neither repeat nor skip when photos arrive meanwhile.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::try_join_all;
use uuid::Uuid;
use windlass_protocol::PhotoId;
use windlass_protocol::list_photos::{DEFAULT_LIMIT, ListPhotosQuery, ListPhotosResponse, MAX_LIMIT};

use super::present::present;
use crate::api::error::ApiError;
use crate::api::extract::QueryOf;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::ports::uploads::PhotoQuery;

/// Lists photos.
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    QueryOf(query): QueryOf<ListPhotosQuery>,
) -> Result<Json<ListPhotosResponse>, ApiError> {
    caller.require(Scope::Read)?;
    if !caller.may_touch(&query.project_id) {
        return Err(ApiError::NotFound("There is no such project"));
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let reason = format!("must be between 1 and {MAX_LIMIT}");
        return Err(ApiError::InvalidRequest { field: Some("limit".to_owned()), reason });
    }
    let page = PhotoQuery {
        tenant: &caller.tenant,
        project: &query.project_id,
        before: query.cursor.as_deref().map(read_cursor).transpose()?,
        status: query.status,
        // One more tells whether there is another page.
        limit: limit + 1,
    };
    let mut uploads = app.uploads.list_photos(&page).await?;
    let has_more = uploads.len() > limit as usize;
    uploads.truncate(limit as usize);
    let next_cursor = uploads.last().filter(|_| has_more).map(|upload| write_cursor(upload.photo_id()));
    let photos = try_join_all(uploads.iter().map(|upload| present(&app, upload))).await?;
    Ok(Json(ListPhotosResponse { photos, next_cursor }))
}

fn write_cursor(last: PhotoId) -> String {
    URL_SAFE_NO_PAD.encode(last.as_uuid().as_bytes())
}

fn read_cursor(cursor: &str) -> Result<PhotoId, ApiError> {
    let id = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
    id.map(PhotoId::from).ok_or_else(|| ApiError::InvalidRequest {
        field: Some("cursor".to_owned()),
        reason: "is not one this service gave out; use next_cursor of the page before as it is".to_owned(),
    })
}
