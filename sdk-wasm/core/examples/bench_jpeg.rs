//! Where the time of the fast path goes, beside the crates one would take otherwise:
//! `cargo run --release -p windlass-core --example bench_jpeg -- PHOTO.jpg [ORIENTATION]`.
#![allow(clippy::disallowed_methods, reason = "a benchmark needs a clock")]
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use windlass_planar::{EncodeOptions, Header, Planes, Sampling, Scale, Target, Turn, encode, resample};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

const EDGES: [u32; 3] = [1920, 800, 200];
const RUNS: usize = 9;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which photo? Give its path")?;
    let orientation = arguments.next().map_or(Ok(6), |argument| argument.parse())?;
    let bytes = std::fs::read(path)?;
    ours(&bytes, Turn::from_exif(orientation))?;
    theirs(&bytes)
}

/// The median of several runs, in milliseconds, and what the last one made.
fn timed<T>(name: &str, mut work: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let mut times = Vec::with_capacity(RUNS);
    let mut made = work()?;
    for _ in 0..RUNS {
        let start = Instant::now();
        made = black_box(work()?);
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!("{name:<44} {:8.2} ms", times[RUNS / 2]);
    Ok(made)
}

/// The picture fitted into a square, as stored and upright.
fn fitted(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let longest = width.max(height);
    let fit = |side: u32| {
        ((u64::from(side) * u64::from(edge) + u64::from(longest) / 2) / u64::from(longest)) as u32
    };
    (fit(width), fit(height))
}

fn ours(bytes: &[u8], turn: Turn) -> Outcome<()> {
    let header = timed("read the header", || Ok(Header::parse(bytes)?))?;
    let (width, height) = fitted(header.width(), header.height(), EDGES[0]);
    let scales = header.scales_for(width, height, Sampling::Half);
    for scale in Scale::ALL {
        timed(&format!("decode, {scale:?}"), || Ok(header.decode(&[scale])?))?;
    }
    let decoded = timed(&format!("decode, {scales:?}"), || Ok(header.decode(&scales)?))?;
    let mut source = decoded;
    for edge in EDGES {
        let (width, height) = fitted(header.width(), header.height(), edge);
        let (width, height) = if turn.transpose { (height, width) } else { (width, height) };
        // The first is turned; the smaller ones are made of it.
        let turn = if edge == EDGES[0] { turn } else { Turn::default() };
        let target = Target { width, height, sampling: Sampling::Half };
        source = timed(&format!("resample to {edge}"), || Ok(resample(&source, target, turn)?))?;
        let file = encoded(&source, edge)?;
        println!("{:<44} {:8} bytes", "", file.len());
        if let Ok(folder) = std::env::var("WRITE_TO") {
            std::fs::write(format!("{folder}/ours_{edge}.jpg"), file)?;
        }
    }
    Ok(())
}

fn encoded(planes: &Planes, edge: u32) -> Outcome<Vec<u8>> {
    let options = EncodeOptions { quality: 80, segments: &[] };
    timed(&format!("encode {edge}"), || Ok(encode(planes, &options)?))
}

fn theirs(bytes: &[u8]) -> Outcome<()> {
    let (pixels, width, height) = timed("zune-jpeg: decode", || {
        let mut decoder = JpegDecoder::new(ZCursor::new(bytes));
        let pixels = decoder.decode().map_err(|error| error.to_string())?;
        let (width, height) = decoder.dimensions().ok_or("no dimensions")?;
        Ok((pixels, width as u32, height as u32))
    })?;
    let lanczos = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    for edge in EDGES {
        let (to_width, to_height) = fitted(width, height, edge);
        let resized = timed(&format!("fast_image_resize: to {edge}"), || {
            let from = TypedImageRef::<U8x3>::from_buffer(width, height, &pixels)?;
            let mut to = TypedImage::<U8x3>::new(to_width, to_height);
            Resizer::new().resize_typed(&from, &mut to, &lanczos)?;
            Ok(to.pixels().iter().flat_map(|pixel| pixel.0).collect::<Vec<u8>>())
        })?;
        let file = timed(&format!("jpeg-encoder: {edge}"), || {
            let mut file = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut file, 80);
            encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
            encoder.encode(&resized, to_width as u16, to_height as u16, jpeg_encoder::ColorType::Rgb)?;
            Ok(file)
        })?;
        println!("{:<44} {:8} bytes", "", file.len());
    }
    Ok(())
}
