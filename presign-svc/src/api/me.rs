//! `GET /api/v1/me` — who the token is, and what it may send. Caller: any valid token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::create_uploads::MAX_FILES;
use windlass_protocol::me::{Me, SizeLimits, UploadLimits};
use windlass_protocol::photo::MediaKind;

use crate::app::App;
use crate::auth::{Caller, ProjectAccess};
use crate::domain::limits::Limits;

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
pub async fn me(State(app): State<Arc<App>>, caller: Caller) -> Json<Me> {
    let projects = match &caller.projects {
        ProjectAccess::All => vec!["*".to_owned()],
        ProjectAccess::Only(projects) => projects.iter().map(ToString::to_string).collect(),
    };
    let scopes = caller.scopes.iter().map(ToString::to_string).collect();
    let limits = wire(&app.settings.limits);
    Json(Me { tenant: caller.tenant, subject: caller.subject, projects, scopes, limits })
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
