//! Pictures that somebody else decodes, a browser: whether they are whole, what must be known before, and
//! the way of their pixels to the variants.
//!
//! A browser's decoder is there already, and native; but it paints what is missing grey, turns pictures by
//! EXIF or does not as it likes, and gives sRGB. So a file is proven whole here first, its EXIF block is to be
//! hidden from the decoder ([`ExternalDecode::exif_offset`]), and the profile is left behind with the colours
//! it described. HEIC and AVIF are turned by properties of the container, which no decoder leaves out: the
//! caller says whether it was given the picture as stored or upright.

use windlass_protocol::metadata::MetadataWarning;

use super::carry::Original;
use super::complete;
use super::convert::ColourPlanes;
use super::jpeg::Frame;
use super::plan::targets;
use super::planar::{OutOfMemory, Turn};
use super::variants::Variants;
use super::{ImageError, Limits, PictureFormat, ResizeOptions, ResizeOutcome};
use crate::metadata::{exif_offset, read_metadata};
use windlass_planar::segments::{Segments, marker};

/// Bytes the decoder holds for a pixel: red, green, blue, alpha.
const DECODER_BYTES_PER_PIXEL: u64 = 4;

/// The marker of a JPEG's EXIF segments.
const APP1: u8 = 0xE1;

/// One picture on its way through a decoder outside. Ask, [`begin`](Self::begin), [`push`](Self::push) rows,
/// [`finish`](Self::finish).
pub struct ExternalDecode {
    options: ResizeOptions,
    original: Original<'static>,
    format: PictureFormat,
    /// Width and height in pixels as stored.
    size: (u32, u32),
    exif_offset: Option<u64>,
    /// Whether there is EXIF beside the block that is hidden.
    has_more_exif: bool,
    /// CMYK, for example.
    is_rgb_or_grey: bool,
    began: Option<Began>,
}

/// One image as pixels, upright, in sRGB.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelImage {
    /// As asked for.
    pub name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// From 0 to 1, as asked for.
    pub quality: f32,
    /// Red, green, blue, alpha, row by row; opaque.
    pub rgba: Vec<u8>,
    /// What the file is to carry of the original's EXIF: a TIFF structure.
    pub exif: Option<Vec<u8>>,
}

struct Began {
    planes: ColourPlanes,
    is_upright: bool,
}

impl ExternalDecode {
    /// Reads what must be known of a whole file. Its bytes are not needed any more then.
    ///
    /// # Errors
    /// [`ImageError`]: the picture is not whole, too large, or none that a decoder outside is trusted with.
    pub fn open(bytes: &[u8], options: &ResizeOptions, limits: &Limits) -> Result<Self, ImageError> {
        options.check()?;
        let format = PictureFormat::of(bytes)?;
        let mut is_rgb_or_grey = true;
        match format {
            PictureFormat::Jpeg => is_rgb_or_grey = Frame::of(bytes)?.components.len() != 4,
            PictureFormat::Png | PictureFormat::WebP | PictureFormat::Heic | PictureFormat::Avif => {}
            PictureFormat::Gif => return Err(ImageError::UnsupportedFormat { what: "A GIF, by a browser," }),
            PictureFormat::Tiff => {
                return Err(ImageError::UnsupportedFormat { what: "A TIFF, by a browser," });
            }
        }
        let metadata = read_metadata(bytes).unwrap_or_default();
        let Some(size) = metadata.width.zip(metadata.height) else {
            return Err(ImageError::Incomplete { format, found: "its size is not told" });
        };
        limits.admit(size)?;
        match complete::check(bytes, format) {
            // Whole, but not for the codecs: of one scan per colour.
            Err(ImageError::UnsupportedFormat { .. }) if format == PictureFormat::Jpeg => {}
            checked => checked?,
        }
        let pixels = u64::from(size.0) * u64::from(size.1);
        let planes = pixels / 2 * 3;
        let making =
            targets(size, options).first().map_or(0, |largest| largest.making_bytes(planes, size.0.into()));
        limits.afford((DECODER_BYTES_PER_PIXEL * pixels + planes).max(making))?;
        Ok(Self {
            options: options.clone(),
            original: Original::read(bytes).without_file(),
            format,
            size,
            exif_offset: exif_offset(bytes),
            has_more_exif: format == PictureFormat::Jpeg && has_more_exif(bytes),
            is_rgb_or_grey,
            began: None,
        })
    }

    /// Whether pixels in sRGB are all that there is: no wider colours, and no inks.
    #[must_use]
    pub fn is_srgb(&self) -> bool {
        self.is_rgb_or_grey && !self.original.has_other_colours()
    }

    /// How the container says that the stored picture has to be turned, 1 to 8: only HEIC and AVIF do.
    #[must_use]
    pub fn container_orientation(&self) -> u8 {
        if self.is_turned_by_container() { self.original.orientation } else { 1 }
    }

    /// Where the two bytes are that make the EXIF block one: set them to zero in the decoder's copy, and it
    /// has nothing to turn by. `None` for HEIC and AVIF, where EXIF does not turn.
    #[must_use]
    pub fn exif_offset(&self) -> Option<u64> {
        if self.is_turned_by_container() { None } else { self.exif_offset }
    }

    fn is_turned_by_container(&self) -> bool {
        matches!(self.format, PictureFormat::Heic | PictureFormat::Avif)
    }

