//! What is somebody's to touch. What is not does not exist for them.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use windlass_protocol::ProjectId;

use super::error::ApiError;
use crate::app::App;
use crate::auth::{Caller, ProjectAccess, Scope, TokenError};
use crate::domain::upload::Upload;
use crate::domain::upload_link::{LinkToken, UploadLink};

/// Projects that one request asks about at once: half of what there may be about its subject, so that others of its
/// requests are answered meanwhile.
const AT_ONCE: usize = 4;

/// Whether the caller may touch a project of its tenant.
pub(super) async fn may_touch(app: &App, caller: &Caller, project: &ProjectId) -> Result<bool, ApiError> {
    let asked = app.membership.may_touch(caller, project, app.clock.now()).await;
    asked.map_err(|error| ApiError::Unavailable(error.to_string()))
}

/// The project that a request names in a field, or the only one its token covers.
pub(super) fn project_of<'a>(
    caller: &'a Caller,
    named: Option<&'a ProjectId>,
    field: &str,
) -> Result<&'a ProjectId, ApiError> {
    let only = match &caller.projects {
        ProjectAccess::Only(projects) if projects.len() == 1 => projects.first(),
        ProjectAccess::Only(_) | ProjectAccess::All => None,
    };
    named.or(only).ok_or_else(|| ApiError::InvalidRequest {
        field: Some(field.to_owned()),
        reason: "is missing, and the token covers more than one project; say which".to_owned(),
    })
}

/// Whoever holds the token of an open upload link.
pub(super) async fn holder_of_link(app: &App, token: &str) -> Result<Caller, ApiError> {
    let ended = || ApiError::Token(TokenError::LinkEnded);
    let token = LinkToken::parse(token).ok_or_else(ended)?;
    let found = app.links.find_by_secret(token.hash()).await?;
    let is_usable = |link: &UploadLink| link.is_open(app.clock.now()) && link.project == *token.project();
    let link = found.filter(is_usable).ok_or_else(ended)?;
    Ok(Caller {
        subject: link.subject(),
        link: Some((link.id, link.quota())),
        tenant: link.tenant,
        projects: ProjectAccess::only([link.project]),
        scopes: [Scope::Upload].into(),
    })
}

/// An upload of the caller's tenant, where it is the caller's to touch.
pub(super) async fn if_touchable(
    app: &App,
    caller: &Caller,
    upload: Option<Upload>,
) -> Result<Option<Upload>, ApiError> {
    match upload {
        Some(upload) if caller.link.is_some() && upload.facts().created_by != caller.subject => Ok(None),
        Some(upload) if may_touch(app, caller, &upload.facts().project).await? => Ok(Some(upload)),
        _ => Ok(None),
    }
}

/// Those of some uploads of the caller's tenant that are the caller's to touch. Each project is asked about once.
pub(super) async fn touchable_of(
    app: &App,
    caller: &Caller,
    mut uploads: Vec<Upload>,
) -> Result<Vec<Upload>, ApiError> {
    uploads.retain(|upload| caller.link.is_none() || upload.facts().created_by == caller.subject);
    let projects: HashSet<ProjectId> = uploads.iter().map(|upload| upload.facts().project.clone()).collect();
    let questions = projects.into_iter().map(|project| async move {
        let is_theirs = may_touch(app, caller, &project).await?;
        Ok::<_, ApiError>(is_theirs.then_some(project))
    });
    let answers: Vec<Option<ProjectId>> =
        stream::iter(questions.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await?;
    let touchable: HashSet<ProjectId> = answers.into_iter().flatten().collect();
    uploads.retain(|upload| touchable.contains(&upload.facts().project));
    Ok(uploads)
}
