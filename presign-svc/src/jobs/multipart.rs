//! Opening an upload's multipart upload in the store, and losing none.

use std::sync::Arc;

use crate::app::App;
use crate::domain::stored::MultipartId;
use crate::domain::upload::Upload;
use crate::jobs::NotFinished;
use crate::ports::clock::Clock;
use crate::ports::object_store::{ObjectStore, StoreError};
use crate::ports::uploads::UploadRepository;
use crate::traces;

/// The upload's open multipart upload; opens one where there is none yet.
pub async fn ensure_open(app: &App, upload: &mut Upload) -> Result<MultipartId, NotFinished> {
    match &upload.progress().multipart {
        Some(multipart) => Ok(multipart.clone()),
        None => open(app, upload).await,
    }
}

/// Opens a multipart upload and records it; the one before is forgotten. When it cannot be recorded it is
/// closed again, so that the store keeps none that no record names. It is done to its end even where whoever asked hangs
/// up meanwhile, as a phone does that loses its signal.
pub async fn open(app: &App, upload: &mut Upload) -> Result<MultipartId, NotFinished> {
    let opening = Opening {
        store: app.store.clone(),
        uploads: app.uploads.clone(),
        clock: app.clock.clone(),
        upload: upload.clone(),
    };
    let opened = tokio::spawn(traces::carried(opening.run())).await;
    let (recorded, multipart) = opened.map_err(|error| StoreError::Unexpected(error.to_string()))??;
    *upload = recorded;
    Ok(multipart)
}

struct Opening {
    store: Arc<dyn ObjectStore>,
    uploads: Arc<dyn UploadRepository>,
    clock: Arc<dyn Clock>,
    upload: Upload,
}

impl Opening {
    async fn run(mut self) -> Result<(Upload, MultipartId), NotFinished> {
        let key = self.upload.original_key();
        let media_type = self.upload.facts().file.media_type;
        let multipart = self.store.create_multipart(&key, media_type.mime()).await?;
        if let Err(error) = self.record(multipart.clone()).await {
            if let Err(abort) = self.store.abort_multipart(&key, &multipart).await {
                let upload = self.upload.id();
                tracing::warn!(%upload, error = %abort, "an unrecorded multipart upload stays open");
            }
            return Err(error);
        }
        Ok((self.upload, multipart))
    }

    async fn record(&mut self, multipart: MultipartId) -> Result<(), NotFinished> {
        self.upload.multipart_opened(multipart, self.clock.now())?;
        self.uploads.save(&mut self.upload).await?;
        Ok(())
    }
}
