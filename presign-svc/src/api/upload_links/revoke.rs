//! `DELETE /api/v1/projects/{project_id}/upload-links/{link_id}`: end a link. What it has brought stays.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use windlass_protocol::{ProjectId, UploadLinkId};

use super::require_project;
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;

/// Ends a link.
pub async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((project, id)): Id<(ProjectId, UploadLinkId)>,
) -> Result<StatusCode, ApiError> {
    require_project(&app, &caller, &project).await?;
    let is_there = app.links.revoke(&caller.tenant, &project, id, app.clock.now()).await?;
    if is_there {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound("There is no such upload link"))
    }
}
