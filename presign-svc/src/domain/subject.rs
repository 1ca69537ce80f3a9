//! Who a token speaks for: its `sub` claim (RFC 7519, section 4.1.2), or an upload link.

/// The longest that is taken.
const MAX_BYTES: usize = 255;

/// Whether a subject can be recorded, logged and asked for: printable, and of 1 to 255 bytes.
pub fn is_subject(text: &str) -> bool {
    (1..=MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_printable_and_short() {
        assert!(is_subject("auth0|5f7c8ec7c33c6c004bbafe82"));
        assert!(is_subject(&"é".repeat(127)));
        for none in ["", "a\0b", "a\nb", "\u{7f}", &"é".repeat(128)] {
            assert!(!is_subject(none), "{none:?}");
        }
    }
}
