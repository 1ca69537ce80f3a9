//! What people say about a photo: a caption and tags.

use super::text;

/// The longest caption, in characters.
pub const MAX_CAPTION_CHARS: usize = 1000;
/// The longest tag, in characters.
pub const MAX_TAG_CHARS: usize = 50;
/// How many tags one photo may have.
pub const MAX_TAGS: usize = 30;

/// A caption and tags, each clean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// A few sentences, on one or more lines.
    pub caption: Option<String>,
    /// In the order they were given; none twice, whatever its letter case.
    pub tags: Vec<String>,
}

/// Why a caption or a tag is not taken: the field, and a sentence that goes on from its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidDescription {
    /// `caption`, `tags`, `tags[2]`.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// A caption as it is kept; an empty one is none.
pub fn caption(raw: &str) -> Result<Option<String>, InvalidDescription> {
    let caption = text::clean_lines(raw);
    let length = caption.chars().count();
    if length > MAX_CAPTION_CHARS {
        let reason = format!("must have at most {MAX_CAPTION_CHARS} characters, not {length}");
        return Err(InvalidDescription { field: "caption".to_owned(), reason });
    }
    Ok(Some(caption).filter(|caption| !caption.is_empty()))
}

/// Tags as they are kept. Of two that differ in letter case only, the first one stays.
pub fn tags(raw: &[String]) -> Result<Vec<String>, InvalidDescription> {
    if raw.len() > MAX_TAGS {
        let reason = format!("must hold at most {MAX_TAGS} entries, not {}", raw.len());
        return Err(InvalidDescription { field: "tags".to_owned(), reason });
    }
    let mut kept: Vec<String> = Vec::with_capacity(raw.len());
    for (index, raw) in raw.iter().enumerate() {
        let tag = text::clean(raw);
        let wrong = |reason: String| Err(InvalidDescription { field: format!("tags[{index}]"), reason });
        let length = tag.chars().count();
        if length == 0 {
            return wrong("must not be empty".to_owned());
        }
        if length > MAX_TAG_CHARS {
            return wrong(format!("must have at most {MAX_TAG_CHARS} characters, not {length}"));
        }
        if tag.contains(',') {
            return wrong("must not hold a comma: send two tags instead".to_owned());
        }
        if kept.iter().all(|known| text::caseless(known) != text::caseless(&tag)) {
            kept.push(tag);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|&tag| tag.to_owned()).collect()
    }

    #[test]
    fn what_people_write_is_kept_in_one_spelling() {
        assert_eq!(caption(" Riss im Tu\u{308}rsturz \r\n\n").unwrap().as_deref(), Some("Riss im Türsturz"));
        assert_eq!(caption(" \n "), Ok(None));
        assert_eq!(tags(&owned(&[" north  wall ", "Roof", "ROOF"])), Ok(owned(&["north wall", "Roof"])));
    }

    #[test]
    fn limits_count_characters_and_say_so() {
        assert!(caption(&"🏗".repeat(MAX_CAPTION_CHARS)).is_ok());
        let long = caption(&"🏗".repeat(MAX_CAPTION_CHARS + 1)).unwrap_err();
        assert_eq!(long.to_string(), "caption must have at most 1000 characters, not 1001");
        assert!(tags(&vec!["a".to_owned(); MAX_TAGS]).is_ok());
        for (bad, field) in [
            (vec!["a".to_owned(); MAX_TAGS + 1], "tags"),
            (owned(&["a", " "]), "tags[1]"),
            (owned(&["a,b"]), "tags[0]"),
            (vec!["x".repeat(MAX_TAG_CHARS + 1)], "tags[0]"),
        ] {
            assert_eq!(tags(&bad).unwrap_err().field, field);
        }
    }
}
