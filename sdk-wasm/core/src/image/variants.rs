//! From a decoded photo to its images: each at its size, upright, encoded with what is carried over.

use windlass_protocol::metadata::MetadataWarning;

use super::carry::{Carried, Original, Samples};
#[cfg(feature = "pixels")]
use super::convert::to_rgba;
#[cfg(feature = "pixels")]
use super::external::PixelImage;
use super::plan::Target;
use super::planar::{
    self, EncodeError, EncodeOptions, OutOfMemory, Planes, Sampling, Turn, encode, resample,
};
use super::{EncodedImage, ImageError, MetadataPolicy, ResizeOutcome};

/// The media type of what is made.
const CONTENT_TYPE: &str = "image/jpeg";

/// The marker of EXIF segments and of colour profiles, less that of the first application segment.
const APP1: u8 = 1;
const APP2: u8 = 2;

/// What a segment of a profile begins with, before its number and how many there are (ICC.1:2022, B.4).
const ICC_SIGNATURE: &[u8] = b"ICC_PROFILE\0";

/// The most bytes of a profile in one segment.
const ICC_CHUNK_BYTES: usize = 65_533 - ICC_SIGNATURE.len() - 2;

/// A decoded photo on its way to its variants.
pub(super) struct Variants {
    original: Original,
    policy: MetadataPolicy,
    /// As stored.
    decoded: Planes,
    /// Upright, largest first.
    made: Vec<Planes>,
    warnings: Vec<MetadataWarning>,
}

impl Variants {
    pub(super) fn new(original: Original, policy: MetadataPolicy, decoded: Planes) -> Self {
        let warnings = original.warnings();
        Self { original, policy, decoded, made: Vec::new(), warnings }
    }

    /// Makes them all.
    pub(super) fn make(mut self, targets: &[Target]) -> Result<ResizeOutcome, ImageError> {
        let mut images: Vec<Option<EncodedImage>> = targets.iter().map(|_| None).collect();
        for target in targets {
            let upright = self.upright(target)?;
            let image = self.finish(target, &upright)?;
            if let Some(place) = images.get_mut(target.index) {
                *place = Some(image);
            }
            self.made.push(upright);
        }
        Ok(ResizeOutcome { images: images.into_iter().flatten().collect(), warnings: self.warnings })
    }

    /// Makes them all, for an encoder outside.
    #[cfg(feature = "pixels")]
    pub(super) fn make_pixels(
        mut self,
        targets: &[Target],
    ) -> Result<(Vec<PixelImage>, Vec<MetadataWarning>), ImageError> {
        let mut images = Vec::with_capacity(targets.len());
        for target in targets {
            let upright = self.upright(target)?;
            let (width, height) = (upright.width, upright.height);
            let exif = self.carried(target, &upright).exif;
            let rgba = to_rgba(&upright)?;
            let Target { variant, index, .. } = target;
            let (name, quality) = (variant.name.clone(), variant.quality);
            images.push((*index, PixelImage { name, width, height, quality, rgba, exif }));
            self.made.push(upright);
        }
        images.sort_by_key(|(index, _)| *index);
        Ok((images.into_iter().map(|(_, image)| image).collect(), self.warnings))
    }

    /// The picture at the size wanted, made of the smallest that is large enough.
    fn upright(&self, target: &Target) -> Result<Planes, ImageError> {
        let turn = Turn::from_exif(self.original.orientation);
        let (width, height) = if turn.transpose { (target.size.1, target.size.0) } else { target.size };
        let wanted = planar::Target { width, height, sampling: Sampling::Half };
        let larger = self.made.iter().rev().find(|made| target.can_be_made_from((made.width, made.height)));
        let (source, turn) = larger.map_or((&self.decoded, turn), |made| (made, Turn::default()));
        resample(source, wanted, turn).map_err(|OutOfMemory| ImageError::OutOfMemory)
    }

    /// The file, with what is carried over.
    fn finish(&mut self, target: &Target, upright: &Planes) -> Result<EncodedImage, ImageError> {
        let size = (upright.width, upright.height);
        let carried = self.carried(target, upright);
        let failed = |reason: String| ImageError::Failed { stage: "encoded", reason };
        let segments = segments(&carried).map_err(failed)?;
        let segments: Vec<(u8, &[u8])> =
            segments.iter().map(|(application, payload)| (*application, payload.as_slice())).collect();
        let quality = (target.variant.quality * 100.0).round().clamp(1.0, 100.0) as u8;
        let encoded = encode(upright, &EncodeOptions { quality, segments: &segments });
        let bytes = encoded.map_err(|error| match error {
            EncodeError::OutOfMemory(OutOfMemory) => ImageError::OutOfMemory,
            other => failed(other.to_string()),
        })?;
        let name = target.variant.name.clone();
        Ok(EncodedImage { name, content_type: CONTENT_TYPE, width: size.0, height: size.1, bytes })
    }

    /// What an image carries; why something had to be left out is added to the warnings.
    fn carried(&mut self, target: &Target, upright: &Planes) -> Carried {
        let samples = if upright.planes.len() == 1 { Samples::Grey } else { Samples::Rgb };
        let size = (upright.width, upright.height);
        let (carried, warning) = self.original.carried(target.variant.max_edge, size, samples, self.policy);
        if let Some(new) = warning.filter(|new| !self.warnings.contains(new)) {
            self.warnings.push(new);
        }
        carried
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
