//! Percent-encoding as Signature Version 4 wants it: every byte but `A-Z a-z 0-9 - . _ ~` becomes
//! `%XY` with capital digits; in an object key `/` stays. S3 encodes once, never twice (Amazon S3 API
//! Reference, "Signature calculations", `UriEncode`).

/// Appends an object key as the path of a URL.
pub(crate) fn push_path(out: &mut String, key: &str) {
    push(out, key, |byte| is_unreserved(byte) | (byte == b'/'));
}

/// Appends the name or value of a query parameter.
pub(crate) fn push_query(out: &mut String, value: &str) {
    push(out, value, is_unreserved);
}

/// RFC 3986, section 2.3. Without branches, so that the compiler can look at many bytes at once.
const fn is_unreserved(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    letter | digit | (byte == b'-') | (byte == b'.') | (byte == b'_') | (byte == b'~')
}

fn push(out: &mut String, text: &str, is_plain: impl Fn(u8) -> bool) {
    // Keys are nearly always plain from end to end.
    if text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(run) = rest.bytes().position(|byte| !is_plain(byte)) {
        // A run is ASCII, so it ends at a character boundary.
        let (copied, tail) = rest.split_at(run);
        out.push_str(copied);
        let mut characters = tail.chars();
        if let Some(character) = characters.next() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                out.push('%');
                out.push(char::from(upper_hex(byte >> 4)));
                out.push(char::from(upper_hex(byte & 15)));
            }
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

const fn upper_hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
}

/// The digest in lower-case hexadecimal digits.
pub(crate) fn lower_hex(digest: &[u8; 32]) -> [u8; 64] {
    const fn digit(nibble: u8) -> u8 {
        nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
    }
    let mut text = [0; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

/// A number in decimal digits, without an allocation.
pub(crate) struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(crate) fn new(mut number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            start -= 1;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Digits are ASCII and `start` is inside the array, so neither fallback is ever taken.
        self.digits.get(self.start..).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: &str) -> String {
        let mut out = String::new();
        push_path(&mut out, key);
        out
    }

    #[test]
    fn a_key_is_encoded_once_and_keeps_its_slashes() {
        assert_eq!(path("a/b-c_d.e~f/0"), "a/b-c_d.e~f/0");
        assert_eq!(path("a b+c%20d"), "a%20b%2Bc%2520d");
        assert_eq!(path("Müller/屋根.jpg"), "M%C3%BCller/%E5%B1%8B%E6%A0%B9.jpg");
        assert_eq!(path("🏠"), "%F0%9F%8F%A0");
        assert_eq!(path("!*'()&=?#\0"), "%21%2A%27%28%29%26%3D%3F%23%00");
    }

    #[test]
    fn of_all_ascii_only_unreserved_characters_stay() {
        let all: String = (0..=127_u8).map(char::from).collect();
        let mut out = String::new();
        push_query(&mut out, &all);
        let kept: String =
            out.split('%').enumerate().map(|(index, run)| run.get(2 * index.min(1)..).unwrap()).collect();
        assert_eq!(kept, "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
    }

    #[test]
    fn a_query_value_keeps_no_slash() {
        let mut out = String::new();
        push_query(&mut out, "a/b=c");
        assert_eq!(out, "a%2Fb%3Dc");
    }

    #[test]
    fn numbers_and_digests_are_written_without_padding_and_in_lower_case() {
        for number in [0, 7, 10, 10_000, u64::MAX] {
            assert_eq!(Decimal::new(number).as_str(), number.to_string());
        }
        let mut digest = [0; 32];
        digest[0] = 0x0f;
        digest[31] = 0xa9;
        let text = lower_hex(&digest);
        assert!(text.starts_with(b"0f00") && text.ends_with(b"00a9"));
    }
}
