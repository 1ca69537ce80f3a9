//! Finds uploads whose bytes have all arrived although nobody says so: the phone died after its last byte, or its
//! page was closed and is not opened again. The bucket is asked a few times while bytes may arrive (`domain::upload::
//! looks`), and what is whole becomes a photo as if its client had completed it.
//!
//! Which looks are due is in the record, so that a process that ends loses none. Putting one off takes it, by a few
//! minutes at most: of many processes one looks. That none comes after it before the deadline is written once the bucket
//! has answered; a look that ends without an answer, because the bucket or the process is away, is made again. A look
//! itself changes nothing and takes no turn; who finds all there does what `complete` does, in the upload's turn, so that
//! a client that comes at the same time gets the same photo.

use std::collections::HashSet;
use std::ops::Range;

use futures::{StreamExt as _, stream};
use time::OffsetDateTime;

use super::caught::caught;
use super::ended_links::is_of_ended_link;
use super::finalise::{Assembly, finalise};
use super::join_parts::is_joined;
use super::preview::look_for_previews;
use super::staging::{is_all_there, staged};
use super::{ClientClaim, NotFinished};
use crate::app::App;
use crate::domain::announce::{SizeClaim, Transfer};
use crate::domain::joining::missing_parts;
use crate::domain::upload::Upload;
use crate::domain::upload::looks::SELDOM;
use crate::metrics::UploadOutcome;
use crate::ports::object_store::StoreError;
use crate::ports::uploads::{Look, RepositoryError};

/// How many uploads one round takes on.
pub const BATCH: u32 = 64;
/// Uploads looked for at once.
const AT_ONCE: usize = 8;

/// What one round saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Looks that were due; others may have taken some of them.
    pub due: usize,
    /// Uploads that are photos now.
    pub finished: usize,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The upload is a photo now.
    Photo,
    /// It is none, as far as the bucket and the record know.
    NoPhoto,
    /// That is not known.
    Unanswered,
}

/// Looks for what is due, a batch of it.
pub async fn look(app: &App) -> Result<Looked, RepositoryError> {
    let now = app.clock.now();
    let due = app.uploads.due_for_look(now, BATCH).await?;
    let looks: Vec<Look> = due
        .iter()
        .map(|upload| Look {
            upload: upload.id(),
            due_at: upload.look_due_at(),
            next_at: next_look(app, upload, now).min(now + SELDOM),
        })
        .collect();
    let taken: HashSet<_> = app.uploads.put_off_looks(&looks).await?.into_iter().collect();
    let mut seen = Looked { due: due.len(), finished: 0 };
    let looks = due.into_iter().zip(looks).filter(|(upload, _)| taken.contains(&upload.id()));
    let looks = looks.map(|(upload, Look { next_at: due_at, .. })| async move {
        let next = Look { upload: upload.id(), due_at, next_at: next_look(app, &upload, now) };
        (look_for(app, upload).await, next)
    });
    let mut outcomes = stream::iter(looks).buffer_unordered(AT_ONCE);
    let mut last = Vec::new();
    while let Some((outcome, next)) = outcomes.next().await {
        seen.finished += usize::from(outcome == Outcome::Photo);
        if outcome == Outcome::NoPhoto && next.next_at > next.due_at {
            last.push(next);
        }
    }
    app.uploads.put_off_looks(&last).await?;
    Ok(seen)
}

fn next_look(app: &App, upload: &Upload, now: OffsetDateTime) -> OffsetDateTime {
    upload.next_look(now, app.settings.bytes_may_arrive_for(upload))
}

async fn look_for(app: &App, upload: Upload) -> Outcome {
    let id = upload.id();
    match caught(finish_if_whole(app, upload)).await {
        Ok(true) => {
            tracing::info!(upload = %id, "an upload that nobody reported is a photo now");
            app.metrics.uploads(UploadOutcome::Noticed, 1);
            Outcome::Photo
        }
        Err(NotFinished::Refused(failure)) => {
            tracing::info!(upload = %id, code = ?failure.code, "an upload that nobody reported was refused");
            Outcome::NoPhoto
        }
        // Some of it is not there yet, or it is put together now, or it was closed meanwhile.
        Ok(false)
        | Err(
            NotFinished::BytesMissing
            | NotFinished::PartsMissing(_)
            | NotFinished::Assembling
            | NotFinished::NotFound
            | NotFinished::Closed(_),
        ) => Outcome::NoPhoto,
        Err(error) => {
            tracing::warn!(upload = %id, %error, "cannot look for an upload's bytes now");
            Outcome::Unanswered
        }
    }
}

async fn finish_if_whole(app: &App, upload: Upload) -> Result<bool, NotFinished> {
    // What is not wanted any more is not waited for: who would finalise it closes it.
    if !is_of_ended_link(app, &upload).await? && !is_whole(app, &upload).await? {
        // Smaller pictures that were not reported are shown meanwhile.
        look_for_previews(app, upload).await?;
        return Ok(false);
    }
    let tenant = &upload.facts().tenant;
    finalise(app, tenant, upload.id(), &ClientClaim::default(), Assembly::ByTheJob).await?;
    Ok(true)
}

/// Whether all its bytes are in the bucket. Nothing is changed for the answer, neither there nor in the record.
async fn is_whole(app: &App, upload: &Upload) -> Result<bool, StoreError> {
    let file = &upload.facts().file;
    match &file.transfer {
        Transfer::Put => {
            let whole = 0..file.size_bytes;
            Ok(is_stored(app, upload).await? || is_staged(app, upload, std::slice::from_ref(&whole)).await?)
        }
        Transfer::Multipart(plan) => {
            let Some(multipart) = &upload.progress().multipart else { return Ok(false) };
            let stored = match app.store.list_parts(&upload.original_key(), multipart).await {
                Ok(stored) => stored,
                // Joined, and the answer was lost; or the bucket gave it up. What cannot be told from something
                // else is left to its client, whose list of parts is good as long as no other upload is opened,
                // and in the end to the janitor.
                Err(StoreError::NoSuchUpload) => return is_joined(app, upload, plan).await,
                Err(error) => return Err(error),
            };
            if file.size_claim == SizeClaim::AtMost {
                // Only its client knows how many parts it has.
                return Ok(false);
            }
            let missing = missing_parts(plan, &stored, &[]);
            let ranges: Vec<_> = missing.iter().filter_map(|part| plan.byte_range(*part)).collect();
            Ok(missing.is_empty() || is_staged(app, upload, &ranges).await?)
        }
    }
}

async fn is_stored(app: &App, upload: &Upload) -> Result<bool, StoreError> {
    match app.store.head(&upload.original_key()).await {
        Ok(_) => Ok(true),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether these bytes of it are there in small pieces.
async fn is_staged(app: &App, upload: &Upload, ranges: &[Range<u64>]) -> Result<bool, StoreError> {
    let staged = staged(app, upload).await?;
    Ok(staged.is_some_and(|staged| ranges.iter().all(|range| is_all_there(&staged, range))))
}
