//! Photos as lists have shown them a moment ago. With every photo that arrives the lists of its project are other ones,
//! and all but one of the photos in them are the same as before, down to their URLs: they are not read, signed and
//! written once more.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::ports::uploads::{KnownPhotos, PhotoVersion, ShownPhoto};
use crate::recent::Recent;

/// All of them together, in bytes: some thousand photos.
const MAX_BYTES: usize = 2 << 20;

/// Photos as those were shown who may read them, each under its version and the beginning of the window of its URLs, in
/// seconds since 1970.
#[derive(Debug)]
pub struct RecentPhotos(Recent<(PhotoVersion, i64), ShownPhoto>);

impl Default for RecentPhotos {
    fn default() -> Self {
        Self(Recent::with_room_for(MAX_BYTES))
    }
}

/// Those of them that may be shown again now.
pub struct ShownInWindow {
    photos: Arc<RecentPhotos>,
    window: i64,
    now: OffsetDateTime,
}

impl ShownInWindow {
    /// With URLs of the window that began then.
    pub fn of(photos: &Arc<RecentPhotos>, window: OffsetDateTime, now: OffsetDateTime) -> Self {
        Self { photos: Arc::clone(photos), window: window.unix_timestamp(), now }
    }

    /// Keeps a photo until then at most.
    pub fn keep(&self, version: PhotoVersion, photo: ShownPhoto, good_until: OffsetDateTime) {
        let size_bytes = photo.json.len();
        self.photos.0.keep((version, self.window), photo, size_bytes, good_until);
    }
}

impl KnownPhotos for ShownInWindow {
    fn find(&self, version: &PhotoVersion) -> Option<ShownPhoto> {
        self.photos.0.find(&(*version, self.window), self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use time::Duration;
    use time::macros::datetime;
    use windlass_protocol::UploadId;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const LATER: OffsetDateTime = datetime!(2026-11-21 12:15 UTC);

    #[test]
    fn a_photo_is_shown_again_as_it_was_and_not_once_it_or_its_urls_have_changed() {
        let photos = Arc::default();
        let version = PhotoVersion { id: UploadId::from(uuid::Uuid::from_u128(7)), number: 3, at_ms: 1000 };
        let photo = ShownPhoto { json: Bytes::from_static(b"{}"), url_expires_at: None };
        let shown = ShownInWindow::of(&photos, NOON, NOON);
        shown.keep(version, photo.clone(), LATER);
        assert_eq!(shown.find(&version), Some(photo));
        for other in [
            PhotoVersion { id: UploadId::from(uuid::Uuid::from_u128(8)), ..version },
            PhotoVersion { number: 4, ..version },
            PhotoVersion { at_ms: 1001, ..version },
        ] {
            assert_eq!(shown.find(&other), None, "{other:?}");
        }
        assert_eq!(ShownInWindow::of(&photos, LATER, NOON).find(&version), None, "another window");
        assert_eq!(ShownInWindow::of(&photos, NOON, LATER).find(&version), None, "its URLs are too old");
        let before = LATER - Duration::SECOND;
        assert!(ShownInWindow::of(&photos, NOON, before).find(&version).is_some());
    }
}
