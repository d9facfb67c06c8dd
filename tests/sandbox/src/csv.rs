//! The server's two CSV parsers: plain splitting, and, where `enclose` or `escape` is set, a state machine.

use memchr::memmem;

/// How a body is written.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Between fields.
    pub column_separator: Vec<u8>,
    /// Between rows.
    pub row_delimiter: Vec<u8>,
    /// Byte that encloses fields.
    pub enclose: Option<u8>,
    /// Byte that takes the meaning from the sign that follows.
    pub escape: Option<u8>,
    /// Whether spaces around fields are dropped.
    pub trim_space: bool,
    /// Rows to leave out at the start.
    pub skip_header: u64,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            column_separator: b"\t".to_vec(),
            row_delimiter: b"\n".to_vec(),
            enclose: None,
            escape: None,
            trim_space: false,
            skip_header: 0,
        }
    }
}

/// Reads a separator as the header gives it: literally, or as hexadecimal pairs after `\x` or `0x`.
pub fn delimiter(value: &str) -> Result<Vec<u8>, String> {
    let hex = match value.get(..2) {
        Some(start) if start.eq_ignore_ascii_case("\\x") || start.eq_ignore_ascii_case("0x") => &value[2..],
        _ => {
            if value.is_empty() {
                return Err("Delimiter cannot be empty or null".into());
            }
            if value.len() > 50 {
                return Err(format!("Delimiter is longer than 50 bytes: {value}"));
            }
            return Ok(value.as_bytes().to_vec());
        }
    };
    if hex.is_empty() {
        return Err("Invalid delimiter '\\x: empty hex string".into());
    }
    if hex.len() % 2 != 0 {
        return Err(format!("Invalid delimiter '{value}': hex length must be a even number"));
    }
    (0..hex.len())
        .step_by(2)
        .map(|i| hex.get(i..i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("Invalid delimiter '{value}': invalid hex format"))
}

/// Cuts a body, given in pieces, into rows of fields.
#[derive(Debug)]
pub struct Parser {
    dialect: Dialect,
    buffer: Vec<u8>,
    at: usize,
    skip: u64,
}

/// A row: its fields, unquoted, and its text for the error log.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// The fields.
    pub fields: Vec<Vec<u8>>,
    /// The row as it was sent, without its delimiter.
    pub raw: Vec<u8>,
}

impl Parser {
    /// A parser at the start of a body.
    pub fn new(dialect: Dialect) -> Self {
        let skip = dialect.skip_header;
        Self { dialect, buffer: Vec::new(), at: 0, skip }
    }

    /// Takes more of the body and hands each complete row to `row`.
    pub fn feed(&mut self, bytes: &[u8], mut row: impl FnMut(Row)) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
        while let Some(next) = self.next(false) {
            row(next);
        }
    }

    /// Ends the body: a last row may lack its delimiter.
    pub fn finish(mut self, mut row: impl FnMut(Row)) {
        while let Some(next) = self.next(true) {
            row(next);
        }
    }

    fn next(&mut self, end: bool) -> Option<Row> {
        loop {
            let (fields, raw_end, next) = if self.dialect.enclose.is_none() && self.dialect.escape.is_none() {
                self.split_plain(end)?
            } else {
                Scan { d: &self.dialect, bytes: &self.buffer, at: self.at, end }.row()?
            };
            let raw = self.buffer[self.at..raw_end].to_vec();
            self.at = next;
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            // A row of no bytes is dropped without being counted.
            if !raw.is_empty() {
                return Some(Row { fields, raw });
            }
        }
    }

    fn split_plain(&self, end: bool) -> Option<(Vec<Vec<u8>>, usize, usize)> {
        let rest = &self.buffer[self.at..];
        let (length, next) = match memmem::find(rest, &self.dialect.row_delimiter) {
            Some(n) => (n, n + self.dialect.row_delimiter.len()),
            None if end && !rest.is_empty() => (rest.len(), rest.len()),
            None => return None,
        };
        let row = &rest[..length];
        let mut fields = Vec::new();
        let mut from = 0;
        for at in memmem::find_iter(row, &self.dialect.column_separator) {
            fields.push(self.trimmed(&row[from..at]).to_vec());
            from = at + self.dialect.column_separator.len();
        }
        fields.push(self.trimmed(&row[from..]).to_vec());
        Some((fields, self.at + length, self.at + next))
    }

    fn trimmed<'a>(&self, field: &'a [u8]) -> &'a [u8] {
        if self.dialect.trim_space { trim(field) } else { field }
    }
}

fn trim(mut field: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = field {
        field = rest;
    }
    field
}

