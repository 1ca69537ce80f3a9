//! `DELETE /api/v1/uploads/{upload_id}`: give an upload up. The record first: whatever the store still
//! has is then known to be nobody's, and goes now or at the next sweep.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use windlass_protocol::UploadId;

use super::find;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;
use crate::jobs::NotFinished;
use crate::jobs::cleanup::remove_now;
use crate::metrics::UploadOutcome;

/// Aborts an upload.
#[utoipa::path(
    delete,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "abort_upload",
    tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    responses(
        (status = 204, description = "Given up"),
    ),
    security(("token" = []))
)]
pub async fn abort(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<UploadId>,
) -> Result<StatusCode, ApiError> {
    give_up(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the caller's upload, if it is not closed already.
pub(in crate::api) async fn give_up(app: &App, caller: &Caller, id: UploadId) -> Result<(), ApiError> {
    find(app, caller, id).await?;
    let _turn = app.turns.take(id).await?;
    let mut upload = find(app, caller, id).await?;
    let before = upload.status();
    upload.abort(app.clock.now(), app.settings.bytes_may_arrive_for(&upload))?;
    if upload.status() != before {
        app.uploads.save(&mut upload).await?;
        app.metrics.uploads(UploadOutcome::Aborted, 1);
        remove_now(app, &upload).await;
    }
    Ok(())
}

/// Closes an upload that could not be begun, and whose client was told so instead of its name: nobody could ever send
/// it, and it would take room until its deadline.
pub(in crate::api) async fn give_up_unbegun(app: &App, upload: &Upload) {
    let (tenant, id) = (&upload.facts().tenant, upload.id());
    let close = async {
        let _turn = app.turns.take(id).await?;
        let mut upload = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
        upload.abort(app.clock.now(), app.settings.bytes_may_arrive_for(&upload))?;
        app.uploads.save(&mut upload).await?;
        app.metrics.uploads(UploadOutcome::Aborted, 1);
        Ok::<_, NotFinished>(())
    };
    if let Err(error) = close.await {
        tracing::warn!(upload = %id, %error, "an upload that could not be begun stays until its deadline");
    }
}
