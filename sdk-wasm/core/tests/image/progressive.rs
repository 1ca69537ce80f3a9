//! Progressive JPEGs, which are read scan by scan to the coefficients that are needed.

use image::imageops::{self, FilterType};
use jpeg_encoder::SamplingFactor;
use windlass_core::image::{FastOutcome, Limits, resize_fast};
use windlass_core::metadata::read_metadata;

use crate::beside;
use crate::made::{JpegForm, decoded, jpeg, options, psnr, resize};

#[test]
fn the_same_coefficients_make_the_very_same_images() {
    // Within these edges each scale is used: an eighth, a quarter, half and all of the size.
    let options = [40, 90, 170, 321].map(|edge| options(&[edge], 0.9));
    for sampling in
        [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2]
    {
        for restart_interval in [0, 5] {
            let form = JpegForm { sampling, restart_interval, ..JpegForm::default() };
            let stored =
                |progressive| jpeg(333, 241, 6, &JpegForm { progressive, ..form.clone() }, None, None);
            let (sequential, progressive) = (stored(false), stored(true));
            for options in &options {
                let fast = resize_fast(&progressive, options, &Limits::default()).unwrap();
                assert!(matches!(fast, FastOutcome::NeedsCodecs(_)));
                let made = |bytes: &[u8]| resize(bytes, options).unwrap().images.remove(0);
                assert!(
                    made(&progressive) == made(&sequential),
                    "{form:?} to {}",
                    options.variants[0].max_edge
                );
            }
        }
    }
}

#[test]
fn real_progressive_photos_look_as_another_decoder_has_them() {
    let mut compared = 0;
    for (path, bytes) in beside::files("photos").into_iter().chain(beside::files("corpora/photos")) {
        let is_progressive = bytes.starts_with(&[0xFF, 0xD8])
            && bytes.windows(4).any(|header| matches!(header, [0xFF, 0xC2, 0, 11 | 17]));
        let Ok(outcome) = resize(&bytes, &options(&[400], 0.95)) else { continue };
        let Ok(reference) = image::load_from_memory(&bytes) else { continue };
        let ours = decoded(&outcome.images[0]);
        let is_upright = read_metadata(&bytes).is_ok_and(|metadata| metadata.display_orientation == 1);
        if !is_progressive || !is_upright || outcome.images[0].passed_through {
            continue;
        }
        let scaled =
            imageops::resize(&reference.to_rgb8(), ours.width(), ours.height(), FilterType::Lanczos3);
        let ratio = psnr(&ours, &scaled);
        assert!(ratio > 30.0, "{}: {ratio} dB", path.display());
        compared += 1;
    }
    eprintln!("{compared} progressive photos compared");
}
