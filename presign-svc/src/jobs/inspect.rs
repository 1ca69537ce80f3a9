//! Looking into stored bytes: their type and, of photos, what the camera knew. Ranged reads of the head,
//! and of more only where the metadata lies elsewhere; all of the very content that was verified.

use windlass_core::metadata::{MetadataReader, SNIFF_BYTES};
use windlass_protocol::PhotoMetadata;

use crate::domain::media_type::MediaType;
use crate::domain::object_key::ObjectKey;
use crate::ports::object_store::{ObjectStore, StoreError};

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// The type by content; `None` where it is of no known type.
    pub media_type: Option<MediaType>,
    /// What the file says about itself; `None` where the service cannot read its type.
    pub metadata: Option<PhotoMetadata>,
}

/// Reads type and metadata of a stored original.
pub async fn inspect(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    size_bytes: u64,
    etag: &str,
) -> Result<Findings, StoreError> {
    let mut reader = MetadataReader::new(size_bytes);
    let mut media_type = None;
    while let Some(wanted) = reader.next_read() {
        let bytes = store.read_range(key, wanted.offset..wanted.end(), Some(etag)).await?;
        if wanted.offset == 0 {
            media_type = MediaType::of_content(&bytes);
        }
        if let Err(error) = reader.supply(wanted.offset, &bytes) {
            return Err(StoreError::Unexpected(error.to_string()));
        }
    }
    let metadata = reader.finish().ok().filter(|_| media_type.is_some());
    Ok(Findings { media_type, metadata })
}

/// The type by content of a stored variant.
pub async fn type_of(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    etag: &str,
) -> Result<Option<MediaType>, StoreError> {
    let head = store.read_range(key, 0..SNIFF_BYTES, Some(etag)).await?;
    Ok(MediaType::of_content(&head))
}
