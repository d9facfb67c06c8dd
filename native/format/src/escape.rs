//! Text as JSON strings.

/// What follows the backslash for each byte that must be escaped: 0 for the bytes that need not be,
/// `u` for those that have no short form.
static ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = b'u';
        control += 1;
    }
    table[0x08] = b'b';
    table[b'\t' as usize] = b't';
    table[b'\n' as usize] = b'n';
    table[0x0c] = b'f';
    table[b'\r' as usize] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// Appends `text` as a JSON string, with its quotes.
///
/// Bytes that are not UTF-8 are passed on as they are; they can't end the string early.
#[inline]
pub(crate) fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    content(out, text);
    out.push(b'"');
}

/// Appends `text` as the content of a JSON string, without quotes.
pub(crate) fn content(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = first_to_escape(rest) {
        out.extend_from_slice(&rest[..at]);
        let (escaped, len) = escaped(rest[at]);
        out.extend_from_slice(&escaped[..len]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// What a byte that must be escaped becomes, and how long that is.
pub(crate) fn escaped(byte: u8) -> ([u8; 6], usize) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match ESCAPES[usize::from(byte)] {
        b'u' => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            ([b'\\', b'u', b'0', b'0', high, low], 6)
        }
        short => ([b'\\', short, 0, 0, 0, 0], 2),
    }
}

/// Position of the first quote, backslash or control character.
///
/// Eight bytes at a time: `x - 0x01..01 & !x & 0x80..80` flags the bytes of `x` that are zero; the
/// lowest flag is exact (a borrow only reaches higher bytes), and in little-endian order the lowest
/// byte is the first.
#[inline]
pub(crate) fn first_to_escape(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 0x80;
    let (words, tail) = text.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let x = u64::from_le_bytes(*word);
        let quote = x ^ (ONES * b'"' as u64);
        let backslash = x ^ (ONES * b'\\' as u64);
        let flags = (quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash
            | x.wrapping_sub(ONES * 0x20) & !x)
            & HIGHS;
        if flags != 0 {
            return Some(i * 8 + flags.trailing_zeros() as usize / 8);
        }
    }
    tail.iter().position(|b| ESCAPES[usize::from(*b)] != 0).map(|at| words.len() * 8 + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        string(&mut out, text);
        out
    }

    #[test]
    fn each_byte_at_each_place_is_escaped_as_it_should_be() {
        for byte in 0..=255u8 {
            for place in 0..20 {
                let mut text = [b'~'; 20];
                text[place] = byte;
                let found = first_to_escape(&text);
                let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(found, special.then_some(place), "{byte:#x} at {place}");
            }
        }
        assert_eq!(
            escaped(b"\0\x1f\x08\x0c\n\r\t\"\\/\x7f"),
            b"\"\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7f\""
        );
    }

    proptest! {
        #[test]
        fn serde_reads_it_back(text: String) {
            let read: String = serde_json::from_slice(&escaped(text.as_bytes())).unwrap();
            prop_assert_eq!(read, text);
        }

        #[test]
        fn mostly_special_text_reads_back(text in "[\"\\\\\u{0}-\u{1f}a]{0,40}") {
            let read: String = serde_json::from_slice(&escaped(text.as_bytes())).unwrap();
            prop_assert_eq!(read, text);
        }

        /// Only the last byte ends the string: no unescaped quote, no dangling backslash.
        #[test]
        fn no_bytes_break_out_of_the_string(text: Vec<u8>) {
            let out = escaped(&text);
            let lossy = String::from_utf8_lossy(&out).into_owned();
            prop_assert!(serde_json::from_str::<String>(&lossy).is_ok());
        }
    }
}
