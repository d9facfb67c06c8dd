//! The text of scalars, which CSV, array text and JSON have in common.

use starrocks_row::Value;

use crate::error::Fault;
use crate::target::Target;
use crate::{ZoneRules, datetime, decimal, float};

/// Whether it is NaN or an infinity, which StarRocks does not have.
#[inline]
pub(crate) fn is_non_finite(value: &Value<'_>) -> bool {
    match value {
        Value::F32(v) => !v.is_finite(),
        Value::F64(v) => !v.is_finite(),
        _ => false,
    }
}

/// Whether its text is a number or a truth value, so that JSON needs no quotes around it.
#[inline]
pub(crate) fn is_bare(value: &Value<'_>) -> bool {
    !matches!(value, Value::Date(_) | Value::Time(_) | Value::Timestamp { .. } | Value::TimestampLtz { .. })
}

/// Appends the text of a number, truth value (`1`, `0`), date or time.
///
/// Floats are the shortest text that reads back, and must be finite; into exact numeric columns they
/// have no exponent.
///
/// # Errors
///
/// When a date or time is out of range.
///
/// # Panics
///
/// When it is of another kind: those are each format's own to write.
#[inline]
pub(crate) fn write(
    out: &mut Vec<u8>,
    value: &Value<'_>,
    target: Option<Target>,
    zone: &ZoneRules,
) -> Result<(), Fault> {
    match *value {
        Value::Bool(v) => out.push(if v { b'1' } else { b'0' }),
        Value::I8(v) => integer(out, v),
        Value::I16(v) => integer(out, v),
        Value::I32(v) => integer(out, v),
        Value::I64(v) => integer(out, v),
        Value::F32(v) => match target {
            Some(exact) if is_exact(exact) => float::plain(out, v),
            _ => float::shortest(out, v),
        },
        Value::F64(v) => match target {
            Some(exact) if is_exact(exact) => float::plain(out, v),
            _ => float::shortest(out, v),
        },
        Value::Decimal { unscaled, scale } => decimal::decimal(out, unscaled, scale),
        Value::BigInt(v) => decimal::decimal(out, v, 0),
        Value::Date(day) => datetime::date(out, day)?,
        Value::Time(nano_of_day) => datetime::time(out, nano_of_day)?,
        Value::Timestamp { millis, nano } => datetime::datetime(out, millis, nano)?,
        Value::TimestampLtz { millis, nano } => datetime::instant(out, millis, nano, zone)?,
        Value::Null | Value::Str(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) | Value::Row(_) => {
            unreachable!("{} is not written as a scalar", value.kind())
        }
    }
    Ok(())
}

#[inline]
fn integer<I: itoa::Integer>(out: &mut Vec<u8>, value: I) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn is_exact(target: Target) -> bool {
    target == Target::Decimal || target.max_integer().is_some()
}

/// Appends the big-endian unsigned number that the bytes are, for an integer column.
///
/// # Errors
///
/// When they are no number up to `max`.
pub(crate) fn bytes_as_integer(out: &mut Vec<u8>, bytes: &[u8], max: u64) -> Result<(), Fault> {
    if bytes.is_empty() || bytes.len() > 8 {
        return Err(Fault::row(format!(
            "{} bytes are no number: an integer column takes 1 to 8",
            bytes.len()
        ))
        .remedy("Use a VARBINARY column"));
    }
    let value = bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    if value > max {
        return Err(Fault::row(format!("the number in these {} bytes is larger than {max}", bytes.len()))
            .remedy("Use a wider column"));
    }
    integer(out, value);
    Ok(())
}
