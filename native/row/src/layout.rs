//! The layout of a row block: the constants that the Java side (`BlockLayout`) mirrors.
//!
//! All numbers are little-endian unless said otherwise. A block is a run of frames without a header
//! of its own and without padding:
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | `u32` length of the payload |
//! | 4..6 | `u16` table id, as handed out when the table was registered |
//! | 6 | `u8` operation: [`OP_UPSERT`] or [`OP_DELETE`] |
//! | 7 | `u8` encoding of the payload: [`ENCODING_RAW`], [`ENCODING_SLOTS`] or [`ENCODING_BINARY`] |
//! | 8.. | payload |
//!
//! A *raw* payload is the text of the row in UTF-8. A *slots* payload is one tagged value for each
//! column of the table, in order; the operation is in the header only. A tagged value is a `u8` tag
//! (`TAG_*`) and the body that its constant describes. A *binary* payload is a row in the format of
//! Flink's `BinaryRowData`, which the module [`crate::binary`] describes.

/// Version of this layout and of the native interface around it. Java refuses a library whose
/// number differs from its own.
pub const ABI: i32 = 4;

/// Bytes of a frame's header.
pub const HEADER_LEN: usize = 8;

/// Operation: insert the row, or update it where the key exists.
pub const OP_UPSERT: u8 = 0;
/// Operation: delete the row with this key.
pub const OP_DELETE: u8 = 1;

/// Encoding: the payload is the row's text.
pub const ENCODING_RAW: u8 = 1;
/// Encoding: the payload is tagged values.
pub const ENCODING_SLOTS: u8 = 2;
/// Encoding: the payload is a row as Flink's `BinaryRowData` lays it out, with as many fields as the
/// table has columns, of their types. Its own row kind, the first byte, does not count.
pub const ENCODING_BINARY: u8 = 3;

/// `NULL`; no body.
pub const TAG_NULL: u8 = 0;
/// `false`; no body.
pub const TAG_FALSE: u8 = 1;
/// `true`; no body.
pub const TAG_TRUE: u8 = 2;
/// `i8`.
pub const TAG_I8: u8 = 3;
/// `i16`.
pub const TAG_I16: u8 = 4;
/// `i32`.
pub const TAG_I32: u8 = 5;
/// `i64`.
pub const TAG_I64: u8 = 6;
/// `f32`, its IEEE 754 bits.
pub const TAG_F32: u8 = 7;
/// `f64`, its IEEE 754 bits.
pub const TAG_F64: u8 = 8;
/// Decimal of at most 18 digits: `u8` scale, `i64` unscaled value.
pub const TAG_DECIMAL64: u8 = 9;
/// Decimal: `u8` scale, `u8` n (1..=[`MAX_INTEGER_LEN`]), n bytes of the unscaled value,
/// two's complement, **big-endian** (Java's `BigInteger.toByteArray`).
pub const TAG_DECIMAL: u8 = 10;
/// Text: `u32` n, n bytes of UTF-8.
pub const TAG_STRING: u8 = 11;
/// Bytes: `u32` n, n bytes.
pub const TAG_BYTES: u8 = 12;
/// Date: `i32` days since 1970-01-01.
pub const TAG_DATE: u8 = 13;
/// Time: `i64` nanosecond of the day.
pub const TAG_TIME: u8 = 14;
/// Wall time: `i64` milliseconds since 1970-01-01T00:00 as if in UTC, `i32` nanosecond within the
/// millisecond (0..=999,999).
pub const TAG_TIMESTAMP: u8 = 15;
/// Instant: `i64` milliseconds since the epoch, `i32` nanosecond within the millisecond
/// (0..=999,999).
pub const TAG_TIMESTAMP_LTZ: u8 = 16;
/// Array: `u32` count, then that many tagged values.
pub const TAG_ARRAY: u8 = 17;
/// Map: `u32` count, then that many pairs of tagged key and tagged value.
pub const TAG_MAP: u8 = 18;
/// Row: `u16` count, then that many tagged values. The names of its fields are in the table's plan.
pub const TAG_ROW: u8 = 19;
/// Integer wider than 64 bits: `u8` n (1..=[`MAX_INTEGER_LEN`]), n bytes, two's complement,
/// **big-endian** (Java's `BigInteger.toByteArray`).
pub const TAG_BIGINT: u8 = 20;

/// Longest big-endian integer, in bytes: 256 bits, the widest decimal of StarRocks.
pub const MAX_INTEGER_LEN: usize = 32;

/// Largest value of the nanosecond within a millisecond.
pub const MAX_NANO_OF_MILLI: i32 = 999_999;

/// How deep arrays, maps and rows may nest: a value may lie in at most this many of them.
pub const MAX_DEPTH: usize = 64;
