//! Operations on photos: one file each, named as in the protocol crate.

pub mod delete;
pub mod edit;
pub mod list;
pub mod set_status;
pub mod show;
pub mod upload_url;
pub mod urls;

pub(super) mod present;

use windlass_protocol::PhotoId;

use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::{Stage, Upload, UploadState};

/// The caller's photo: a verified upload that is not quarantined. Any other does not exist for it.
async fn find(app: &App, caller: &Caller, id: PhotoId) -> Result<Upload, ApiError> {
    app.uploads
        .find(&caller.tenant, id.into())
        .await?
        .filter(|upload| is_shown_to(caller, upload))
        .ok_or(ApiError::NotFound("There is no such photo"))
}

/// Whether an upload of the caller's tenant is a photo it may see.
fn is_shown_to(caller: &Caller, upload: &Upload) -> bool {
    let is_photo =
        matches!(upload.state(), UploadState::Stored { stage, .. } if *stage != Stage::Quarantined);
    is_photo && caller.may_touch(&upload.facts().project)
}
