//! Text that people write: one spelling of each character, and nothing that breaks a line, a header or
//! another text beside it.

use unicode_normalization::UnicodeNormalization as _;

/// In Unicode's composed form (NFC), on one line, without harmful characters and without blanks at its
/// ends. Emoji and all scripts stay as they are.
pub fn clean(raw: &str) -> String {
    let spaced = raw.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let kept: String = spaced.filter(|&c| !is_harmful(c)).nfc().collect();
    kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The same over several lines: what people type into a large field. More than one empty line is one.
pub fn clean_lines(raw: &str) -> String {
    let mut kept = String::with_capacity(raw.len());
    let mut is_blank_before = true;
    for line in raw.replace("\r\n", "\n").split(['\n', '\r', '\u{2028}', '\u{2029}']) {
        let line = clean(line);
        if line.is_empty() && is_blank_before {
            continue;
        }
        is_blank_before = line.is_empty();
        kept.push_str(&line);
        kept.push('\n');
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Characters that break headers, logs and lines, or make a name read as another one. The marks that
/// only say a direction (U+200E, U+200F) and the joiner in emoji stay.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0001}')
}

/// As it is compared where letter case does not matter.
pub fn caseless(text: &str) -> String {
    clean(text).to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_has_one_spelling() {
        assert_eq!(clean("Tu\u{308}r"), "Tür");
        assert_eq!(caseless("TU\u{308}R  42"), "tür 42");
        assert_eq!(clean(" a\t b\u{0}\u{202E}c\r\nd "), "a bc d");
        assert_eq!(clean("👷‍♀️ 屋根 سقف"), "👷‍♀️ 屋根 سقف");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(
            clean_lines("\n\n north  side \r\n\r\n\r\n\r\ncrack\u{2028}wet\n \n"),
            "north side\n\ncrack\nwet"
        );
        assert_eq!(clean_lines(" \r\n\t"), "");
    }
}
