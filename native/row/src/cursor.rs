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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::ValueWriter;
    use proptest::prelude::*;

    /// One of each kind, with its extremes.
    fn all_kinds(w: &mut ValueWriter) -> Vec<Value<'static>> {
        w.null();
        w.bool(true);
        w.bool(false);
        w.i8(i8::MIN);
        w.i16(i16::MIN);
        w.i32(i32::MIN);
        w.i64(i64::MIN);
        w.f32(f32::MIN_POSITIVE);
        w.f64(f64::MAX);
        w.decimal64(-1, 18);
        w.decimal(&[0x80; 32], 255);
        w.bigint(&[1]);
        w.str("\u{0}é😀");
        w.bytes(&[0xff, 0]);
        w.date(i32::MAX);
        w.time(-1);
        w.timestamp(i64::MIN, 0);
        w.timestamp_ltz(i64::MAX, MAX_NANO_OF_MILLI);
        w.array(2);
        w.null();
        w.array(0);
        w.map(1);
        w.str("");
        w.row(1);
        w.i8(-1);
        vec![
            Value::Null,
            Value::Bool(true),
            Value::Bool(false),
            Value::I8(i8::MIN),
            Value::I16(i16::MIN),
            Value::I32(i32::MIN),
            Value::I64(i64::MIN),
            Value::F32(f32::MIN_POSITIVE),
            Value::F64(f64::MAX),
            Value::Decimal { unscaled: Integer::Small(-1), scale: 18 },
            Value::Decimal { unscaled: Integer::Big(&[0x80; 32]), scale: 255 },
            Value::BigInt(Integer::Big(&[1])),
            Value::Str("\u{0}é😀".as_bytes()),
            Value::Bytes(&[0xff, 0]),
            Value::Date(i32::MAX),
            Value::Time(-1),
            Value::Timestamp { millis: i64::MIN, nano: 0 },
            Value::TimestampLtz { millis: i64::MAX, nano: MAX_NANO_OF_MILLI },
            Value::Array(2),
            Value::Null,
            Value::Array(0),
            Value::Map(1),
            Value::Str(b""),
            Value::Row(1),
            Value::I8(-1),
        ]
    }

    #[test]
    fn each_kind_is_read_as_it_was_written() {
        let mut w = ValueWriter::default();
        let expected = all_kinds(&mut w);
        let mut cursor = Cursor::new(w.as_bytes());
        for value in expected {
            assert_eq!(cursor.value(), Ok(value));
        }
        assert!(cursor.is_at_end());
        assert_eq!(cursor.finish(), Ok(()));
    }

    #[test]
    fn every_cut_is_an_error_or_ends_between_values() {
        let mut w = ValueWriter::default();
        all_kinds(&mut w);
        for cut in 0..w.as_bytes().len() {
            let mut cursor = Cursor::new(&w.as_bytes()[..cut]);
            let error = loop {
                if cursor.is_at_end() {
                    break None;
                }
                if let Err(error) = cursor.value() {
                    break Some(error);
                }
            };
            if let Some(error) = error {
                assert!(matches!(error.kind, BlockErrorKind::Truncated { .. }), "{cut}: {error}");
                assert!(error.position <= cut);
            }
        }
    }

    #[test]
    fn skipping_goes_past_all_that_lies_in_a_value() {
        let mut w = ValueWriter::default();
        w.map(1);
        w.str("k");
        w.array(2);
        w.row(2);
        w.i32(1);
        w.null();
        w.null();
        w.bool(true);
        let mut cursor = Cursor::new(w.as_bytes());
        cursor.skip().unwrap();
        assert_eq!(cursor.value(), Ok(Value::Bool(true)));
        assert_eq!(cursor.finish(), Ok(()));
    }

    #[test]
    fn values_may_lie_in_64_containers_and_no_more() {
        for (depth, allowed) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
            let mut w = ValueWriter::default();
            (0..depth).for_each(|_| w.array(1));
            w.null();
            let result = Cursor::new(w.as_bytes()).skip();
            assert_eq!(result.is_ok(), allowed);
            if let Err(error) = result {
                assert_eq!(error.kind, BlockErrorKind::TooDeep);
                assert_eq!(error.position, MAX_DEPTH * 5);
            }
        }
    }

    #[test]
    fn malformed_values_say_what_and_where() {
        for (bytes, position, kind) in [
            (&[21][..], 0, BlockErrorKind::UnknownTag(21)),
            (&[255], 0, BlockErrorKind::UnknownTag(255)),
            (&[], 0, BlockErrorKind::Truncated { needed: 1, left: 0 }),
            (&[TAG_I32, 1, 2], 1, BlockErrorKind::Truncated { needed: 4, left: 2 }),
            (&[TAG_BIGINT, 0], 1, BlockErrorKind::IntegerLength(0)),
            (&[TAG_DECIMAL, 3, 33], 2, BlockErrorKind::IntegerLength(33)),
            (
                &[TAG_STRING, 255, 255, 255, 255, 0],
                5,
                BlockErrorKind::Truncated { needed: 4294967295, left: 1 },
            ),
            (&[TAG_ARRAY, 255, 255, 255, 255], 5, BlockErrorKind::Truncated { needed: 4294967295, left: 0 }),
            (&[TAG_MAP, 1, 0, 0, 0, TAG_NULL], 5, BlockErrorKind::Truncated { needed: 2, left: 1 }),
            (&[TAG_ROW, 2, 0, TAG_NULL], 3, BlockErrorKind::Truncated { needed: 2, left: 1 }),
            (
                &[TAG_TIMESTAMP, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x42, 0x0f, 0],
                9,
                BlockErrorKind::NanoOfMilli(1_000_000),
            ),
            (
                &[TAG_TIMESTAMP_LTZ, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255],
                9,
                BlockErrorKind::NanoOfMilli(-1),
            ),
        ] {
            assert_eq!(Cursor::new(bytes).value(), Err(BlockError { position, kind }), "{bytes:?}");
        }
        assert_eq!(
            Cursor::new(&[0, 0]).finish().unwrap_err().to_string(),
            "at byte 0: 2 bytes are left after the last value"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes);
            while !cursor.is_at_end() && cursor.skip().is_ok() {}
            prop_assert!(cursor.position() <= bytes.len());
        }

        #[test]
        fn no_bytes_after_a_tag_panic(tag in 0u8..=21, bytes: Vec<u8>) {
            let bytes = [&[tag][..], &bytes].concat();
            let _ = Cursor::new(&bytes).skip();
        }
    }
}
