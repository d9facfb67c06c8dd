//! Column separator and row delimiter of CSV: parsing them, and finding them in values.

use std::fmt;

use memchr::{memchr2, memmem};

/// Longest separator that StarRocks takes, in bytes.
pub const MAX_LEN: usize = 50;

/// Parses a separator as the user writes it.
///
/// A text that starts with `\x`, `\\x` (as it comes out of SQL clients that don't unescape) or `0x`,
/// in any case, is pairs of hexadecimal digits. Everything else is taken literally, as the server
/// does: `\n` is the two characters backslash and n, not a newline.
///
/// # Errors
///
/// When it is empty, longer than [`MAX_LEN`], not ASCII (StarRocks reads higher bytes of the
/// hexadecimal form wrongly), or the hexadecimal form is malformed.
pub fn parse(text: &str) -> Result<Vec<u8>, String> {
    let prefix = ["\\\\x", "\\x", "0x"]
        .into_iter()
        .find(|prefix| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)));
    let bytes = match prefix {
        None => text.as_bytes().to_vec(),
        Some(prefix) => {
            let digits = &text.as_bytes()[prefix.len()..];
            let (pairs, odd) = digits.as_chunks::<2>();
            if digits.is_empty() {
                return Err("no hexadecimal digits follow the prefix".to_owned());
            }
            if !odd.is_empty() {
                return Err("the number of hexadecimal digits is odd".to_owned());
            }
            pairs
                .iter()
                .map(|&[high, low]| Some(hex(high)? << 4 | hex(low)?))
                .collect::<Option<Vec<u8>>>()
                .ok_or("what follows the prefix is not hexadecimal")?
        }
    };
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    if bytes.len() > MAX_LEN {
        return Err(format!("it has {} bytes, StarRocks takes at most {MAX_LEN}", bytes.len()));
    }
    if !bytes.is_ascii() {
        return Err("it is not ASCII, which StarRocks does not reliably take".to_owned());
    }
    Ok(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|d| d as u8)
}

/// The separator as the value of a stream load header: itself if it is printable and survives HTTP,
/// else its hexadecimal form.
pub fn header(bytes: &[u8]) -> String {
    let printable = bytes.iter().all(|b| (b' '..=b'~').contains(b));
    let trimmed_by_http = bytes.first() == Some(&b' ') || bytes.last() == Some(&b' ');
    if printable && !trimmed_by_http && parse(&String::from_utf8_lossy(bytes)).as_deref() == Ok(bytes) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut text = String::from("\\x");
    for b in bytes {
        text.push_str(&format!("{b:02X}"));
    }
    text
}

/// Which of the two separators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// Between the values of a row.
    Column,
    /// After each row.
    Row,
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Column => "column separator",
            Self::Row => "row delimiter",
        })
    }
}

/// Both separators, prepared for writing them and for finding them in values.
#[derive(Debug, Clone)]
pub struct Separators {
    column: Needle,
    row: Needle,
    /// Both, when both are one byte: the common case, one scan for both.
    bytes: Option<(u8, u8)>,
}

impl Separators {
    /// Prepares a column separator and a row delimiter.
    ///
    /// # Errors
    ///
    /// When the column separator holds the row delimiter: then every row would be split.
    pub fn new(column: &[u8], row: &[u8]) -> Result<Self, String> {
        if memmem::find(column, row).is_some() {
            return Err(
                "the row delimiter occurs in the column separator: no row could be read back".to_owned()
            );
        }
        let bytes = match (column, row) {
            (&[column], &[row]) => Some((column, row)),
            _ => None,
        };
        Ok(Self { column: Needle::new(column), row: Needle::new(row), bytes })
    }

    /// The column separator.
    pub fn column(&self) -> &[u8] {
        self.column.finder.needle()
    }

    /// The row delimiter.
    pub fn row(&self) -> &[u8] {
        self.row.finder.needle()
    }

    /// Which separator the server would find in `value`, or where `value` ends and the separator
    /// that is written after it begins, earlier than it should.
    ///
    /// The server searches from left to right and takes the first match. With `||` as column
    /// separator and a value that ends in `|`, that match is one byte too early, although the
    /// value does not hold the separator. `last` says whether the row delimiter follows the value.
    #[inline]
    pub fn find(&self, value: &[u8], last: bool) -> Option<Separator> {
        if let Some((column, row)) = self.bytes {
            let found = memchr2(column, row, value)?;
            return Some(if value[found] == column { Separator::Column } else { Separator::Row });
        }
        if self.column.finder.find(value).is_some() {
            return Some(Separator::Column);
        }
        if self.row.finder.find(value).is_some() {
            return Some(Separator::Row);
        }
        let (next, which) =
            if last { (&self.row, Separator::Row) } else { (&self.column, Separator::Column) };
        next.early_starts.iter().any(|start| value.ends_with(start)).then_some(which)
    }

    /// Whether the two have a byte in common, so that a column separator and the values beside it
    /// can form a row delimiter that no value holds alone.
    pub fn overlap(&self) -> bool {
        self.column().iter().any(|b| self.row().contains(b))
    }

    /// Whether the first row delimiter in `row` is the one at its end. Only where [`Self::overlap`]
    /// does this say more than [`Self::find`] on each value.
    pub fn row_ends_once(&self, row: &[u8]) -> bool {
        self.row.finder.find(row) == Some(row.len() - self.row().len())
    }
}

