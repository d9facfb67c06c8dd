//! Flink's binary rows as tagged values, so that one writer of values serves both.

use starrocks_row::binary::Elements;
use starrocks_row::{BlockError, BlockErrorKind, ValueWriter};

use crate::plan::{At, Column};
use crate::spec::Type;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// The widest decimal that Flink holds as `i64`, in digits.
const COMPACT_DECIMAL: u8 = 18;

/// The finest timestamp that Flink holds as milliseconds alone, in digits after the second.
const COMPACT_TIMESTAMP: u8 = 3;

/// Appends the tagged values of the columns of a row.
pub(crate) fn tag_row(payload: &[u8], columns: &[Column], out: &mut ValueWriter) -> Result<(), At> {
    let row = Elements::row(payload, columns.len()).map_err(|error| At::row(error.into()))?;
    let mut tagger = Tagger { out, end: most_tagged(payload.len()) };
    for (i, column) in columns.iter().enumerate() {
        tagger.value(&row, i, &column.ty).map_err(|error| At::column(i, error.into()))?;
    }
    Ok(())
}

/// Appends the tagged value of field `i` of a row of `len` bytes.
pub(crate) fn tag_value(
    row: &Elements<'_>,
    i: usize,
    ty: &Type,
    len: usize,
    out: &mut ValueWriter,
) -> Result<(), BlockError> {
    Tagger { out, end: most_tagged(len) }.value(row, i, ty)
}

/// No row of so many bytes is longer in tagged values than this: a TINYINT in an array takes 2 bytes for 1, a TIME 9 for
/// 4. More comes out only where values share bytes, as no row of Flink's does, and a row made to harm
/// would share them over and over.
fn most_tagged(len: usize) -> usize {
    len * 3
}

struct Tagger<'w> {
    out: &'w mut ValueWriter,
    /// The most bytes that `out` may come to.
    end: usize,
}

impl Tagger<'_> {
    /// Appends element `i`, which is of type `ty`. As deep as the type nests, so that needs no bound.
    fn value(&mut self, from: &Elements<'_>, i: usize, ty: &Type) -> Result<(), BlockError> {
        if self.out.as_bytes().len() > self.end {
            return Err(BlockError { position: 0, kind: BlockErrorKind::Overlap });
        }
        if from.is_null(i) {
            self.out.null();
            return Ok(());
        }
        match ty {
            Type::Boolean => self.out.bool(from.bool(i)?),
            Type::TinyInt => self.out.i8(i8::from_le_bytes(from.fixed(i)?)),
            Type::SmallInt => self.out.i16(i16::from_le_bytes(from.fixed(i)?)),
            Type::Int => self.out.i32(from.i32(i)?),
            Type::BigInt => self.out.i64(from.i64(i)?),
            Type::Float => self.out.f32(f32::from_le_bytes(from.fixed(i)?)),
            Type::Double => self.out.f64(f64::from_le_bytes(from.fixed(i)?)),
            Type::Decimal { precision: ..=COMPACT_DECIMAL, scale } => {
                self.out.decimal64(from.i64(i)?, *scale);
            }
            Type::Decimal { scale, .. } => self.out.decimal(from.wide_decimal(i)?, *scale),
            Type::Char => self.out.str(from.text(i)?),
            Type::Binary => self.out.bytes(from.text(i)?),
            Type::Date => self.out.date(from.i32(i)?),
            Type::Time(_) => self.out.time(i64::from(from.i32(i)?) * NANOS_PER_MILLI),
            Type::Timestamp(precision) => {
                let (millis, nano) = timestamp(from, i, *precision)?;
                self.out.timestamp(millis, nano);
            }
            Type::TimestampLtz(precision) => {
                let (millis, nano) = timestamp(from, i, *precision)?;
                self.out.timestamp_ltz(millis, nano);
            }
            Type::Array(element) => {
                let elements = from.nested_array(i, width(element))?;
                self.out.array(elements.len() as u32);
                for i in 0..elements.len() {
                    self.value(&elements, i, element)?;
                }
            }
            Type::Map(types) => {
                let (keys, values) = from.nested_map(i, width(&types.0), width(&types.1))?;
                self.out.map(keys.len() as u32);
                for i in 0..keys.len() {
                    self.value(&keys, i, &types.0)?;
                    self.value(&values, i, &types.1)?;
                }
            }
            Type::Row(fields) => {
                let row = from.nested_row(i, fields.len())?;
                self.out.row(fields.len() as u16);
                for (i, (_, ty)) in fields.iter().enumerate() {
                    self.value(&row, i, ty)?;
                }
            }
        }
        Ok(())
    }
}

fn timestamp(from: &Elements<'_>, i: usize, precision: u8) -> Result<(i64, i32), BlockError> {
    if precision <= COMPACT_TIMESTAMP { Ok((from.i64(i)?, 0)) } else { from.fine_timestamp(i) }
}

/// Bytes of an element of an array.
fn width(ty: &Type) -> usize {
    match ty {
        Type::Boolean | Type::TinyInt => 1,
        Type::SmallInt => 2,
        Type::Int | Type::Float | Type::Date | Type::Time(_) => 4,
        Type::BigInt
        | Type::Double
        | Type::Decimal { .. }
        | Type::Char
        | Type::Binary
        | Type::Timestamp(_)
        | Type::TimestampLtz(_)
        | Type::Array(_)
        | Type::Map(_)
        | Type::Row(_) => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use starrocks_row::writer::{BinaryArrayWriter, BinaryRowWriter};

    fn tag(row: &[u8], ty: &Type) -> Result<Vec<u8>, BlockError> {
        let mut out = ValueWriter::default();
        tag_value(&Elements::row(row, 1)?, 0, ty, row.len(), &mut out)?;
        Ok(out.as_bytes().to_vec())
    }

    #[test]
    fn arrays_that_share_their_elements_over_and_over_are_refused() {
        // Twenty arrays deep, each of 32 elements that are all the same array: 32^20 values.
        let mut ty = Type::Int;
        let mut bytes = BinaryArrayWriter::new(0, 4).into_bytes();
        for _ in 0..20 {
            let mut array = BinaryArrayWriter::new(32, 8);
            array.nested(0, &bytes);
            bytes = array.into_bytes();
            let slot: [u8; 8] = bytes[8..16].try_into().unwrap();
            (1..32).for_each(|i| bytes[8 + 8 * i..][..8].copy_from_slice(&slot));
            ty = Type::Array(Box::new(ty));
        }
        let mut row = BinaryRowWriter::new(1);
        row.nested(0, &bytes);
        let error = tag(&row.into_bytes(), &Type::Array(Box::new(ty))).unwrap_err();
        assert_eq!(error.kind, BlockErrorKind::Overlap);
    }

    #[test]
    fn what_grows_most_is_within_the_bound() {
        for (ty, width) in [(Type::TinyInt, 1), (Type::Time(0), 4), (Type::Date, 4), (Type::Boolean, 1)] {
            let mut row = BinaryRowWriter::new(1);
            row.nested(0, &BinaryArrayWriter::new(1000, width).into_bytes());
            assert!(tag(&row.into_bytes(), &Type::Array(Box::new(ty))).is_ok());
        }
    }
}
