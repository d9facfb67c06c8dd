//! Writes row blocks: the mirror image of [`crate::frames`] and [`crate::Cursor`], for tests.
//!
//! In production Java writes the blocks. This module exists under the feature `writer`.

use crate::block::{Encoding, Op};
use crate::layout::*;

pub use crate::binary_writer::{BinaryArrayWriter, BinaryRowWriter, binary_map};
pub use crate::tagged::ValueWriter;

/// Writes frames one after the other.
#[derive(Debug, Default, Clone)]
pub struct BlockWriter {
    bytes: Vec<u8>,
}

impl BlockWriter {
    /// An empty block.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a row of text.
    pub fn raw(&mut self, table: u16, op: Op, text: &[u8]) {
        self.frame(table, op, Encoding::Raw, text);
    }

    /// Appends a row of tagged values, which `write` writes.
    pub fn slots(&mut self, table: u16, op: Op, write: impl FnOnce(&mut ValueWriter)) {
        let mut values = ValueWriter::default();
        write(&mut values);
        self.frame(table, op, Encoding::Slots, values.as_bytes());
    }

    /// Appends a row in Flink's binary format.
    pub fn binary(&mut self, table: u16, op: Op, row: &[u8]) {
        self.frame(table, op, Encoding::Binary, row);
    }

    /// Appends a frame with any payload.
    ///
    /// # Panics
    ///
    /// When the payload is longer than 4 GB.
    pub fn frame(&mut self, table: u16, op: Op, encoding: Encoding, payload: &[u8]) {
        let len = u32::try_from(payload.len()).expect("a payload of less than 4 GB");
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&table.to_le_bytes());
        self.bytes.push(match op {
            Op::Upsert => OP_UPSERT,
            Op::Delete => OP_DELETE,
        });
        self.bytes.push(match encoding {
            Encoding::Raw => ENCODING_RAW,
            Encoding::Slots => ENCODING_SLOTS,
            Encoding::Binary => ENCODING_BINARY,
        });
        self.bytes.extend_from_slice(payload);
    }

    /// The block so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The block.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
