//! The primary picture of a HEIC by its header: what it is made of, its size, and the memory it takes.

use heifer_isobmff::boxes::Property;
use heifer_isobmff::{HeifFile, ItemId};

use super::layer::Layer;
use super::{corrupt, in_container};
use crate::image::plan::Target;
use crate::image::planar::{OutOfMemory, Plane, Planes};
use crate::image::{ImageError, Limits};

/// What an auxiliary picture that is an alpha channel calls itself (ISO/IEC 23008-12, 6.9.1; older files
/// use HEVC's name).
const ALPHA: [&str; 2] = ["urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1"];

/// A picture whose header has been read.
pub(super) struct Picture<'a> {
    file: HeifFile<'a>,
    colour: Layer,
    /// As large as `colour`.
    alpha: Option<Layer>,
    crop: Option<Crop>,
    /// Width and height in pixels once cropped, before any turn.
    pub(super) size: (u32, u32),
}

/// The part of the picture that counts (`clap`), in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Crop {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl<'a> Picture<'a> {
    /// Reads the header; the data of every tile must be there.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ImageError> {
        let file = HeifFile::parse(bytes).map_err(in_container)?;
        let primary = file.primary_id;
        let colour = Layer::open(&file, primary, limits)?;
        let alpha = alpha_of(&file, primary)?.map(|alpha| Layer::open(&file, alpha, limits)).transpose()?;
        let is_premultiplied = !file.referenced_items(primary, b"prem").is_empty();
        if is_premultiplied || alpha.as_ref().is_some_and(|alpha| alpha.size != colour.size) {
            return Err(ImageError::UnsupportedFormat { what: "A HEIC with such an alpha channel" });
        }
        let crop = crop_of(&file, primary, colour.size)?;
        let size = crop.map_or(colour.size, |crop| (crop.width, crop.height));
        Ok(Self { file, colour, alpha, crop, size })
    }

    /// Bytes held at the peak, the file itself not counted, when the largest image made is `largest`.
    pub(super) fn memory_bytes(&self, largest: Option<&Target<'_>>) -> u64 {
        let colour = self.colour.planes_bytes();
        let alpha = self.alpha.as_ref().map_or(0, Layer::planes_bytes);
        let decoding_alpha = self.alpha.as_ref().map_or(0, |layer| colour + alpha + layer.decoding_bytes);
        let cropping = if self.crop.is_some() { 2 * colour } else { 0 };
        let making = largest.map_or(0, |largest| largest.making_bytes(colour, self.size.0.into()));
        (colour + self.colour.decoding_bytes).max(decoding_alpha).max(cropping).max(making)
    }

    /// Whether the container says, a profile or not, that the colours are wider than those of sRGB.
    pub(super) fn has_wide_colours(&self) -> bool {
        self.colour.has_wide_colours
    }

    /// Decodes the pixels, as stored, opaque.
    pub(super) fn decode(&self) -> Result<Planes, ImageError> {
        let mut planes = self.colour.decode(&self.file)?;
        if let Some(alpha) = &self.alpha {
            let alpha = alpha.decode_luma(&self.file)?;
            flatten_on_white(&mut planes, &alpha);
        }
        match self.crop {
            Some(crop) => cropped(&planes, crop).map_err(|OutOfMemory| ImageError::OutOfMemory),
            None => Ok(planes),
        }
    }
}

/// The auxiliary item that is the alpha channel of a picture.
fn alpha_of(file: &HeifFile<'_>, picture: ItemId) -> Result<Option<ItemId>, ImageError> {
    for auxiliary in file.referencing_items(picture, b"auxl") {
        let mut properties = file.item_properties(auxiliary).map_err(in_container)?;
        if properties.any(
            |property| matches!(property, Property::AuxiliaryType(kind) if ALPHA.contains(&kind.as_str())),
        ) {
            return Ok(Some(auxiliary));
        }
    }
    Ok(None)
}

