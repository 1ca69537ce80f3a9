//! GIF: the logical screen's size (GIF89a, 18). GIF has no place for EXIF.

use super::Survey;
use crate::metadata::source::{Source, Stop};

pub(super) fn survey(source: &Source<'_>, survey: &mut Survey) -> Result<(), Stop> {
    let [width_low, width_high, height_low, height_high] = source.array(6)?;
    survey.set_dimensions(
        u16::from_le_bytes([width_low, width_high]).into(),
        u16::from_le_bytes([height_low, height_high]).into(),
    );
    Ok(())
}
