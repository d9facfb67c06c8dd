//! Flink's binary rows, arrays and maps, read where they lie.
//!
//! The layout is that of Flink's `BinaryRowData`, `BinaryArrayData` and `BinaryMapData`
//! (flink-table-common, `org.apache.flink.table.data.binary`; the same from 1.11 to 2.2), in
//! little-endian order and at any alignment. Offsets count from the start of the row or array that
//! holds them.
//!
//! * A *row* of n fields has a header of `(n + 63 + 8) / 64 * 8` bytes: the first is the row's kind,
//!   bit `i + 8` says that field `i` is NULL. Then comes a slot of 8 bytes for each field, then what
//!   the slots refer to.
//! * An *array* has its length as `i32`, NULL bits in words of 4 bytes, its elements at their own
//!   width (1, 2, 4 or 8 bytes; 8 for all that refers to something), then what they refer to.
//! * A *map* has the length in bytes of its array of keys as `i32`, that array, and the array of values.
//!
//! | type | in a slot |
//! | --- | --- |
//! | BOOLEAN, TINYINT; SMALLINT; INT, FLOAT, DATE, TIME (milliseconds); BIGINT, DOUBLE | the first 1; 2; 4; 8 bytes: the others may hold anything |
//! | text and bytes, up to 7 | the bytes, and `0x80 + length` in the last |
//! | longer text and bytes, ARRAY, MAP, ROW | `offset << 32 + length` |
//! | DECIMAL, up to 18 digits | the unscaled value |
//! | DECIMAL, more digits | `offset << 32 + length` of the unscaled value: two's complement, big-endian |
//! | TIMESTAMP, up to milliseconds | milliseconds since 1970 |
//! | TIMESTAMP, finer | `offset << 32 + nanosecond within the millisecond`; milliseconds at the offset |
//!
//! ```
//! use starrocks_row::binary::Elements;
//!
//! // ROW(INT 42, STRING 'hi', INT NULL); NULL bits start at bit 8.
//! let bytes = [
//!     [0, 0b100, 0, 0, 0, 0, 0, 0],
//!     [42, 0, 0, 0, 0, 0, 0, 0],
//!     [b'h', b'i', 0, 0, 0, 0, 0, 0x82],
//!     [0; 8],
//! ]
//! .concat();
//! let row = Elements::row(&bytes, 3)?;
//! assert_eq!((row.i32(0)?, row.text(1)?), (42, &b"hi"[..]));
//! assert!(row.is_null(2) && !row.is_null(1));
//! # Ok::<(), starrocks_row::BlockError>(())
//! ```

use crate::error::{BlockError, BlockErrorKind};
use crate::layout::{MAX_INTEGER_LEN, MAX_NANO_OF_MILLI};

/// Bytes of a slot.
const SLOT: usize = 8;

/// Bytes of the header of a row with this many fields.
pub const fn header_len(arity: usize) -> usize {
    (arity + 63 + 8) / 64 * 8
}

/// The fields of a row or the elements of an array.
///
/// Nothing is known of their types: whoever asks for a value says of which type it is. A value of NULL
/// is read as whatever lies there. Reading beyond the last element gives an error or what lies behind
/// it, never a panic.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    /// The row or array, and whatever of its surroundings comes after.
    bytes: &'a [u8],
    /// Where it starts in the payload, for errors.
    base: usize,
    /// The first element's NULL bit.
    nulls: usize,
    /// Where the first element lies, and how far the next one is.
    first: usize,
    width: usize,
    count: usize,
}

impl<'a> Elements<'a> {
    /// The fields of a row of `arity` fields.
    ///
    /// # Errors
    ///
    /// When header and slots don't fit into `bytes`.
    pub fn row(bytes: &'a [u8], arity: usize) -> Result<Self, BlockError> {
        Self::row_at(bytes, 0, arity)
    }

    fn row_at(bytes: &'a [u8], base: usize, arity: usize) -> Result<Self, BlockError> {
        let first = header_len(arity);
        let row = Self { bytes, base, nulls: 8, first, width: SLOT, count: arity };
        row.must_hold(0, first as u64 + arity as u64 * SLOT as u64)?;
        Ok(row)
    }

