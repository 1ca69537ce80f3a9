//! How a file is handed to a browser: shown in place or saved, and under which name.

use std::fmt::Write as _;

use super::filename::Filename;
use super::media_type::MediaType;
use super::variant::Variant;

/// What is around the names, and some characters to escape.
const ROOM: usize = 64;

/// A value for `Content-Disposition` (RFC 6266): the name in full for those who read `filename*`
/// (RFC 8187), and an ASCII likeness for the others. Nothing in a name can end the header.
pub fn content_disposition(media_type: MediaType, filename: &Filename) -> String {
    let name = filename.as_str();
    let mut header = String::with_capacity(ROOM + 2 * name.len());
    header.push_str(if media_type.is_shown_inline() { "inline" } else { "attachment" });
    header.push_str("; filename=\"");
    header.extend(name.chars().map(|c| match c {
        '"' | '\\' | '%' => '_',
        ' ' => ' ',
        c if c.is_ascii_graphic() => c,
        _ => '_',
    }));
    header.push_str("\"; filename*=UTF-8''");
    for byte in name.bytes() {
        // attr-char of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            header.push(char::from(byte));
        } else {
            let _ = write!(header, "%{byte:02X}");
        }
    }
    header
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
