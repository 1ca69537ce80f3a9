//! A file of Uppy's: checked, counted and recorded as one of our own clients' is.

use windlass_protocol::companion::Metadata;

use crate::api::access::project_of;
use crate::api::error::ApiError;
use crate::api::rates::Place;
use crate::api::uploads::{may_upload_to, record_single};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::unplanned::{UnplannedClaim, Way, accept_unplanned};
use crate::domain::upload::Upload;

/// What a client says of a file.
pub struct File<'a> {
    /// Its name.
    pub filename: &'a str,
    /// Its media type, as far as the browser knows.
    pub content_type: &'a str,
    /// What the page says besides.
    pub metadata: &'a Metadata,
    /// How its bytes come.
    pub way: Way,
}

/// Records a file, its bytes expected until its deadline: a form cannot be had again, parts can.
pub async fn announce(app: &App, caller: &Caller, place: &Place, file: File<'_>) -> Result<Upload, ApiError> {
    let project = project_of(caller, file.metadata.project_id.as_ref(), "metadata[project_id]")?;
    may_upload_to(app, caller, project).await?;
    if file.filename.is_empty() {
        let reason = "is missing: it must be the file's name".to_owned();
        return Err(ApiError::InvalidRequest { field: Some("filename".to_owned()), reason });
    }
    let claim = UnplannedClaim {
        filename: file.filename,
        content_type: file.content_type,
        size_bytes: file.metadata.size,
    };
    let accepted = accept_unplanned(&claim, file.way, &app.settings.limits).map_err(ApiError::Refused)?;
    let waits_for = match file.way {
        Way::Form => app.settings.request_may_arrive_for(accepted.size_bytes),
        Way::Parts => app.settings.upload_deadline,
    };
    let deadline_at = app.clock.now() + waits_for;
    record_single(app, caller, place, (project, accepted), deadline_at).await
}
