//! How much memory a HEIC takes: what is planned from the header is enough, and a budget below is refused.
//!
//! A test binary of its own, because it counts every allocation of the process.

// A test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use windlass_core::image::{
    ColorPolicy, ImageError, Limits, MetadataPolicy, ResizeOptions, VariantOptions, resize_heic,
};

#[path = "../examples/make_photo/heic_file.rs"]
mod heic_file;
#[path = "../examples/make_photo/scene.rs"]
mod scene;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only sizes are counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held at once beyond what was held before, and how it ended.
fn peak_of_resizing(bytes: &[u8], limits: &Limits) -> (u64, Result<(), ImageError>) {
    let variant = |edge: u32| VariantOptions { name: edge.to_string(), max_edge: edge, quality: 0.8 };
    let options = ResizeOptions {
        variants: [1920, 200].map(variant).to_vec(),
        metadata: MetadataPolicy::Keep,
        color: ColorPolicy::Keep,
    };
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let ended = resize_heic(bytes, &options, limits).map(drop);
    ((PEAK.load(Ordering::Relaxed) - before) as u64, ended)
}

fn photo(width: u32, height: u32, opacity: u8, properties: Vec<Vec<u8>>) -> Vec<u8> {
    let stored = scene::stored_pixels(width, height, 1, 1, 6.0);
    let rgba: Vec<u8> =
        stored.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], opacity]).collect();
    let form = heic_file::HeicForm { properties, quality: 60, ..heic_file::HeicForm::default() };
    heic_file::heic(&rgba, width, height, &form).unwrap()
}

// One test, so that no other one allocates at the same time.
#[test]
fn what_is_planned_from_the_header_is_enough() {
    let photos = [
        ("tiles", photo(1600, 1200, 255, heic_file::turn(6))),
        ("one picture", photo(512, 480, 255, Vec::new())),
        ("with alpha", photo(1100, 800, 128, Vec::new())),
    ];
    for (name, bytes) in photos {
        // Nothing is affordable: the refusal says what was planned.
        let (_, refused) = peak_of_resizing(&bytes, &Limits { memory_bytes: 1, ..Limits::default() });
        let Err(ImageError::OverMemoryBudget { needed_bytes, .. }) = refused else {
            panic!("{name}: {refused:?}")
        };
        let (peak, made) =
            peak_of_resizing(&bytes, &Limits { memory_bytes: needed_bytes, ..Limits::default() });
        assert_eq!(made, Ok(()), "{name}");
        eprintln!("{name}: planned {needed_bytes} bytes, held {peak}");
        assert!(peak <= needed_bytes, "{name}: {peak} bytes held, {needed_bytes} planned");
    }
}
