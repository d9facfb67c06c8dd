//! Writing the tagged values of a row.

use crate::layout::*;

/// Writes tagged values one after the other.
///
/// Containers write their count; the caller then writes that many values.
#[derive(Debug, Default, Clone)]
pub struct ValueWriter {
    bytes: Vec<u8>,
}

impl ValueWriter {
    /// NULL.
    pub fn null(&mut self) {
        self.bytes.push(TAG_NULL);
    }

    /// A truth value.
    pub fn bool(&mut self, v: bool) {
        self.bytes.push(if v { TAG_TRUE } else { TAG_FALSE });
    }

    /// 8 bits.
    pub fn i8(&mut self, v: i8) {
        self.tagged(TAG_I8, &[&v.to_le_bytes()]);
    }

    /// 16 bits.
    pub fn i16(&mut self, v: i16) {
        self.tagged(TAG_I16, &[&v.to_le_bytes()]);
    }

    /// 32 bits.
    pub fn i32(&mut self, v: i32) {
        self.tagged(TAG_I32, &[&v.to_le_bytes()]);
    }

    /// 64 bits.
    pub fn i64(&mut self, v: i64) {
        self.tagged(TAG_I64, &[&v.to_le_bytes()]);
    }

    /// Single precision.
    pub fn f32(&mut self, v: f32) {
        self.tagged(TAG_F32, &[&v.to_le_bytes()]);
    }

    /// Double precision.
    pub fn f64(&mut self, v: f64) {
        self.tagged(TAG_F64, &[&v.to_le_bytes()]);
    }

    /// A decimal in its compact form.
    pub fn decimal64(&mut self, unscaled: i64, scale: u8) {
        self.tagged(TAG_DECIMAL64, &[&[scale], &unscaled.to_le_bytes()]);
    }

    /// A decimal whose unscaled value is given in two's complement, big-endian.
    pub fn decimal(&mut self, unscaled: &[u8], scale: u8) {
        self.tagged(TAG_DECIMAL, &[&[scale, unscaled.len() as u8], unscaled]);
    }

    /// An integer in two's complement, big-endian.
    pub fn bigint(&mut self, v: &[u8]) {
        self.tagged(TAG_BIGINT, &[&[v.len() as u8], v]);
    }

    /// Text.
    pub fn str(&mut self, v: impl AsRef<[u8]>) {
        let v = v.as_ref();
        self.tagged(TAG_STRING, &[&(v.len() as u32).to_le_bytes(), v]);
    }

    /// Bytes.
    pub fn bytes(&mut self, v: &[u8]) {
        self.tagged(TAG_BYTES, &[&(v.len() as u32).to_le_bytes(), v]);
    }

    /// Days since 1970-01-01.
    pub fn date(&mut self, day: i32) {
        self.tagged(TAG_DATE, &[&day.to_le_bytes()]);
    }

    /// Nanosecond of the day.
    pub fn time(&mut self, nanos: i64) {
        self.tagged(TAG_TIME, &[&nanos.to_le_bytes()]);
    }

    /// A wall time.
    pub fn timestamp(&mut self, millis: i64, nano: i32) {
        self.tagged(TAG_TIMESTAMP, &[&millis.to_le_bytes(), &nano.to_le_bytes()]);
    }

    /// An instant.
    pub fn timestamp_ltz(&mut self, millis: i64, nano: i32) {
        self.tagged(TAG_TIMESTAMP_LTZ, &[&millis.to_le_bytes(), &nano.to_le_bytes()]);
    }

    /// The head of an array of `count` values.
    pub fn array(&mut self, count: u32) {
        self.tagged(TAG_ARRAY, &[&count.to_le_bytes()]);
    }

    /// The head of a map of `count` pairs.
    pub fn map(&mut self, count: u32) {
        self.tagged(TAG_MAP, &[&count.to_le_bytes()]);
    }

    /// The head of a row of `count` fields.
    pub fn row(&mut self, count: u16) {
        self.tagged(TAG_ROW, &[&count.to_le_bytes()]);
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Bytes that it has memory for.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The values so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn tagged(&mut self, tag: u8, body: &[&[u8]]) {
        self.bytes.push(tag);
        for part in body {
            self.bytes.extend_from_slice(part);
        }
    }
}