/// One pass of the state machine over a row.
struct Scan<'a> {
    d: &'a Dialect,
    bytes: &'a [u8],
    at: usize,
    end: bool,
}

/// What ended a field.
enum Stop {
    Column,
    Row,
    Data,
}

impl Scan<'_> {
    /// The fields of one row, where its text ends and where the next row starts; `None` if more bytes are needed.
    fn row(mut self) -> Option<(Vec<Vec<u8>>, usize, usize)> {
        if self.at == self.bytes.len() {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            let (field, stop) = self.field()?;
            fields.push(field);
            match stop {
                Stop::Column => {}
                Stop::Row => return Some((fields, self.at - self.d.row_delimiter.len(), self.at)),
                Stop::Data => return Some((fields, self.at, self.at)),
            }
        }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Whether what is left might be the start of a delimiter that is not complete yet.
    fn short(&self) -> bool {
        let need = self.d.column_separator.len().max(self.d.row_delimiter.len()).max(2);
        !self.end && self.rest().len() < need
    }

    /// Takes a separator, a delimiter or the end of the data.
    fn stop(&mut self) -> Option<Stop> {
        if self.rest().starts_with(&self.d.row_delimiter) {
            self.at += self.d.row_delimiter.len();
            return Some(Stop::Row);
        }
        if self.rest().starts_with(&self.d.column_separator) {
            self.at += self.d.column_separator.len();
            return Some(Stop::Column);
        }
        (self.at == self.bytes.len() && self.end).then_some(Stop::Data)
    }

    fn field(&mut self) -> Option<(Vec<u8>, Stop)> {
        if self.d.trim_space {
            while self.rest().first() == Some(&b' ') {
                self.at += 1;
            }
        }
        if self.short() {
            return None;
        }
        if self.d.enclose.is_some() && self.rest().first() == self.d.enclose.as_ref() {
            self.at += 1;
            return self.enclosed();
        }
        self.open(Vec::new())
    }

    /// After an escape byte: the token it protects, or `None` for an ordinary byte.
    fn protected(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest();
        let token = if self.d.enclose.is_some() && rest.first() == self.d.enclose.as_ref()
            || rest.first() == self.d.escape.as_ref()
        {
            rest[..1].to_vec()
        } else if rest.starts_with(&self.d.row_delimiter) {
            self.d.row_delimiter.clone()
        } else if rest.starts_with(&self.d.column_separator) {
            self.d.column_separator.clone()
        } else {
            return None;
        };
        self.at += token.len();
        Some(token)
    }

    fn open(&mut self, mut field: Vec<u8>) -> Option<(Vec<u8>, Stop)> {
        loop {
            if self.short() {
                return None;
            }
            if let Some(stop) = self.stop() {
                if self.d.trim_space {
                    field = trim(&field).to_vec();
                }
                return Some((field, stop));
            }
            let byte = *self.rest().first()?;
            self.at += 1;
            if Some(byte) == self.d.escape {
                match self.protected() {
                    Some(token) => field.extend(token),
                    // Before any other byte the escape is dropped and the byte stays.
                    None => field.extend(self.take()),
                }
            } else {
                field.push(byte);
            }
        }
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.rest().first().copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn enclosed(&mut self) -> Option<(Vec<u8>, Stop)> {
        let mut field = Vec::new();
        loop {
            if self.short() {
                return None;
            }
            let Some(byte) = self.take() else {
                // Never closed: everything up to the end of the data belongs to the field.
                return self.end.then_some((field, Stop::Data));
            };
            if Some(byte) == self.d.enclose {
                if self.rest().first() == Some(&byte) {
                    // Doubled: one of them is data; but `""` and then a separator is an empty field, and so it
                    // is read below, because the first of the two already closed the field.
                    self.at += 1;
                    field.push(byte);
                    continue;
                }
                return self.closed(field);
            }
            if Some(byte) == self.d.escape {
                if self.rest().len() < self.d.row_delimiter.len().max(self.d.column_separator.len())
                    && !self.end
                {
                    return None;
                }
                match self.protected() {
                    Some(token) => field.extend(token),
                    None => {
                        // The state falls back to "not enclosed": later separators split again.
                        field.extend(self.take());
                        return self.open(field);
                    }
                }
                continue;
            }
            field.push(byte);
        }
    }

    /// After the closing byte: what stands before the separator is appended, its last byte cut off as if it were
    /// the closing one.
    fn closed(&mut self, mut field: Vec<u8>) -> Option<(Vec<u8>, Stop)> {
        let mut tail = Vec::new();
        loop {
            if self.rest().len() < self.d.column_separator.len().max(self.d.row_delimiter.len()) && !self.end
            {
                return None;
            }
            if let Some(stop) = self.stop() {
                let tail = if self.d.trim_space { trim(&tail) } else { &tail };
                if !tail.is_empty() {
                    if field.is_empty() {
                        // Text after an empty pair: the field counts as not enclosed.
                        field.extend(self.d.enclose);
                    }
                    field.extend(self.d.enclose);
                    field.extend_from_slice(tail);
                    if field.first().copied() != self.d.enclose {
                        field.pop();
                    }
                }
                return Some((field, stop));
            }
            tail.extend(self.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(dialect: &Dialect, body: &[u8], piece: usize) -> Vec<Vec<String>> {
        let mut parser = Parser::new(dialect.clone());
        let mut rows = Vec::new();
        let mut keep = |row: Row| {
            rows.push(row.fields.into_iter().map(|f| String::from_utf8(f).unwrap()).collect());
        };
        for bytes in body.chunks(piece) {
            parser.feed(bytes, &mut keep);
        }
        parser.finish(&mut keep);
        rows
    }

    fn all_pieces(dialect: &Dialect, body: &str, want: &[&[&str]]) {
        for piece in 1..=body.len() {
            assert_eq!(parse(dialect, body.as_bytes(), piece), want, "in pieces of {piece}");
        }
    }

    fn enclosing() -> Dialect {
        Dialect { column_separator: b",".to_vec(), enclose: Some(b'"'), ..Dialect::default() }
    }

    #[test]
    fn plain_rows() {
        all_pieces(&Dialect::default(), "a\tb\n\nc\t\nlast", &[&["a", "b"], &["c", ""], &["last"]]);
        let d = Dialect {
            column_separator: b"||".to_vec(),
            row_delimiter: b"\r\n".to_vec(),
            trim_space: true,
            skip_header: 1,
            ..Dialect::default()
        };
        all_pieces(&d, "head||er\r\n a || b\r\n|c||d\r\n", &[&["a", "b"], &["|c", "d"]]);
    }

    #[test]
    fn enclosed_fields() {
        all_pieces(
            &enclosing(),
            "\"a,b\",\"say \"\"hi\"\"\",\"\"\n\"two\nlines\",x\"y,\\N\n",
            &[&["a,b", "say \"hi\"", ""], &["two\nlines", "x\"y", "\\N"]],
        );
    }

    #[test]
    fn escapes_protect_four_tokens_only() {
        let d = Dialect { escape: Some(b'\\'), ..enclosing() };
        all_pieces(&d, "\"a\\\"b\",c\\,d,\\N\n", &[&["a\"b", "c,d", "N"]]);
        // Any other escaped sign ends the enclosure.
        all_pieces(&d, "\"a\\nb,c\n", &[&["anb", "c"]]);
    }

    #[test]
    fn an_open_enclosure_swallows_the_rest() {
        all_pieces(&enclosing(), "\"a,b\nc,d\n", &[&["a,b\nc,d\n"]]);
    }

    #[test]
    fn delimiters_in_headers() {
        assert_eq!(delimiter("\\x01").unwrap(), [1]);
        assert_eq!(delimiter("0x0D0a").unwrap(), b"\r\n");
        assert_eq!(delimiter("\\n").unwrap(), b"\\n");
        assert!(delimiter("\\x").unwrap_err().contains("empty hex"));
        assert!(delimiter("\\x1").unwrap_err().contains("even number"));
        assert!(delimiter("\\xzz").unwrap_err().contains("invalid hex"));
    }

    proptest::proptest! {
        #[test]
        fn enclosed_rows_read_back(
            rows in proptest::collection::vec(proptest::collection::vec("[a,\"\n é|\\\\]{0,6}", 1..4), 0..5),
            piece in 1usize..9,
        ) {
            let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let body: String = rows
                .iter()
                .map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n")
                .collect();
            proptest::prop_assert_eq!(parse(&enclosing(), body.as_bytes(), piece), rows);
        }

        #[test]
        fn plain_rows_split_as_text_does(body in "[ab,|\n]{0,40}", piece in 1usize..9) {
            let d = Dialect { column_separator: b",|".to_vec(), ..Dialect::default() };
            let want: Vec<Vec<String>> = body
                .split('\n')
                .filter(|line| !line.is_empty())
                .map(|line| line.split(",|").map(str::to_owned).collect())
                .collect();
            proptest::prop_assert_eq!(parse(&d, body.as_bytes(), piece), want);
        }
    }
}
