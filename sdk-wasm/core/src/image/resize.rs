//! Making a picture smaller: Lanczos with three lobes, by `fast_image_resize`.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use super::ImageError;
use super::raster::{Raster, Samples};

/// `source` at another size.
// The typed interface on purpose: the untyped one links the code of every pixel type, ten times as much.
pub(super) fn resize(source: &Raster, width: u32, height: u32) -> Result<Raster, ImageError> {
    let mut target = Raster::new(width, height, source.samples)?;
    let resized = match source.samples {
        Samples::Grey => resize_pixels::<U8>(source, &mut target),
        Samples::Rgb => resize_pixels::<U8x3>(source, &mut target),
    };
    resized.map_err(|reason| ImageError::Failed { stage: "resized", reason })?;
    Ok(target)
}

fn resize_pixels<P: PixelTrait>(source: &Raster, target: &mut Raster) -> Result<(), String> {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    let from = TypedImageRef::<P>::from_buffer(source.width, source.height, &source.data)
        .map_err(|error| error.to_string())?;
    let mut to = TypedImage::<P>::from_buffer(target.width, target.height, &mut target.data)
        .map_err(|error| error.to_string())?;
    Resizer::new().resize_typed(&from, &mut to, &options).map_err(|error| error.to_string())
}
