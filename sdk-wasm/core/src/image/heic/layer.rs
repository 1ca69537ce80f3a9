//! One coded picture, or a grid of them: iPhones store a photo as tiles of 512 × 512 pixels.

use heifer_hevc_dec::decoder::{DecodeOptions, decode_picture};
use heifer_hevc_dec::nal::NalUnit;
use heifer_hevc_dec::params::{ParameterSets, Sps};
use heifer_hevc_dec::recon::Frame;
use heifer_isobmff::boxes::{ColorInfo, HevcConfig, Property};
use heifer_isobmff::{HeifFile, ItemId};

use super::samples::{Coding, Conversion};
use super::{corrupt, in_container, in_stream, incomplete};
use crate::image::planar::{OutOfMemory, Plane, Planes};
use crate::image::{ImageError, Limits};

/// What the decoder takes for each pixel of a tile at its peak: the samples at 16 bits twice over, and what
/// it notes for every 4 × 4 of them. Measured in `tests/heic_memory.rs`.
const DECODER_BYTES_PER_PIXEL: u64 = 8;

/// By how much the coded picture may be larger than the one that is shown, along each edge: one coding tree
/// block (ITU-T H.265, 7.4.3.2.1), to whose multiple an encoder fills it up.
const CODING_BLOCK_PX: u32 = 64;
/// How many times the pixels a photo may have are decoded at most. Tiles that are filled up come to more
/// than they show, and small ones to far more.
const DECODED_TIMES: u64 = 2;

/// Perceptual quantiser and hybrid log-gamma (ITU-T H.273, table 3): high dynamic range.
const HDR_TRANSFERS: [u16; 2] = [16, 18];

/// BT.2020, DCI-P3 and Display P3 (ITU-T H.273, table 2): wider than those of sRGB.
const WIDE_PRIMARIES: [u16; 3] = [9, 11, 12];

/// Tiles side by side, all of one size and one sampling.
pub(super) struct Layer {
    /// Row by row.
    tiles: Vec<ItemId>,
    columns: u32,
    /// Width and height in pixels of every tile.
    tile_size: (u32, u32),
    /// Width and height in pixels of the whole.
    pub(super) size: (u32, u32),
    /// How many luma samples, across and down, one chroma sample stands for; `None` for grey.
    chroma: Option<(u32, u32)>,
    /// How samples are to be understood where the container says so.
    coding: Option<Coding>,
    /// Whether the container says that the colours are wider than those of sRGB.
    pub(super) has_wide_colours: bool,
    /// The most pixels a tile is coded with.
    coded_pixels: u64,
    /// Bytes the decoder takes for the largest tile.
    pub(super) decoding_bytes: u64,
}

impl Layer {
    /// Reads the headers of all tiles.
    pub(super) fn open(file: &HeifFile<'_>, item: ItemId, limits: &Limits) -> Result<Self, ImageError> {
        let (tiles, columns, size) = match &file.item(item).map_err(in_container)?.item_type.0 {
            b"hvc1" | b"hev1" => (vec![item], 1, size_of(file, item)?),
            b"grid" => {
                let grid = file.grid(item).map_err(in_container)?;
                let tiles = file.referenced_items(item, b"dimg").to_vec();
                if tiles.len() != usize::from(grid.rows) * usize::from(grid.columns) {
                    return Err(corrupt("its tiles are not as many as its rows and columns say"));
                }
                (tiles, grid.columns.into(), (grid.output_width, grid.output_height))
            }
            b"av01" => return Err(ImageError::UnsupportedFormat { what: "An AVIF picture" }),
            _ => return Err(ImageError::UnsupportedFormat { what: "A HEIF picture of this kind" }),
        };
        let Some(first) = tiles.first().copied() else { return Err(corrupt("it has no tiles")) };
        let tile_size = size_of(file, first)?;
        limits.admit(size)?;
        limits.admit(tile_size)?;
        let covers = |tiles: u32, tile: u32, edge: u32| tile > 0 && edge > 0 && edge.div_ceil(tile) == tiles;
        let rows = u32::try_from(tiles.len()).unwrap_or(u32::MAX) / columns.max(1);
        if !covers(columns, tile_size.0, size.0) || !covers(rows, tile_size.1, size.1) {
            return Err(corrupt("its tiles do not cover the picture"));
        }
        let chroma_format = config_of(file, first)?.chroma_format;
        let stated = coding_of(file, item)?.or(coding_of(file, first)?);
        let mut layer = Self {
            tiles,
            columns,
            tile_size,
            size,
            chroma: chroma_of(chroma_format)?,
            coding: stated.map(|(coding, _)| coding),
            has_wide_colours: stated.is_some_and(|(_, primaries)| WIDE_PRIMARIES.contains(&primaries)),
            coded_pixels: 0,
            decoding_bytes: 0,
        };
        layer.survey_tiles(file, item, chroma_format, limits)?;
        Ok(layer)
    }

