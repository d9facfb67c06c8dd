//! Readers that know the server's rules: CSV in both of its parsers, array text, and the texts of
//! scalars.

use super::Model;

/// The characters that the server's CSV parser is told; 0 for those that are not set, as it has it.
#[derive(Debug, Clone, Default)]
pub struct Dialect {
    pub column: Vec<u8>,
    pub row: Vec<u8>,
    pub enclose: u8,
    pub escape: u8,
    pub trim: bool,
}

/// A field: `None` is NULL.
pub type Field = Option<Vec<u8>>;

/// Reads CSV as the server does. Of its second parser there are two generations, which differ in what
/// a doubled enclose character at the start of a field is; `generation` is 1 or 2.
pub fn csv(data: &[u8], dialect: &Dialect, generation: u8) -> Vec<Vec<Field>> {
    let rows = if dialect.enclose == 0 && dialect.escape == 0 {
        split(data, dialect)
    } else {
        States { data, dialect, generation, at: 0 }.rows()
    };
    let null = |field: Vec<u8>| (field != b"\\N").then_some(field);
    rows.into_iter().map(|row| row.into_iter().map(null).collect()).collect()
}

fn find(data: &[u8], needle: &[u8]) -> Option<usize> {
    data.windows(needle.len()).position(|w| w == needle)
}

fn pieces<'d>(mut data: &'d [u8], separator: &[u8]) -> Vec<&'d [u8]> {
    let mut all = Vec::new();
    while let Some(at) = find(data, separator) {
        all.push(&data[..at]);
        data = &data[at + separator.len()..];
    }
    all.push(data);
    all
}

/// The first parser: rows, then fields, no quoting. Blank rows are dropped.
fn split(data: &[u8], dialect: &Dialect) -> Vec<Vec<Vec<u8>>> {
    let mut rows = pieces(data, &dialect.row);
    assert_eq!(rows.pop(), Some(&b""[..]), "the data ends with a row delimiter");
    let trim = |mut field: &[u8]| {
        while dialect.trim && field.first() == Some(&b' ') {
            field = &field[1..];
        }
        while dialect.trim && field.last() == Some(&b' ') {
            field = &field[..field.len() - 1];
        }
        field.to_vec()
    };
    let rows = rows.into_iter().filter(|row| !row.is_empty());
    rows.map(|row| pieces(row, &dialect.column).into_iter().map(trim).collect()).collect()
}

/// The second parser.
struct States<'d> {
    data: &'d [u8],
    dialect: &'d Dialect,
    generation: u8,
    at: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Enclosed,
    Ordinary,
    Escaped { from_enclosed: bool },
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Column,
    Row,
}

impl States<'_> {
    fn rows(mut self) -> Vec<Vec<Vec<u8>>> {
        let (mut rows, mut fields) = (Vec::new(), Vec::new());
        while self.at < self.data.len() {
            let start = self.at;
            let (field, end) = self.field();
            let blank = fields.is_empty() && end == End::Row && self.at - start == self.dialect.row.len();
            if !blank {
                fields.push(field);
            }
            if end == End::Row && !blank {
                rows.push(std::mem::take(&mut fields));
            }
        }
        assert!(fields.is_empty(), "the data ends with a row delimiter");
        rows
    }

    fn byte(&self) -> u8 {
        *self.data.get(self.at).expect("the data does not end within a field")
    }

    /// The row delimiter is looked for first.
    fn separator(&mut self) -> Option<End> {
        let rest = &self.data[self.at..];
        for (separator, end) in [(&self.dialect.row, End::Row), (&self.dialect.column, End::Column)] {
            if rest.starts_with(separator) {
                self.at += separator.len();
                return Some(end);
            }
        }
        None
    }

    fn field(&mut self) -> (Vec<u8>, End) {
        let Dialect { enclose, escape, trim, .. } = *self.dialect;
        while trim && self.byte() == b' ' {
            self.at += 1;
        }
        let mut content = Vec::new();
        let mut enclosed = false;
        if let Some(end) = self.separator() {
            return (content, end);
        }
        let mut state = State::Ordinary;
        if self.byte() == escape {
            self.at += 1;
            state = State::Escaped { from_enclosed: false };
        } else if self.byte() == enclose {
            self.at += 1;
            if self.generation == 1 && self.byte() == enclose {
                self.at += 1;
                if let Some(end) = self.separator() {
                    return (content, end);
                }
                content.push(enclose);
            } else {
                (state, enclosed) = (State::Enclosed, true);
            }
        } else {
            content.push(self.byte());
            self.at += 1;
        }
        loop {
            let byte = self.byte();
            match state {
                State::Enclosed if byte == enclose => {
                    self.at += 1;
                    if self.byte() == enclose {
                        self.at += 1;
                        content.push(enclose);
                    } else {
                        // The closing one counts as content until the end of the field.
                        content.push(enclose);
                        state = State::Ordinary;
                    }
                }
                State::Enclosed if byte == escape => {
                    self.at += 1;
                    state = State::Escaped { from_enclosed: true };
                }
                State::Enclosed => {
                    content.push(byte);
                    self.at += 1;
                }
                State::Escaped { from_enclosed } => {
                    let before = self.at;
                    let literal = if byte == enclose || byte == escape {
                        self.at += 1;
                        true
                    } else {
                        self.separator().is_some()
                    };
                    content.extend_from_slice(&self.data[before..self.at]);
                    // Before any other character the escape is dropped, and with it the enclosure.
                    state = if literal && from_enclosed { State::Enclosed } else { State::Ordinary };
                }
                State::Ordinary => {
                    if let Some(end) = self.separator() {
                        if enclosed {
                            content.pop();
                        }
                        while trim && !enclosed && content.last() == Some(&b' ') {
                            content.pop();
                        }
                        return (content, end);
                    }
                    self.at += 1;
                    if byte == escape {
                        state = State::Escaped { from_enclosed: false };
                    } else if byte == enclose && (self.generation == 1 || self.byte() == enclose) {
                        content.push(self.byte());
                        self.at += 1;
                    } else {
                        content.push(byte);
                    }
                }
            }
        }
    }
}