    fn array_at(bytes: &'a [u8], base: usize, width: usize) -> Result<Self, BlockError> {
        let array = Self { bytes, base, nulls: 32, first: 0, width, count: 0 };
        let count = u32::from_le_bytes(array.read(0)?);
        let first = 4 + u64::from(count).div_ceil(32) * 4;
        array.must_hold(0, first + u64::from(count) * width as u64)?;
        // Both fit into `bytes`, so into a usize.
        Ok(Self { first: first as usize, count: count as usize, ..array })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether element `i` is NULL.
    #[inline]
    pub fn is_null(&self, i: usize) -> bool {
        let bit = self.nulls + i;
        self.bytes.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// The first `N` bytes of element `i`, which is how a number of that width is held.
    ///
    /// # Errors
    ///
    /// When they lie beyond the end.
    #[inline]
    pub fn fixed<const N: usize>(&self, i: usize) -> Result<[u8; N], BlockError> {
        self.read(self.position(i))
    }

    /// A truth value.
    ///
    /// # Errors
    ///
    /// As [`Self::fixed`], like all numbers.
    pub fn bool(&self, i: usize) -> Result<bool, BlockError> {
        Ok(self.fixed::<1>(i)? != [0])
    }

    /// 32 bits.
    ///
    /// # Errors
    ///
    /// As [`Self::fixed`].
    pub fn i32(&self, i: usize) -> Result<i32, BlockError> {
        self.fixed(i).map(i32::from_le_bytes)
    }

    /// 64 bits.
    ///
    /// # Errors
    ///
    /// As [`Self::fixed`].
    pub fn i64(&self, i: usize) -> Result<i64, BlockError> {
        self.fixed(i).map(i64::from_le_bytes)
    }

    /// Text, not checked to be UTF-8, or bytes.
    ///
    /// # Errors
    ///
    /// When they lie beyond the end.
    pub fn text(&self, i: usize) -> Result<&'a [u8], BlockError> {
        let at = self.position(i);
        let slot: [u8; SLOT] = self.read(at)?;
        let mark = slot[SLOT - 1];
        if mark & 0x80 == 0 {
            return Ok(self.referred(i)?.0);
        }
        let len = mark & 0x7f;
        if usize::from(len) >= SLOT {
            return Err(self.error(at + SLOT - 1, BlockErrorKind::InlineLength(len)));
        }
        Ok(&self.bytes[at..at + usize::from(len)])
    }

    /// The unscaled value of a decimal of more than 18 digits: 1 to [`MAX_INTEGER_LEN`] bytes of two's
    /// complement, big-endian.
    ///
    /// # Errors
    ///
    /// When they lie beyond the end, or are too few or too many.
    pub fn wide_decimal(&self, i: usize) -> Result<&'a [u8], BlockError> {
        let (bytes, at) = self.referred(i)?;
        if bytes.is_empty() || bytes.len() > MAX_INTEGER_LEN {
            let len = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            return Err(BlockError { position: at, kind: BlockErrorKind::IntegerLength(len) });
        }
        Ok(bytes)
    }

    /// A timestamp finer than milliseconds: milliseconds since 1970, nanosecond within the millisecond.
    ///
    /// # Errors
    ///
    /// When the milliseconds lie beyond the end, or the nanosecond is none.
    pub fn fine_timestamp(&self, i: usize) -> Result<(i64, i32), BlockError> {
        let (offset, nano) = self.reference(i)?;
        let nano = nano as i32;
        if !(0..=MAX_NANO_OF_MILLI).contains(&nano) {
            return Err(self.error(self.position(i), BlockErrorKind::NanoOfMilli(nano)));
        }
        Ok((i64::from_le_bytes(self.read(offset)?), nano))
    }

