//! Types by magic bytes: what a file is, whatever its name and its sender say.

/// A file type Windlass can tell by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// JPEG (ITU-T T.81), also MPO and gain-map JPEGs.
    Jpeg,
    /// PNG, also APNG.
    Png,
    /// WebP (RFC 9649).
    WebP,
    /// GIF87a and GIF89a.
    Gif,
    /// TIFF 6.0 and BigTIFF, also DNG and other raw files built on it.
    Tiff,
    /// HEIF with HEVC images, as phones write it (ISO/IEC 23008-12).
    Heic,
    /// HEIF whose major brand names no codec.
    Heif,
    /// AVIF.
    Avif,
    /// PDF.
    Pdf,
    /// AutoCAD drawing.
    Dwg,
    /// MP4, 3GP and other ISO base media files.
    Mp4,
    /// QuickTime movie.
    QuickTime,
    /// ZIP archive.
    Zip,
}

impl MediaType {
    /// The media type as registered with IANA; `video/quicktime`, `image/vnd.dwg` among them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Heif => "image/heif",
            Self::Avif => "image/avif",
            Self::Pdf => "application/pdf",
            Self::Dwg => "image/vnd.dwg",
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
            Self::Zip => "application/zip",
        }
    }

    /// Other names under which senders announce this very content.
    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["image/jpg", "image/pjpeg", "image/jfif"],
            Self::Png => &["image/x-png", "image/apng", "image/vnd.mozilla.apng"],
            Self::Tiff => &["image/tif", "image/x-tiff", "image/dng", "image/x-adobe-dng"],
            // Writers choose the brand freely: one and the same picture is sent under any of these.
            Self::Heic | Self::Heif => {
                &["image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"]
            }
            Self::Avif => &["image/avif-sequence", "image/heif"],
            Self::Dwg => &[
                "image/x-dwg",
                "application/acad",
                "application/autocad_dwg",
                "application/dwg",
                "application/x-acad",
                "application/x-autocad",
                "application/x-dwg",
                "drawing/dwg",
            ],
            // Phones rename .mov to .mp4 and back; players tell by content.
            Self::Mp4 | Self::QuickTime => {
                &["video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2"]
            }
            Self::Zip => &["application/x-zip", "application/x-zip-compressed"],
            Self::Pdf => &["application/x-pdf"],
            Self::WebP | Self::Gif => &[],
        }
    }
}

/// How many bytes of a file's head [`sniff`] needs at most.
pub const SNIFF_BYTES: u64 = 512;

/// The type of a file by its first bytes ([`SNIFF_BYTES`] are enough), or `None` where they are those of
/// no known type. A signature must stand at the very start, so that a page of HTML with `%PDF-` inside
/// is no PDF.
pub fn sniff(head: &[u8]) -> Option<MediaType> {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(MediaType::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::WebP),
        // 42 is TIFF, 43 is BigTIFF.
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(MediaType::Tiff),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(MediaType::Pdf),
        // Version 2.5 to 2018: AC1.2, AC1.40, AC2.10, AC1002 … AC1032.
        [b'A', b'C', b'1' | b'2', b'.', b'0'..=b'9', ..] => Some(MediaType::Dwg),
        [b'A', b'C', b'1', b'0', b'0'..=b'9', b'0'..=b'9', ..] => Some(MediaType::Dwg),
        // A local header, the end record of an empty archive, a spanned archive's mark.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => Some(MediaType::Zip),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => sniff_brands(head),
        // QuickTime before the ftyp box: the movie, or the sample data followed by it.
        [_, _, _, _, b'm', b'o', b'o', b'v', ..] | [_, _, _, _, b'm', b'd', b'a', b't', ..] => {
            Some(MediaType::QuickTime)
        }
        _ => None,
    }
}

/// The type an ISO base media file claims by its brands: the major one first, then the compatible ones.
fn sniff_brands(head: &[u8]) -> Option<MediaType> {
    let size = head.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))?;
    let end = usize::try_from(size).ok()?.min(head.len());
    let major: &[u8] = head.get(8..12)?;
    let compatible = || head.get(16..end).unwrap_or_default().chunks_exact(4);
    match brand_type(major)? {
        // The structural brands name no codec: the compatible brands may.
        MediaType::Heif if compatible().any(|brand| brand_type(brand) == Some(MediaType::Avif)) => {
            Some(MediaType::Avif)
        }
        found => Some(found),
    }
}

