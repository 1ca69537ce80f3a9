//! What is put into a WebP is read again, and its picture stays as it was.

use image::{DynamicImage, ImageFormat};
use windlass_core::image::webp_with_metadata;
use windlass_core::metadata::{extract_exif, extract_icc, read_metadata};

use crate::beside;
use crate::exif_block::exif_block;
use crate::made::{file, notes, pixels};

#[test]
fn exif_and_profile_are_read_again_and_the_pixels_are_the_same() {
    let exif = exif_block(&notes(61, 47, 1));
    // An odd length, which has to be padded.
    let icc = vec![7; 301];
    for picture in [DynamicImage::from(pixels(61, 47)), DynamicImage::from(pixels(61, 47)).to_rgba8().into()]
    {
        let bare = file(picture, ImageFormat::WebP);
        for (exif, icc) in [(Some(&exif), Some(&icc)), (Some(&exif), None), (None, Some(&icc)), (None, None)]
        {
            let made = webp_with_metadata(&bare, exif.map(Vec::as_slice), icc.map(Vec::as_slice)).unwrap();
            assert_eq!((extract_exif(&made).as_ref(), extract_icc(&made).as_ref()), (exif, icc));
            let metadata = read_metadata(&made).unwrap();
            assert_eq!((metadata.width, metadata.height), (Some(61), Some(47)));
            assert_eq!(image::load_from_memory(&made).unwrap(), image::load_from_memory(&bare).unwrap());
            // What it carries now replaces what it carried.
            let again = webp_with_metadata(&made, None, None).unwrap();
            assert_eq!((extract_exif(&again), extract_icc(&again)), (None, None));
        }
    }
}

#[test]
fn what_is_no_whole_still_webp_is_refused() {
    let whole = file(pixels(61, 47), ImageFormat::WebP);
    let code =
        |bytes: &[u8]| webp_with_metadata(bytes, None, None).map_or_else(|error| error.code(), |_| "made");
    assert_eq!(code(&whole), "made");
    for cut in [12, 20, whole.len() / 2, whole.len() - 1] {
        assert_eq!(code(&whole[..cut]), "incomplete", "{cut} of {} bytes", whole.len());
    }
    assert_eq!(code(&file(pixels(8, 8), ImageFormat::Png)), "corrupt");
    assert_eq!(code(b"RIFF\x04\0\0\0WEBP"), "corrupt");
}

#[test]
fn every_real_webp_keeps_its_pixels_or_is_refused() {
    for (path, bytes) in beside::files("corpora/bad/image-webp") {
        if let Ok(made) = webp_with_metadata(&bytes, Some(b"II*\0\x08\0\0\0\0\0\0\0\0\0"), None)
            && let Ok(before) = image::load_from_memory(&bytes)
        {
            let after = image::load_from_memory(&made);
            assert_eq!(after.unwrap(), before, "{}", path.display());
        }
    }
}
