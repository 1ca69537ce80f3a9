//! What a photo is found by. A search asks for words; a photo has them in its file name, caption, tags and
//! camera. The words are made here, by one rule for every database: letters and digits, without case and
//! accents. A photo is found when every word of the search begins one of its own.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::cells::cells_of;
use super::photo_facts::PhotoFacts;
use super::text;
use super::upload::Upload;

/// The rule below, as a number, to be raised with it: photos whose terms were made by an older one are read
/// again when the database is opened.
pub const TERMS_VERSION: u32 = 2;
/// A longer word is known by its beginning, in characters.
const MAX_WORD_CHARS: usize = 40;
/// How many words one photo is found by: more than a full caption of usual words.
const MAX_WORDS: usize = 300;
/// How many words one search may have. Of a script without blanks each run of characters counts as one.
pub const MAX_SEARCH_WORDS: usize = 8;
/// How many different words may come of a search: of each is asked whether a photo has it.
pub const MAX_SEARCH_TERMS: usize = 40;

/// What a term is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    /// A whole tag, whatever its letter case.
    Tag,
    /// The camera's maker, its model, or both, whatever their letter case.
    Camera,
    /// A word.
    Word,
    /// A square of the globe it was taken in: one of [`cells_of`].
    Place,
}

/// Something a photo is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// What it is of.
    pub kind: TermKind,
    /// Never empty.
    pub text: String,
}

impl TermKind {
    /// Its name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Camera => "camera",
            Self::Word => "word",
            Self::Place => "place",
        }
    }
}

/// All terms of a verified upload; none of one that is no photo.
pub fn terms_of(upload: &Upload) -> BTreeSet<Term> {
    let Some(object) = upload.object() else { return BTreeSet::new() };
    let description = &upload.progress().description;
    let metadata = object.metadata.as_ref();
    let make = metadata.and_then(|metadata| metadata.make.as_deref()).unwrap_or_default();
    let model = metadata.and_then(|metadata| metadata.model.as_deref()).unwrap_or_default();
    let camera = format!("{make} {model}");
    let texts = description
        .tags
        .iter()
        .map(String::as_str)
        .chain([camera.as_str(), upload.facts().file.filename.as_str()])
        .chain(description.caption.as_deref());
    let mut found = BTreeSet::new();
    for word in texts.flat_map(words) {
        if found.len() >= MAX_WORDS {
            break;
        }
        found.extend(trailing_number(&word).map(|number| Term::of(TermKind::Word, number.to_owned())));
        found.insert(Term::of(TermKind::Word, word));
    }
    found.extend(description.tags.iter().map(|tag| Term::of(TermKind::Tag, text::caseless(tag))));
    let cameras = [make, model, &camera].map(text::caseless);
    found.extend(
        cameras.into_iter().filter(|name| !name.is_empty()).map(|name| Term::of(TermKind::Camera, name)),
    );
    let place = metadata.and_then(|metadata| PhotoFacts::of(metadata).location);
    let cells = place.into_iter().flat_map(|place| cells_of(place.latitude, place.longitude));
    found.extend(cells.map(|cell| Term::of(TermKind::Place, cell)));
    found
}

/// The words of a text, in its order.
pub fn words(text: &str) -> Vec<String> {
    runs(text).into_iter().flatten().collect()
}

/// The same by what stands together: a word, or the characters of a script that is written without blanks.
pub fn runs(text: &str) -> Vec<Vec<String>> {
    let folded = text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase);
    let mut runs: Vec<Vec<String>> = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let mut characters = Vec::new();
    for c in folded {
        let stands_alone = is_written_without_blanks(c);
        if (stands_alone || !c.is_alphanumeric()) && !word.is_empty() {
            runs.push(vec![std::mem::take(&mut word)]);
            length = 0;
        }
        if !stands_alone && !characters.is_empty() {
            runs.push(std::mem::take(&mut characters));
        }
        if stands_alone {
            characters.push(c.to_string());
        } else if c.is_alphanumeric() && length < MAX_WORD_CHARS {
            word.push(c);
            length += 1;
        }
    }
    if !word.is_empty() {
        runs.push(vec![word]);
    }
    if !characters.is_empty() {
        runs.push(characters);
    }
    runs
}

impl Term {
    fn of(kind: TermKind, text: String) -> Self {
        Self { kind, text }
    }
}

/// `1234` of `dsc1234`: people remember the number.
fn trailing_number(word: &str) -> Option<&str> {
    let start = word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    word.get(start..).filter(|number| start > 0 && number.len() > 1)
}

/// Han, Hiragana and Katakana: each character is a word. Their marks, such as the middle dot U+30FB, are none.
fn is_written_without_blanks(c: char) -> bool {
    c.is_alphanumeric()
        && matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits_without_case_and_accents() {
        assert_eq!(words("IMG_20180725-Türsturz (2).JPG"), ["img", "20180725", "tursturz", "2", "jpg"]);
        assert_eq!(words("Ｃａｎｏｎ ﬁx İZMİR"), ["canon", "fix", "izmir"]);
        assert_eq!(words("屋根の漏れ roof"), ["屋", "根", "の", "漏", "れ", "roof"]);
        assert_eq!(words("キッチン・ドア"), ["キ", "ッ", "チ", "ン", "ト", "ア"], "the dot is between words");
        assert_eq!(words("🏗 -- \u{0}・゠"), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(500)), ["x".repeat(MAX_WORD_CHARS)]);
    }

    #[test]
    fn the_number_of_a_name_is_a_word_of_its_own() {
        assert_eq!(trailing_number("dsc1234"), Some("1234"));
        for none in ["1234", "a1", "roof", "ab12c"] {
            assert_eq!(trailing_number(none), None, "{none}");
        }
    }
}
