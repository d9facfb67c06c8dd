//! Writes Flink's binary rows, arrays and maps: the mirror image of [`crate::binary`], for tests.

use crate::binary::header_len;

/// Writes the fields of a row, each once, in their order.
#[derive(Debug, Clone)]
pub struct BinaryRowWriter(Writer);

/// Writes the elements of an array, each once, in their order.
#[derive(Debug, Clone)]
pub struct BinaryArrayWriter(Writer);

#[derive(Debug, Clone)]
struct Writer {
    bytes: Vec<u8>,
    nulls: usize,
    first: usize,
    width: usize,
}

/// A map of two arrays, which lie in it one behind the other.
pub fn binary_map(keys: &[u8], values: &[u8]) -> Vec<u8> {
    [&(keys.len() as u32).to_le_bytes(), keys, values].concat()
}

impl BinaryRowWriter {
    /// A row of `arity` fields, all zero.
    pub fn new(arity: usize) -> Self {
        let first = header_len(arity);
        Self(Writer { bytes: vec![0; first + 8 * arity], nulls: 8, first, width: 8 })
    }

    /// Sets the row's kind: 0 `+I`, 1 `-U`, 2 `+U`, 3 `-D`.
    pub fn kind(&mut self, kind: u8) {
        self.0.bytes[0] = kind;
    }
}

impl BinaryArrayWriter {
    /// An array of `count` elements of `width` bytes each, all zero.
    pub fn new(count: usize, width: usize) -> Self {
        let first = 4 + count.div_ceil(32) * 4;
        let mut bytes = vec![0; (first + count * width).next_multiple_of(8)];
        bytes[..4].copy_from_slice(&(count as u32).to_le_bytes());
        Self(Writer { bytes, nulls: 32, first, width })
    }
}

macro_rules! elements {
    ($writer:ident) => {
        impl $writer {
            /// Makes element `i` NULL.
            pub fn null(&mut self, i: usize) {
                self.0.null(i);
            }

            /// Sets the first bytes of element `i`: a number, little-endian.
            pub fn fixed(&mut self, i: usize, bytes: &[u8]) {
                self.0.fixed(i, bytes);
            }

            /// Text or bytes: in the slot where they fit, else behind all slots.
            pub fn text(&mut self, i: usize, bytes: &[u8]) {
                self.0.text(i, bytes);
            }

            /// The unscaled value of a decimal of more than 18 digits, at most 16 bytes of two's complement,
            /// big-endian; `None` for NULL, for which Flink sets memory aside, too.
            pub fn wide_decimal(&mut self, i: usize, unscaled: Option<&[u8]>) {
                self.0.wide_decimal(i, unscaled);
            }

            /// A timestamp finer than milliseconds.
            pub fn fine_timestamp(&mut self, i: usize, millis: i64, nano: i32) {
                self.0.refer(i, nano as u32, &millis.to_le_bytes());
            }

            /// A row, an array or a map.
            pub fn nested(&mut self, i: usize, bytes: &[u8]) {
                self.0.refer(i, bytes.len() as u32, bytes);
            }

            /// What was written.
            pub fn into_bytes(self) -> Vec<u8> {
                self.0.bytes
            }
        }
    };
}

elements!(BinaryRowWriter);
elements!(BinaryArrayWriter);

impl Writer {
    fn null(&mut self, i: usize) {
        let bit = self.nulls + i;
        self.bytes[bit / 8] |= 1 << (bit % 8);
    }

    fn fixed(&mut self, i: usize, bytes: &[u8]) {
        assert!(bytes.len() <= self.width, "{} bytes in a place for {}", bytes.len(), self.width);
        let at = self.first + i * self.width;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn text(&mut self, i: usize, bytes: &[u8]) {
        if bytes.len() > 7 {
            return self.refer(i, bytes.len() as u32, bytes);
        }
        let mut slot = [0; 8];
        slot[..bytes.len()].copy_from_slice(bytes);
        slot[7] = 0x80 | bytes.len() as u8;
        self.fixed(i, &slot);
    }

    fn wide_decimal(&mut self, i: usize, unscaled: Option<&[u8]>) {
        let mut area = [0; 16];
        let unscaled = unscaled.unwrap_or_else(|| {
            self.null(i);
            &[]
        });
        area[..unscaled.len()].copy_from_slice(unscaled);
        self.refer(i, unscaled.len() as u32, &area);
    }

    /// Puts `bytes` behind everything, and their offset with `low` into the slot.
    fn refer(&mut self, i: usize, low: u32, bytes: &[u8]) {
        let slot = (self.bytes.len() as u64) << 32 | u64::from(low);
        self.fixed(i, &slot.to_le_bytes());
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }
}