    /// A row of `arity` fields.
    ///
    /// # Errors
    ///
    /// When it lies beyond the end, or its slots beyond its own.
    pub fn nested_row(&self, i: usize, arity: usize) -> Result<Elements<'a>, BlockError> {
        let (bytes, base) = self.referred(i)?;
        Self::row_at(bytes, base, arity)
    }

    /// An array whose elements are `width` bytes wide.
    ///
    /// # Errors
    ///
    /// When it lies beyond the end, or its elements beyond its own.
    pub fn nested_array(&self, i: usize, width: usize) -> Result<Elements<'a>, BlockError> {
        let (bytes, base) = self.referred(i)?;
        Self::array_at(bytes, base, width)
    }

    /// The keys and the values of a map, with their widths in bytes; there are as many of either.
    ///
    /// # Errors
    ///
    /// When the map or a part of it lies beyond the end, or there are not as many keys as values.
    pub fn nested_map(
        &self,
        i: usize,
        key_width: usize,
        value_width: usize,
    ) -> Result<(Elements<'a>, Elements<'a>), BlockError> {
        let (bytes, base) = self.referred(i)?;
        let map = Self { bytes, base, nulls: 0, first: 0, width: 0, count: 0 };
        let len = u32::from_le_bytes(map.read(0)?);
        map.must_hold(4, len.into())?;
        let (keys, values) = bytes[4..].split_at(len as usize);
        let keys = Self::array_at(keys, base + 4, key_width)?;
        let values = Self::array_at(values, base + 4 + len as usize, value_width)?;
        if keys.count != values.count {
            let kind = BlockErrorKind::MapLengths { keys: keys.count, values: values.count };
            return Err(BlockError { position: base, kind });
        }
        Ok((keys, values))
    }

    #[inline]
    fn position(&self, i: usize) -> usize {
        self.first + i * self.width
    }

    /// Offset and length that the slot refers to, not checked.
    fn reference(&self, i: usize) -> Result<(usize, u32), BlockError> {
        let slot = u64::from_le_bytes(self.fixed(i)?);
        Ok(((slot >> 32) as usize, slot as u32))
    }

    /// The bytes that the slot refers to, and where they start in the payload.
    fn referred(&self, i: usize) -> Result<(&'a [u8], usize), BlockError> {
        let (offset, len) = self.reference(i)?;
        self.must_hold(offset, len.into())?;
        Ok((&self.bytes[offset..][..len as usize], self.base + offset))
    }

    #[inline]
    fn read<const N: usize>(&self, at: usize) -> Result<[u8; N], BlockError> {
        match self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(chunk) => Ok(*chunk),
            None => Err(self.truncated(at, N as u64)),
        }
    }

    #[inline]
    fn must_hold(&self, at: usize, len: u64) -> Result<(), BlockError> {
        match self.bytes.len().checked_sub(at) {
            Some(left) if len <= left as u64 => Ok(()),
            _ => Err(self.truncated(at, len)),
        }
    }

    #[cold]
    fn truncated(&self, at: usize, needed: u64) -> BlockError {
        let left = self.bytes.len().saturating_sub(at);
        self.error(at, BlockErrorKind::Truncated { needed, left })
    }

    fn error(&self, at: usize, kind: BlockErrorKind) -> BlockError {
        BlockError { position: self.base + at, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::{BinaryArrayWriter, BinaryRowWriter, binary_map};
    use proptest::prelude::*;

    /// What Flink 1.20.3 writes for INT 42, STRING `hi`, STRING `hello world`, DECIMAL(10, 2) 12.34,
    /// DECIMAL(20, 2) -12.34, TIMESTAMP(3) 1 s, TIMESTAMP(6) 1 s and 123,456 ns, BIGINT NULL; kind +U.
    fn flinks_row() -> Vec<u8> {
        let mut row = [
            [0x02, 0x80, 0, 0, 0, 0, 0, 0],
            [0x2a, 0, 0, 0, 0, 0, 0, 0],
            [0x68, 0x69, 0, 0, 0, 0, 0, 0x82],
            [0x0b, 0, 0, 0, 0x48, 0, 0, 0],
            [0xd2, 0x04, 0, 0, 0, 0, 0, 0],
            [0x02, 0, 0, 0, 0x58, 0, 0, 0],
            [0xe8, 0x03, 0, 0, 0, 0, 0, 0],
            [0x40, 0xe2, 0x01, 0, 0x68, 0, 0, 0],
            [0; 8],
        ]
        .concat();
        row.extend(b"hello world\0\0\0\0\0");
        row.extend([0xfb, 0x2e].into_iter().chain([0; 14]));
        row.extend(1000i64.to_le_bytes());
        row
    }

    #[test]
    fn a_row_of_flinks_own() {
        let bytes = flinks_row();
        assert_eq!(bytes.len(), 112);
        let row = Elements::row(&bytes, 8).unwrap();
        assert_eq!(row.len(), 8);
        assert_eq!((0..8).map(|i| row.is_null(i)).collect::<Vec<_>>(), [&[false; 7][..], &[true]].concat());
        assert_eq!(row.i32(0), Ok(42));
        assert_eq!(row.text(1), Ok(&b"hi"[..]));
        assert_eq!(row.text(2), Ok(&b"hello world"[..]));
        assert_eq!(row.i64(3), Ok(1234));
        assert_eq!(row.wide_decimal(4), Ok(&[0xfb, 0x2e][..]));
        assert_eq!(row.i64(5), Ok(1000));
        assert_eq!(row.fine_timestamp(6), Ok((1000, 123_456)));
    }

    #[test]
    fn the_tests_writer_lays_rows_out_as_flink_does() {
        let mut row = BinaryRowWriter::new(8);
        row.kind(2);
        row.fixed(0, &42i32.to_le_bytes());
        row.text(1, b"hi");
        row.text(2, b"hello world");
        row.fixed(3, &1234i64.to_le_bytes());
        row.wide_decimal(4, Some(&[0xfb, 0x2e]));
        row.fixed(5, &1000i64.to_le_bytes());
        row.fine_timestamp(6, 1000, 123_456);
        row.null(7);
        assert_eq!(row.into_bytes(), flinks_row());

        let mut array = BinaryArrayWriter::new(3, 8);
        array.text(0, b"x");
        array.null(1);
        array.text(2, b"abcdefghij");
        let expected = [
            &[3, 0, 0, 0, 2, 0, 0, 0][..],
            &[0x78, 0, 0, 0, 0, 0, 0, 0x81],
            &[0; 8],
            &[0x0a, 0, 0, 0, 0x20, 0, 0, 0],
            b"abcdefghij\0\0\0\0\0\0",
        ]
        .concat();
        assert_eq!(array.into_bytes(), expected);
    }

    #[test]
    fn headers_have_a_bit_for_each_field_and_eight_for_the_kind() {
        for (arity, len) in [(0, 8), (1, 8), (56, 8), (57, 16), (120, 16), (121, 24), (65_535, 8200)] {
            assert_eq!(header_len(arity), len, "{arity}");
        }
        let mut row = BinaryRowWriter::new(121);
        row.null(0);
        row.null(56);
        row.null(120);
        let bytes = row.into_bytes();
        let row = Elements::row(&bytes, 121).unwrap();
        assert_eq!((0..121).filter(|i| row.is_null(*i)).collect::<Vec<_>>(), [0, 56, 120]);
    }

    #[test]
    fn nested_values() {
        let mut keys = BinaryArrayWriter::new(2, 8);
        keys.text(0, b"a key of some length");
        keys.text(1, b"k");
        let mut values = BinaryArrayWriter::new(2, 1);
        values.fixed(0, &[1]);
        values.null(1);
        let mut inner = BinaryRowWriter::new(2);
        inner.null(0);
        inner.text(1, b"longer than seven");
        let mut row = BinaryRowWriter::new(2);
        row.nested(0, &binary_map(&keys.into_bytes(), &values.into_bytes()));
        row.nested(1, &inner.into_bytes());
        let bytes = row.into_bytes();

        let row = Elements::row(&bytes, 2).unwrap();
        let (keys, values) = row.nested_map(0, 8, 1).unwrap();
        assert_eq!(
            (keys.len(), keys.text(0), keys.text(1)),
            (2, Ok(&b"a key of some length"[..]), Ok(&b"k"[..]))
        );
        assert_eq!((values.bool(0), values.is_null(0), values.is_null(1)), (Ok(true), false, true));
        let inner = row.nested_row(1, 2).unwrap();
        assert_eq!((inner.is_null(0), inner.text(1)), (true, Ok(&b"longer than seven"[..])));
    }

    #[test]
    fn malformed_rows_say_what_and_where() {
        let error = |result: Result<(), BlockError>| result.unwrap_err().to_string();
        let bytes = flinks_row();
        assert_eq!(
            error(Elements::row(&bytes[..71], 8).map(drop)),
            "at byte 0: 72 bytes are needed but 71 are left"
        );
        let row = Elements::row(&bytes[..82], 8).unwrap();
        assert_eq!(error(row.text(2).map(drop)), "at byte 72: 11 bytes are needed but 10 are left");
        assert_eq!(error(row.wide_decimal(4).map(drop)), "at byte 88: 2 bytes are needed but 0 are left");
        assert_eq!(error(row.fine_timestamp(6).map(drop)), "at byte 104: 8 bytes are needed but 0 are left");

        let one = |slot: u64| [[0; 8], slot.to_le_bytes()].concat();
        let bytes = one(0x88 << 56);
        let row = Elements::row(&bytes, 1).unwrap();
        assert_eq!(error(row.text(0).map(drop)), "at byte 15: 8 bytes of text in a slot for 7");
        let bytes = one(8 << 32);
        let row = Elements::row(&bytes, 1).unwrap();
        assert_eq!(error(row.wide_decimal(0).map(drop)), "at byte 8: an integer of 0 bytes, not 1 to 32");
        let bytes = one(8 << 32 | 1_000_000);
        let row = Elements::row(&bytes, 1).unwrap();
        assert_eq!(
            error(row.fine_timestamp(0).map(drop)),
            "at byte 8: 1000000 as nanosecond of a millisecond, not 0 to 999999"
        );

        let two = BinaryArrayWriter::new(2, 1).into_bytes();
        let three = BinaryArrayWriter::new(3, 1).into_bytes();
        let mut row = BinaryRowWriter::new(1);
        row.nested(0, &binary_map(&two, &three));
        let bytes = row.into_bytes();
        let row = Elements::row(&bytes, 1).unwrap();
        assert_eq!(error(row.nested_map(0, 1, 1).map(drop)), "at byte 16: a map of 2 keys and 3 values");
        assert!(error(row.nested_array(0, 8).map(drop)).starts_with("at byte 16: "));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, arity in 0usize..5, width in prop::sample::select(vec![1usize, 2, 4, 8])) {
            let Ok(row) = Elements::row(&bytes, arity) else { return Ok(()) };
            let read = |e: &Elements<'_>| for i in 0..e.len().min(100) {
                let _ = (e.is_null(i), e.bool(i), e.i32(i), e.i64(i), e.text(i), e.wide_decimal(i), e.fine_timestamp(i));
            };
            read(&row);
            for i in 0..row.len() {
                row.nested_row(i, 2).iter().for_each(read);
                row.nested_array(i, width).iter().for_each(read);
                row.nested_map(i, 8, width).iter().for_each(|(keys, values)| { read(keys); read(values) });
            }
        }

        #[test]
        fn references_anywhere_stay_within(offset in 0u32..60, len in 0u32..60, tail in proptest::collection::vec(any::<u8>(), 0..40)) {
            let slot = u64::from(offset) << 32 | u64::from(len);
            let bytes = [&[0; 8][..], &slot.to_le_bytes(), &tail].concat();
            let row = Elements::row(&bytes, 1).unwrap();
            let fits = offset as usize + len as usize <= bytes.len();
            prop_assert_eq!(row.text(0).is_ok(), fits);
            if fits {
                prop_assert_eq!(row.text(0).unwrap(), &bytes[offset as usize..][..len as usize]);
            }
        }
    }
}
