//! HEIC, from a file's bytes to a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_core::image::{ColorPolicy, Limits, MetadataPolicy, ResizeOptions, VariantOptions, resize_heic};

fuzz_target!(|bytes: &[u8]| {
    let variants = vec![VariantOptions { name: "web".to_owned(), max_edge: 64, quality: 0.8 }];
    let options = ResizeOptions { variants, metadata: MetadataPolicy::Keep, color: ColorPolicy::Keep };
    // Pictures of more than this take too long to be worth a run.
    let limits = Limits { max_pixels: 1 << 20, memory_bytes: 64 << 20, ..Limits::default() };
    // A refusal is fine; a panic, a hang or memory beyond the limits is not.
    if let Ok(outcome) = resize_heic(bytes, &options, &limits) {
        assert_eq!(outcome.images.len(), 1);
    }
});
