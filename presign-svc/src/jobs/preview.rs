//! Shows a photo before its original is there: once a smaller picture of it is in the store, which its client
//! reports. Nothing is believed: the store is asked, as it is at the end, and what was found once is not looked
//! for again then. Where nobody reports, or a report is lost, the photo is seen when its original is.

use super::NotFinished;
use super::finalise::check_variants;
use crate::app::App;
use crate::domain::upload::{Upload, UploadState};
use crate::ports::object_store::StoreError;

/// Looks for the smaller pictures of an upload, and records those that are there. Answers the upload as it is then.
pub async fn look_for_previews(app: &App, upload: Upload) -> Result<Upload, NotFinished> {
    if !is_of_interest(&upload) {
        return Ok(upload);
    }
    let (tenant, id) = (&upload.facts().tenant, upload.id());
    // So that whoever makes the photo meanwhile finds the upload as it was when they began.
    let _turn = app.turns.take(id).await?;
    let mut upload = app.uploads.find(tenant, id).await?.ok_or(NotFinished::NotFound)?;
    if is_of_interest(&upload) {
        let variants = match check_variants(app, &upload).await {
            // One is replaced while it is looked at: the next look will tell.
            Err(StoreError::Precondition) => return Ok(upload),
            checked => checked?,
        };
        upload.previewed(variants, app.clock.now())?;
        if !upload.news().is_empty() {
            app.uploads.save(&mut upload).await?;
        }
    }
    Ok(upload)
}

/// How many smaller pictures of a pending upload may be there that nobody has seen yet.
pub fn unseen_variants(upload: &Upload) -> usize {
    match upload.state() {
        UploadState::Pending => {
            upload.progress().variants.iter().filter(|variant| !variant.is_stored).count()
        }
        _ => 0,
    }
}

fn is_of_interest(upload: &Upload) -> bool {
    unseen_variants(upload) > 0
}
