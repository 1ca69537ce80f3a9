//! The whole pipeline, over every format it reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_core::image::{
    ColorPolicy, Limits, MetadataPolicy, ResizeOptions, VariantOptions, resize_photo,
};

fuzz_target!(|bytes: &[u8]| {
    let variant = |max_edge: u32| VariantOptions { name: max_edge.to_string(), max_edge, quality: 0.8 };
    let options = ResizeOptions {
        variants: [300, 40].map(variant).to_vec(),
        metadata: MetadataPolicy::Keep,
        color: if bytes.len() % 2 == 0 { ColorPolicy::Keep } else { ColorPolicy::Srgb },
    };
    let limits = Limits { max_pixels: 1 << 20, memory_bytes: 64 << 20, ..Limits::default() };
    if let Ok(outcome) = resize_photo(bytes, &options, &limits) {
        assert_eq!(outcome.images.len(), 2);
    }
});
