//! `DELETE /api/v1/projects/{project_id}/upload-links/{link_id}`: end a link. What it has brought stays; what it has
//! announced comes to nothing.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use windlass_protocol::{ProjectId, UploadLinkId};

use super::require_project;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;
use crate::jobs::ended_links::close_uploads;
use crate::traces;

/// Ends a link.
#[utoipa::path(
    delete,
    path = "/api/v1/projects/{project_id}/upload-links/{link_id}",
    operation_id = "revoke_upload_link",
    tag = "upload links",
    params(
        ("project_id" = ProjectId, Path, description = "The project"),
        ("link_id" = UploadLinkId, Path, description = "The link"),
    ),
    responses(
        (status = 204, description = "It has ended, now or before"),
    ),
    security(("token" = []))
)]
pub async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((project, id)): Id<(ProjectId, UploadLinkId)>,
) -> Result<StatusCode, ApiError> {
    require_project(&app, &caller, &project).await?;
    let is_there = app.links.revoke(&caller.tenant, &project, id, app.clock.now()).await?;
    if !is_there {
        return Err(ApiError::NotFound("There is no such upload link"));
    }
    // On its own: whoever hangs up does not stop it.
    let closing = async move { close_uploads(&app, &caller.tenant, &project, id).await };
    let closing = tokio::spawn(traces::carried(closing));
    closing.await.map_err(|error| ApiError::Internal(error.to_string()))??;
    Ok(StatusCode::NO_CONTENT)
}