/// The clean aperture (ISO/IEC 14496-12, 12.1.4), within the picture.
fn crop_of(
    file: &HeifFile<'_>,
    picture: ItemId,
    (width, height): (u32, u32),
) -> Result<Option<Crop>, ImageError> {
    let mut is_turned = false;
    for property in file.item_properties(picture).map_err(in_container)? {
        match property {
            Property::Rotation(1..) | Property::Mirror(_) => is_turned = true,
            Property::CleanAperture { .. } if is_turned => {
                return Err(ImageError::UnsupportedFormat {
                    what: "A HEIC that is cropped after it was turned",
                });
            }
            Property::CleanAperture { width: across, height: down, horiz_offset, vert_offset } => {
                let (left, width) = aperture(width, *across, *horiz_offset)?;
                let (top, height) = aperture(height, *down, *vert_offset)?;
                return Ok(Some(Crop { left, top, width, height }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Where along one side of `edge` pixels the aperture begins and how long it is. Its offset is that of
/// its centre from the picture's.
fn aperture(edge: u32, length: (u32, u32), offset: (i32, u32)) -> Result<(u32, u32), ImageError> {
    if length.1 == 0 || offset.1 == 0 {
        return Err(corrupt("its crop divides by zero"));
    }
    let length = f64::from(length.0) / f64::from(length.1);
    let offset = f64::from(offset.0) / f64::from(offset.1);
    let start = ((f64::from(edge) - length) / 2.0 + offset).round().max(0.0);
    // `as` keeps within the range of the type.
    let (start, length) = (start as u32, length.round() as u32);
    let length = length.min(edge.saturating_sub(start));
    if length == 0 {
        return Err(corrupt("its crop leaves nothing"));
    }
    Ok((start, length))
}

/// Copies a part. Where chroma is coarser it begins with the sample that covers the part's first pixel.
fn cropped(planes: &Planes, crop: Crop) -> Result<Planes, OutOfMemory> {
    let part = |plane: &Plane| {
        let per_sample =
            (f64::from(planes.width) / plane.extent.0, f64::from(planes.height) / plane.extent.1);
        let extent = (f64::from(crop.width) / per_sample.0, f64::from(crop.height) / per_sample.1);
        let mut part = Plane::new(extent.0.ceil() as usize, extent.1.ceil() as usize)?;
        part.extent = extent;
        let (left, top) = (f64::from(crop.left) / per_sample.0, f64::from(crop.top) / per_sample.1);
        let (left, top) = (left as usize, top as usize);
        for (y, row) in part.samples.chunks_exact_mut(part.stride).enumerate().take(part.height) {
            let source = plane.row(top + y).get(left..).unwrap_or_default();
            row.iter_mut().zip(source).take(part.width).for_each(|(sample, source)| *sample = *source);
        }
        Ok(part)
    };
    let parts = planes.planes.iter().map(part).collect::<Result<_, _>>()?;
    Ok(Planes { width: crop.width, height: crop.height, planes: parts })
}

/// Mixes white in where the picture is transparent. That is linear, so it can be done to Y, Cb and Cr.
fn flatten_on_white(planes: &mut Planes, alpha: &Plane) {
    for (index, plane) in planes.planes.iter_mut().enumerate() {
        let white = if index == 0 { 255 } else { 128 };
        let across = alpha.width.div_ceil(plane.width.max(1)).max(1);
        let down = alpha.height.div_ceil(plane.height.max(1)).max(1);
        let (width, stride) = (plane.width, plane.stride);
        for (y, row) in plane.samples.chunks_exact_mut(stride).enumerate().take(plane.height) {
            for (x, sample) in row.iter_mut().enumerate().take(width) {
                let opacity = mean(alpha, x * across, y * down, across, down);
                let difference = (i32::from(*sample) - white) * opacity;
                *sample = (white + (difference + difference.signum() * 127) / 255).clamp(0, 255) as u8;
            }
        }
    }
}

/// The mean opacity, 0 to 255, of the pixels one sample stands for.
fn mean(alpha: &Plane, left: usize, top: usize, across: usize, down: usize) -> i32 {
    let (mut sum, mut count) = (0, 0);
    for y in top..top + down {
        for opacity in alpha.row(y).iter().skip(left).take(across) {
            sum += i32::from(*opacity);
            count += 1;
        }
    }
    if count == 0 { 255 } else { (sum + count / 2) / count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aperture_is_centred_unless_offset_and_never_reaches_outside() {
        assert_eq!(aperture(100, (60, 1), (0, 1)), Ok((20, 60)));
        assert_eq!(aperture(100, (60, 1), (-20, 1)), Ok((0, 60)));
        assert_eq!(aperture(100, (121, 2), (79, 4)), Ok((40, 60)));
        assert_eq!(aperture(100, (4_000_000_000, 1), (0, 1)), Ok((0, 100)));
        assert!(aperture(100, (60, 0), (0, 1)).is_err());
        assert!(aperture(100, (60, 1), (1_000_000, 1)).is_err());
    }

    #[test]
    fn transparent_turns_white_and_opaque_stays() {
        let plane = |samples: &[u8], width: usize, height: usize| {
            let mut plane = Plane::new(width, height).unwrap();
            for (row, source) in plane.samples.chunks_exact_mut(plane.stride).zip(samples.chunks(width)) {
                row[..width].copy_from_slice(source);
            }
            plane
        };
        let luma = plane(&[0, 100, 200, 50], 4, 1);
        let (blue, red) = (plane(&[0, 255], 2, 1), plane(&[255, 90], 2, 1));
        let mut planes = Planes { width: 4, height: 1, planes: vec![luma, blue, red] };
        flatten_on_white(&mut planes, &plane(&[0, 255, 0, 0], 4, 1));
        assert_eq!(planes.planes[0].row(0), [255, 100, 255, 255]);
        assert_eq!(planes.planes[1].row(0), [64, 128]);
        assert_eq!(planes.planes[2].row(0), [192, 128]);
    }
}
