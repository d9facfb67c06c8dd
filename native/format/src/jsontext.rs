//! Is a text one complete JSON value?

use crate::escape::first_to_escape;

/// How deep arrays and objects may nest. The parser of StarRocks gives up at 1,024, and the value is
/// yet to be put into a row and a batch.
pub const MAX_DEPTH: usize = 1000;

/// Whether `text` is exactly one JSON value (RFC 8259), with white space around it allowed.
///
/// Escaped surrogates must come in pairs: a lone one is no text, and parsers differ on it. Bytes in
/// strings that are not UTF-8 are let pass; whether they are is the server's to say. Neither
/// allocates nor recurses.
pub fn is_value(text: &[u8]) -> bool {
    Scanner { rest: text }.document().is_some()
}

/// Takes pieces of JSON off the front; `None` means that it is no JSON.
struct Scanner<'a> {
    rest: &'a [u8],
}

/// One bit for each open container: set for an object.
struct Stack {
    bits: [u64; MAX_DEPTH.div_ceil(64)],
    depth: usize,
}

impl Stack {
    fn push(&mut self, object: bool) -> Option<()> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.bits[word] = self.bits[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
        Some(())
    }

    /// Whether the innermost open container is an object; `None` if none is open.
    fn top(&self) -> Option<bool> {
        let i = self.depth.checked_sub(1)?;
        Some(self.bits[i / 64] >> (i % 64) & 1 == 1)
    }
}

impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        let mut open = Stack { bits: [0; MAX_DEPTH.div_ceil(64)], depth: 0 };
        loop {
            // At the start of a value.
            self.space();
            match self.next()? {
                b'{' => {
                    open.push(true)?;
                    self.space();
                    if self.peek()? != b'}' {
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    open.push(false)?;
                    self.space();
                    if self.peek()? != b']' {
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                b'-' => {
                    let digit = self.next()?;
                    self.number(digit)?;
                }
                digit => self.number(digit)?,
            }
            // After a value, or at the end of an empty container: close what ends here.
            loop {
                self.space();
                let Some(object) = open.top() else {
                    return self.rest.is_empty().then_some(());
                };
                match (self.next()?, object) {
                    (b'}', true) | (b']', false) => open.depth -= 1,
                    (b',', true) => {
                        self.space();
                        self.key()?;
                        break;
                    }
                    (b',', false) => break,
                    _ => return None,
                }
            }
        }
    }

    /// `"key" :`
    fn key(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        self.string()?;
        self.space();
        (self.next()? == b':').then_some(())
    }

    /// What follows the opening quote, with the closing one.
    fn string(&mut self) -> Option<()> {
        loop {
            // What a writer must escape is what a reader must look at.
            let special = first_to_escape(self.rest)?;
            let byte = self.rest[special];
            self.rest = &self.rest[special + 1..];
            match byte {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.hex4()? {
                0xd800..=0xdbff => {
                    self.word(b"\\u")?;
                    (0xdc00..=0xdfff).contains(&self.hex4()?).then_some(())
                }
                0xdc00..=0xdfff => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    fn hex4(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
    }

    /// A number without its minus, from its first digit on.
    fn number(&mut self, first: u8) -> Option<()> {
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.rest.first() == Some(&b'.') {
            self.next();
            self.digit()?;
            self.digits();
        }
        if let Some(b'e' | b'E') = self.rest.first() {
            self.next();
            if let Some(b'+' | b'-') = self.rest.first() {
                self.next();
            }
            self.digit()?;
            self.digits();
        }
        Some(())
    }

    fn digit(&mut self) -> Option<()> {
        self.next()?.is_ascii_digit().then_some(())
    }

    fn digits(&mut self) {
        let end = self.rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    fn space(&mut self) {
        let end = self
            .rest
            .iter()
            .position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
            .unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_values() {
        for text in [
            "{}",
            "[]",
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-0.5e+7",
            "1E400",
            "123456789012345678901234567890",
            r#""""#,
            r#""\ud83d\ude00\u0000\/""#,
            r#" {"a" : [1, {"b":null}, []], "a":{}} "#,
            "\t[\n1\r]\n",
            "[[],{},[{}]]",
            "\"\u{7f}\u{2028}é\"",
        ] {
            assert!(is_value(text.as_bytes()), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn not_json_values() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "True",
            "01",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e+",
            "--1",
            "-",
            "NaN",
            "Infinity",
            "'a'",
            "\"",
            "\"\\",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"a\nb\"",
            "\"\u{0}\"",
            "[",
            "]",
            "{",
            "}",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "[1}",
            "{\"a\":1]",
            "1 2",
            "{} {}",
            "[]]",
            "{}}",
            "[1,,2]",
            "{,}",
            "\u{feff}1",
            "// 1",
            "1\u{b}",
            "[\"a\":1]",
            "{\"a\",\"b\"}",
        ] {
            assert!(!is_value(text.as_bytes()), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_and_exact() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
            assert!(is_value(nested(MAX_DEPTH).as_bytes()));
            assert!(!is_value(nested(MAX_DEPTH + 1).as_bytes()));
            assert!(!is_value(open.repeat(100_000).as_bytes()));
        }
        let mixed = format!("{}{}", "[{\"a\":".repeat(200) + "[]", "}]".repeat(200));
        assert!(is_value(mixed.as_bytes()));
        assert!(!is_value(mixed.replace("}]}]", "]}]}").as_bytes()));
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_writes_is_json(value in any_json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            prop_assert!(is_value(text.unwrap().as_bytes()));
        }

        #[test]
        fn one_changed_byte_gives_serdes_verdict(value in any_json(), at: prop::sample::Index, byte in 0u8..0x80) {
            let mut text = serde_json::to_string(&value).unwrap().into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(text) = std::str::from_utf8(&text) {
                let verdict = serde_json::from_str::<serde_json::Value>(text).is_ok();
                prop_assert_eq!(is_value(text.as_bytes()), verdict, "{}", text);
            }
        }

        #[test]
        fn json_like_noise_gives_serdes_verdict(text in r#"[\[\]{}:,"\\u0-9a-f.eE+\- \ntrulsn]{0,12}"#) {
            let verdict = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(is_value(text.as_bytes()), verdict, "{}", text);
        }
    }
}
