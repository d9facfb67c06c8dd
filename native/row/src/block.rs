//! Walking a block frame by frame.

use crate::error::{BlockError, BlockErrorKind};
use crate::layout;

/// What a row does to its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Insert it, or update the row of the same key.
    Upsert,
    /// Delete the row of the same key.
    Delete,
}

/// How a frame's payload holds the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The row's text, to be written as it is.
    Raw,
    /// One tagged value per column; read them with a [`crate::Cursor`].
    Slots,
    /// A row in Flink's binary format; read it with [`crate::binary::Elements::row`].
    Binary,
}

/// One row of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Id of the table that the row belongs to.
    pub table: u16,
    /// What the row does to the table.
    pub op: Op,
    /// How the payload holds the row.
    pub encoding: Encoding,
    /// The row.
    pub payload: &'a [u8],
    /// Position of the frame's first byte in the block.
    pub start: usize,
    /// Position after the frame's last byte in the block; where the next frame starts.
    pub end: usize,
}

/// The frames of `block`, in order.
pub fn frames(block: &[u8]) -> Frames<'_> {
    Frames { block, position: 0 }
}

/// Iterator over the frames of a block; see [`frames`]. It ends after the first error.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    block: &'a [u8],
    position: usize,
}

impl<'a> Frames<'a> {
    fn read(&self) -> Result<Frame<'a>, BlockError> {
        let start = self.position;
        let rest = &self.block[start..];
        let Some((header, rest)) = rest.split_first_chunk::<{ layout::HEADER_LEN }>() else {
            return Err(truncated(start, layout::HEADER_LEN as u64, rest.len()));
        };
        let [l0, l1, l2, l3, t0, t1, op, encoding] = *header;
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        let op = match op {
            layout::OP_UPSERT => Op::Upsert,
            layout::OP_DELETE => Op::Delete,
            other => return Err(BlockError { position: start + 6, kind: BlockErrorKind::UnknownOp(other) }),
        };
        let encoding = match encoding {
            layout::ENCODING_RAW => Encoding::Raw,
            layout::ENCODING_SLOTS => Encoding::Slots,
            layout::ENCODING_BINARY => Encoding::Binary,
            other => {
                return Err(BlockError { position: start + 7, kind: BlockErrorKind::UnknownEncoding(other) });
            }
        };
        let payload = usize::try_from(len)
            .ok()
            .and_then(|n| rest.get(..n))
            .ok_or_else(|| truncated(start + layout::HEADER_LEN, len.into(), rest.len()))?;
        let end = start + layout::HEADER_LEN + payload.len();
        Ok(Frame { table: u16::from_le_bytes([t0, t1]), op, encoding, payload, start, end })
    }
}

fn truncated(position: usize, needed: u64, left: usize) -> BlockError {
    BlockError { position, kind: BlockErrorKind::Truncated { needed, left } }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, BlockError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.block.len() {
            return None;
        }
        let frame = self.read();
        self.position = match &frame {
            Ok(frame) => frame.end,
            Err(_) => self.block.len(),
        };
        Some(frame)
    }
}

impl std::iter::FusedIterator for Frames<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::BlockWriter;

    #[test]
    fn an_empty_block_has_no_frames() {
        assert_eq!(frames(&[]).next(), None);
    }

    #[test]
    fn frames_follow_each_other() {
        let mut block = BlockWriter::new();
        block.raw(7, Op::Upsert, b"a,b");
        block.raw(65535, Op::Delete, b"");
        block.slots(0, Op::Upsert, |row| row.i8(1));
        let bytes = block.into_bytes();
        let all: Vec<_> = frames(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].table, all[0].op, all[0].payload), (7, Op::Upsert, &b"a,b"[..]));
        assert_eq!((all[1].table, all[1].op, all[1].payload), (65535, Op::Delete, &b""[..]));
        assert_eq!((all[2].encoding, all[2].payload), (Encoding::Slots, &[layout::TAG_I8, 1][..]));
        assert_eq!((all[0].start, all[0].end, all[1].start, all[2].end), (0, 11, 11, bytes.len()));
    }

    #[test]
    fn every_cut_of_a_block_is_an_error_at_its_end_or_a_shorter_block() {
        let mut block = BlockWriter::new();
        block.raw(1, Op::Upsert, b"first");
        block.raw(1, Op::Upsert, b"second");
        let bytes = block.into_bytes();
        let first = 8 + 5;
        for cut in 0..bytes.len() {
            let read: Vec<_> = frames(&bytes[..cut]).collect();
            match cut {
                0 => assert!(read.is_empty()),
                _ if cut == first => assert!(read.len() == 1 && read[0].is_ok()),
                _ => {
                    assert!(matches!(
                        read.last(),
                        Some(Err(BlockError { kind: BlockErrorKind::Truncated { .. }, .. }))
                    ));
                    assert_eq!(read.iter().filter(|f| f.is_ok()).count(), usize::from(cut > first));
                }
            }
        }
    }

    #[test]
    fn wrong_headers_are_errors_that_say_where() {
        let block = [0, 0, 0, 0, 0, 0, 2, layout::ENCODING_RAW];
        let error = frames(&block).next().unwrap().unwrap_err();
        assert_eq!((error.position, error.kind), (6, BlockErrorKind::UnknownOp(2)));
        for encoding in [0, 4, 255] {
            let block = [0, 0, 0, 0, 0, 0, 0, encoding];
            let error = frames(&block).next().unwrap().unwrap_err();
            assert_eq!((error.position, error.kind), (7, BlockErrorKind::UnknownEncoding(encoding)));
        }
        let huge = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, layout::ENCODING_RAW, b'x'];
        let mut all = frames(&huge);
        let error = all.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "at byte 8: 4294967295 bytes are needed but 1 are left");
        assert_eq!(all.next(), None);
    }
}
