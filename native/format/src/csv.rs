//! Rows as CSV, and what CSV can't carry.
//!
//! StarRocks has two parsers (`be/src/formats/csv/csv_reader.cpp`). Without `enclose` and `escape` it
//! splits the data at row delimiters and each row at column separators, and nothing can protect a
//! separator within a value. With either of them it runs a state machine:
//!
//! * A field is *enclosed* when the enclose character is its first byte. Within, separators are data,
//!   and a doubled enclose character is one. `""` followed by anything but a separator is not an
//!   enclosed field in many versions (StarRocks issue 38277), so a value that starts with the enclose
//!   character can't be enclosed with doubled characters; an escape character makes it possible.
//! * A character that is not set is compared as the byte 0, so NUL acts as the escape character when
//!   only `enclose` is set.
//! * An escape character makes the next enclose character, escape character or separator literal. As a
//!   backslash it would turn `\N` into the text `N`, so that is refused.
//!
//! In both, a field that reads `\N` is NULL, even when it was enclosed.

use memchr::{memchr, memchr2};
use starrocks_row::{Cursor, Op, Value};

use crate::ZoneRules;
use crate::array::ArrayText;
use crate::error::Fault;
use crate::fast::{self, Plain};
use crate::json::{Booleans, Nested};
use crate::plan::{At, Column, RowNotes};
use crate::separators::Separators;
use crate::target::Target;
use crate::{base64, escape, jsontext, scalar};

/// How NULL is written.
const NULL: &[u8] = b"\\N";

/// What the text of numbers, dates and times is made of.
const SCALAR_ALPHABET: &[u8] = b"0123456789+-.:e ";

/// How fields are separated and enclosed.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    separators: Separators,
    parser: Parser,
    /// Whether the server strips spaces around fields that are not enclosed.
    trim: bool,
    /// Whether the text of a number, date or time may hold a separator.
    check_scalars: bool,
    /// Whether rows must be checked as a whole, since separator and values together may form a row
    /// delimiter.
    check_rows: bool,
}

/// The server's parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parser {
    /// Neither `enclose` nor `escape`.
    Split,
    /// At least one of them.
    States { enclose: Option<u8>, escape: Option<u8> },
}

impl Dialect {
    /// Prepares the dialect that these properties mean.
    ///
    /// # Errors
    ///
    /// The problems, when rows written so could not be read back.
    pub(crate) fn new(
        separators: Separators,
        enclose: Option<u8>,
        escape: Option<u8>,
        trim: bool,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        for (name, character) in [("enclose", enclose), ("escape", escape)] {
            let Some(character) = character else { continue };
            if character == b'\\' {
                problems.push(format!(
                    "'sink.properties.{name}' can't be the backslash: StarRocks would no longer read \\N as NULL; \
                     use another character, or only 'sink.properties.enclose'"
                ));
            } else if !character.is_ascii_punctuation() || SCALAR_ALPHABET.contains(&character) {
                problems.push(format!(
                    "'sink.properties.{name}' must be a punctuation character that no number or date has"
                ));
            }
            if separators.column().contains(&character) || separators.row().contains(&character) {
                problems.push(format!("'sink.properties.{name}' must not occur in the separators"));
            }
        }
        if enclose.is_some() && enclose == escape {
            problems.push("'sink.properties.enclose' and 'sink.properties.escape' must differ".to_owned());
        }
        let parser = match (enclose, escape) {
            (None, None) => Parser::Split,
            _ => Parser::States { enclose, escape },
        };
        if separators.find(NULL, false).is_some() || separators.find(NULL, true).is_some() {
            problems
                .push("NULL, which is \\N in CSV, would be split by the separators; use others".to_owned());
        }
        if trim && (separators.column().contains(&b' ') || separators.row().contains(&b' ')) {
            problems.push("with 'sink.properties.trim_space' no separator may hold a space".to_owned());
        }
        let check_rows = separators.overlap();
        if check_rows && parser != Parser::Split {
            problems.push(
                "with 'sink.properties.enclose' or 'sink.properties.escape' the column separator and the row \
                 delimiter must have no byte in common"
                    .to_owned(),
            );
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let check_scalars =
            SCALAR_ALPHABET.iter().any(|b| separators.column().contains(b) || separators.row().contains(b));
        Ok(Self { separators, parser, trim, check_scalars, check_rows })
    }

    pub(crate) fn row_delimiter(&self) -> &[u8] {
        self.separators.row()
    }

    /// What the short way must know; `None` where more than text must be looked at.
    pub(crate) fn fast(&self) -> Option<fast::Dialect<'_>> {
        if self.check_scalars || self.check_rows {
            return None;
        }
        let specials = match self.parser {
            Parser::Split => None,
            // An unset character acts as NUL.
            Parser::States { enclose, escape } => Some([enclose.unwrap_or(0), escape.unwrap_or(0), 0]),
        };
        let (separator, delimiter) = (self.separators.column(), self.separators.row());
        Some(fast::Dialect { separator, delimiter, specials, check_text: self.trim })
    }