    /// Makes sure that every tile is there and like the first, and takes note of the largest.
    fn survey_tiles(
        &mut self,
        file: &HeifFile<'_>,
        item: ItemId,
        chroma_format: u8,
        limits: &Limits,
    ) -> Result<(), ImageError> {
        let filled_up = |edge: u32| edge.saturating_add(CODING_BLOCK_PX);
        let mut all_pixels = 0_u64;
        for tile in &self.tiles {
            if *tile != item && !is_plain(file, *tile)? {
                return Err(ImageError::UnsupportedFormat {
                    what: "A HEIC whose tiles are turned or cropped",
                });
            }
            let config = config_of(file, *tile)?;
            if size_of(file, *tile)? != self.tile_size || config.chroma_format != chroma_format {
                return Err(corrupt("its tiles differ in size or sampling"));
            }
            let data_bytes = file.item_data(*tile).map_err(in_container)?.len() as u64;
            if data_bytes == 0 {
                return Err(incomplete("a tile of the picture has no data"));
            }
            let (width, height) = largest_coded(config)?;
            // Each tile is decoded by itself, so a small file of many tiles could ask for any work.
            if width > filled_up(self.tile_size.0) || height > filled_up(self.tile_size.1) {
                return Err(corrupt("a tile is coded far larger than it is shown"));
            }
            let coded = u64::from(width) * u64::from(height);
            all_pixels = all_pixels.saturating_add(coded);
            if all_pixels > limits.max_pixels.saturating_mul(DECODED_TIMES) {
                return Err(corrupt("its tiles are coded with far more pixels than the picture has"));
            }
            self.coded_pixels = self.coded_pixels.max(coded);
            // The stream is copied when it is put together and again without its escape bytes.
            self.decoding_bytes = self.decoding_bytes.max(DECODER_BYTES_PER_PIXEL * coded + 3 * data_bytes);
        }
        Ok(())
    }

    /// Bytes of the planes.
    pub(super) fn planes_bytes(&self) -> u64 {
        let plane = |across: u32, down: u32| {
            let padded = |edge: u32, divisor: u32| u64::from(edge.div_ceil(divisor)).next_multiple_of(16);
            padded(self.size.0, across) * padded(self.size.1, down)
        };
        plane(1, 1) + self.chroma.map_or(0, |(across, down)| 2 * plane(across, down))
    }

    /// Decodes all tiles.
    pub(super) fn decode(&self, file: &HeifFile<'_>) -> Result<Planes, ImageError> {
        let (width, height) = self.size;
        let mut planes = vec![self.plane((1, 1))?];
        if let Some(divisors) = self.chroma {
            planes.extend([self.plane(divisors)?, self.plane(divisors)?]);
        }
        self.each_tile(file, |frame, conversion, at, visible| {
            let [luma, chroma @ ..] = planes.as_mut_slice() else { return };
            conversion.write_luma(frame, luma, at, visible);
            if let (Some((across, down)), [blue, red]) = (self.chroma, chroma) {
                let at = (at.0 / across as usize, at.1 / down as usize);
                let visible = (visible.0.div_ceil(across as usize), visible.1.div_ceil(down as usize));
                conversion.write_chroma(frame, (blue, red), at, visible);
            }
        })?;
        Ok(Planes { width, height, planes })
    }

    /// Decodes all tiles and keeps their brightness only, which in an alpha channel is opacity.
    pub(super) fn decode_luma(&self, file: &HeifFile<'_>) -> Result<Plane, ImageError> {
        let mut luma = self.plane((1, 1))?;
        self.each_tile(file, |frame, conversion, at, visible| {
            conversion.write_luma(frame, &mut luma, at, visible);
        })?;
        Ok(luma)
    }

