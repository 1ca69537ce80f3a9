//! One file on its own, of a client that names none of its uploads: counted and recorded.

use time::OffsetDateTime;
use windlass_protocol::ProjectId;

use super::{allowance_of, announcement};
use crate::api::error::ApiError;
use crate::api::rates::{FILE, Place, draw};
use crate::app::App;
use crate::auth::Caller;
use crate::domain::announce::AnnouncedFile;
use crate::domain::upload::Upload;
use crate::metrics::UploadOutcome;
use crate::ports::uploads::Recorded;

/// Records a file that is taken, its bytes expected until the deadline.
pub async fn record_single(
    app: &App,
    caller: &Caller,
    place: &Place,
    (project, file): (&ProjectId, AnnouncedFile),
    deadline_at: OffsetDateTime,
) -> Result<Upload, ApiError> {
    let facts = announcement(app, caller, project, file, app.clock.now())?;
    let upload = Upload::announce(facts, None, Vec::new(), deadline_at);
    draw(app, caller, place, FILE).await?;
    let recorded = app.uploads.insert(vec![upload], &allowance_of(app, caller)).await?;
    match recorded.into_iter().next() {
        Some(Recorded::OverQuota(exceeded)) => Err(ApiError::Quota(exceeded)),
        Some(Recorded::New(upload) | Recorded::Existing(upload)) => {
            app.metrics.uploads(UploadOutcome::Announced, 1);
            Ok(upload)
        }
        None => Err(ApiError::Internal("a file was not recorded".to_owned())),
    }
}
