//! `GET /api/v1/projects/{project_id}/upload-links`: a project's links and what has come through each.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::ProjectId;
use windlass_protocol::upload_links::{ListUploadLinksResponse, MAX_LISTED};

use super::{require_project, wire};
use crate::api::error::ApiError;
use crate::api::extract::Id;
use crate::app::App;
use crate::auth::Caller;

/// Lists links.
#[utoipa::path(
    get,
    path = "/api/v1/projects/{project_id}/upload-links",
    operation_id = "list_upload_links",
    tag = "upload links",
    params(("project_id" = ProjectId, Path, description = "The project")),
    responses(
        (status = 200, body = ListUploadLinksResponse),
    ),
    security(("token" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(project): Id<ProjectId>,
) -> Result<Json<ListUploadLinksResponse>, ApiError> {
    require_project(&app, &caller, &project).await?;
    let now = app.clock.now();
    let links = app.links.list(&caller.tenant, &project, MAX_LISTED).await?;
    let links = links.into_iter().map(|(link, usage)| wire(link, usage, now)).collect();
    Ok(Json(ListUploadLinksResponse { links }))
}
