//! How much memory the pipeline takes: bombs stay within the budget, and the plan is not optimistic.
//!
//! A test binary of its own, because it counts every allocation of the process.

// A test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::{GrayImage, ImageFormat, RgbImage, RgbaImage};
use windlass_core::image::{
    ColorPolicy, ImageError, Limits, MetadataPolicy, ResizeOptions, VariantOptions, resize_photo,
};

#[path = "image/patience.rs"]
mod patience;

use patience::{PATIENCE, Work};

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

/// What the decoders of others hold beside the picture, whatever its size: tables, and some rows.
const DECODERS_BYTES: u64 = 1 << 18;

/// The most bytes held at once beyond what was held before, and how it ended.
fn peak_of_resizing(bytes: &[u8], limits: &Limits) -> (usize, &'static str) {
    let variant = |edge: u32| VariantOptions { name: edge.to_string(), max_edge: edge, quality: 0.8 };
    let options = ResizeOptions {
        variants: [1920, 200].map(variant).to_vec(),
        metadata: MetadataPolicy::Keep,
        color: ColorPolicy::Keep,
    };
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let ended = resize_photo(bytes, &options, limits).map_or_else(|error| error.code(), |_| "made");
    (PEAK.load(Ordering::Relaxed) - before, ended)
}

fn file(picture: impl Into<image::DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Grain over a slope, so that a photo of it has as much to say as a busy one of a camera.
fn grain(index: usize, width: usize) -> u8 {
    let (x, y) = (index / 3 % width, index / 3 / width);
    let noise = (index as u32).wrapping_mul(0x9E37_79B1).rotate_left(13).wrapping_mul(0x85EB_CA77) >> 25;
    ((x + y) / 16 % 128) as u8 + noise as u8
}

fn textured(width: u32, height: u32) -> RgbImage {
    let mut picture = RgbImage::new(width, height);
    for (index, sample) in picture.iter_mut().enumerate() {
        *sample = grain(index, width as usize);
    }
    picture
}

fn progressive_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    let pixels = textured(width.into(), height.into());
    encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

/// Held by a test while it measures, so that no other one allocates at the same time.
static MEASURING: Mutex<()> = Mutex::new(());

/// What is planned from the header, which is what a refusal says.
fn planned(bytes: &[u8]) -> Option<u64> {
    let variant = |edge: u32| VariantOptions { name: edge.to_string(), max_edge: edge, quality: 0.8 };
    let options = ResizeOptions {
        variants: [1920, 200].map(variant).to_vec(),
        metadata: MetadataPolicy::Keep,
        color: ColorPolicy::Keep,
    };
    match resize_photo(bytes, &options, &Limits { memory_bytes: 1, ..Limits::default() }) {
        Err(ImageError::OverMemoryBudget { needed_bytes, .. }) => Some(needed_bytes),
        _ => None,
    }
}

#[test]
fn memory_stays_within_the_budget() {
    let _alone = MEASURING.lock();
    let small = Limits { memory_bytes: 24 << 20, ..Limits::default() };
    let photos = [
        ("grey PNG", file(GrayImage::new(3200, 2400), ImageFormat::Png)),
        ("RGB PNG", file(textured(1600, 1200), ImageFormat::Png)),
        ("JPEG", file(textured(1600, 1200), ImageFormat::Jpeg)),
        ("progressive JPEG", progressive_jpeg(1600, 1200)),
        ("WebP", file(textured(1600, 1200), ImageFormat::WebP)),
        ("WebP with alpha", file(RgbaImage::new(1200, 900), ImageFormat::WebP)),
        ("GIF", file(RgbaImage::new(1200, 900), ImageFormat::Gif)),
        ("TIFF", file(textured(1600, 1200), ImageFormat::Tiff)),
        ("RGB PNG over the budget", file(RgbImage::new(4000, 3000), ImageFormat::Png)),
        // Decoded at half its size, which is enough; the other one has to be decoded in full.
        ("JPEG of 12 megapixels", file(textured(4000, 3000), ImageFormat::Jpeg)),
        ("JPEG over the budget", file(RgbImage::new(3800, 2850), ImageFormat::Jpeg)),
    ];
    for (name, bytes) in photos {
        let planned_bytes = planned(&bytes).unwrap();
        let (peak, ended) = peak_of_resizing(&bytes, &small);
        eprintln!("{name}: {peak} bytes at the peak, {planned_bytes} planned, {ended}");
        let expected = if name.contains("over") { "over_memory_budget" } else { "made" };
        assert_eq!(ended, expected, "{name}");
        assert!(peak as u64 <= small.memory_bytes, "{name}: {peak} bytes");
        let planned_bytes = planned_bytes + DECODERS_BYTES;
        assert!(peak as u64 <= planned_bytes, "{name}: {peak} bytes held, {planned_bytes} planned");
    }

    // What phones make, over what was held before: 12 and 48 megapixels, as the issue has it.
    let sequential = |width: u16, height: u16| file(textured(width.into(), height.into()), ImageFormat::Jpeg);
    for (name, photo, most) in [
        ("12 MP JPEG", sequential(4000, 3000), 60 << 20),
        ("48 MP JPEG", sequential(8000, 6000), 150 << 20),
        ("12 MP progressive JPEG", progressive_jpeg(4000, 3000), 60 << 20),
        ("48 MP progressive JPEG", progressive_jpeg(8000, 6000), 150 << 20),
    ] {
        let planned_bytes = planned(&photo).unwrap();
        let (peak, ended) = peak_of_resizing(&photo, &Limits::default());
        eprintln!("{name}: {peak} bytes at the peak, {planned_bytes} planned");
        assert!(ended == "made" && peak <= most, "{name}: {peak} bytes, {ended}");
        assert!(peak as u64 <= planned_bytes, "{name}: {peak} bytes held, {planned_bytes} planned");
    }
    let (peak, ended) = peak_of_resizing(&file(textured(4000, 3000), ImageFormat::Png), &Limits::default());
    eprintln!("12 MP PNG: {peak} bytes at the peak");
    assert!(ended == "made" && peak <= 128 << 20, "12 MP PNG: {peak} bytes, {ended}");
}

/// Dimensions, profiles, texts, frames and scans that a few bytes claim. Threat T23.
#[test]
fn t23_image_bombs_stay_within_memory_and_time() {
    let _alone = MEASURING.lock();
    let bombs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/generated");
    let Ok(bombs) = fs::read_dir(bombs) else {
        eprintln!("skipped: the bombs are not beside the project");
        return;
    };
    let bombs: Vec<_> = bombs.map(|bomb| bomb.unwrap().path()).collect();
    assert!(bombs.len() >= 12, "{bombs:?}");
    for path in bombs {
        let bytes = fs::read(&path).unwrap();
        let work = Work::begin();
        let (peak, ended) = peak_of_resizing(&bytes, &Limits::default());
        assert!(work.so_far() < PATIENCE, "{}: {:?}", path.display(), work.so_far());
        // Twice the largest profile that is read; whole pictures among them are of one pixel.
        assert!(peak < 16 << 20, "{}: {peak} bytes, {ended}", path.display());
    }
}