    /// Hands each decoded tile on: how to convert it, where it goes, and how much of it counts, in pixels.
    fn each_tile(
        &self,
        file: &HeifFile<'_>,
        mut take: impl FnMut(&Frame, &Conversion, (usize, usize), (usize, usize)),
    ) -> Result<(), ImageError> {
        let options = DecodeOptions { max_pixels: self.coded_pixels, ..DecodeOptions::default() };
        for (index, tile) in (0..).zip(&self.tiles) {
            let stream = file.hevc_bitstream(*tile).map_err(in_container)?;
            let frame = decode_picture(&stream, options).map_err(in_stream)?;
            drop(stream);
            let is_as_announced = chroma_of(frame.chroma_format)? == self.chroma
                && frame.widths[0] >= self.tile_size.0
                && frame.heights[0] >= self.tile_size.1;
            if !is_as_announced {
                return Err(corrupt("a tile is not what the header announces"));
            }
            let at = (index % self.columns * self.tile_size.0, index / self.columns * self.tile_size.1);
            if self
                .chroma
                .is_some_and(|(across, down)| !at.0.is_multiple_of(across) || !at.1.is_multiple_of(down))
            {
                return Err(corrupt("its tiles meet within a chroma sample"));
            }
            let conversion = Conversion::of(&frame, self.coding)?;
            let size = (self.tile_size.0 as usize, self.tile_size.1 as usize);
            take(&frame, &conversion, (at.0 as usize, at.1 as usize), size);
        }
        Ok(())
    }

    fn plane(&self, (across, down): (u32, u32)) -> Result<Plane, ImageError> {
        let (width, height) = self.size;
        let made = Plane::new(width.div_ceil(across) as usize, height.div_ceil(down) as usize);
        let mut plane = made.map_err(|OutOfMemory| ImageError::OutOfMemory)?;
        plane.extent = (f64::from(width) / f64::from(across), f64::from(height) / f64::from(down));
        Ok(plane)
    }
}

fn chroma_of(chroma_format: u8) -> Result<Option<(u32, u32)>, ImageError> {
    // `chroma_format_idc`, ITU-T H.265, table 6-1.
    match chroma_format {
        0 => Ok(None),
        1 => Ok(Some((2, 2))),
        2 => Ok(Some((2, 1))),
        3 => Ok(Some((1, 1))),
        _ => Err(corrupt("its sampling does not exist")),
    }
}

fn size_of(file: &HeifFile<'_>, item: ItemId) -> Result<(u32, u32), ImageError> {
    file.image_size(item).map_err(in_container)?.ok_or_else(|| corrupt("a picture in it has no size"))
}

fn config_of<'f>(file: &'f HeifFile<'_>, item: ItemId) -> Result<&'f HevcConfig, ImageError> {
    let config = file.hevc_config(item).map_err(in_container)?;
    config.ok_or_else(|| corrupt("a picture in it has no decoder configuration"))
}

/// Whether a tile is a coded picture that is used as it is.
fn is_plain(file: &HeifFile<'_>, tile: ItemId) -> Result<bool, ImageError> {
    let is_coded = matches!(&file.item(tile).map_err(in_container)?.item_type.0, b"hvc1" | b"hev1");
    let is_changed = file.item_properties(tile).map_err(in_container)?.any(|property| {
        matches!(property, Property::CleanAperture { .. } | Property::Rotation(1..) | Property::Mirror(_))
    });
    Ok(is_coded && !is_changed)
}

/// How the container says that samples are to be understood, and by which primaries.
fn coding_of(file: &HeifFile<'_>, item: ItemId) -> Result<Option<(Coding, u16)>, ImageError> {
    for property in file.item_properties(item).map_err(in_container)? {
        if let Property::Color(ColorInfo::Nclx { primaries, transfer, matrix, full_range }) = property {
            refuse_hdr(*transfer)?;
            return Ok(Some((Coding { matrix: *matrix, is_full_range: *full_range }, *primaries)));
        }
    }
    Ok(None)
}

/// The largest width and height in pixels a picture of this configuration is coded with.
fn largest_coded(config: &HevcConfig) -> Result<(u32, u32), ImageError> {
    let mut sets = ParameterSets::default();
    for unit in &config.nal_units {
        sets.add(&NalUnit::parse(unit).map_err(in_stream)?).map_err(in_stream)?;
    }
    for sps in sets.sps.iter().flatten() {
        refuse_hdr(sps.vui.as_ref().map_or(2, |vui| vui.transfer_characteristics.into()))?;
    }
    let size = |sps: &Sps| (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples);
    let sizes = sets.sps.iter().flatten().map(size);
    let largest = sizes.reduce(|one, other| (one.0.max(other.0), one.1.max(other.1)));
    largest.ok_or(ImageError::UnsupportedFormat { what: "A HEIC without parameters ahead of its picture" })
}

/// What is brighter than white would come out grey: such a photo is better left as it is.
fn refuse_hdr(transfer: u16) -> Result<(), ImageError> {
    if HDR_TRANSFERS.contains(&transfer) {
        return Err(ImageError::UnsupportedFormat { what: "A HEIC of high dynamic range (PQ or HLG)" });
    }
    Ok(())
}
