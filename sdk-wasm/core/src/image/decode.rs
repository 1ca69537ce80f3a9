//! Decoding by the `image` crate's codecs, in two steps: the header, which is enough to plan with, and
//! the pixels.

use std::error::Error;
use std::io::{Cursor, ErrorKind};

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::LimitErrorKind;
use image::{ColorType, ImageDecoder};

use super::complete::png;
use super::flatten::flatten;
use super::jpeg::{Frame, Process};
use super::plan::Limits;
use super::raster::{Raster, zeroed};
use super::{ImageError, PictureFormat};

/// A picture whose header has been read.
pub(super) struct Source<'a> {
    format: PictureFormat,
    codec: Codec<'a>,
    /// Width and height in pixels, as stored.
    pub(super) size: (u32, u32),
    color: ColorType,
    /// Bytes the decoder's own buffers take beside the pixels.
    scratch_bytes: u64,
}

enum Codec<'a> {
    /// Not opened yet: its header is read here, before its decoder copies the file.
    Jpeg(&'a [u8]),
    Opened(Box<dyn ImageDecoder + 'a>),
}

impl<'a> Source<'a> {
    /// Reads the header. Decoders that reserve memory for a row at once see only what `limits` admit.
    pub(super) fn open(bytes: &'a [u8], format: PictureFormat, limits: &Limits) -> Result<Self, ImageError> {
        let refused = in_format(format);
        let file = Cursor::new(bytes);
        let file_bytes = bytes.len() as u64;
        Ok(match format {
            PictureFormat::Jpeg => Self::open_jpeg(bytes)?,
            PictureFormat::Png => {
                limits.admit(png::size(bytes)?)?;
                let picture = Cursor::new(png::picture_only(bytes));
                Self::opened(format, PngDecoder::new(picture).map_err(refused)?, |_| file_bytes)
            }
            // Lossy ones are decoded as YCbCr first, lossless ones as RGBA.
            PictureFormat::WebP => {
                Self::opened(format, WebPDecoder::new(file).map_err(refused)?, |pixels| 4 * pixels)
            }
            // A frame smaller than the screen is decoded beside it.
            PictureFormat::Gif => {
                Self::opened(format, GifDecoder::new(file).map_err(refused)?, |pixels| 4 * pixels)
            }
            // The samples as stored, with black as a fourth one.
            PictureFormat::Tiff => {
                let decoder = TiffDecoder::new(file).map_err(refused)?;
                let samples_as_stored = decoder.total_bytes() / 3 * 4;
                Self::opened(format, decoder, |_| samples_as_stored)
            }
            PictureFormat::Heic => {
                return Err(ImageError::UnsupportedFormat { what: "A HEIC picture" });
            }
            PictureFormat::Avif => {
                return Err(ImageError::UnsupportedFormat { what: "An AVIF picture" });
            }
        })
    }

    fn open_jpeg(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let frame = Frame::of(bytes)?;
        let coefficients = match frame.process {
            Process::Sequential => 0,
            Process::Progressive => frame.samples(),
        };
        Ok(Self {
            format: PictureFormat::Jpeg,
            codec: Codec::Jpeg(bytes),
            size: (frame.width, frame.height),
            color: if frame.components.len() == 1 { ColorType::L8 } else { ColorType::Rgb8 },
            scratch_bytes: 2 * coefficients + bytes.len() as u64,
        })
    }

    /// `scratch_bytes` says from the number of pixels what the decoder takes beside them.
    fn opened(
        format: PictureFormat,
        decoder: impl ImageDecoder + 'a,
        scratch_bytes: impl FnOnce(u64) -> u64,
    ) -> Self {
        let size = decoder.dimensions();
        Self {
            format,
            size,
            color: decoder.color_type(),
            scratch_bytes: scratch_bytes(u64::from(size.0) * u64::from(size.1)),
            codec: Codec::Opened(Box::new(decoder)),
        }
    }

    /// Bytes of the pixels as the decoder writes them.
    pub(super) fn pixel_bytes(&self) -> u64 {
        u64::from(self.size.0) * u64::from(self.size.1) * u64::from(self.color.bytes_per_pixel())
    }

    /// Bytes of a pixel once it is reduced to eight opaque bits a sample.
    pub(super) fn flat_pixel_bytes(&self) -> u64 {
        if self.color.has_color() { 3 } else { 1 }
    }

    /// Bytes that decoding takes at its peak, the file itself not counted.
    pub(super) fn decoding_bytes(&self) -> u64 {
        self.pixel_bytes().saturating_add(self.scratch_bytes)
    }

    /// Decodes the pixels.
    pub(super) fn decode(self, limits: &Limits) -> Result<Raster, ImageError> {
        let refused = in_format(self.format);
        let mut data = zeroed(self.pixel_bytes())?;
        let mut decoder = match self.codec {
            Codec::Jpeg(bytes) => Box::new(JpegDecoder::new(Cursor::new(bytes)).map_err(&refused)?),
            Codec::Opened(decoder) => decoder,
        };
        if (decoder.dimensions(), decoder.color_type()) != (self.size, self.color) {
            return Err(ImageError::UnsupportedFormat { what: "A JPEG of this colour model" });
        }
        let mut decoder_limits = image::Limits::no_limits();
        decoder_limits.max_alloc = Some(limits.memory_bytes);
        decoder.set_limits(decoder_limits).map_err(&refused)?;
        decoder.read_image_boxed(&mut data).map_err(&refused)?;
        flatten(self.size.0, self.size.1, self.color, data)
    }
}

/// Says in our words what the decoder said.
fn in_format(format: PictureFormat) -> impl Fn(image::ImageError) -> ImageError {
    move |error| match error {
        image::ImageError::Unsupported(_) => ImageError::UnsupportedFormat {
            what: match format {
                PictureFormat::Jpeg => "A JPEG of this kind",
                PictureFormat::Png => "A PNG of this kind",
                PictureFormat::WebP => "A WebP of this kind",
                PictureFormat::Gif => "A GIF of this kind",
                PictureFormat::Tiff => "A TIFF of this kind",
                PictureFormat::Heic => "A HEIC picture",
                PictureFormat::Avif => "An AVIF picture",
            },
        },
        image::ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Incomplete { format, found: "the file ends before the picture does" }
        }
        image::ImageError::Limits(error) if error.kind() == LimitErrorKind::InsufficientMemory => {
            ImageError::OutOfMemory
        }
        other => ImageError::Corrupt { format, found: format!("the decoder refused it ({})", root(&other)) },
    }
}

/// The innermost reason, on one line.
fn root(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
