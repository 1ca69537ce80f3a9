//! The types of file Windlass takes: those the core can tell by content, and what the service does with
//! each. What is not among them cannot be announced, stored, or served.

use windlass_core::metadata::{MediaType as Content, content_matches, sniff};
use windlass_protocol::photo::MediaKind;

use super::filename::Filename;

/// A type of file Windlass takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaType(Content);

/// What the service does with a type.
struct Treatment {
    /// Endings of file names; the first is the one used in keys.
    extensions: &'static [&'static str],
    kind: MediaKind,
    /// Whether a browser may show it in place: raster images and films run no script.
    inline: bool,
}

impl MediaType {
    /// JPEG, the commonest.
    pub const JPEG: Self = Self(Content::Jpeg);

    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::JPEG,
        Self(Content::Png),
        Self(Content::WebP),
        Self(Content::Heic),
        Self(Content::Heif),
        Self(Content::Avif),
        Self(Content::Gif),
        Self(Content::Tiff),
        Self(Content::Pdf),
        Self(Content::Dwg),
        Self(Content::Mp4),
        Self(Content::QuickTime),
        Self(Content::Zip),
    ];

    const fn treatment(self) -> Treatment {
        use MediaKind::{Archive, Document, Photo, Video};
        let (extensions, kind, inline): (&[_], _, _) = match self.0 {
            Content::Jpeg => (&["jpg", "jpeg", "jpe", "jfif"], Photo, true),
            Content::Png => (&["png", "apng"], Photo, true),
            Content::WebP => (&["webp"], Photo, true),
            Content::Heic => (&["heic"], Photo, true),
            Content::Heif => (&["heif", "hif"], Photo, true),
            Content::Avif => (&["avif"], Photo, true),
            Content::Gif => (&["gif"], Photo, true),
            Content::Tiff => (&["tif", "tiff", "dng"], Photo, true),
            Content::Pdf => (&["pdf"], Document, false),
            Content::Dwg => (&["dwg"], Document, false),
            Content::Mp4 => (&["mp4", "m4v", "3gp"], Video, true),
            Content::QuickTime => (&["mov", "qt"], Video, true),
            Content::Zip => (&["zip"], Archive, false),
        };
        Treatment { extensions, kind, inline }
    }

    /// Its registered name, such as `image/jpeg`.
    pub fn mime(self) -> &'static str {
        self.0.as_str()
    }

    /// The ending of its objects' keys, such as `jpg`.
    pub fn extension(self) -> &'static str {
        self.treatment().extensions.first().copied().unwrap_or("bin")
    }

    /// Photo, video, document or archive.
    pub fn kind(self) -> MediaKind {
        self.treatment().kind
    }

    /// Whether a browser may show it in place; everything else is a download.
    pub fn is_shown_inline(self) -> bool {
        self.treatment().inline
    }

    /// Whether the client may send it as a smaller picture: what every browser can show.
    pub fn is_variant_type(self) -> bool {
        matches!(self.0, Content::Jpeg | Content::Png | Content::WebP | Content::Avif)
    }

    /// Reads a media type by its registered name or one of the world's other names for it; parameters and
    /// letter case do not matter.
    pub fn from_mime(text: &str) -> Option<Self> {
        let name = text.split(';').next().unwrap_or_default().trim();
        let by_name = Self::ALL.into_iter().find(|known| known.mime().eq_ignore_ascii_case(name));
        by_name.or_else(|| Self::ALL.into_iter().find(|known| content_matches(name, known.0)))
    }

    /// The type a client means: by its media type, or by the name's ending where the client's system did
    /// not know one (browsers then say nothing or `application/octet-stream`).
    pub fn announced(content_type: &str, filename: &Filename) -> Option<Self> {
        match content_type.trim() {
            "" | "application/octet-stream" => {
                let extension = filename.extension()?.to_ascii_lowercase();
                Self::ALL.into_iter().find(|known| known.treatment().extensions.contains(&extension.as_str()))
            }
            given => Self::from_mime(given),
        }
    }

    /// The type by content, from the first bytes.
    pub fn of_content(head: &[u8]) -> Option<Self> {
        sniff(head).map(Self)
    }

    /// Whether content of this type may go under the name of `announced`.
    pub fn may_be_announced_as(self, announced: Self) -> bool {
        content_matches(announced.mime(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_type_leads_to_it_and_to_no_other() {
        for media_type in MediaType::ALL {
            assert_eq!(MediaType::from_mime(media_type.mime()), Some(media_type));
            for extension in media_type.treatment().extensions {
                let name = Filename::clean(&format!("a.{}", extension.to_uppercase()));
                assert_eq!(MediaType::announced("", &name), Some(media_type), "{extension}");
            }
        }
        assert_eq!(MediaType::from_mime("IMAGE/JPG; q=1"), Some(MediaType::JPEG));
        assert_eq!(MediaType::from_mime("application/acad").map(MediaType::mime), Some("image/vnd.dwg"));
    }

    #[test]
    fn t08_what_can_carry_script_is_not_on_the_list() {
        let name = Filename::clean("photo.jpg");
        for bad in
            ["image/svg+xml", "text/html", "application/x-msdownload", "application/javascript", "image/*"]
        {
            assert_eq!(MediaType::announced(bad, &name), None, "{bad}");
        }
        assert_eq!(MediaType::announced("", &Filename::clean("photo.svg")), None);
        assert_eq!(MediaType::announced("application/octet-stream", &name), Some(MediaType::JPEG));
    }
}
