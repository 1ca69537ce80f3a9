//! Operations on photos: one file each, named as in the protocol crate.

pub mod delete;
pub mod edit;
pub mod list;
pub mod set_status;
pub mod show;
pub mod upload_url;
pub mod urls;

pub(super) mod links;
pub(super) mod present;

use windlass_protocol::PhotoId;

use super::access::if_touchable;
use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;

/// The caller's photo: a verified upload, maybe a quarantined one. Any other does not exist for it.
async fn find(app: &App, caller: &Caller, id: PhotoId) -> Result<Upload, ApiError> {
    let found = app.uploads.find(&caller.tenant, id.into()).await?.filter(is_photo);
    if_touchable(app, caller, found).await?.ok_or(ApiError::NotFound("There is no such photo"))
}

/// The same, or one whose original is on its way and of which a smaller picture is there.
async fn find_arriving(app: &App, caller: &Caller, id: PhotoId) -> Result<Upload, ApiError> {
    let found = app.uploads.find(&caller.tenant, id.into()).await?;
    let shown = found.filter(|upload| is_photo(upload) || upload.is_arriving());
    if_touchable(app, caller, shown).await?.ok_or(ApiError::NotFound("There is no such photo"))
}

/// Whether an upload is a photo.
fn is_photo(upload: &Upload) -> bool {
    upload.object().is_some()
}