fn brand_type(brand: &[u8]) -> Option<MediaType> {
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => {
            Some(MediaType::Heic)
        }
        b"avif" | b"avis" => Some(MediaType::Avif),
        b"mif1" | b"mif2" | b"mif3" | b"msf1" | b"miaf" | b"MiHE" | b"MiHB" => Some(MediaType::Heif),
        b"qt  " => Some(MediaType::QuickTime),
        b"isom" | b"avc1" | b"mp41" | b"mp42" | b"mp71" | b"M4V " | b"M4VH" | b"M4VP" | b"MSNV" | b"dash"
        | b"f4v " | b"XAVC" | b"mmp4" | b"NDSM" | b"NDSC" => Some(MediaType::Mp4),
        [b'i', b's', b'o', b'2'..=b'9' | b'a'..=b'c'] => Some(MediaType::Mp4),
        [b'3', b'g', b'p' | b'2' | b'e' | b's' | b'g' | b'h' | b'r', _] => Some(MediaType::Mp4),
        _ => None,
    }
}

/// Whether content found to be `sniffed` may go under the `declared` media type. Case and parameters do
/// not count. HEIC and HEIF are one family, MP4 and QuickTime are one, JPEG is also `image/jpg` …
pub fn content_matches(declared: &str, sniffed: MediaType) -> bool {
    let declared = declared.split(';').next().unwrap_or_default().trim();
    declared.eq_ignore_ascii_case(sniffed.as_str())
        || sniffed.aliases().iter().any(|alias| declared.eq_ignore_ascii_case(alias))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_known_by_its_first_bytes() {
        let cases: [(&[u8], MediaType); 17] = [
            (&[0xFF, 0xD8, 0xFF, 0xE1], MediaType::Jpeg),
            (b"\x89PNG\r\n\x1a\n", MediaType::Png),
            (b"RIFF\x10\0\0\0WEBPVP8 ", MediaType::WebP),
            (b"GIF89a", MediaType::Gif),
            (b"II*\0\x08\0\0\0", MediaType::Tiff),
            (b"MM\0+\0\x08\0\0", MediaType::Tiff),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", MediaType::Heic),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", MediaType::Heif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", MediaType::Avif),
            (b"\0\0\0\x14ftypavis\0\0\0\0msf1", MediaType::Avif),
            (b"%PDF-1.7", MediaType::Pdf),
            (b"AC1032\0\0", MediaType::Dwg),
            (b"\0\0\0\x14ftypisom\0\0\x02\0mp41", MediaType::Mp4),
            (b"\0\0\0\x14ftyp3gp5\0\0\0\0isom", MediaType::Mp4),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", MediaType::QuickTime),
            (b"\0\0\x10\0moov", MediaType::QuickTime),
            (b"PK\x03\x04\x14\0", MediaType::Zip),
        ];
        for (head, expected) in cases {
            assert_eq!(sniff(head), Some(expected), "{head:?}");
        }
    }

    #[test]
    fn what_only_contains_a_signature_is_of_no_known_type() {
        for head in
            [&b""[..], b"\xFF\xD8", b"<!doctype html>%PDF-1.7", b"\0\0\0\x14ftypcrx ", b"RIFF\0\0\0\0WAVE"]
        {
            assert_eq!(sniff(head), None, "{head:?}");
        }
    }

    #[test]
    fn brands_beyond_the_ftyp_box_do_not_count() {
        assert_eq!(sniff(b"\0\0\0\x10ftypmif1\0\0\0\0avif"), Some(MediaType::Heif));
    }

    #[test]
    fn a_family_goes_under_any_of_its_names() {
        assert!(content_matches("image/heif", MediaType::Heic));
        assert!(content_matches("image/heic", MediaType::Heif));
        assert!(content_matches("IMAGE/JPG; q=1", MediaType::Jpeg));
        assert!(content_matches("video/mp4", MediaType::QuickTime));
        assert!(content_matches("application/acad", MediaType::Dwg));
    }

    #[test]
    fn one_type_does_not_go_under_the_name_of_another() {
        assert!(!content_matches("image/png", MediaType::Jpeg));
        assert!(!content_matches("image/heic", MediaType::Avif));
        assert!(!content_matches("", MediaType::Jpeg));
        assert!(!content_matches("application/zip", MediaType::Pdf));
    }
}
