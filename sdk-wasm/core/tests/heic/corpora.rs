//! Real and broken files beside the project: each ends in images of the right size and way up, or in a
//! typed error, in short time.

use std::path::Path;
use std::time::{Duration, Instant};

use windlass_core::metadata::read_metadata;

use crate::beside;
use crate::made::{decoded, resize};

/// Lax, as tests share the machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn every_file_ends_in_images_or_a_typed_error() {
    let mut made = 0;
    for (path, bytes) in beside::files("photos").into_iter().chain(beside::files("corpora")) {
        // The core has no clock; its tests do.
        #[allow(clippy::disallowed_methods)]
        let start = Instant::now();
        match resize(&bytes, &[640, 160]) {
            Ok(outcome) => {
                made += 1;
                outcome.images.iter().for_each(|image| drop(decoded(image)));
            }
            Err(error) => {
                assert!(!error.code().is_empty() && error.to_string().ends_with('.'), "{error}");
            }
        }
        assert!(start.elapsed() < PATIENCE, "{} took {:?}", path.display(), start.elapsed());
    }
    eprintln!("{made} HEIC pictures resized");
}

#[test]
fn whole_files_are_decoded_to_the_size_the_oracle_says() {
    for (path, bytes) in beside::files("photos").into_iter().chain(beside::files("corpora/photos")) {
        if !is_heic(&path) || is_known_broken(&path) {
            continue;
        }
        let image = resize(&bytes, &[u32::MAX]).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // Cropped and turned.
        let expected = heifer::decode_rgba8(&bytes, &heifer::Options::default()).unwrap();
        let made = (image.images[0].width, image.images[0].height);
        assert_eq!(made, (expected.width, expected.height), "{}", path.display());
        let metadata = read_metadata(&bytes).unwrap();
        let stored = (metadata.width.unwrap(), metadata.height.unwrap());
        if let Some(said) = oracle(&path) {
            assert_eq!(stored, said, "{} as exiftool reads it", path.display());
        }
    }
}

fn is_heic(path: &Path) -> bool {
    matches!(path.extension().and_then(|end| end.to_str()), Some("heic" | "heif" | "hif"))
}

/// Kept there because readers fail on them.
fn is_known_broken(path: &Path) -> bool {
    let name = path.to_string_lossy();
    ["corrupted", "truncated", "metadata-extractor"].iter().any(|part| name.contains(part))
}

/// Width and height as stored, from `exif-oracle.json`.
fn oracle(path: &Path) -> Option<(u32, u32)> {
    let corpora = path.ancestors().find(|folder| folder.ends_with("corpora"))?;
    let text = std::fs::read_to_string(corpora.join("exif-oracle.json")).ok()?;
    let entries: serde_json::Value = serde_json::from_str(&text).ok()?;
    let name = path.strip_prefix(corpora).ok()?.to_str()?;
    let entry = entries.as_array()?.iter().find(|entry| entry["path"] == name)?;
    let side = |key: &str| entry[key].as_u64().and_then(|edge| u32::try_from(edge).ok());
    side("width").zip(side("height"))
}
