//! Real and broken files beside the project: each ends in images or in a typed error, in short time.

use windlass_core::image::ResizeOutcome;

use crate::beside;
use crate::made::{decoded, options, psnr, resize};
use crate::patience::{PATIENCE, Work};

#[test]
fn every_file_ends_in_images_or_a_typed_error() {
    let mut made = 0;
    for (path, bytes) in beside::files("photos").into_iter().chain(beside::files("corpora")) {
        let work = Work::begin();
        match resize(&bytes, &options(&[640, 160], 0.8)) {
            Ok(outcome) => {
                made += 1;
                // The test's decoder refuses some originals that browsers show: streams without their last bytes.
                for image in outcome.images.iter().filter(|image| !image.passed_through) {
                    decoded(image);
                }
            }
            Err(error) => assert!(!error.code().is_empty() && error.to_string().ends_with('.'), "{error}"),
        }
        assert!(work.so_far() < PATIENCE, "{} took {:?}", path.display(), work.so_far());
    }
    eprintln!("{made} pictures resized");
}

#[test]
fn every_jpeg_cut_off_is_refused_or_was_cut_behind_its_picture() {
    let (mut refused, mut whole) = (0, 0);
    for (path, bytes) in beside::files("photos").into_iter().chain(beside::files("corpora")) {
        let options = options(&[160], 0.8);
        if !bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            continue;
        }
        let Ok(outcome) = resize(&bytes, &options) else { continue };
        for percent in [30, 60, 90] {
            let work = Work::begin();
            match resize(&bytes[..bytes.len() * percent / 100], &options) {
                Ok(of_cut) => {
                    // A video, or another picture, follows in some files.
                    let images = |outcome: &ResizeOutcome| decoded(&outcome.images[0]);
                    assert!(images(&of_cut) == images(&outcome), "{} at {percent} %", path.display());
                    whole += 1;
                }
                Err(error) => {
                    let code = error.code();
                    assert!(matches!(code, "incomplete" | "corrupt"), "{}: {error}", path.display());
                    refused += 1;
                }
            }
            assert!(work.so_far() < PATIENCE, "{} at {percent} %: {:?}", path.display(), work.so_far());
        }
    }
    eprintln!("{refused} cut JPEGs refused, {whole} cut behind their picture");
    assert!(refused == 0 || refused > 20 * whole, "{refused} refused, {whole} not");
}

#[test]
fn real_photos_are_not_taken_for_broken_ones() {
    let photos = beside::files("corpora/photos");
    let mut made = 0;
    for (path, bytes) in &photos {
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
        match resize(bytes, &options(&[160], 0.8)) {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error.code(), "unsupported_format", "{}: {error}", path.display()),
        }
    }
    // The others are HEIC and AVIF, which are other modules' and browsers'.
    assert!(photos.is_empty() || made > 60, "{made} of {}", photos.len());
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