    /// The smallest size, as stored, that is of use: a whole number of eighths, which is what decoders of
    /// JPEG can scale to, and not below the largest image wanted.
    #[must_use]
    pub fn useful_size(&self) -> (u32, u32) {
        let (width, height) = self.size;
        let eighths = |edge: u32, count: u32| {
            u32::try_from((u64::from(edge) * u64::from(count)).div_ceil(8)).unwrap_or(edge)
        };
        let wanted = targets(self.size, &self.options).first().map_or(self.size, |largest| largest.size);
        let sizes = (1..8).map(|count| (eighths(width, count), eighths(height, count)));
        sizes.into_iter().find(|size| size.0 >= wanted.0 && size.1 >= wanted.1).unwrap_or(self.size)
    }

    /// Takes note of what the decoder gives: its width and height in pixels, and whether it has turned the
    /// picture upright. It may be smaller than stored, not smaller than wanted.
    ///
    /// # Errors
    /// [`ImageError::UnsupportedFormat`] when the picture has another shape or is too small, so that it was not
    /// turned as thought, or nothing tells whether it was: another decoder may do. [`ImageError::OutOfMemory`].
    pub fn begin(&mut self, (width, height): (u32, u32), is_upright: bool) -> Result<(), ImageError> {
        // The decoder may have turned it by what is left, and its shape does not show half a turn.
        if self.has_more_exif {
            return Err(ImageError::UnsupportedFormat { what: "A JPEG with EXIF in several segments" });
        }
        let (across, down) = self.size_given(is_upright);
        let wanted = targets((across, down), &self.options).first().map_or((1, 1), |largest| largest.size);
        let skew = (u64::from(width) * u64::from(down)).abs_diff(u64::from(height) * u64::from(across));
        let has_shape = skew <= u64::from(across.max(down));
        let fits = |given: u32, wanted: u32, stored: u32| (wanted.max(1)..=stored).contains(&given);
        if !has_shape || !fits(width, wanted.0, across) || !fits(height, wanted.1, down) {
            return Err(ImageError::UnsupportedFormat { what: "A picture that is given in another shape" });
        }
        let planes = ColourPlanes::new(width as usize, height as usize);
        let planes = planes.map_err(|OutOfMemory| ImageError::OutOfMemory)?;
        self.began = Some(Began { planes, is_upright });
        Ok(())
    }

    /// Gives the next rows: red, green, blue, alpha; an even number of them unless they are the last. What is
    /// transparent is laid on white.
    pub fn push(&mut self, rows: &[u8]) {
        let Some(Began { planes, .. }) = &mut self.began else { return };
        let (pixels, _) = rows.as_chunks::<4>();
        // Nearly always so: then no pixel needs a branch of its own.
        if pixels.iter().fold(255, |opacity, pixel| opacity & pixel[3]) == 255 {
            planes.push(pixels, |[red, green, blue, _]| [*red, *green, *blue]);
        } else {
            planes.push(pixels, |[red, green, blue, alpha]| {
                [*red, *green, *blue].map(|level| on_white(level, *alpha))
            });
        }
    }

    /// Makes the images.
    ///
    /// # Errors
    /// [`ImageError`]; [`ImageError::Failed`] when rows are missing.
    pub fn finish(self) -> Result<ResizeOutcome, ImageError> {
        let (variants, size, options) = self.into_variants()?;
        variants.make(&targets(size, &options))
    }

    /// Makes the images' pixels, for an encoder outside as well, in the order asked for; and says what was odd
    /// about the picture.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_pixels(self) -> Result<(Vec<PixelImage>, Vec<MetadataWarning>), ImageError> {
        let (variants, size, options) = self.into_variants()?;
        variants.make_pixels(&targets(size, &options))
    }

    fn into_variants(self) -> Result<(Variants<'static>, (u32, u32), ResizeOptions), ImageError> {
        let missing = || ImageError::Failed { stage: "decoded", reason: "rows are missing".to_owned() };
        let is_upright = self.began.as_ref().is_some_and(|began| began.is_upright);
        let size = self.size_given(is_upright);
        let Self { options, original, began, .. } = self;
        let planes = began.and_then(|began| began.planes.finish()).ok_or_else(missing)?;
        let original = original.decoded_elsewhere(is_upright);
        Ok((Variants::new(original, options.metadata, planes), size, options))
    }

    /// The whole picture's size as the decoder sees it.
    fn size_given(&self, is_upright: bool) -> (u32, u32) {
        let turned = is_upright && Turn::from_exif(self.original.orientation).transpose;
        if turned { (self.size.1, self.size.0) } else { self.size }
    }
}

/// Whether a JPEG has EXIF in more than one segment: a long block goes on in those that follow, and some files have
/// two.
fn has_more_exif(bytes: &[u8]) -> bool {
    let mut segments = Segments::new(bytes);
    let mut found = 0;
    while let Ok(segment) = segments.next() {
        match segment.marker {
            marker::SOS | marker::EOI => break,
            APP1 if segment.payload.starts_with(b"Exif\0") => found += 1,
            _ => {}
        }
    }
    found > 1
}

fn on_white(level: u8, alpha: u8) -> u8 {
    let (level, alpha) = (u32::from(level), u32::from(alpha));
    ((level * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
