//! `GET /api/v1/me` — who the token is, what it may send, and how much room is left. Caller: any valid token, or
//! an upload link's.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::create_uploads::MAX_FILES;
use windlass_protocol::me::{Me, SizeLimits, StorageUse, UploadLimits};
use windlass_protocol::photo::MediaKind;

use super::error::ApiError;
use super::uploads::allowance_of;
use crate::app::App;
use crate::auth::{Caller, ProjectAccess};
use crate::domain::limits::Limits;
use crate::domain::quota::{Allowance, InUse};

/// Says who the token is.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "me",
    tag = "me",
    responses(
        (status = 200, body = Me),
    ),
    security(("token" = []))
)]
pub async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Me>, ApiError> {
    let allowance = allowance_of(&app, &caller);
    let in_use = app.uploads.in_use(&caller.tenant, allowance.link_id()).await?;
    let usage = usage(&allowance, &in_use);
    let projects = match &caller.projects {
        ProjectAccess::All => vec!["*".to_owned()],
        ProjectAccess::Only(projects) => projects.iter().map(ToString::to_string).collect(),
    };
    let scopes = caller.scopes.iter().map(ToString::to_string).collect();
    let limits = wire(&app.settings.limits);
    Ok(Json(Me { tenant: caller.tenant, subject: caller.subject, projects, scopes, limits, usage }))
}

/// A customer with a link learns nothing of the company's.
fn usage(allowance: &Allowance, in_use: &InUse) -> StorageUse {
    let (usage, quota, max_open_uploads) = match &allowance.link {
        Some((_, quota)) => (&in_use.link, quota, None),
        None => (&in_use.tenant, &allowance.tenant, allowance.max_open_uploads),
    };
    StorageUse {
        files: usage.files(),
        bytes: usage.bytes(),
        open_uploads: usage.open_files,
        max_files: quota.max_files,
        max_bytes: quota.max_bytes,
        max_open_uploads,
    }
}

fn wire(limits: &Limits) -> UploadLimits {
    let of = |kind| {
        let range = limits.for_kind(kind)?;
        Some(SizeLimits { min_size: *range.start(), max_size: *range.end() })
    };
    UploadLimits {
        photo: of(MediaKind::Photo),
        video: of(MediaKind::Video),
        document: of(MediaKind::Document),
        archive: of(MediaKind::Archive),
        files_per_request: MAX_FILES as u32,
    }
}
