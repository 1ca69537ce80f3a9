//! `POST /api/v1/uploads/{upload_id}/complete`: verify the stored bytes and answer the photo.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use windlass_protocol::complete_upload::{CompleteUploadRequest, CompletedPart};
use windlass_protocol::{Photo, UploadId};

use super::find;
use crate::api::error::ApiError;
use crate::api::extract::{Id, OptionalJsonBody};
use crate::api::photos::present::present;
use crate::api::rates::{Place, draw_looks};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::stored::PartToJoin;
use crate::domain::upload::{Upload, UploadState};
use crate::jobs::ClientClaim;
use crate::jobs::NotFinished;
use crate::jobs::assemble::is_over_soon;
use crate::jobs::finalise::{Assembly, finalise};
use crate::traces;

/// So many may complete one upload at once on this instance: more than any client asks for, and few enough that they
/// are served one after the other while their clients still wait.
const LONGEST_LINE: usize = 128;

/// Completes an upload.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/{upload_id}/complete",
    operation_id = "complete_upload",
    tag = "uploads",
    params(("upload_id" = UploadId, Path, description = "The upload")),
    request_body = Option<CompleteUploadRequest>,
    responses(
        (status = 200, body = Photo),
    ),
    security(("token" = []))
)]
pub async fn complete(
    State(app): State<Arc<App>>,
    caller: Caller,
    place: Place,
    Id(id): Id<UploadId>,
    OptionalJsonBody(request): OptionalJsonBody<CompleteUploadRequest>,
) -> Result<Json<Photo>, ApiError> {
    let upload = find(&app, &caller, id).await?;
    let claim = ClientClaim {
        parts: request.parts.unwrap_or_default().into_iter().map(PartToJoin::from).collect(),
        checksum: request.checksum,
    };
    let upload = finish(&app, &caller, &place, upload, claim).await?;
    Ok(Json(present(&app, &caller, &upload).await?))
}

/// What verifying an upload costs: what the bucket is asked for it. A photo costs nothing more once all of its
/// smaller pictures are there: until then they are looked for each time.
async fn draw_verification(
    app: &App,
    caller: &Caller,
    place: &Place,
    upload: &Upload,
) -> Result<(), ApiError> {
    let unseen = upload.progress().variants.iter().filter(|variant| !variant.is_stored).count();
    let looks = match upload.state() {
        UploadState::Pending => 1 + unseen,
        UploadState::Stored { .. } => unseen,
        UploadState::Refused(_) | UploadState::Aborted | UploadState::Expired => 0,
    };
    match looks {
        0 => Ok(()),
        looks => draw_looks(app, caller, place, looks).await,
    }
}

/// Verifies an upload that is the caller's to touch, and takes what that costs. On its own: a client that hangs up
/// while the store joins ten thousand parts does not stop it.
pub(in crate::api) async fn finish(
    app: &Arc<App>,
    caller: &Caller,
    place: &Place,
    upload: Upload,
    claim: ClientClaim,
) -> Result<Upload, ApiError> {
    draw_verification(app, caller, place, &upload).await?;
    let finishing = {
        let (app, tenant, id) = (app.clone(), upload.facts().tenant.clone(), upload.id());
        async move {
            // Seen here, where the next step is to wait: of those that come at once each sees the others.
            if app.turns.in_line(id) >= LONGEST_LINE {
                return Err(ApiError::Unavailable(format!("{LONGEST_LINE} requests wait for upload {id}")));
            }
            let finished = match finalise(&app, &tenant, id, &claim, Assembly::ByTheJob).await {
                Err(NotFinished::Assembling) if is_over_soon(&app, &tenant, id).await? => {
                    finalise(&app, &tenant, id, &claim, Assembly::ByTheJob).await
                }
                outcome => outcome,
            };
            Ok(finished?)
        }
    };
    let finishing = tokio::spawn(traces::carried(finishing));
    finishing.await.map_err(|error| ApiError::Internal(error.to_string()))?
}

impl From<CompletedPart> for PartToJoin {
    fn from(wire: CompletedPart) -> Self {
        Self { part_number: wire.part_number, etag: wire.etag, checksum: wire.checksum }
    }
}
