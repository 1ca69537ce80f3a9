//! Pictures that a browser decodes: the proof that they are whole, then whatever pixels it gives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_core::image::{
    ColorPolicy, ExternalDecode, Limits, MetadataPolicy, ResizeOptions, VariantOptions, webp_with_metadata,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = webp_with_metadata(bytes, Some(b"II*\0\x08\0\0\0\0\0\0\0\0\0"), None) {
        webp_with_metadata(&file, None, None).expect("a file of our own");
    }
    let variants = vec![VariantOptions { name: "web".to_owned(), max_edge: 64, quality: 0.8 }];
    let options = ResizeOptions { variants, metadata: MetadataPolicy::Keep, color: ColorPolicy::Keep };
    let limits = Limits { max_pixels: 1 << 20, memory_bytes: 64 << 20, ..Limits::default() };
    let Ok(mut decode) = ExternalDecode::open(bytes, &options, &limits) else { return };
    let (width, height) = decode.useful_size();
    if decode.begin((width, height), false).is_err() {
        return;
    }
    // The file's own bytes serve as pixels: any will do.
    let row: Vec<u8> = bytes.iter().copied().cycle().take(width as usize * 8).collect();
    for _ in 0..height.div_ceil(2) {
        decode.push(&row);
    }
    if let Ok(outcome) = decode.finish() {
        assert_eq!(outcome.images.len(), 1);
    }
});
