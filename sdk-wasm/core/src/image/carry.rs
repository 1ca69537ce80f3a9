//! What the camera knew, carried from the original into what is made of it.

use windlass_protocol::metadata::MetadataWarning;

use super::MetadataPolicy;
use super::as_it_is::AsItIs;
use super::srgb::is_srgb;
#[cfg(any(feature = "codecs", feature = "heic", feature = "pixels"))]
use crate::metadata::extract_icc;
use crate::metadata::{ExifRewrite, extract_exif, extract_jpeg_icc, read_metadata, rewrite_exif};

/// Images up to this edge in pixels carry no EXIF: it would outweigh the picture.
const THUMBNAIL_MAX_EDGE: u32 = 256;

/// What a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    /// One byte, brightness.
    Grey,
    /// Three bytes: red, green, blue.
    Rgb,
}

/// What of the original is worth carrying over.
pub(super) struct Original<'a> {
    /// The file, where browsers show it as it is.
    file: Option<AsItIs<'a>>,
    /// How the stored picture has to be turned, 1 to 8.
    pub(super) orientation: u8,
    warnings: Vec<MetadataWarning>,
    exif: Option<Vec<u8>>,
    icc: Option<Vec<u8>>,
    /// Whether the pixels were converted to sRGB.
    is_converted: bool,
}

/// What one image carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    /// A TIFF structure, at most what one JPEG segment holds.
    pub(super) exif: Option<Vec<u8>>,
    /// A colour profile that fits the image's samples.
    pub(super) icc: Option<Vec<u8>>,
}

impl<'a> Original<'a> {
    /// Reads what there is. What cannot be read is not carried over; damage is a warning.
    #[cfg(any(feature = "codecs", feature = "heic", feature = "pixels"))]
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        #[cfg(feature = "codecs")]
        let file = AsItIs::of(bytes);
        // The modules of the other features have no part in passing originals through.
        #[cfg(not(feature = "codecs"))]
        let file = None;
        Self::with_profile(bytes, file, extract_icc(bytes))
    }

    /// As `read` of what is known to be a JPEG: the fast path's module needs no reader of other profiles.
    pub(super) fn read_jpeg(bytes: &'a [u8]) -> Self {
        Self::with_profile(bytes, AsItIs::of_jpeg(bytes), extract_jpeg_icc(bytes))
    }

    fn with_profile(bytes: &[u8], file: Option<AsItIs<'a>>, icc: Option<Vec<u8>>) -> Self {
        let metadata = read_metadata(bytes).ok();
        Self {
            file,
            orientation: metadata.as_ref().map_or(1, |metadata| metadata.display_orientation),
            warnings: metadata.map(|metadata| metadata.warnings).unwrap_or_default(),
            exif: extract_exif(bytes),
            icc,
            is_converted: false,
        }
    }

    /// Leaves out a profile that says no more than what holds without one; `false` where one of other colours of
    /// red, green and blue stays.
    pub(super) fn drop_srgb_profile(&mut self) -> bool {
        self.icc = self.icc.take().filter(|profile| !is_srgb(profile));
        !self.icc.as_ref().is_some_and(|profile| fits_samples(profile, Samples::Rgb))
    }

    /// The colour profile.
    #[cfg(any(feature = "codecs", feature = "heic"))]
    pub(super) fn profile(&self) -> Option<&[u8]> {
        self.icc.as_deref()
    }

    /// The pixels are sRGB now: neither the profile nor the file itself goes with them.
    #[cfg(feature = "codecs")]
    pub(super) fn was_converted(&mut self) {
        (self.icc, self.file, self.is_converted) = (None, None, true);
    }

    /// The colours stay as they are; their profile goes with the image where it fits.
    #[cfg(any(feature = "codecs", feature = "heic"))]
    pub(super) fn warn_of_its_colours(&mut self) {
        let has_profile = self.icc.as_ref().is_some_and(|profile| fits_samples(profile, Samples::Rgb));
        let consequence = if has_profile { "carry their profile" } else { "may look different" };
        self.warnings.push(MetadataWarning {
            code: "colors_not_converted".to_owned(),
            message: format!("The colours could not be converted to sRGB: resized images {consequence}."),
        });
    }

    /// The same for a picture that somebody else decoded, to sRGB: the profile described other numbers. Where
    /// that decoder has turned it already, nothing is left to turn.
    #[cfg(feature = "pixels")]
    pub(super) fn decoded_elsewhere(self, is_upright: bool) -> Self {
        let is_converted = self.has_other_colours();
        Self { orientation: if is_upright { 1 } else { self.orientation }, icc: None, is_converted, ..self }
    }

    /// Without the file itself, for who does not keep its bytes.
    #[cfg(feature = "pixels")]
    pub(super) fn without_file(self) -> Original<'static> {
        let Self { orientation, warnings, exif, icc, is_converted, .. } = self;
        Original { file: None, orientation, warnings, exif, icc, is_converted }
    }

    /// Whether there is a profile of other colours than sRGB, which a decoder to sRGB would lose.
    #[cfg(feature = "pixels")]
    pub(super) fn has_other_colours(&self) -> bool {
        self.icc.as_ref().is_some_and(|profile| !is_srgb(profile))
    }

    /// What was odd about the photo.
    pub(super) fn warnings(&self) -> Vec<MetadataWarning> {
        self.warnings.clone()
    }

    /// The file itself, where it is upright and may stand for an image of its own size.
    pub(super) fn as_it_is(&self) -> Option<&AsItIs<'a>> {
        self.file.as_ref().filter(|_| self.orientation == 1)
    }

    /// Whether an image asked for with `max_edge` carries all that the original does.
    pub(super) fn carries_all(max_edge: u32, policy: MetadataPolicy) -> bool {
        policy == MetadataPolicy::Keep && max_edge > THUMBNAIL_MAX_EDGE
    }

    /// What an upright image asked for with `max_edge` carries, and a warning when something had to be left out.
    pub(super) fn carried(
        &self,
        max_edge: u32,
        (width, height): (u32, u32),
        samples: Samples,
        policy: MetadataPolicy,
    ) -> (Carried, Option<MetadataWarning>) {
        let icc = self.icc.as_ref().filter(|profile| fits_samples(profile, samples)).cloned();
        let strip_location = match policy {
            MetadataPolicy::Keep => false,
            MetadataPolicy::StripLocation => true,
            MetadataPolicy::Strip => return (Carried { exif: None, icc }, None),
        };
        if max_edge <= THUMBNAIL_MAX_EDGE {
            return (Carried { exif: None, icc }, None);
        }
        let rewrite = ExifRewrite { width, height, strip_location, to_srgb: self.is_converted };
        let exif = self.exif.as_ref().and_then(|block| rewrite_exif(block, &rewrite));
        let warning = (self.exif.is_some() && exif.is_none()).then(|| MetadataWarning {
            code: "exif_not_carried".to_owned(),
            message: "The EXIF data could not be rewritten: resized images have none, the original does."
                .to_owned(),
        });
        (Carried { exif, icc }, warning)
    }
}

/// Whether a profile describes these samples (ICC.1:2022, 7.2.8): one for CMYK or grey would give an RGB
/// image wrong colours.
fn fits_samples(profile: &[u8], samples: Samples) -> bool {
    let color_space = profile.get(16..20);
    match samples {
        Samples::Grey => color_space == Some(b"GRAY"),
        Samples::Rgb => color_space == Some(b"RGB "),
    }
}
