//! `POST /api/v1/projects/{project_id}/upload-links`: a capability for a customer without an account.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use windlass_protocol::ProjectId;
use windlass_protocol::upload_links::{
    CreateUploadLinkRequest, CreatedUploadLink, DEFAULT_BYTES, DEFAULT_EXPIRES_IN_SECONDS, DEFAULT_FILES,
    EXPIRES_IN_SECONDS, MAX_BYTES, MAX_FILES, MAX_LABEL_CHARS,
};

use super::{require_project, wire};
use crate::api::error::ApiError;
use crate::api::extract::{Id, OptionalJsonBody};
use crate::api::rates::{LINK, Place, draw};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::quota::Usage;
use crate::domain::text;
use crate::domain::upload_link::{LinkToken, UploadLink};

/// Makes a link.
#[utoipa::path(
    post,
    path = "/api/v1/projects/{project_id}/upload-links",
    operation_id = "create_upload_link",
    tag = "upload links",
    params(("project_id" = ProjectId, Path, description = "The project")),
    request_body = Option<CreateUploadLinkRequest>,
    responses(
        (status = 201, body = CreatedUploadLink),
    ),
    security(("token" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(project): Id<ProjectId>,
    OptionalJsonBody(request): OptionalJsonBody<CreateUploadLinkRequest>,
) -> Result<(StatusCode, Json<CreatedUploadLink>), ApiError> {
    require_project(&app, &caller, &project).await?;
    let now = app.clock.now();
    let expires_in = request.expires_in_seconds.unwrap_or(DEFAULT_EXPIRES_IN_SECONDS);
    let max_files = request.max_files.unwrap_or(DEFAULT_FILES);
    let max_bytes = request.max_bytes.unwrap_or(DEFAULT_BYTES);
    let label = request.label.as_deref().map(text::clean).filter(|label| !label.is_empty());
    if !EXPIRES_IN_SECONDS.contains(&expires_in) {
        let (least, most) = (EXPIRES_IN_SECONDS.start(), EXPIRES_IN_SECONDS.end());
        return wrong("expires_in_seconds", format!("must be between {least} and {most}"));
    }
    if !(1..=MAX_FILES).contains(&max_files) {
        return wrong("max_files", format!("must be between 1 and {MAX_FILES}"));
    }
    if !(1..=MAX_BYTES).contains(&max_bytes) {
        return wrong("max_bytes", format!("must be between 1 and {MAX_BYTES}"));
    }
    if label.as_ref().is_some_and(|label| label.chars().count() > MAX_LABEL_CHARS) {
        return wrong("label", format!("may have {MAX_LABEL_CHARS} characters"));
    }
    draw(&app, &caller, &place, LINK).await?;
    let (id, secret) = app.ids.upload_link(now).map_err(|error| ApiError::Unavailable(error.to_string()))?;
    let token = LinkToken::of(secret, project.clone());
    let link = UploadLink {
        id,
        tenant: caller.tenant,
        project,
        label,
        created_by: caller.subject,
        max_files: max_files.into(),
        max_bytes,
        created_at: now,
        expires_at: now + Duration::from_secs(expires_in.into()),
        revoked_at: None,
    };
    app.links.insert(&link, token.hash()).await?;
    let token = token.reveal();
    let url = app.settings.upload_page.as_ref().map(|page| format!("{page}#{token}"));
    Ok((StatusCode::CREATED, Json(CreatedUploadLink { link: wire(link, Usage::default(), now), token, url })))
}

fn wrong<T>(field: &str, reason: String) -> Result<T, ApiError> {
    Err(ApiError::InvalidRequest { field: Some(field.to_owned()), reason })
}
