//! Rows as JSON objects, and nested values as JSON.

use starrocks_row::layout::MAX_DEPTH;
use starrocks_row::{Cursor, Op, Value};

use crate::error::Fault;
use crate::fast::Plain;
use crate::plan::{At, Column, RowNotes};
use crate::spec::Type;
use crate::target::Target;
use crate::{ZoneRules, base64, escape, jsontext, scalar};

/// Writes rows as JSON objects.
#[derive(Debug)]
pub(crate) struct JsonRows {
    columns: Box<[Column]>,
    /// For each column what comes before its value: `{"a":` or `,"b":`.
    keys: Box<[Box<[u8]>]>,
    op: bool,
}

impl JsonRows {
    pub(crate) fn new(columns: Box<[Column]>, op: bool) -> Self {
        let keys = columns.iter().enumerate().map(|(i, column)| key(i, &column.name).into()).collect();
        Self { columns, keys, op }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Appends one row.
    pub(crate) fn row(
        &self,
        payload: &[u8],
        op: Op,
        zone: &ZoneRules,
        out: &mut Vec<u8>,
    ) -> Result<RowNotes, At> {
        let mut cursor = Cursor::new(payload);
        let mut notes = RowNotes::default();
        At::check_op(op, self.op)?;
        for (i, (column, key)) in self.columns.iter().zip(&self.keys).enumerate() {
            let value = At::value_of(&mut cursor, i, self.columns.len())?;
            out.extend_from_slice(key);
            field(column, value, &mut cursor, zone, out, &mut notes).map_err(|fault| At::column(i, fault))?;
        }
        At::end_of(&cursor, self.columns.len())?;
        if self.op {
            out.extend_from_slice(match op {
                Op::Upsert => b",\"__op\":0",
                Op::Delete => b",\"__op\":1",
            });
        }
        out.push(b'}');
        Ok(notes)
    }
}

impl Plain for JsonRows {
    fn value(
        &self,
        column: usize,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
        zone: &ZoneRules,
        out: &mut Vec<u8>,
        notes: &mut RowNotes,
    ) -> Option<()> {
        field(&self.columns[column], value, cursor, zone, out, notes).ok()
    }
}

/// What comes before the value of a column: `{"a":` or `,"b":`.
pub(crate) fn key(column: usize, name: &str) -> Vec<u8> {
    let mut key = vec![if column == 0 { b'{' } else { b',' }];
    escape::string(&mut key, name.as_bytes());
    key.push(b':');
    key
}

/// Appends the value of a column.
#[inline]
fn field(
    column: &Column,
    value: Value<'_>,
    cursor: &mut Cursor<'_>,
    zone: &ZoneRules,
    out: &mut Vec<u8>,
    notes: &mut RowNotes,
) -> Result<(), Fault> {
    column.check(&value)?;
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Str(text) => match column.target {
            // Text for these is JSON text, to be stored byte for byte; what is no JSON is a string.
            Target::Json | Target::Array | Target::Map | Target::Struct if jsontext::is_value(text) => {
                out.extend_from_slice(text);
            }
            _ => escape::string(out, text),
        },
        Value::Bytes(bytes) => match column.target.max_integer() {
            Some(max) => scalar::bytes_as_integer(out, bytes, max)?,
            None => {
                out.push(b'"');
                base64::encode(out, bytes);
                out.push(b'"');
            }
        },
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
            out.extend_from_slice(b"null");
        }
        _ if scalar::is_bare(&value) => scalar::write(out, &value, Some(column.target), zone)?,
        _ => {
            out.push(b'"');
            scalar::write(out, &value, None, zone)?;
            out.push(b'"');
        }
    }
    Ok(())
}

/// How truth values within nested values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Booleans {
    /// `true` and `false`: where the JSON itself is stored.
    Words,
    /// `1` and `0`: where the server reads elements of a type of its own, which may be TINYINT, for
    /// which it does not take `true`.
    Digits,
}

impl Booleans {
    pub(crate) fn of(target: Target) -> Self {
        match target {
            Target::Array | Target::Map | Target::Struct => Self::Digits,
            _ => Self::Words,
        }
    }
}

/// Writes nested values as JSON, reading what lies in them from the cursor.
pub(crate) struct Nested<'w, 'a> {
    pub(crate) out: &'w mut Vec<u8>,
    pub(crate) cursor: &'w mut Cursor<'a>,
    pub(crate) zone: &'w ZoneRules,
    pub(crate) style: Booleans,
    /// Counts NaN and infinities, which are written as null.
    pub(crate) non_finite: &'w mut u32,
}

