//! What the store has of an upload that is announced again: after a reload, or for fresh URLs. Only the
//! store's own word counts, and only about the very bytes that are announced.

use std::collections::BTreeSet;

use futures::future::{join, join_all};
use windlass_protocol::Checksum;

use crate::app::App;
use crate::domain::announce::Transfer;
use crate::domain::object_key::ObjectKey;
use crate::domain::upload::{Upload, UploadState};
use crate::domain::variant::VariantName;

/// What needs no URL any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlreadyThere {
    /// The original, where it goes by a single PUT.
    pub original: bool,
    /// Smaller pictures.
    pub variants: BTreeSet<VariantName>,
}

/// Asks the store. What it cannot tell for certain is signed again: that costs bytes, never a photo.
pub async fn already_there(app: &App, upload: &Upload) -> AlreadyThere {
    let file = &upload.facts().file;
    let original = async {
        let by_put = file.transfer == Transfer::Put && *upload.state() == UploadState::Pending;
        by_put && holds(app, &upload.original_key(), file.size_bytes, file.checksum.as_ref()).await
    };
    let variants = upload.progress().variants.iter().map(|variant| async move {
        let there =
            holds(app, &upload.variant_key(variant), variant.size_bytes, variant.checksum.as_ref()).await;
        there.then(|| variant.name.clone())
    });
    let (original, variants) = join(original, join_all(variants)).await;
    AlreadyThere { original, variants: variants.into_iter().flatten().collect() }
}

/// Whether the store has exactly these bytes: their size, and the checksum the client announced.
async fn holds(app: &App, key: &ObjectKey, size_bytes: u64, announced: Option<&Checksum>) -> bool {
    let Some(announced) = announced else { return false };
    let Ok(object) = app.store.head(key).await else { return false };
    object.size_bytes == size_bytes && object.checksum.as_ref() == Some(announced)
}
