//! `POST /api/v1/uploads`: check each file, record them together, then sign each. A file that fails on
//! the way is answered as refused; the others go on.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use futures::{StreamExt as _, stream};
use http::StatusCode;
use windlass_protocol::ClientRef;
use windlass_protocol::create_uploads::{
    AcceptedUpload, CreateUploadResult, CreateUploadsRequest, CreateUploadsResponse, MAX_FILES, RefusedUpload,
};

use super::already_there::{AlreadyThere, already_there};
use super::announcement::{AnnouncedFiles, ReadFile};
use super::sign::sign_upload;
use super::stored_before::{answer_with, stored_before};
use super::{Draft, allowance_of, draft, may_upload_to};
use crate::api::error::ApiError;
use crate::api::rates::{FILE, Place, draw};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::{Transfer, checksums_agree};
use crate::domain::upload::Upload;
use crate::metrics::UploadOutcome;
use crate::ports::uploads::Recorded;
use crate::telemetry::RequestId;

/// Uploads opened and signed at once.
const AT_ONCE: usize = 16;

/// What became of a file that was taken.
enum Outcome {
    /// The caller has made a photo of it before.
    Stored(ClientRef, Box<Upload>),
    /// As it was announced, and what the record says of it.
    Recorded(ClientRef, Box<Upload>, Box<Recorded>),
}

/// Announces files.
#[utoipa::path(
    post,
    path = "/api/v1/uploads",
    operation_id = "create_uploads",
    tag = "uploads",
    request_body = CreateUploadsRequest,
    responses(
        (status = 201, body = CreateUploadsResponse, description = "An entry for each file, in order"),
    ),
    security(("token" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Extension(request_id): Extension<RequestId>,
    request: AnnouncedFiles,
) -> Result<(StatusCode, Json<CreateUploadsResponse>), ApiError> {
    may_upload_to(&app, &caller, &request.project_id).await?;
    check_count(request.files.len())?;
    let now = app.clock.now();
    let mut drafts = Vec::with_capacity(request.files.len());
    let mut unless_stored = Vec::with_capacity(request.files.len());
    for file in request.files {
        unless_stored.push(match &file {
            ReadFile::Sound(file) => file.unless_stored,
            ReadFile::Malformed { .. } => None,
        });
        drafts.push(match file {
            ReadFile::Sound(file) => {
                let name = file.client_ref.clone();
                let draft = draft(&app, Draft::of_batch(&caller, &request.project_id, *file), now);
                (name.to_string(), draft.map(|draft| (name, draft)))
            }
            ReadFile::Malformed { client_ref, error } => (client_ref, Err(error)),
        });
    }
    let sound = drafts.iter().filter(|(_, draft)| draft.is_ok()).count();
    let files = u32::try_from(sound).unwrap_or(u32::MAX);
    draw(&app, &caller, &place, files.saturating_mul(FILE)).await?;
    let sound = drafts.iter().map(|(_, draft)| draft.as_ref().ok().map(|(_, draft)| draft));
    let asking = sound.clone().zip(unless_stored).map(|(draft, content)| draft.zip(content));
    let stored = stored_before(&app, &caller, &request.project_id, asking).await?;
    let new = sound.zip(&stored).filter_map(|(draft, stored)| draft.filter(|_| matches!(stored, Ok(None))));
    let accepted: Vec<Upload> = new.cloned().collect();
    let recorded = app.uploads.insert(accepted, &allowance_of(&app, &caller)).await?;
    let announced = recorded.iter().filter(|recorded| matches!(recorded, Recorded::New(_))).count();
    app.metrics.uploads(UploadOutcome::Announced, announced as u64);
    let mut recorded = recorded.into_iter();
    let outcomes: Vec<_> = drafts
        .into_iter()
        .zip(stored)
        .map(|((name, draft), stored)| {
            let outcome = draft.and_then(|(client_ref, draft)| match stored? {
                Some(photo) => Ok(Outcome::Stored(client_ref, Box::new(photo))),
                None => recorded
                    .next()
                    .map(|recorded| Outcome::Recorded(client_ref, Box::new(draft), Box::new(recorded)))
                    .ok_or_else(|| ApiError::Internal("a file was not recorded".to_owned())),
            });
            (name, outcome)
        })
        .collect();
    let answers = outcomes.into_iter().map(|(name, outcome)| {
        let (app, request_id) = (&app, &request_id);
        async move {
            let signed = match outcome {
                Ok(Outcome::Stored(client_ref, photo)) => answer_with(app, *photo, client_ref).await,
                Ok(Outcome::Recorded(client_ref, draft, recorded)) => {
                    sign_recorded(app, client_ref, &draft, *recorded).await
                }
                Err(error) => Err(error),
            };
            match signed {
                Ok(accepted) => CreateUploadResult::Accepted(Box::new(accepted)),
                Err(error) => {
                    let error = error.problem_of_file(&name, &request_id.0);
                    CreateUploadResult::Refused(RefusedUpload { client_ref: name, error })
                }
            }
        }
    });
    let uploads = stream::iter(answers).buffered(AT_ONCE).collect().await;
    Ok((StatusCode::CREATED, Json(CreateUploadsResponse { uploads })))
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if (1..=MAX_FILES).contains(&count) {
        return Ok(());
    }
    let reason = format!("must hold 1 to {MAX_FILES} entries, not {count}");
    Err(ApiError::InvalidRequest { field: Some("files".to_owned()), reason })
}

/// Signs a new upload, or the one that has its `client_ref` already, if it is for the same file.
async fn sign_recorded(
    app: &App,
    client_ref: ClientRef,
    draft: &Upload,
    recorded: Recorded,
) -> Result<AcceptedUpload, ApiError> {
    let announced = &draft.progress().variants;
    let is_new = matches!(recorded, Recorded::New(_));
    match recorded {
        Recorded::OverQuota(exceeded) => Err(ApiError::Quota(exceeded)),
        // Signing a single PUT changes nothing in the record.
        Recorded::New(mut upload) if upload.facts().file.transfer == Transfer::Put => {
            if app.settings.plain_clients {
                app.awaited.add(&upload, app.clock.now(), app.settings.bytes_may_arrive_for(&upload));
            }
            sign_upload(app, &mut upload, client_ref, announced, &AlreadyThere::default()).await
        }
        Recorded::Existing(upload) if !upload.facts().file.is_same_as(&draft.facts().file) => {
            Err(ApiError::ClientRefConflict)
        }
        Recorded::New(upload) | Recorded::Existing(upload) => {
            let _turn = app.turns.take(upload.id()).await?;
            // Another request with its client_ref may have worked on it since it was recorded.
            let current = app.uploads.find(&upload.facts().tenant, upload.id()).await?;
            let mut current = current.ok_or(ApiError::NotFound("There is no such upload"))?;
            let stored = current.object().and_then(|object| object.checksum.as_ref());
            if !checksums_agree(stored, draft.facts().file.checksum.as_ref()) {
                return Err(ApiError::ClientRefConflict);
            }
            // Its client is back: what it is given now outlives no deadline.
            if current.stays_open(app.clock.now(), app.settings.upload_deadline) {
                app.uploads.save(&mut current).await?;
            }
            // Of one that nobody else has opened meanwhile no URL was ever signed: nothing of it can be there.
            let is_untouched = is_new && current.progress().multipart.is_none();
            let there =
                if is_untouched { AlreadyThere::default() } else { already_there(app, &current).await };
            sign_upload(app, &mut current, client_ref, announced, &there).await
        }
    }
}
