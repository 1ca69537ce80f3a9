//! Writes a photo as a phone would: pixels as the sensor has them, and an EXIF block saying how to turn
//! them upright. For tests and trials, so that nobody's photo has to be in the tree.
//!
//! ```text
//! cargo run -p windlass-core --example make_photo -- --width 4048 --height 3036 --orientation 6 \
//!     --make Windlass --model "Test Camera" --taken 2026-11-21T09:12:58.120 --offset +01:00 \
//!     --lat 47.4979 --lon 19.0402 --alt 102.5 OUT.jpg
//! ```
//! Names that end in `.png`, `.webp`, `.tiff`, `.heic` and `.avif` give those formats; HEIC and AVIF are turned by the
//! container, and their EXIF says the same. An AVIF is always the same small house, stored upright. With `{}` in its
//! name a file is made for each of the eight orientations. Width and height are those of the stored picture; also
//! `--quality 1..100`, `--seed N`, `--grain LEVELS`, and for a JPEG `--coding progressive` and
//! `--profile display-p3`, in whose colours its pixels then are.

mod avif_file;
mod exif_block;
mod heic_file;
mod lossless_file;
mod scene;

use std::process::ExitCode;

use exif_block::{CameraNotes, exif_block};
use heic_file::{HeicForm, heic, turn};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

struct Request {
    notes: CameraNotes,
    quality: u8,
    is_progressive: bool,
    is_display_p3: bool,
    seed: u32,
    grain: f32,
    out: String,
}

fn main() -> ExitCode {
    let done = parse(std::env::args().skip(1)).and_then(|mut request| {
        if !request.out.contains("{}") {
            return write(&request, &request.out);
        }
        for orientation in 1..=8 {
            request.notes.orientation = orientation;
            write(&request, &request.out.replace("{}", &orientation.to_string()))?;
        }
        Ok(())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("make_photo: {message}");
            ExitCode::FAILURE
        }
    }
}

fn write(request: &Request, path: &str) -> Result<(), String> {
    std::fs::write(path, make(request)?).map_err(|error| format!("{path}: {error}"))
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut request = Request {
        notes: CameraNotes {
            make: "Windlass".into(),
            model: "Test Camera".into(),
            orientation: 1,
            width: 4048,
            height: 3036,
            ..CameraNotes::default()
        },
        quality: 92,
        is_progressive: false,
        is_display_p3: false,
        seed: 1,
        grain: 18.0,
        out: String::new(),
    };
    let (mut latitude, mut longitude) = (None, None);
    while let Some(argument) = arguments.next() {
        if !argument.starts_with("--") {
            request.out = argument;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        let notes = &mut request.notes;
        match argument.as_str() {
            "--width" => notes.width = number(&argument, &value)?,
            "--height" => notes.height = number(&argument, &value)?,
            "--orientation" => notes.orientation = number(&argument, &value)?,
            "--make" => notes.make = value,
            "--model" => notes.model = value,
            "--taken" => notes.taken = Some(value),
            "--offset" => notes.offset = Some(value),
            "--lat" => latitude = Some(number(&argument, &value)?),
            "--lon" => longitude = Some(number(&argument, &value)?),
            "--alt" => notes.altitude_m = Some(number(&argument, &value)?),
            "--quality" => request.quality = number(&argument, &value)?,
            "--coding" if value == "progressive" => request.is_progressive = true,
            "--profile" if value == "display-p3" => request.is_display_p3 = true,
            "--seed" => request.seed = number(&argument, &value)?,
            "--grain" => request.grain = number(&argument, &value)?,
            _ => return Err(format!("{argument} {value} is not an option")),
        }
    }
    request.notes.latitude_longitude = latitude.zip(longitude);
    if request.out.is_empty() {
        return Err("say which file to write".into());
    }
    if request.notes.width == 0 || request.notes.height == 0 {
        return Err("--width and --height must be at least 1".into());
    }
    Ok(request)
}

fn number<T: std::str::FromStr>(option: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{option} cannot be {value}"))
}

fn make(request: &Request) -> Result<Vec<u8>, String> {
    let CameraNotes { width, height, orientation, .. } = request.notes;
    let orientation = u8::try_from(orientation).unwrap_or(1);
    let draw = |width, height| scene::stored_pixels(width, height, orientation, request.seed, request.grain);
    let (small_width, small_height) = (160.min(width), (160 * height / width.max(160)).max(1));
    let thumbnail = Jpeg { quality: 80, ..Jpeg::default() }.encode(
        &draw(small_width, small_height),
        small_width,
        small_height,
    )?;
    let notes = CameraNotes { thumbnail: Some(thumbnail), ..request.notes.clone() };
    let exif = exif_block(&notes);
    let (_, ending) = request.out.rsplit_once('.').unwrap_or_default();
    if ending == "avif" {
        return avif_file::avif(orientation, &exif);
    }
    let pixels = draw(width, height);
    match ending {
        "png" => lossless_file::png(&pixels, width, height, &exif),
        "webp" => lossless_file::webp(&pixels, width, height, &exif),
        "tiff" => Ok(lossless_file::tiff(&pixels, width, height, orientation)),
        "heic" => {
            let opaque: Vec<u8> = pixels.chunks_exact(3).flat_map(|pixel| [pixel, &[255]].concat()).collect();
            let quality = request.quality;
            let form = HeicForm { properties: turn(orientation), exif: Some(exif), icc: None, quality };
            heic(&opaque, width, height, &form)
        }
        _ => {
            let profile = request.is_display_p3.then(|| moxcms::ColorProfile::new_display_p3().encode());
            let icc = profile.transpose().map_err(|error| error.to_string())?;
            let (quality, is_progressive) = (request.quality, request.is_progressive);
            Jpeg { quality, is_progressive, exif: Some(exif), icc }.encode(&pixels, width, height)
        }
    }
}

/// How a JPEG is made.
#[derive(Default)]
struct Jpeg {
    quality: u8,
    is_progressive: bool,
    exif: Option<Vec<u8>>,
    icc: Option<Vec<u8>>,
}

impl Jpeg {
    fn encode(&self, pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, String> {
        let side =
            |edge: u32| u16::try_from(edge).map_err(|_| format!("{edge} pixels are more than a JPEG has"));
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, self.quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_progressive(self.is_progressive);
        if let Some(exif) = &self.exif {
            encoder.add_exif_metadata(exif).map_err(|error| error.to_string())?;
        }
        if let Some(icc) = &self.icc {
            encoder.add_icc_profile(icc).map_err(|error| error.to_string())?;
        }
        encoder
            .encode(pixels, side(width)?, side(height)?, ColorType::Rgb)
            .map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}
