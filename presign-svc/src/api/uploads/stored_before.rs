//! The same photo chosen again, by the same person in the same project, from whatever page or device: it is
//! answered with the photo that is there, where the announcement asks for that (`unless_stored`).
//!
//! That it is there is the bucket's word, not the record's: who is told so sends nothing, and may remove the file from
//! the phone. Of a photo whose original was lost or replaced meanwhile the file is new. So it is where the bucket does
//! not answer in time: that costs bytes, never a photo.
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
use crate::domain::upload::Upload;
use crate::ports::uploads::{Content, Owner};

/// Originals looked for at once.
const AT_ONCE: usize = 16;
/// How long an announcement waits for the bucket, however many of its files were stored before.
const PATIENCE: Duration = Duration::from_secs(2);

/// For each of the files, in order, the photo that was made of it before and is still there. Those that ask are there
/// with the checksum of all their bytes.
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
    let recorded = app.uploads.find_same(&owner, &asked).await?;
    let until = Instant::now() + PATIENCE;
    let looks = recorded.into_iter().map(|photo| async move {
        let photo = photo?;
        timeout_at(until, is_in_bucket(app, &photo)).await.is_ok_and(|is_there| is_there).then_some(photo)
    });
    let found: Vec<_> = stream::iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
    let mut found = found.into_iter();
    Ok(contents.into_iter().map(|content| content.and_then(|_| found.next().flatten())).collect())
}

fn content_of((draft, checksum): (&Upload, Checksum)) -> Option<Content> {
    let client_ref = draft.progress().client_ref.clone()?;
    Some(Content { size_bytes: draft.facts().file.size_bytes, checksum, client_ref })
}

/// Whether its original is in the bucket, as it was verified.
async fn is_in_bucket(app: &App, photo: &Upload) -> bool {
    let Some(verified) = photo.object() else { return false };
    app.store.head(&photo.original_key()).await.is_ok_and(|object| verified.is(&object))
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