/// One separator.
#[derive(Debug, Clone)]
struct Needle {
    finder: memmem::Finder<'static>,
    /// The proper prefixes with which a value may end so that prefix and separator together hold
    /// the separator before its place: those whose length is a period of the separator.
    early_starts: Box<[Box<[u8]>]>,
}

impl Needle {
    fn new(bytes: &[u8]) -> Self {
        let early_starts = (1..bytes.len())
            .filter(|&k| bytes[k..] == bytes[..bytes.len() - k])
            .map(|k| bytes[..k].into())
            .collect();
        Self { finder: memmem::Finder::new(bytes).into_owned(), early_starts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ways_to_write_byte_one() {
        for text in ["\\x01", "\\\\x01", "0x01", "\\X01", "0X01", "\\\\X01"] {
            assert_eq!(parse(text), Ok(vec![1]), "{text}");
        }
        assert_eq!(parse("\\x0d0A"), Ok(b"\r\n".to_vec()));
        assert_eq!(parse("0x0001"), Ok(vec![0, 1]));
        assert_eq!(parse("\\xaB"), Err("it is not ASCII, which StarRocks does not reliably take".to_owned()));
    }

    #[test]
    fn everything_else_is_literal() {
        for text in [",", "||", "\\n", "\\t", "\\", "x01", "\t", "$%$", "0", "\\\\"] {
            assert_eq!(parse(text), Ok(text.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn malformed_separators_say_why() {
        for (text, part) in [
            ("", "empty"),
            ("\\x", "no hexadecimal"),
            ("0x", "no hexadecimal"),
            ("\\x1", "odd"),
            ("\\x0g", "not hexadecimal"),
            ("\\x01\\x02", "not hexadecimal"),
            ("、", "ASCII"),
            (&"|".repeat(51), "51 bytes"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn headers_are_hexadecimal_unless_plain() {
        for (bytes, text) in [
            (&b","[..], ","),
            (b"||", "||"),
            (b"\t", "\\x09"),
            (b"\r\n", "\\x0D0A"),
            (b" ", "\\x20"),
            (b"a b", "a b"),
            (b"| ", "\\x7C20"),
            (b"0x01", "\\x30783031"),
            (b"\\n", "\\n"),
            (b"\x7f", "\\x7F"),
        ] {
            assert_eq!(header(bytes), text);
        }
    }

    #[test]
    fn a_value_may_not_shift_the_separator_after_it() {
        let separators = Separators::new(b"||", b"\n").unwrap();
        assert_eq!(separators.find(b"a|", false), Some(Separator::Column));
        assert_eq!(separators.find(b"a|", true), None, "a row delimiter follows, not a column separator");
        assert_eq!(separators.find(b"|a", false), None);
        assert_eq!(separators.find(b"a||b", true), Some(Separator::Column));
        let separators = Separators::new(b"|", b"aba").unwrap();
        assert_eq!(separators.find(b"xab", true), Some(Separator::Row));
        assert_eq!(separators.find(b"xab", false), None);
        assert_eq!(separators.find(b"xa", true), None);
    }

    #[test]
    fn a_row_delimiter_within_the_column_separator_is_refused() {
        assert!(Separators::new(b"|\n|", b"\n").is_err());
        assert!(Separators::new(b"|", b"|").is_err());
        assert!(Separators::new(b"|", b"|\n").is_ok());
    }

    proptest! {
        #[test]
        fn headers_are_read_back(bytes in proptest::collection::vec(0u8..0x80, 1..=MAX_LEN)) {
            prop_assert_eq!(parse(&header(&bytes)), Ok(bytes));
        }

        /// The server's search, done plainly, finds each separator where it was written, if and
        /// only if `find` reports nothing for each value.
        #[test]
        fn found_is_what_the_server_would_find(
            column in "[ab|]{1,3}",
            row in "[\ncd]{1,3}",
            values in proptest::collection::vec("[ab|\ncd]{0,6}", 1..4),
        ) {
            let separators = Separators::new(column.as_bytes(), row.as_bytes()).unwrap();
            let n = values.len();
            let clean = values.iter().enumerate().all(|(i, v)| separators.find(v.as_bytes(), i + 1 == n).is_none());
            let line = values.join(&column) + &row;
            let read: Vec<&str> = line.split_once(&row).unwrap().0.split(&column).collect();
            let whole = line.find(&row) == Some(line.len() - row.len());
            prop_assert_eq!(clean, whole && read == values.iter().map(String::as_str).collect::<Vec<_>>());
        }

        #[test]
        fn overlapping_separators_are_seen_in_the_whole_row(
            column in "[ab]{1,2}",
            row in "[abc]{1,3}",
            values in proptest::collection::vec("[abcd]{0,4}", 1..4),
        ) {
            let Ok(separators) = Separators::new(column.as_bytes(), row.as_bytes()) else { return Ok(()) };
            let n = values.len();
            let line = values.join(&column) + &row;
            let clean = values.iter().enumerate().all(|(i, v)| separators.find(v.as_bytes(), i + 1 == n).is_none());
            if clean && separators.row_ends_once(line.as_bytes()) {
                let read: Vec<&str> = line.split_once(&row).unwrap().0.split(&column).collect();
                prop_assert_eq!(read, values.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }
}
