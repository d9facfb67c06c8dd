//! One value of a row.

use crate::layout::MAX_INTEGER_LEN;

/// A signed integer of up to 256 bits, as it lies in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integer<'a> {
    /// Fits into 64 bits.
    Small(i64),
    /// 1 to 32 bytes, two's complement, big-endian; not necessarily the shortest form.
    Big(&'a [u8]),
}

impl Integer<'_> {
    /// The value in 256 bits: two's complement, big-endian.
    pub fn to_be_bytes(self) -> [u8; MAX_INTEGER_LEN] {
        let small;
        let bytes: &[u8] = match self {
            Self::Small(v) => {
                small = v.to_be_bytes();
                &small
            }
            Self::Big(bytes) => bytes,
        };
        let fill = if bytes.first().is_some_and(|b| *b >= 0x80) { 0xff } else { 0 };
        let mut out = [fill; MAX_INTEGER_LEN];
        let kept = bytes.len().min(MAX_INTEGER_LEN);
        out[MAX_INTEGER_LEN - kept..].copy_from_slice(&bytes[bytes.len() - kept..]);
        out
    }

    /// The value as `i128`, if it fits.
    pub fn to_i128(self) -> Option<i128> {
        match self {
            Self::Small(v) => Some(v.into()),
            Self::Big(bytes) => {
                let negative = bytes.first().is_some_and(|b| *b >= 0x80);
                let fill = if negative { 0xff } else { 0 };
                let (high, low) = bytes.split_at(bytes.len().saturating_sub(16));
                let mut out = [fill; 16];
                out[16 - low.len()..].copy_from_slice(low);
                let value = i128::from_be_bytes(out);
                (high.iter().all(|b| *b == fill) && (value < 0) == negative).then_some(value)
            }
        }
    }
}

/// One value of a row, borrowed from the block.
///
/// [`Value::Array`], [`Value::Map`] and [`Value::Row`] give their count only: read that many values
/// (for a map twice as many, key and value in turn) from the same cursor next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// 8 bits.
    I8(i8),
    /// 16 bits.
    I16(i16),
    /// 32 bits.
    I32(i32),
    /// 64 bits.
    I64(i64),
    /// Single precision.
    F32(f32),
    /// Double precision.
    F64(f64),
    /// An exact decimal: `unscaled` times ten to the power of minus `scale`.
    Decimal {
        /// The digits.
        unscaled: Integer<'a>,
        /// Digits after the point.
        scale: u8,
    },
    /// An integer that may be wider than 64 bits; at most 32 bytes.
    BigInt(Integer<'a>),
    /// Text: meant to be UTF-8, but not checked.
    Str(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanosecond of the day; not checked to lie within one.
    Time(i64),
    /// A wall time.
    Timestamp {
        /// Milliseconds since 1970-01-01T00:00, as if in UTC.
        millis: i64,
        /// Nanosecond within the millisecond, 0..=999,999, counted towards the future.
        nano: i32,
    },
    /// An instant.
    TimestampLtz {
        /// Milliseconds since the epoch.
        millis: i64,
        /// Nanosecond within the millisecond, 0..=999,999, counted towards the future.
        nano: i32,
    },
    /// That many values follow.
    Array(u32),
    /// That many pairs of key and value follow.
    Map(u32),
    /// That many fields follow.
    Row(u16),
}

impl Value<'_> {
    /// How the layout names this kind of value; for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Bool(_) => "BOOLEAN",
            Self::I8(_) => "TINYINT",
            Self::I16(_) => "SMALLINT",
            Self::I32(_) => "INTEGER",
            Self::I64(_) => "BIGINT",
            Self::F32(_) => "FLOAT",
            Self::F64(_) => "DOUBLE",
            Self::Decimal { .. } => "DECIMAL",
            Self::BigInt(_) => "BigInteger",
            Self::Str(_) => "STRING",
            Self::Bytes(_) => "BYTES",
            Self::Date(_) => "DATE",
            Self::Time(_) => "TIME",
            Self::Timestamp { .. } => "TIMESTAMP",
            Self::TimestampLtz { .. } => "TIMESTAMP_LTZ",
            Self::Array(_) => "ARRAY",
            Self::Map(_) => "MAP",
            Self::Row(_) => "ROW",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_become_i128_when_they_fit() {
        for n in 1..=16 {
            let mut lowest = vec![0u8; n];
            lowest[0] = 0x80;
            assert_eq!(Integer::Big(&lowest).to_i128(), Some(i128::MIN >> (128 - 8 * n)));
            let mut highest = vec![0xffu8; n];
            highest[0] = 0x7f;
            assert_eq!(Integer::Big(&highest).to_i128(), Some(i128::MAX >> (128 - 8 * n)));
        }
        let mut wide = vec![0u8; 32];
        wide[31] = 5;
        assert_eq!(Integer::Big(&wide).to_i128(), Some(5));
        wide[16] = 0x80;
        assert_eq!(Integer::Big(&wide).to_i128(), None, "2^127 is one too many");
        let mut negative = vec![0xffu8; 17];
        assert_eq!(Integer::Big(&negative).to_i128(), Some(-1));
        negative[1] = 0x7f;
        assert_eq!(Integer::Big(&negative).to_i128(), None);
        assert_eq!(Integer::Small(i64::MIN).to_i128(), Some(i64::MIN.into()));
    }

    #[test]
    fn integers_widen_with_their_sign() {
        assert_eq!(Integer::Small(-2).to_be_bytes()[..31], [0xff; 31]);
        assert_eq!(Integer::Small(-2).to_be_bytes()[31], 0xfe);
        assert_eq!(Integer::Big(&[0x7f, 1]).to_be_bytes()[29..], [0, 0x7f, 1]);
        assert_eq!(Integer::Big(&[0x80]).to_be_bytes()[30..], [0xff, 0x80]);
    }
}
