//! What is somebody's to touch. What is not does not exist for them.

use windlass_protocol::ProjectId;

use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;

/// Whether the caller may touch a project of its tenant.
pub(super) async fn may_touch(app: &App, caller: &Caller, project: &ProjectId) -> Result<bool, ApiError> {
    let asked = app.membership.may_touch(caller, project, app.clock.now()).await;
    asked.map_err(|error| ApiError::Unavailable(error.to_string()))
}

/// An upload of the caller's tenant, where it is the caller's to touch.
pub(super) async fn if_touchable(
    app: &App,
    caller: &Caller,
    upload: Option<Upload>,
) -> Result<Option<Upload>, ApiError> {
    match upload {
        Some(upload) if may_touch(app, caller, &upload.facts().project).await? => Ok(Some(upload)),
        _ => Ok(None),
    }
}
