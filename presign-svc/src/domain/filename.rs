//! The name a file had on the client: shown to people, given back on download, never part of a key.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use super::text::is_harmful;

/// The longest name kept, in bytes: what file systems allow.
const MAX_BYTES: usize = 255;
/// An ending longer than this is not one worth keeping when a name is cut.
const MAX_EXTENSION_BYTES: usize = 16;
/// The name of a file whose own says nothing.
const UNNAMED: &str = "unnamed";

/// A name without path, control characters or direction overrides, in Unicode's composed form (macOS
/// writes names decomposed); 1 to 255 bytes. Emoji and all scripts stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filename(String);

impl Filename {
    /// Makes any text a safe name: there is no wrong one, as losing a photo over its name would be worse.
    pub fn clean(raw: &str) -> Self {
        let last = raw.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        let harmless = last.chars().filter(|&c| !is_harmful(c));
        // ASCII is its own composed form, and most names are.
        let kept: String = if last.is_ascii() { harmless.collect() } else { harmless.nfc().collect() };
        let name = kept.trim();
        if name.chars().all(|c| c == '.') { Self(UNNAMED.to_owned()) } else { Self(shorten(name)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot.
    pub fn extension(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(_, extension)| extension).filter(|e| !e.is_empty())
    }
}

impl fmt::Display for Filename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Cuts the stem, so that the ending survives.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let (stem, ending) = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION_BYTES => name.split_at(dot),
        _ => (name, ""),
    };
    let end = stem.floor_char_boundary(MAX_BYTES - ending.len());
    let (stem, _) = stem.split_at(end);
    format!("{}{ending}", stem.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_dropped() {
        for (raw, name) in [
            ("../../etc/passwd.jpg", "passwd.jpg"),
            (r"C:\fakepath\IMG_1.JPG", "IMG_1.JPG"),
            ("photos/", "photos"),
            ("..", UNNAMED),
            ("", UNNAMED),
            ("  \t ", UNNAMED),
            ("/", UNNAMED),
        ] {
            assert_eq!(Filename::clean(raw).as_str(), name, "{raw:?}");
        }
    }

    #[test]
    fn t05_what_breaks_lines_or_reverses_text_is_dropped_and_emoji_stay() {
        assert_eq!(Filename::clean("a\r\nX-Evil: 1\u{0}.jpg").as_str(), "aX-Evil: 1.jpg");
        assert_eq!(Filename::clean("photo\u{202E}gpj.exe").as_str(), "photogpj.exe");
        assert_eq!(Filename::clean("👷‍♀️ Dach 屋根 سقف.jpg").as_str(), "👷‍♀️ Dach 屋根 سقف.jpg");
        assert_eq!(
            Filename::clean("<img src=x onerror=alert(1)>.png").as_str(),
            "<img src=x onerror=alert(1)>.png"
        );
    }

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(Filename::clean("Tu\u{308}r.jpg"), Filename::clean("T\u{fc}r.jpg"));
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_whole_characters() {
        for raw in [format!("{}.jpeg", "x".repeat(300)), format!("{}.jpeg", "🏗".repeat(100))] {
            let name = Filename::clean(&raw);
            assert!(name.as_str().len() <= MAX_BYTES && name.as_str().len() > MAX_BYTES - 4);
            assert_eq!(name.extension(), Some("jpeg"));
        }
        assert_eq!(Filename::clean(&"ü".repeat(200)).as_str().len(), 254);
    }
}
