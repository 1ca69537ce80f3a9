//! Photos with the bytes of files that are to be uploaded: what both databases do with what they found.

use std::collections::HashSet;

use crate::domain::upload::Upload;
use crate::ports::uploads::Content;

/// The content's checksum as its column has it.
pub(super) fn checksums_of(asked: &[Content]) -> Vec<String> {
    asked.iter().map(|content| content.checksum.into()).collect()
}

/// The names of the uploads that ask.
pub(super) fn names_of(asked: &[Content]) -> Vec<String> {
    asked.iter().map(|content| content.client_ref.to_string()).collect()
}

/// For each that asks the photo with its content, where there is one; `taken` are the names that are recorded.
pub(super) fn answers_to(
    asked: &[Content],
    photos: &[Upload],
    taken: &HashSet<String>,
) -> Vec<Option<Upload>> {
    let has = |photo: &Upload, content: &Content| {
        photo.object().is_some_and(|object| {
            object.size_bytes == content.size_bytes && object.checksum == Some(content.checksum)
        })
    };
    let same = asked.iter().map(|content| {
        let photo = photos.iter().find(|photo| has(photo, content))?;
        (!taken.contains(content.client_ref.as_str())).then(|| photo.clone())
    });
    same.collect()
}
