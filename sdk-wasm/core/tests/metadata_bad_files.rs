//! Nothing a file says makes reading its metadata panic, take long or take memory (threats T23, T24).
#![cfg(feature = "metadata")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail and report as tests do"
)]

mod corpora;
#[path = "image/patience.rs"]
#[allow(dead_code, reason = "its limit is that of pictures")]
mod patience;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use windlass_core::metadata::{
    ExifRewrite, MetadataReader, extract_exif, extract_icc, read_metadata, rewrite_exif,
};

use patience::Work;

/// Counts what is allocated now and at most.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes every call on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise holds for the system's allocator, too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What reading a file may take beyond twice the file.
const SPARE_BYTES: usize = 16 << 20;

/// The promise is 50 ms of optimised code; this is a debug build.
const TIME_LIMIT: Duration = Duration::from_millis(500);

/// Does all there is to do with a file's metadata.
fn read_all(bytes: &[u8]) {
    let _ = black_box(read_metadata(bytes));
    let exif = extract_exif(bytes);
    for strip_location in [false, true] {
        let rewrite = ExifRewrite { width: 640, height: 480, strip_location, to_srgb: strip_location };
        black_box(exif.as_deref().and_then(|exif| rewrite_exif(exif, &rewrite)));
    }
    black_box(extract_icc(bytes));
}

/// Reads over ranges, as the service does.
fn read_ranged(bytes: &[u8]) {
    let mut reader = MetadataReader::new(bytes.len() as u64);
    while let Some(range) = reader.next_read() {
        let (start, end) = (range.offset as usize, range.end() as usize);
        reader.supply(range.offset, &bytes[start..end]).expect("the range asked for is supplied");
    }
    let _ = black_box(reader.finish());
}

struct Cost {
    time: Duration,
    peak_bytes: usize,
}

fn cost_of(work: impl FnOnce()) -> Cost {
    // What this thread works, not what the clock says: other tests share the machine.
    let begun = Work::begin();
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    let peak_bytes = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    Cost { time: begun.so_far(), peak_bytes }
}

/// A seeded generator (xorshift64): the same files are broken in the same places in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

// One test, so that nothing else allocates while it measures.
#[test]
fn t24_no_file_makes_reading_panic_or_take_long_or_take_memory() {
    directories_that_lead_to_each_other_many_times_over_stay_cheap();
    let Some(corpora) = corpora::corpora() else { return };
    bad_files_stay_cheap(&corpora);
    cut_and_mutated_photos_are_survived(&corpora);
}

fn bad_files_stay_cheap(corpora: &std::path::Path) {
    let mut files = corpora::files_under(&corpora.join("bad"));
    files.extend(corpora::files_under(&corpora.join("generated")));
    files.extend(corpora::files_under(&corpora.join("docs")));
    files.extend(corpora::files_under(&corpora.join("security")));
    let mut slowest = (Duration::ZERO, String::new());
    let mut hungriest = (0, String::new());
    for path in &files {
        let bytes = std::fs::read(path).expect("a corpus file can be read");
        let name = path.strip_prefix(corpora).unwrap_or(path).display().to_string();
        let read = cost_of(|| drop(black_box(read_metadata(&bytes))));
        let all = cost_of(|| read_all(&bytes));
        let ranged = cost_of(|| read_ranged(&bytes));
        for cost in [&read, &all, &ranged] {
            let limit = 2 * bytes.len() + SPARE_BYTES;
            assert!(cost.peak_bytes <= limit, "{name} took {} bytes", cost.peak_bytes);
            assert!(cost.time <= TIME_LIMIT, "{name} took {:?}", cost.time);
            hungriest = hungriest.max((cost.peak_bytes, name.clone()));
        }
        slowest = slowest.max((read.time.max(ranged.time), name));
    }
    println!(
        "{} bad files; slowest {:?} {}; most memory {} {}",
        files.len(),
        slowest.0,
        slowest.1,
        hungriest.0,
        hungriest.1
    );
    assert!(files.len() >= 832, "the corpora hold more bad files than these {}", files.len());
}

fn cut_and_mutated_photos_are_survived(corpora: &std::path::Path) {
    let mut random = Random(0x5EED);
    for path in corpora::files_under(&corpora.join("photos")) {
        let bytes = std::fs::read(&path).expect("a corpus file can be read");
        for percent in [30, 60, 90] {
            let cut = &bytes[..bytes.len() * percent / 100];
            read_all(cut);
            read_ranged(cut);
        }
        // Where metadata lies, mostly.
        let head = bytes.len().min(8 << 10);
        let mut mutated = bytes.clone();
        for _ in 0..150 {
            let at = random.below(head);
            let Some(byte) = mutated.get_mut(at) else { break };
            let before = std::mem::replace(byte, random.below(256) as u8);
            read_all(&mutated);
            mutated[at] = before;
        }
        let at = random.below(head);
        if let Some(byte) = mutated.get_mut(at) {
            *byte ^= 0xFF;
            read_ranged(&mutated);
        }
    }
}

/// An EXIF whose every entry leads to one directory, whose every entry leads on: n² for a naive reader.
fn directories_that_lead_to_each_other_many_times_over_stay_cheap() {
    const ENTRIES: u16 = 2500;
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    let directory_bytes = 2 + 12 * u32::from(ENTRIES) + 4;
    for (tag, leads_to) in [(0x8769_u16, 8 + directory_bytes), (0xA005, 8)] {
        block.extend(ENTRIES.to_le_bytes());
        for _ in 0..ENTRIES {
            block.extend(tag.to_le_bytes());
            block.extend(4_u16.to_le_bytes());
            block.extend(1_u32.to_le_bytes());
            block.extend(leads_to.to_le_bytes());
        }
        block.extend([0; 4]);
    }
    let mut jpeg = b"\xFF\xD8\xFF\xE1".to_vec();
    jpeg.extend(((block.len() + 8) as u16).to_be_bytes());
    jpeg.extend(b"Exif\0\0");
    jpeg.extend(&block);
    jpeg.extend(b"\xFF\xD9");
    let cost = cost_of(|| read_all(&jpeg));
    assert!(cost.peak_bytes <= 2 * jpeg.len() + SPARE_BYTES, "{} bytes", cost.peak_bytes);
    assert!(cost.time <= TIME_LIMIT, "{:?}", cost.time);
}
