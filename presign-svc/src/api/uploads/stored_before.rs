//! The same photo chosen again, by the same person in the same project, from whatever page or device: it is
//! answered with the photo that is there, where the announcement asks for that (`unless_stored`).
//!
//! Nobody learns of somebody else's photos: what is looked among is what the very subject of the token has made.
//! Those who hold an upload link share one subject and do not know each other, so they learn nothing.

use windlass_protocol::create_uploads::AcceptedUpload;
use windlass_protocol::{Checksum, ClientRef, ProjectId};

use super::already_there::AlreadyThere;
use super::sign::sign_upload;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::Upload;
use crate::ports::uploads::{Content, Owner};

/// For each of the files, in order, the photo that was made of it before. Those that ask are there with the checksum
/// of all their bytes.
pub async fn stored_before<'a>(
    app: &App,
    caller: &Caller,
    project: &ProjectId,
    asking: impl Iterator<Item = Option<(&'a Upload, Checksum)>>,
) -> Result<Vec<Option<Upload>>, ApiError> {
    let contents: Vec<Option<Content>> =
        asking.map(|asks| asks.filter(|_| caller.link.is_none()).and_then(content_of)).collect();
    let asked: Vec<Content> = contents.iter().flatten().cloned().collect();
    if asked.is_empty() {
        return Ok(vec![None; contents.len()]);
    }
    let owner = Owner { tenant: &caller.tenant, project, subject: &caller.subject };
    let mut found = app.uploads.find_same(&owner, &asked).await?.into_iter();
    Ok(contents.into_iter().map(|content| content.and_then(|_| found.next().flatten())).collect())
}

fn content_of((draft, checksum): (&Upload, Checksum)) -> Option<Content> {
    let client_ref = draft.progress().client_ref.clone()?;
    Some(Content { size_bytes: draft.facts().file.size_bytes, checksum, client_ref })
}

/// The answer: nothing is wanted.
pub async fn answer_with(
    app: &App,
    mut photo: Upload,
    client_ref: ClientRef,
) -> Result<AcceptedUpload, ApiError> {
    let accepted = sign_upload(app, &mut photo, client_ref, &[], &AlreadyThere::default()).await?;
    Ok(AcceptedUpload { already_stored: true, ..accepted })
}
