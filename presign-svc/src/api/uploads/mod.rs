//! Operations on uploads: one file each, named as in the protocol crate.

pub mod abort;
pub mod complete;
pub mod create;
pub mod list_parts;
pub mod report_previews;
pub mod show;
pub mod sign_parts;
pub mod sign_pieces;

mod already_there;
mod announcement;
mod draft;
mod sign;
mod single;
mod stored_before;

pub(super) use abort::{give_up, give_up_unbegun};
pub(super) use complete::finish;
use draft::{Draft, announcement, draft};
pub(super) use list_parts::parts_in_store;
pub(super) use sign::sign_original;
pub(super) use sign_parts::sign_some;
pub(super) use single::record_single;

use windlass_protocol::{PartPlan, ProjectId, UploadId};

use super::access::{if_touchable, may_touch};
use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::Transfer;
use crate::domain::quota::Allowance;
use crate::domain::upload::{Upload, UploadState};

/// The caller's upload: one of another tenant or project does not exist for it.
pub(super) async fn find(app: &App, caller: &Caller, id: UploadId) -> Result<Upload, ApiError> {
    let found = app.uploads.find(&caller.tenant, id).await?;
    if_touchable(app, caller, found).await?.ok_or(ApiError::NotFound("There is no such upload"))
}

/// Whether the caller may bring files to a project.
pub(super) async fn may_upload_to(app: &App, caller: &Caller, project: &ProjectId) -> Result<(), ApiError> {
    if may_touch(app, caller, project).await? { Ok(()) } else { Err(ApiError::Project) }
}

/// What a new upload of the caller's must fit into.
pub(super) fn allowance_of(app: &App, caller: &Caller) -> Allowance {
    Allowance { link: caller.link, ..app.settings.allowance.clone() }
}

/// The part plan of an upload that still takes parts.
fn open_plan(upload: &Upload) -> Result<PartPlan, ApiError> {
    if *upload.state() != UploadState::Pending {
        return Err(ApiError::UploadClosed(upload.closed_as()));
    }
    match upload.facts().file.transfer {
        Transfer::Multipart(plan) => Ok(plan),
        Transfer::Put => Err(ApiError::InvalidRequest {
            field: None,
            reason:
                "this upload goes by one PUT and has no parts; announce it again with the same client_ref \
                     to get a fresh URL"
                    .to_owned(),
        }),
    }
}
