//! The text of an array for an ARRAY column in CSV: `[1,null,"a ""b"""]`.
//!
//! StarRocks (`be/src/formats/csv/array_reader.cpp` and the converters) reads text, dates, times and
//! binary from within double quotes only, with an inner quote doubled; numbers bare; NULL as `null`.

use starrocks_row::layout::MAX_DEPTH;
use starrocks_row::{Cursor, Value};

use crate::error::Fault;
use crate::{ZoneRules, base64, scalar};

/// Writes arrays, element by element from the cursor.
pub(crate) struct ArrayText<'w, 'a> {
    pub(crate) out: &'w mut Vec<u8>,
    pub(crate) cursor: &'w mut Cursor<'a>,
    pub(crate) zone: &'w ZoneRules,
    /// Counts NaN and infinities, which are written as null.
    pub(crate) non_finite: &'w mut u32,
}

impl ArrayText<'_, '_> {
    /// Appends an array of `count` elements that lies in `depth` other containers.
    ///
    /// # Errors
    ///
    /// When an element is a map or a row, is out of range, or the encoding is malformed.
    pub(crate) fn array(&mut self, count: u32, depth: usize) -> Result<(), Fault> {
        if depth == MAX_DEPTH {
            return Err(Fault::block(format!("the value nests deeper than {MAX_DEPTH}")));
        }
        self.out.push(b'[');
        for i in 0..count {
            if i > 0 {
                self.out.push(b',');
            }
            let value = self.cursor.value()?;
            self.element(value, depth + 1)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn element(&mut self, value: Value<'_>, depth: usize) -> Result<(), Fault> {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Str(text) => self.quoted(text),
            Value::Bytes(bytes) => {
                self.out.push(b'"');
                base64::encode(self.out, bytes);
                self.out.push(b'"');
            }
            Value::Array(count) => self.array(count, depth)?,
            Value::Map(_) | Value::Row(_) => {
                return Err(Fault::row(format!(
                    "CSV can't carry a {} within an array for an ARRAY column",
                    value.kind()
                ))
                .remedy("Load as JSON: 'sink.properties.format' = 'json'"));
            }
            _ if scalar::is_non_finite(&value) => {
                *self.non_finite += 1;
                self.out.extend_from_slice(b"null");
            }
            _ if scalar::is_bare(&value) => scalar::write(self.out, &value, None, self.zone)?,
            _ => {
                self.out.push(b'"');
                scalar::write(self.out, &value, None, self.zone)?;
                self.out.push(b'"');
            }
        }
        Ok(())
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'"', rest) {
            self.out.extend_from_slice(&rest[..=at]);
            self.out.push(b'"');
            rest = &rest[at + 1..];
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }
}
