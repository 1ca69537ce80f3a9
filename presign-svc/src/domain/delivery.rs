//! How a file is handed to a browser: shown in place or saved, and under which name.

use std::fmt::Write as _;

use super::filename::Filename;
use super::media_type::MediaType;
use super::variant::Variant;

/// A value for `Content-Disposition` (RFC 6266): the name in full for those who read `filename*`
/// (RFC 8187), and an ASCII likeness for the others. Nothing in a name can end the header.
pub fn content_disposition(media_type: MediaType, filename: &Filename) -> String {
    let place = if media_type.is_shown_inline() { "inline" } else { "attachment" };
    let likeness: String = filename
        .as_str()
        .chars()
        .map(|c| if (c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%')) || c == ' ' { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in filename.as_str().bytes() {
        // attr-char of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{place}; filename=\"{likeness}\"; filename*=UTF-8''{encoded}")
}

/// The name under which a smaller picture is saved: `roof thumb_200.jpg` beside `roof.heic`.
pub fn variant_filename(original: &Filename, variant: &Variant) -> Filename {
    let stem = original.as_str().rsplit_once('.').map_or(original.as_str(), |(stem, _)| stem);
    Filename::clean(&format!("{stem} {}.{}", variant.name, variant.media_type.extension()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t05_a_name_cannot_leave_its_header() {
        let name = Filename::clean("x\"; filename=evil.html\r\nSet-Cookie: a=b %41 dach 🏗.pdf");
        let header = content_disposition(MediaType::announced("application/pdf", &name).unwrap(), &name);
        assert_eq!(
            header,
            "attachment; filename=\"x_; filename=evil.htmlSet-Cookie: a=b _41 dach _.pdf\"; \
             filename*=UTF-8''x%22%3B%20filename%3Devil.htmlSet-Cookie%3A%20a%3Db%20%2541%20dach%20%F0%9F%8F%97.pdf"
        );
        assert!(header.is_ascii());
    }

    #[test]
    fn t08_only_what_runs_no_script_is_shown_in_place() {
        for media_type in MediaType::ALL {
            let header = content_disposition(media_type, &Filename::clean("a"));
            let is_saved =
                ["image/vnd.dwg", "application/pdf", "application/zip"].contains(&media_type.mime());
            assert_eq!(header.starts_with("attachment;"), is_saved, "{media_type:?}");
        }
    }
}
