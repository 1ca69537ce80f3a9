//! The behaviours on the embedded store, each on a store of its own.

use anyhow::Result;
use windlass_s3_suite::{EmbeddedServer, S3Target, s3_behaviours};

async fn on_embedded_store(behaviour: impl AsyncFnOnce(&S3Target) -> Result<()>) -> Result<()> {
    let server = EmbeddedServer::start().await?;
    behaviour(server.target()).await
}

s3_behaviours!(on_embedded_store);