impl Nested<'_, '_> {
    /// Appends a value that lies in `depth` containers. `ty` is its declared type, if it has one
    /// here; only rows need it, for the names of their fields.
    ///
    /// # Errors
    ///
    /// When a map has a key that can't be a name, a row does not fit its type, a date is out of
    /// range, or the encoding is malformed.
    pub(crate) fn value(&mut self, value: Value<'_>, ty: Option<&Type>, depth: usize) -> Result<(), Fault> {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Str(text) => escape::string(self.out, text),
            Value::Array(count) => {
                let element = match ty {
                    Some(Type::Array(element)) => Some(&**element),
                    _ => None,
                };
                self.enter(depth)?;
                self.out.push(b'[');
                for i in 0..count {
                    self.comma(i > 0);
                    let value = self.cursor.value()?;
                    self.value(value, element, depth + 1)?;
                }
                self.out.push(b']');
            }
            Value::Map(count) => {
                let types = match ty {
                    Some(Type::Map(types)) => Some(&types.1),
                    _ => None,
                };
                self.enter(depth)?;
                self.out.push(b'{');
                for i in 0..count {
                    self.comma(i > 0);
                    let key = self.cursor.value()?;
                    self.key(key)?;
                    self.out.push(b':');
                    let value = self.cursor.value()?;
                    self.value(value, types, depth + 1)?;
                }
                self.out.push(b'}');
            }
            Value::Row(count) => {
                let Some(Type::Row(fields)) = ty else {
                    return Err(Fault::row(format!(
                        "it holds a ROW where {} is declared, so that its fields have no names",
                        ty.map_or("something else", Type::name)
                    )));
                };
                if fields.len() != usize::from(count) {
                    return Err(Fault::row(format!(
                        "it holds a ROW of {count} fields where one of {} is declared",
                        fields.len()
                    )));
                }
                self.enter(depth)?;
                self.out.push(b'{');
                for (i, (name, ty)) in fields.iter().enumerate() {
                    self.comma(i > 0);
                    escape::string(self.out, name.as_bytes());
                    self.out.push(b':');
                    let value = self.cursor.value()?;
                    self.value(value, Some(ty), depth + 1)?;
                }
                self.out.push(b'}');
            }
            _ if scalar::is_non_finite(&value) => {
                *self.non_finite += 1;
                self.out.extend_from_slice(b"null");
            }
            Value::Bytes(_) => self.quoted(&value)?,
            _ if scalar::is_bare(&value) => self.text(&value)?,
            _ => self.quoted(&value)?,
        }
        Ok(())
    }

    /// Appends a key of a map: its text as a string.
    fn key(&mut self, key: Value<'_>) -> Result<(), Fault> {
        match key {
            Value::Str(text) => escape::string(self.out, text),
            Value::Null | Value::Array(_) | Value::Map(_) | Value::Row(_) => {
                return Err(Fault::row(format!(
                    "a map in it has the key {}, which JSON can't carry",
                    key.kind()
                )));
            }
            _ if scalar::is_non_finite(&key) => {
                return Err(Fault::row("a map in it has the key NaN or infinity, which JSON can't carry"));
            }
            _ => self.quoted(&key)?,
        }
        Ok(())
    }

    fn quoted(&mut self, value: &Value<'_>) -> Result<(), Fault> {
        self.out.push(b'"');
        self.text(value)?;
        self.out.push(b'"');
        Ok(())
    }

    fn text(&mut self, value: &Value<'_>) -> Result<(), Fault> {
        match (value, self.style) {
            (Value::Bytes(bytes), _) => base64::encode(self.out, bytes),
            (Value::Bool(true), Booleans::Words) => self.out.extend_from_slice(b"true"),
            (Value::Bool(false), Booleans::Words) => self.out.extend_from_slice(b"false"),
            _ => scalar::write(self.out, value, None, self.zone)?,
        }
        Ok(())
    }

    fn comma(&mut self, needed: bool) {
        if needed {
            self.out.push(b',');
        }
    }

    fn enter(&self, depth: usize) -> Result<(), Fault> {
        if depth == MAX_DEPTH {
            return Err(Fault::block(format!("the value nests deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }
}
