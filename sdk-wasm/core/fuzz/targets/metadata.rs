//! What is read of a file's head, and written into what is made of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_core::metadata::{ExifRewrite, extract_exif, extract_icc, read_metadata, rewrite_exif};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_metadata(bytes);
    let _ = extract_icc(bytes);
    // Both as the block found in a file and as the block itself.
    for block in [extract_exif(bytes).as_deref(), Some(bytes)].into_iter().flatten() {
        for strip_location in [false, true] {
            let rewrite = ExifRewrite { width: 1920, height: 1440, strip_location, to_srgb: true };
            let _ = rewrite_exif(block, &rewrite);
        }
    }
});
