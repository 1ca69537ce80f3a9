//! Operations on upload links: one file each.

pub mod create;
pub mod list;
pub mod revoke;

use time::OffsetDateTime;
use windlass_protocol::upload_links::UploadLink as WireLink;
use windlass_protocol::{ProjectId, Timestamp};

use super::access::may_touch;
use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::quota::Usage;
use crate::domain::upload_link::UploadLink;

/// A project that is not the caller's does not exist for it.
async fn require_project(app: &App, caller: &Caller, project: &ProjectId) -> Result<(), ApiError> {
    let is_theirs = may_touch(app, caller, project).await?;
    if is_theirs { Ok(()) } else { Err(ApiError::NotFound("There is no such project")) }
}

fn wire(link: UploadLink, usage: Usage, now: OffsetDateTime) -> WireLink {
    WireLink {
        is_open: link.is_open(now),
        link_id: link.id,
        project_id: link.project,
        label: link.label,
        created_by: link.created_by,
        max_files: link.max_files,
        max_bytes: link.max_bytes,
        files: usage.files(),
        bytes: usage.bytes(),
        created_at: Timestamp::from(link.created_at),
        expires_at: Timestamp::from(link.expires_at),
        revoked_at: link.revoked_at.map(Timestamp::from),
    }
}
