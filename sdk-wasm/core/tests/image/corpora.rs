//! Real and broken files beside the project: each ends in images or in a typed error, in short time.

use std::time::{Duration, Instant};

use crate::beside;
use crate::made::{decoded, options, psnr, resize};

/// No file may hang the worker for longer than 2 s; five times that, as tests share the machine.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn every_file_ends_in_images_or_a_typed_error() {
    let mut made = 0;
    for (path, bytes) in beside::files("photos").into_iter().chain(beside::files("corpora")) {
        // The core has no clock; its tests do.
        #[allow(clippy::disallowed_methods)]
        let start = Instant::now();
        match resize(&bytes, &options(&[640, 160], 0.8)) {
            Ok(outcome) => {
                made += 1;
                for image in &outcome.images {
                    decoded(image);
                }
            }
            Err(error) => assert!(!error.code().is_empty() && error.to_string().ends_with('.'), "{error}"),
        }
        assert!(start.elapsed() < PATIENCE, "{} took {:?}", path.display(), start.elapsed());
    }
    eprintln!("{made} pictures resized");
}

#[test]
fn real_photos_are_not_taken_for_broken_ones() {
    for (path, bytes) in beside::files("corpora/photos") {
        // Data that belongs to no Huffman table there is; a `pitm` smaller than its header; an `iloc` whose entries
        // have offsets though it says that they have none, so that eight bytes are left of the picture; and
        // two that their makers broke.
        let broken = [
            "hopper_bad_exif.jpg",
            "NegativeArraySizeException.HeifReader.processBoxes.heif",
            "NullPointerException.HeifPictureHandler.processBox.heif",
            "heif_corrupted/corrupted.hif",
            "heif_truncated/truncated.heic",
        ];
        if broken.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if let Err(error) = resize(&bytes, &options(&[160], 0.8)) {
            assert_eq!(error.code(), "unsupported_format", "{}: {error}", path.display());
        }
    }
}

#[test]
fn the_progressive_copy_of_a_photo_gives_the_same_image() {
    let (Some(baseline), Some(progressive)) =
        (beside::photo("p12_o6.jpg"), beside::photo("p12_progressive.jpg"))
    else {
        return;
    };
    let image = |bytes: &[u8]| decoded(&resize(bytes, &options(&[800], 0.9)).unwrap().images[0]);
    // The copy has no EXIF that would turn it.
    let turned = image::imageops::rotate90(&image(&progressive));
    let ratio = psnr(&image(&baseline), &turned);
    // Turned after it was encoded instead of before.
    assert!(ratio > 36.0, "{ratio} dB");
}
