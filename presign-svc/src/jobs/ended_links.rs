//! What an upload link has announced and not brought when somebody ends it comes to nothing: whoever holds it may have
//! signed URLs still, and is not to fill the gallery with them. What it has brought stays. A link that expires is
//! another matter: what was announced in time may come, late as the signal on a roof may be.

use futures::{StreamExt as _, stream};
use windlass_protocol::{ProjectId, TenantId, UploadId, UploadLinkId};

use super::NotFinished;
use super::cleanup::remove_now;
use crate::app::{App, Turn};
use crate::domain::upload::{Upload, UploadState};
use crate::domain::upload_link::link_of;
use crate::metrics::UploadOutcome;
use crate::ports::uploads::RepositoryError;

/// Uploads closed at once.
const AT_ONCE: usize = 8;

/// Closes what an ended link has open: the room is given back, and the bytes that are there go. One that cannot be
/// closed now becomes no photo either: whoever looks at it next closes it.
pub async fn close_uploads(
    app: &App,
    tenant: &TenantId,
    project: &ProjectId,
    link: UploadLinkId,
) -> Result<(), RepositoryError> {
    let open = app.links.open_uploads(tenant, project, link).await?;
    let closing = stream::iter(open).for_each_concurrent(AT_ONCE, |id| async move {
        if let Err(error) = close_in_turn(app, tenant, id).await {
            tracing::warn!(upload = %id, %error, "an upload of an ended link is closed later");
        }
    });
    closing.await;
    Ok(())
}

/// Whether it waits for bytes that are not wanted any more.
pub(super) async fn is_of_ended_link(app: &App, upload: &Upload) -> Result<bool, RepositoryError> {
    match link_of(&upload.facts().created_by) {
        Some(link) if *upload.state() == UploadState::Pending => {
            app.links.is_revoked(&upload.facts().tenant, link).await
        }
        _ => Ok(false),
    }
}

async fn close_in_turn(app: &App, tenant: &TenantId, id: UploadId) -> Result<(), NotFinished> {
    let turn = app.turns.take(id).await?;
    match app.uploads.find(tenant, id).await? {
        Some(upload) if *upload.state() == UploadState::Pending => {
            close(&turn, app, upload).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Gives one up for whoever announced it. For who has its turn.
pub(super) async fn close(_turn: &Turn, app: &App, mut upload: Upload) -> Result<Upload, NotFinished> {
    upload.abort(app.clock.now(), app.settings.bytes_may_arrive_for(&upload))?;
    app.uploads.save(&mut upload).await?;
    app.metrics.uploads(UploadOutcome::Aborted, 1);
    remove_now(app, &upload).await;
    Ok(upload)
}
