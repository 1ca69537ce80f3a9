//! Opening an upload's multipart upload in the store, and losing none.

use crate::app::App;
use crate::domain::stored::MultipartId;
use crate::domain::upload::Upload;
use crate::jobs::NotFinished;

/// The upload's open multipart upload; opens one where there is none yet.
pub async fn ensure_open(app: &App, upload: &mut Upload) -> Result<MultipartId, NotFinished> {
    match &upload.progress().multipart {
        Some(multipart) => Ok(multipart.clone()),
        None => open(app, upload).await,
    }
}

/// Opens a multipart upload and records it; the one before is forgotten. When it cannot be recorded it is
/// closed again, so that the store keeps none that no record names.
pub async fn open(app: &App, upload: &mut Upload) -> Result<MultipartId, NotFinished> {
    let key = upload.original_key();
    let multipart = app.store.create_multipart(&key, upload.facts().file.media_type.mime()).await?;
    let recorded = record(app, upload, multipart.clone()).await;
    if let Err(error) = recorded {
        if let Err(abort) = app.store.abort_multipart(&key, &multipart).await {
            tracing::warn!(upload = %upload.id(), error = %abort, "an unrecorded multipart upload stays open");
        }
        return Err(error);
    }
    Ok(multipart)
}

async fn record(app: &App, upload: &mut Upload, multipart: MultipartId) -> Result<(), NotFinished> {
    upload.multipart_opened(multipart, app.clock.now())?;
    app.uploads.save(upload).await?;
    Ok(())
}
