//! The fast path: baseline JPEGs, without ever becoming RGB (see [`planar`]).
//!
//! The decoder counts the parts of the picture itself, so these files need no walk beforehand to prove
//! that they are whole.

use windlass_protocol::metadata::MetadataWarning;

use super::carry::{Carried, Original};
use super::encode::CONTENT_TYPE;
use super::jpeg::Frame;
use super::plan::{Target, targets};
use super::planar::{
    DecodeError, EncodeOptions, Header, OutOfMemory, Planes, Sampling, Scale, Turn, encode, resample,
};
use super::raster::Samples;
use super::{EncodedImage, ImageError, Limits, PictureFormat, ResizeOptions, ResizeOutcome};

/// The marker of EXIF segments and of colour profiles, less that of the first application segment.
const APP1: u8 = 1;
const APP2: u8 = 2;

/// What a segment of a profile begins with, before its number and how many there are (ICC.1:2022, B.4).
const ICC_SIGNATURE: &[u8] = b"ICC_PROFILE\0";

/// The most bytes of a profile in one segment.
const ICC_CHUNK_BYTES: usize = 65_533 - ICC_SIGNATURE.len() - 2;

/// Makes every variant; `None` when the file needs the general path.
pub(super) fn resize(
    bytes: &[u8],
    options: &ResizeOptions,
    limits: &Limits,
) -> Result<Option<ResizeOutcome>, ImageError> {
    // Before anything else, so that a picture too large is told from one whose data is missing.
    let frame = Frame::of(bytes)?;
    limits.admit((frame.width, frame.height))?;
    let header = match Header::parse(bytes) {
        Err(DecodeError::NotHandled(_)) => return Ok(None),
        parsed => parsed.map_err(in_words)?,
    };
    let size = (header.width(), header.height());
    let targets = targets(size, options);
    let Some(largest) = targets.first() else { return Ok(None) };
    let scales = header.scales_for(largest.size.0, largest.size.1, Sampling::Half);
    let needed_bytes = needed_bytes(&header, &scales, largest);
    if needed_bytes > limits.memory_bytes {
        return Err(ImageError::OverMemoryBudget { needed_bytes, budget_bytes: limits.memory_bytes });
    }
    let original = Original::read(bytes);
    let decoded = match header.decode(&scales) {
        Err(DecodeError::NotHandled(_)) => return Ok(None),
        decoded => decoded.map_err(in_words)?,
    };
    Variants { original, options, decoded, made: Vec::new(), warnings: Vec::new() }.make(&targets).map(Some)
}

/// Bytes held while the largest image is made: the decoded planes; a plane shortened and that transposed,
/// or that and the result; the planes made, those of smaller images, and the file.
fn needed_bytes(header: &Header, scales: &[Scale], largest: &Target) -> u64 {
    let (width, height) = (u64::from(largest.size.0), u64::from(largest.size.1));
    let edge = scales.first().map_or(8, |scale| scale.block_edge() as u64);
    let decoded_width = (u64::from(header.width()) * edge).div_ceil(8);
    header.memory_bytes(scales) + 2 * decoded_width.max(width) * height + 3 * width * height
}

/// A decoded photo on its way to its variants.
struct Variants<'o> {
    original: Original,
    options: &'o ResizeOptions,
    /// As stored.
    decoded: Planes,
    /// Upright, largest first.
    made: Vec<Planes>,
    warnings: Vec<MetadataWarning>,
}

impl Variants<'_> {
    fn make(mut self, targets: &[Target]) -> Result<ResizeOutcome, ImageError> {
        self.warnings.extend(self.original.warnings());
        let mut images = Vec::with_capacity(targets.len());
        for target in targets {
            let upright = self.upright(target)?;
            images.push((target.index, self.finish(target, &upright)?));
            self.made.push(upright);
        }
        images.sort_by_key(|(index, _)| *index);
        let images = images.into_iter().map(|(_, image)| image).collect();
        Ok(ResizeOutcome { images, warnings: self.warnings })
    }

    /// The picture at the size wanted, made of the smallest that is large enough.
    fn upright(&self, target: &Target) -> Result<Planes, ImageError> {
        let turn = Turn::from_exif(self.original.orientation);
        let (width, height) = if turn.transpose { (target.size.1, target.size.0) } else { target.size };
        let wanted = super::planar::Target { width, height, sampling: Sampling::Half };
        let larger = self.made.iter().rev().find(|made| target.can_be_made_from((made.width, made.height)));
        let (source, turn) = larger.map_or((&self.decoded, turn), |made| (made, Turn::default()));
        resample(source, wanted, turn).map_err(|OutOfMemory| ImageError::OutOfMemory)
    }

    /// The file, with what is carried over.
    fn finish(&mut self, target: &Target, upright: &Planes) -> Result<EncodedImage, ImageError> {
        let samples = if upright.planes.len() == 1 { Samples::Grey } else { Samples::Rgb };
        let size = (upright.width, upright.height);
        let (carried, warning) =
            self.original.carried(target.variant.max_edge, size, samples, self.options.metadata);
        if let Some(new) = warning.filter(|new| !self.warnings.contains(new)) {
            self.warnings.push(new);
        }
        let failed = |reason: String| ImageError::Failed { stage: "encoded", reason };
        let segments = segments(&carried).map_err(failed)?;
        let segments: Vec<(u8, &[u8])> =
            segments.iter().map(|(application, payload)| (*application, payload.as_slice())).collect();
        let quality = (target.variant.quality * 100.0).round().clamp(1.0, 100.0) as u8;
        let bytes = encode(upright, &EncodeOptions { quality, segments: &segments })
            .map_err(|error| failed(error.to_string()))?;
        let name = target.variant.name.clone();
        Ok(EncodedImage { name, content_type: CONTENT_TYPE, width: size.0, height: size.1, bytes })
    }
}

/// What is carried over, as application segments.
fn segments(carried: &Carried) -> Result<Vec<(u8, Vec<u8>)>, String> {
    let mut segments = Vec::new();
    if let Some(exif) = &carried.exif {
        segments.push((APP1, [&b"Exif\0\0"[..], exif].concat()));
    }
    if let Some(icc) = &carried.icc {
        let count = icc.len().div_ceil(ICC_CHUNK_BYTES);
        let count = u8::try_from(count).map_err(|_| "the colour profile is too long".to_owned())?;
        for (number, chunk) in (1..=count).zip(icc.chunks(ICC_CHUNK_BYTES)) {
            segments.push((APP2, [ICC_SIGNATURE, &[number, count], chunk].concat()));
        }
    }
    Ok(segments)
}

/// Says as the general path does why nothing was decoded.
fn in_words(error: DecodeError) -> ImageError {
    let format = PictureFormat::Jpeg;
    match error {
        DecodeError::NotHandled(_) => ImageError::UnsupportedFormat { what: "A JPEG of this kind" },
        DecodeError::Incomplete { .. } => {
            ImageError::Incomplete { format, found: "the picture's data stops early" }
        }
        DecodeError::Corrupt(found) => ImageError::Corrupt { format, found: found.to_owned() },
        DecodeError::OutOfMemory(OutOfMemory) => ImageError::OutOfMemory,
    }
}
