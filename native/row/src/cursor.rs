//! Reading the tagged values of a row.

use crate::error::{BlockError, BlockErrorKind};
use crate::layout::*;
use crate::value::{Integer, Value};

/// Reads tagged values one after the other.
///
/// The cursor does not follow nesting: a container's elements are simply the next values. Whoever
/// recurses into them bounds the depth by [`MAX_DEPTH`], as [`Cursor::skip`] does.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    payload: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the first value of `payload`.
    pub fn new(payload: &'a [u8]) -> Self {
        Self { payload, position: 0 }
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether all bytes were read.
    pub fn is_at_end(&self) -> bool {
        self.position == self.payload.len()
    }

    /// Reads the next value.
    ///
    /// A container is refused when the rest of the payload could not even hold the tags of its
    /// elements, so that a count is never an excuse for a long loop.
    ///
    /// # Errors
    ///
    /// When the payload ends before the value does, or the value is malformed. The cursor's
    /// position is then unspecified.
    #[inline]
    pub fn value(&mut self) -> Result<Value<'a>, BlockError> {
        let [tag] = self.array()?;
        Ok(match tag {
            TAG_NULL => Value::Null,
            TAG_FALSE => Value::Bool(false),
            TAG_TRUE => Value::Bool(true),
            TAG_I8 => Value::I8(i8::from_le_bytes(self.array()?)),
            TAG_I16 => Value::I16(i16::from_le_bytes(self.array()?)),
            TAG_I32 => Value::I32(i32::from_le_bytes(self.array()?)),
            TAG_I64 => Value::I64(i64::from_le_bytes(self.array()?)),
            TAG_F32 => Value::F32(f32::from_le_bytes(self.array()?)),
            TAG_F64 => Value::F64(f64::from_le_bytes(self.array()?)),
            TAG_DECIMAL64 => {
                let [scale] = self.array()?;
                Value::Decimal { unscaled: Integer::Small(i64::from_le_bytes(self.array()?)), scale }
            }
            TAG_DECIMAL => {
                let [scale] = self.array()?;
                Value::Decimal { unscaled: self.integer()?, scale }
            }
            TAG_BIGINT => Value::BigInt(self.integer()?),
            TAG_STRING => Value::Str(self.sized()?),
            TAG_BYTES => Value::Bytes(self.sized()?),
            TAG_DATE => Value::Date(i32::from_le_bytes(self.array()?)),
            TAG_TIME => Value::Time(i64::from_le_bytes(self.array()?)),
            TAG_TIMESTAMP => {
                let (millis, nano) = self.timestamp()?;
                Value::Timestamp { millis, nano }
            }
            TAG_TIMESTAMP_LTZ => {
                let (millis, nano) = self.timestamp()?;
                Value::TimestampLtz { millis, nano }
            }
            TAG_ARRAY => Value::Array(self.count(1)?),
            TAG_MAP => Value::Map(self.count(2)?),
            TAG_ROW => {
                let count = u16::from_le_bytes(self.array()?);
                self.must_hold(count.into())?;
                Value::Row(count)
            }
            other => return Err(self.error(self.position - 1, BlockErrorKind::UnknownTag(other))),
        })
    }

    /// Reads past the next value and all that lies in it.
    ///
    /// # Errors
    ///
    /// As [`Cursor::value`], and when values nest deeper than [`MAX_DEPTH`].
    pub fn skip(&mut self) -> Result<(), BlockError> {
        self.skip_at(0)
    }

    fn skip_at(&mut self, depth: usize) -> Result<(), BlockError> {
        let start = self.position;
        let count = match self.value()? {
            Value::Array(n) => u64::from(n),
            Value::Map(n) => 2 * u64::from(n),
            Value::Row(n) => u64::from(n),
            _ => return Ok(()),
        };
        if depth == MAX_DEPTH {
            return Err(self.error(start, BlockErrorKind::TooDeep));
        }
        (0..count).try_for_each(|_| self.skip_at(depth + 1))
    }

    /// Asserts that nothing is left.
    ///
    /// # Errors
    ///
    /// When bytes are left.
    pub fn finish(&self) -> Result<(), BlockError> {
        match self.payload.len() - self.position {
            0 => Ok(()),
            left => Err(self.error(self.position, BlockErrorKind::TrailingBytes(left))),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], BlockError> {
        let rest = &self.payload[self.position..];
        match rest.first_chunk::<N>() {
            Some(chunk) => {
                self.position += N;
                Ok(*chunk)
            }
            None => Err(self.truncated(N as u64)),
        }
    }

    #[inline]
    fn bytes(&mut self, n: u32) -> Result<&'a [u8], BlockError> {
        let rest = &self.payload[self.position..];
        match usize::try_from(n).ok().and_then(|n| rest.get(..n)) {
            Some(bytes) => {
                self.position += bytes.len();
                Ok(bytes)
            }
            None => Err(self.truncated(n.into())),
        }
    }

    #[inline]
    fn sized(&mut self) -> Result<&'a [u8], BlockError> {
        let n = u32::from_le_bytes(self.array()?);
        self.bytes(n)
    }

    fn integer(&mut self) -> Result<Integer<'a>, BlockError> {
        let [n] = self.array()?;
        if n == 0 || usize::from(n) > MAX_INTEGER_LEN {
            return Err(self.error(self.position - 1, BlockErrorKind::IntegerLength(n)));
        }
        self.bytes(n.into()).map(Integer::Big)
    }

    #[inline]
    fn timestamp(&mut self) -> Result<(i64, i32), BlockError> {
        let millis = i64::from_le_bytes(self.array()?);
        let nano = i32::from_le_bytes(self.array()?);
        if !(0..=MAX_NANO_OF_MILLI).contains(&nano) {
            return Err(self.error(self.position - 4, BlockErrorKind::NanoOfMilli(nano)));
        }
        Ok((millis, nano))
    }

    fn count(&mut self, values_each: u64) -> Result<u32, BlockError> {
        let count = u32::from_le_bytes(self.array()?);
        self.must_hold(u64::from(count) * values_each)?;
        Ok(count)
    }

    fn must_hold(&self, values: u64) -> Result<(), BlockError> {
        if values > (self.payload.len() - self.position) as u64 {
            return Err(self.truncated(values));
        }
        Ok(())
    }

    #[cold]
    fn truncated(&self, needed: u64) -> BlockError {
        let left = self.payload.len() - self.position;
        self.error(self.position, BlockErrorKind::Truncated { needed, left })
    }

    fn error(&self, position: usize, kind: BlockErrorKind) -> BlockError {
        BlockError { position, kind }
    }
}