    /// Makes sure that the field which starts at `start` reads back as it is, enclosing it if need
    /// be. `last` says whether the row delimiter follows, `only` whether it is the row's only field.
    ///
    /// # Errors
    ///
    /// When it can't be written so that it reads back.
    #[inline]
    fn seal(&self, out: &mut Vec<u8>, start: usize, last: bool, only: bool) -> Result<(), Fault> {
        let text = &out[start..];
        if text == NULL {
            return Err(Fault::row("the text is \\N, which StarRocks reads as NULL, enclosed or not")
                .remedy("Load as JSON: 'sink.properties.format' = 'json'"));
        }
        let separator = self.separators.find(text, last);
        let blank = only && text.is_empty();
        let trimmed = self.trim && (text.first() == Some(&b' ') || text.last() == Some(&b' '));
        match self.parser {
            Parser::Split if separator.is_none() && !blank && !trimmed => Ok(()),
            Parser::Split => Err(self.refuse(text, last, only)),
            Parser::States { enclose, escape } => {
                // An unset character acts as NUL, whatever the state.
                if (enclose.is_none() || escape.is_none()) && memchr(0, text).is_some() {
                    return Err(Fault::row(
                        "the text holds a NUL character, which StarRocks takes for the enclose or escape character \
                         that is not set",
                    )
                    .remedy(
                        "Set both 'sink.properties.enclose' and 'sink.properties.escape', or load as JSON: \
                         'sink.properties.format' = 'json'",
                    ));
                }
                let (a, b) = match (enclose, escape) {
                    (Some(a), Some(b)) => (a, b),
                    (Some(a), None) | (None, Some(a)) => (a, a),
                    (None, None) => unreachable!("the parser would be Split"),
                };
                if separator.is_none() && !blank && !trimmed && memchr2(a, b, text).is_none() {
                    return Ok(());
                }
                match enclose {
                    None => Err(self.refuse(text, last, only)),
                    Some(enclose) if escape.is_none() && text.first() == Some(&enclose) => {
                        Err(Fault::row(
                            "the text starts with the enclose character, which StarRocks misreads when it is doubled",
                        )
                        .remedy(
                            "Set 'sink.properties.escape' too (not to the backslash), choose another \
                             'sink.properties.enclose', or load as JSON: 'sink.properties.format' = 'json'",
                        ))
                    }
                    Some(enclose) => {
                        wrap(out, start, enclose, escape);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Why the text can't be written without enclosing it.
    #[cold]
    fn refuse(&self, text: &[u8], last: bool, only: bool) -> Fault {
        let reason = if let Some(separator) = self.separators.find(text, last) {
            format!("the text of {} bytes holds the {separator}, or ends in the beginning of it", text.len())
        } else if only && text.is_empty() {
            "the text is empty and the table has one column: StarRocks drops blank lines".to_owned()
        } else if self.parser == Parser::Split || text.first() == Some(&b' ') || text.last() == Some(&b' ') {
            "the text starts or ends with a space, which 'sink.properties.trim_space' strips".to_owned()
        } else {
            format!("the text of {} bytes holds the escape character", text.len())
        };
        Fault::row(reason).remedy(
            "Use other 'sink.properties.column_separator' and 'sink.properties.row_delimiter', set \
             'sink.properties.enclose' (StarRocks 3.0 on), or load as JSON: 'sink.properties.format' = 'json'",
        )
    }
}

/// Encloses what starts at `start`, in place.
fn wrap(out: &mut Vec<u8>, start: usize, enclose: u8, escape: Option<u8>) {
    let special = |b: u8| b == enclose || Some(b) == escape;
    let prefix = escape.unwrap_or(enclose);
    let end = out.len();
    let extra = out[start..].iter().filter(|b| special(**b)).count();
    out.resize(end + extra + 2, enclose);
    // From the back, so that nothing is overwritten before it was moved.
    let mut to = end + extra + 1;
    let mut from = end;
    while from > start {
        if to == from + 1 {
            // All that is left moves by one.
            out.copy_within(start..from, start + 1);
            break;
        }
        from -= 1;
        to -= 1;
        let byte = out[from];
        out[to] = byte;
        if special(byte) {
            to -= 1;
            out[to] = prefix;
        }
    }
    out[start] = enclose;
}

/// Writes rows as CSV.
#[derive(Debug)]
pub(crate) struct CsvRows {
    columns: Box<[Column]>,
    op: bool,
    dialect: Dialect,
}

impl CsvRows {
    pub(crate) fn new(columns: Box<[Column]>, op: bool, dialect: Dialect) -> Self {
        Self { columns, op, dialect }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// Appends one row with its delimiter.
    pub(crate) fn row(
        &self,
        payload: &[u8],
        op: Op,
        zone: &ZoneRules,
        out: &mut Vec<u8>,
    ) -> Result<RowNotes, At> {
        let row_start = out.len();
        let mut cursor = Cursor::new(payload);
        let mut notes = RowNotes::default();
        At::check_op(op, self.op)?;
        let count = self.columns.len();
        for (i, column) in self.columns.iter().enumerate() {
            let value = At::value_of(&mut cursor, i, count)?;
            if i > 0 {
                out.extend_from_slice(self.dialect.separators.column());
            }
            let start = out.len();
            let last = !self.op && i + 1 == count;
            field(column, value, &mut cursor, zone, out, &mut notes)
                .and_then(|wrote| {
                    if wrote == Wrote::Text || wrote == Wrote::Scalar && self.dialect.check_scalars {
                        self.dialect.seal(out, start, last, last && i == 0)?;
                    }
                    Ok(())
                })
                .map_err(|fault| At::column(i, fault))?;
        }
        At::end_of(&cursor, count)?;
        if self.op {
            out.extend_from_slice(self.dialect.separators.column());
            let start = out.len();
            out.push(match op {
                Op::Upsert => b'0',
                Op::Delete => b'1',
            });
            if self.dialect.check_scalars {
                self.dialect.seal(out, start, true, false).map_err(At::row)?;
            }
        }
        out.extend_from_slice(self.dialect.row_delimiter());
        if self.dialect.check_rows && !self.dialect.separators.row_ends_once(&out[row_start..]) {
            return Err(At::row(
                Fault::row("a column separator and the values beside it form the row delimiter").remedy(
                    "Use separators that have no byte in common, or load as JSON: 'sink.properties.format' = 'json'",
                ),
            ));
        }
        Ok(notes)
    }
}

impl Plain for CsvRows {
    fn value(
        &self,
        column: usize,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
        zone: &ZoneRules,
        out: &mut Vec<u8>,
        notes: &mut RowNotes,
    ) -> Option<()> {
        let start = out.len();
        let last = !self.op && column + 1 == self.columns.len();
        match field(&self.columns[column], value, cursor, zone, out, notes).ok()? {
            Wrote::Text => self.dialect.seal(out, start, last, last && column == 0).ok(),
            // The short way is not for dialects that numbers and NULL must be checked for.
            Wrote::Null | Wrote::Scalar => Some(()),
        }
    }
}

/// What [`field`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrote {
    /// NULL, which no dialect splits.
    Null,
    /// A number, a date or a time: made of [`SCALAR_ALPHABET`].
    Scalar,
    /// Text that may hold anything.
    Text,
}

/// Appends the text of a column's value, without regard to separators.
#[inline]
fn field(
    column: &Column,
    value: Value<'_>,
    cursor: &mut Cursor<'_>,
    zone: &ZoneRules,
    out: &mut Vec<u8>,
    notes: &mut RowNotes,
) -> Result<Wrote, Fault> {
    column.check(&value)?;
    match value {
        // As in JSON loads, what is no JSON is a string: the server would take it for NULL, without a word.
        Value::Str(text) if column.target == Target::Json && !jsontext::is_value(text) => {
            escape::string(out, text)
        }
        Value::Str(text) => out.extend_from_slice(text),
        Value::Null => {
            out.extend_from_slice(NULL);
            return Ok(Wrote::Null);
        }
        Value::Bytes(bytes) => match column.target.max_integer() {
            Some(max) => {
                scalar::bytes_as_integer(out, bytes, max)?;
                return Ok(Wrote::Scalar);
            }
            None => base64::encode(out, bytes),
        },
        Value::Array(count) if column.target == Target::Array => {
            ArrayText { out, cursor, zone, non_finite: &mut notes.non_finite }.array(count, 0)?;
        }
        Value::Map(_) | Value::Row(_) if matches!(column.target, Target::Map | Target::Struct) => {
            return Err(Fault::row(format!(
                "CSV can't carry a {} for a column of type {}",
                value.kind(),
                column.target.name()
            ))
            .remedy("Load as JSON: 'sink.properties.format' = 'json'"));
        }
        Value::Array(_) | Value::Map(_) | Value::Row(_) => {
            let style = Booleans::of(column.target);
            Nested { out, cursor, zone, style, non_finite: &mut notes.non_finite }.value(
                value,
                Some(&column.ty),
                0,
            )?;
        }
        _ if scalar::is_non_finite(&value) => {
            notes.non_finite += 1;
            out.extend_from_slice(NULL);
            return Ok(Wrote::Null);
        }
        _ => {
            scalar::write(out, &value, Some(column.target), zone)?;
            return Ok(Wrote::Scalar);
        }
    }
    Ok(Wrote::Text)
}
