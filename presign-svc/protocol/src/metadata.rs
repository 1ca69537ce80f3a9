//! What the camera knew. Absent is `null`, never a guess.

use serde::{Deserialize, Serialize};

/// What a photo's file says about itself. Tag numbers are those of EXIF 2.32 (CIPA DC-008).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoMetadata {
    /// The container, as a media type by content (`image/jpeg`, `image/heic` …).
    pub content_type: Option<String>,
    /// Maker of the camera, trimmed (tag 0x010F).
    pub make: Option<String>,
    /// Model of the camera, trimmed (tag 0x0110).
    pub model: Option<String>,
    /// The orientation tag as written (tag 0x0112): 1 to 8 in a sound file, but 0 and others occur.
    pub orientation: Option<u16>,
    /// The orientation that counts, 1 to 8: `irot`/`imir` in HEIC and AVIF, the EXIF tag elsewhere.
    pub display_orientation: u8,
    /// When the picture was taken (tags 0x9003, 0x9011, 0x9291).
    pub taken_at: Option<TakenAt>,
    /// What the camera wrote about its place (GPS IFD).
    pub location: Option<GpsReading>,
    /// Width in pixels of the picture as stored, before orientation.
    pub width: Option<u32>,
    /// Height in pixels of the picture as stored, before orientation.
    pub height: Option<u32>,
    /// Exposure time in seconds (tag 0x829A).
    pub exposure_time_s: Option<f64>,
    /// F-number (tag 0x829D).
    pub f_number: Option<f64>,
    /// ISO speed (tag 0x8827).
    pub iso: Option<u32>,
    /// Focal length in millimetres (tag 0x920A).
    pub focal_length_mm: Option<f64>,
    /// Model of the lens, trimmed (tag 0xA434).
    pub lens_model: Option<String>,
    /// Whether the flash fired (bit 0 of tag 0x9209).
    pub flash_fired: Option<bool>,
    /// The software that wrote the file (tag 0x0131).
    pub software: Option<String>,
    /// What was odd about the file; the fields above are still what could be read.
    pub warnings: Vec<MetadataWarning>,
}

/// Local time as the camera showed it, and its offset where the camera wrote one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TakenAt {
    /// `2018-07-25T16:34:23`, with a fraction where the camera wrote sub-seconds.
    pub local: String,
    /// `+02:00`; `null` where the camera did not say.
    #[serde(default)]
    pub offset: Option<String>,
}

/// The GPS IFD as the camera wrote it. Each value stands alone: a phone without a fix writes an altitude
/// and no coordinates, a broken camera a latitude of 4294967295 degrees. [`GpsReading::place`] is the
/// checked place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GpsReading {
    /// Degrees, south is negative (tags 0x0001, 0x0002).
    pub latitude: Option<f64>,
    /// Degrees, west is negative (tags 0x0003, 0x0004).
    pub longitude: Option<f64>,
    /// Metres above sea level, below is negative (tags 0x0005, 0x0006).
    pub altitude_m: Option<f64>,
    /// Where the camera pointed, degrees clockwise from north (tag 0x0011).
    pub direction_deg: Option<f64>,
    /// The GPS fix's time in UTC, `2018-07-25T14:34:20Z` (tags 0x0007, 0x001D).
    pub gps_time: Option<String>,
}

impl GpsReading {
    /// The place, where there are both coordinates and both are on the globe. Two zeros are what some phones write
    /// without a fix; there is nothing but sea.
    pub fn place(&self) -> Option<Location> {
        let latitude = self.latitude.filter(|degrees| (-90.0..=90.0).contains(degrees))?;
        let longitude = self.longitude.filter(|degrees| (-180.0..=180.0).contains(degrees))?;
        if latitude == 0.0 && longitude == 0.0 {
            return None;
        }
        Some(Location { latitude, longitude, altitude_m: self.altitude_m, direction_deg: self.direction_deg })
    }
}

/// A place on the globe, WGS 84.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// Degrees, south is negative, -90 to 90.
    pub latitude: f64,
    /// Degrees, west is negative, -180 to 180.
    pub longitude: f64,
    /// Metres above sea level, below is negative.
    #[serde(default)]
    pub altitude_m: Option<f64>,
    /// Where the camera pointed, degrees clockwise from north.
    #[serde(default)]
    pub direction_deg: Option<f64>,
}

/// Something odd that reading survived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetadataWarning {
    /// A stable code in snake_case, for programs.
    pub code: String,
    /// A sentence, for people.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(latitude: Option<f64>, longitude: Option<f64>) -> GpsReading {
        GpsReading { latitude, longitude, altitude_m: Some(47.5), ..GpsReading::default() }
    }

    #[test]
    fn a_reading_with_both_coordinates_on_the_globe_is_a_place() {
        let place = reading(Some(-33.5), Some(151.25)).place().expect("both are there");
        assert_eq!((place.latitude, place.longitude, place.altitude_m), (-33.5, 151.25, Some(47.5)));
    }

    #[test]
    fn two_zeros_are_no_place_and_one_is_on_the_equator_or_at_greenwich() {
        assert_eq!(reading(Some(0.0), Some(0.0)).place(), None);
        assert_eq!(reading(Some(-0.0), Some(0.0)).place(), None);
        assert!(reading(Some(0.0), Some(32.5)).place().is_some());
        assert!(reading(Some(51.5), Some(0.0)).place().is_some());
    }

    #[test]
    fn a_reading_without_both_coordinates_on_the_globe_is_no_place() {
        assert_eq!(reading(None, Some(1.0)).place(), None);
        assert_eq!(reading(Some(1.0), None).place(), None);
        assert_eq!(reading(Some(4_294_967_295.0), Some(1.0)).place(), None);
        assert_eq!(reading(Some(1.0), Some(-180.5)).place(), None);
        assert_eq!(reading(Some(f64::NAN), Some(1.0)).place(), None);
    }
}