/// Splits the text of an array into the texts of its elements, as the server does: at commas outside
/// of quotes and inner brackets.
pub fn array(text: &[u8]) -> Vec<&[u8]> {
    let inner = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")).expect("an array in brackets");
    if inner.is_empty() {
        return Vec::new();
    }
    let (mut quoted, mut depth, mut start) = (false, 0, 0);
    let mut elements = Vec::new();
    for (i, byte) in inner.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => depth -= 1,
            b',' if !quoted && depth == 0 => {
                elements.push(&inner[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    assert!(!quoted && depth == 0);
    elements.push(&inner[start..]);
    elements
}

/// The text within quotes, doubled ones made single.
pub fn unquote(text: &[u8]) -> Vec<u8> {
    let inner = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).expect("text in quotes");
    let mut out = Vec::new();
    let mut bytes = inner.iter().peekable();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == b'"' {
            bytes.next_if(|b| **b == b'"');
        }
    }
    out
}

/// Days since the epoch; H. Hinnant's `days_from_civil`.
pub fn epoch_day(text: &str) -> i64 {
    let parts: Vec<i64> = text.split('-').map(|p| p.parse().unwrap()).collect();
    assert_eq!((text.len(), parts.len()), (10, 3), "{text}");
    let (y, m, d) = (parts[0], parts[1], parts[2]);
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// Microseconds of the day.
pub fn micro_of_day(text: &str) -> i64 {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<i64> = clock.split(':').map(|p| p.parse().unwrap()).collect();
    assert_eq!((clock.len(), parts.len()), (8, 3), "{text}");
    let micros: i64 = format!("{fraction:0<6}").parse().unwrap();
    assert!(fraction.len() <= 6, "{text}");
    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000_000 + micros
}

/// Microseconds since the epoch.
pub fn epoch_micro(text: &str) -> i128 {
    let (day, clock) = text.split_once(' ').unwrap();
    i128::from(epoch_day(day)) * 86_400_000_000 + i128::from(micro_of_day(clock))
}

/// Whether the digits are the decimal.
pub fn is_decimal(text: &str, unscaled: i128, scale: u8) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    fraction.len() == usize::from(scale)
        && !whole.trim_start_matches('-').is_empty()
        && format!("{whole}{fraction}").parse::<i128>() == Ok(unscaled)
        && text.starts_with('-') == (unscaled < 0)
}

/// Whether the text is the scalar's. `zone` is the offset of the instants' zone, in milliseconds.
pub fn is_scalar(text: &[u8], value: &Model, zone: i64) -> bool {
    if let Model::Str(v) = value {
        return text == v.as_bytes();
    }
    let text = std::str::from_utf8(text).unwrap();
    match value {
        Model::Bool(v) => text == if *v { "1" } else { "0" },
        Model::I8(v) => text == v.to_string(),
        Model::I16(v) => text == v.to_string(),
        Model::I32(v) => text == v.to_string(),
        Model::I64(v) => text == v.to_string(),
        Model::F32(v) => text.parse::<f32>().unwrap().to_bits() == v.to_bits(),
        Model::F64(v) => text.parse::<f64>().unwrap().to_bits() == v.to_bits(),
        Model::Decimal64(v, scale) => is_decimal(text, (*v).into(), *scale),
        Model::Decimal(v, scale) => is_decimal(text, *v, *scale),
        Model::BigInt(v) => text == v.to_string(),
        Model::Bytes(v) => base64(text) == *v,
        Model::Date(v) => epoch_day(text) == i64::from(*v),
        Model::Time(v) => micro_of_day(text) == v / 1000,
        Model::Timestamp(millis, nano) => epoch_micro(text) == micros(*millis, *nano),
        Model::Ltz(millis, nano) => epoch_micro(text) == micros(millis + zone, *nano),
        Model::Null | Model::Str(_) | Model::Array(_) | Model::Map(_) | Model::Row(_) => false,
    }
}

fn micros(millis: i64, nano: i32) -> i128 {
    i128::from(millis) * 1000 + i128::from(nano / 1000)
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_eq!(text.len() % 4, 0, "{text}");
    let mut out = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let pad = four.iter().filter(|b| **b == b'=').count();
        let bits = four.iter().fold(0u32, |bits, b| {
            bits << 6 | if *b == b'=' { 0 } else { ALPHABET.iter().position(|a| a == b).unwrap() as u32 }
        });
        out.extend_from_slice(&bits.to_be_bytes()[1..4 - pad]);
    }
    out
}
