//! From a decoded photo to its images: each at its size, upright, encoded with what is carried over.

use windlass_protocol::metadata::MetadataWarning;

use super::as_it_is::AsItIs;
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
pub(super) struct Variants<'a> {
    original: Original<'a>,
    policy: MetadataPolicy,
    /// As stored.
    decoded: Planes,
    /// Upright, largest first.
    made: Vec<Planes>,
    warnings: Vec<MetadataWarning>,
}

impl<'a> Variants<'a> {
    pub(super) fn new(original: Original<'a>, policy: MetadataPolicy, decoded: Planes) -> Self {
        let warnings = original.warnings();
        Self { original, policy, decoded, made: Vec::new(), warnings }
    }

    /// Makes them all.
    pub(super) fn make(mut self, targets: &[Target]) -> Result<ResizeOutcome, ImageError> {
        let mut images: Vec<Option<EncodedImage>> = targets.iter().map(|_| None).collect();
        for target in targets {
            let image = match self.small_original(target) {
                Some(original) => original,
                None => {
                    let upright = self.upright(target)?;
                    let image = self.finish(target, &upright)?;
                    self.made.push(upright);
                    image
                }
            };
            if let Some(place) = images.get_mut(target.index) {
                *place = Some(image);
            }
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
            let exif = self.carried(target, (width, height)).exif;
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
        let carried = self.carried(target, size);
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
        let is_smaller = |file: &AsItIs<'_>| file.size_bytes() < bytes.len();
        if self.original.as_it_is().is_some_and(is_smaller)
            && let Some(original) = self.original_for(target)
        {
            return Ok(original);
        }
        let name = target.variant.name.clone();
        let (width, height) = size;
        Ok(EncodedImage { name, content_type: CONTENT_TYPE, width, height, bytes, passed_through: false })
    }

    /// What an image of a size carries; what has to be left out is a warning.
    fn carried(&mut self, target: &Target, size: (u32, u32)) -> Carried {
        let samples = if self.decoded.planes.len() == 1 { Samples::Grey } else { Samples::Rgb };
        let (carried, warning) = self.original.carried(target.variant.max_edge, size, samples, self.policy);
        if let Some(new) = warning.filter(|new| !self.warnings.contains(new)) {
            self.warnings.push(new);
        }
        carried
    }

    /// The original in place of an image that would hardly be smaller.
    fn small_original(&mut self, target: &Target) -> Option<EncodedImage> {
        let file = self.original.as_it_is()?;
        if !file.is_small_for(target.variant.quality, target.size) {
            return None;
        }
        self.original_for(target)
    }

    /// The original in place of an image of its own size, with the metadata that image is to carry.
    fn original_for(&mut self, target: &Target) -> Option<EncodedImage> {
        let (width, height) = (self.decoded.width, self.decoded.height);
        if target.size != (width, height) {
            return None;
        }
        self.original.as_it_is()?;
        let carried = if Original::carries_all(target.variant.max_edge, self.policy) {
            None
        } else {
            Some(self.carried(target, target.size))
        };
        let file = self.original.as_it_is()?;
        let bytes = match carried {
            None => file.unchanged(),
            Some(carried) => file.carrying(&carried).ok()?,
        };
        let name = target.variant.name.clone();
        Some(EncodedImage {
            name,
            content_type: file.content_type(),
            width,
            height,
            bytes,
            passed_through: true,
        })
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
