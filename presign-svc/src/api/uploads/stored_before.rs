//! The same photo chosen again, by the same person in the same project, from whatever page or device: it is
//! answered with the photo that is there, where the announcement asks for that (`unless_stored`).
//!
//! That it is there is the bucket's word, not the record's: who is told so sends nothing, and may remove the file from
//! the phone. Of a photo whose original was lost or replaced meanwhile the file is new. While the bucket does not answer
//! nobody knows: the file is to be announced again, and whoever has done so for long enough does it without asking.
//!
//! Nobody learns of somebody else's photos: what is looked among is what the very subject of the token has made.
//! Those who hold an upload link share one subject and do not know each other, so they learn nothing.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};
use windlass_protocol::create_uploads::AcceptedUpload;
use windlass_protocol::{Checksum, ClientRef, ProjectId};

use super::already_there::AlreadyThere;
use super::sign::sign_upload;
use crate::api::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::domain::upload::{Upload, VerifiedObject};
use crate::ports::object_store::{ObjectInfo, StoreError};
use crate::ports::uploads::{Content, Owner};

/// Originals looked for at once.
const AT_ONCE: usize = 16;
/// How long an announcement waits for the bucket, however many of its files were stored before.
const PATIENCE: Duration = Duration::from_secs(2);

/// For each of the files, in order, the photo that was made of it before and is still there; an error where the bucket
/// does not say. Those that ask are there with the checksum of all their bytes.
pub async fn stored_before<'a>(
    app: &App,
    caller: &Caller,
    project: &ProjectId,
    asking: impl Iterator<Item = Option<(&'a Upload, Checksum)>>,
) -> Result<Vec<Result<Option<Upload>, ApiError>>, ApiError> {
    let contents: Vec<Option<Content>> =
        asking.map(|asks| asks.filter(|_| caller.link.is_none()).and_then(content_of)).collect();
    let asked: Vec<Content> = contents.iter().flatten().cloned().collect();
    let mut found: Vec<Result<Option<Upload>, ApiError>> = contents.iter().map(|_| Ok(None)).collect();
    if asked.is_empty() {
        return Ok(found);
    }
    let owner = Owner { tenant: &caller.tenant, project, subject: &caller.subject };
    let recorded = app.uploads.find_same(&owner, &asked).await?;
    let until = Instant::now() + PATIENCE;
    let of_files = contents.iter().enumerate().filter(|(_, content)| content.is_some()).map(|(at, _)| at);
    let recorded = of_files.zip(recorded).filter_map(|(at, photo)| Some((at, photo?)));
    let looks = recorded.map(|(at, photo)| async move {
        let answer = timeout_at(until, is_in_bucket(app, &photo)).await;
        (at, answer.unwrap_or_else(|_| Err(silent())).map(|is_there| is_there.then_some(photo)))
    });
    // In whatever order they end: behind one that is slow the others would not begin.
    let answers: Vec<_> = stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
    for (at, answer) in answers {
        found[at] = answer.map_err(ApiError::from);
    }
    Ok(found)
}

fn silent() -> StoreError {
    StoreError::Unavailable("an original was looked for, and there was no answer in time".to_owned())
}

fn content_of((draft, checksum): (&Upload, Checksum)) -> Option<Content> {
    let client_ref = draft.progress().client_ref.clone()?;
    Some(Content { size_bytes: draft.facts().file.size_bytes, checksum, client_ref })
}

/// Whether its original is in the bucket, as it was verified.
async fn is_in_bucket(app: &App, photo: &Upload) -> Result<bool, StoreError> {
    let Some(verified) = photo.object() else { return Ok(false) };
    match app.store.head(&photo.original_key()).await {
        Ok(object) => Ok(is_its_content(verified, &object)),
        // Who may not list a bucket is told this of an object that is not there.
        Err(StoreError::NotFound | StoreError::PermissionDenied(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// By its checksum, too: in a bucket that was copied or encrypted anew the entity tags are others. A comparison of record
/// and bucket does without: it looks for what was replaced on purpose, and such a checksum can be made to fit.
fn is_its_content(verified: &VerifiedObject, object: &ObjectInfo) -> bool {
    let has_its_checksum = verified.checksum.is_some() && verified.checksum == object.checksum;
    verified.is(object) || (verified.size_bytes == object.size_bytes && has_its_checksum)
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
