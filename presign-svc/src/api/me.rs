//! `GET /api/v1/me` — who the token is. Caller: any valid token.

use axum::Json;
use windlass_protocol::me::Me;

use crate::auth::{Caller, ProjectAccess};

/// Says who the token is.
pub async fn me(caller: Caller) -> Json<Me> {
    let projects = match &caller.projects {
        ProjectAccess::All => vec!["*".to_owned()],
        ProjectAccess::Only(projects) => projects.iter().map(ToString::to_string).collect(),
    };
    let scopes = caller.scopes.iter().map(ToString::to_string).collect();
    Json(Me { tenant: caller.tenant, subject: caller.subject, projects, scopes })
}
