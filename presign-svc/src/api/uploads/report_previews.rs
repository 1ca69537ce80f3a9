//! `POST /api/v1/uploads/previews`: the smaller pictures of these uploads are in the store.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures::{StreamExt as _, stream};
use windlass_protocol::report_previews::{
    MAX_UPLOADS, ReportPreviewsRequest, ReportPreviewsResponse, UploadPreviews,
};

use crate::api::access::touchable_of;
use crate::api::error::ApiError;
use crate::api::extract::JsonBody;
use crate::api::rates::{Place, draw_looks};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;
use crate::jobs::NotFinished;
use crate::jobs::preview::{look_for_previews, unseen_variants};

/// Uploads looked at at once.
const AT_ONCE: usize = 16;

/// Looks at them.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/previews",
    operation_id = "report_previews",
    tag = "uploads",
    request_body = ReportPreviewsRequest,
    responses(
        (status = 200, body = ReportPreviewsResponse),
    ),
    security(("token" = []))
)]
pub async fn report_previews(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    JsonBody(request): JsonBody<ReportPreviewsRequest>,
) -> Result<Json<ReportPreviewsResponse>, ApiError> {
    let mut ids = request.upload_ids;
    if !(1..=MAX_UPLOADS).contains(&ids.len()) {
        let reason = format!("must hold 1 to {MAX_UPLOADS} entries, not {}", ids.len());
        return Err(ApiError::InvalidRequest { field: Some("upload_ids".to_owned()), reason });
    }
    ids.sort_unstable();
    ids.dedup();
    let uploads = app.uploads.find_many(&caller.tenant, &ids).await?;
    let uploads = touchable_of(&app, &caller, uploads).await?;
    // Each picture that was not seen yet is a question to the bucket: nobody has it asked for ever.
    let pictures = uploads.iter().map(unseen_variants).sum::<usize>();
    draw_looks(&app, &caller, &place, pictures.max(ids.len())).await?;
    let looks = uploads.into_iter().map(|upload| look_for_previews(&app, upload));
    let looked: Vec<Result<Upload, NotFinished>> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let mut seen = Vec::with_capacity(looked.len());
    for outcome in looked {
        match outcome {
            Ok(upload) => seen.push(wire(&upload)),
            // It was closed or forgotten meanwhile.
            Err(NotFinished::NotFound | NotFinished::Closed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(ReportPreviewsResponse { uploads: seen }))
}

fn wire(upload: &Upload) -> UploadPreviews {
    let stored = upload.progress().variants.iter().filter(|variant| variant.is_stored);
    UploadPreviews {
        upload_id: upload.id(),
        status: upload.status(),
        variants: stored.map(|variant| variant.name.to_string()).collect(),
    }
}
