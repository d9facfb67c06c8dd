//! What can be wrong with a block.

use std::fmt;

/// A block that does not follow the layout, and where.
///
/// It never holds bytes of the block: rows may be private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockError {
    /// Byte position at which decoding stopped: in the block for [`crate::frames`], in the payload
    /// for a [`crate::Cursor`] and for [`crate::binary`].
    pub position: usize,
    /// What is wrong there.
    pub kind: BlockErrorKind,
}

/// What is wrong with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockErrorKind {
    /// The input ends before what it announces.
    Truncated {
        /// Bytes that the item needs from the position on.
        needed: u64,
        /// Bytes that are left.
        left: usize,
    },
    /// No operation has this number.
    UnknownOp(u8),
    /// No encoding has this number.
    UnknownEncoding(u8),
    /// No value has this tag.
    UnknownTag(u8),
    /// A big-endian integer of no bytes, or of more than [`crate::layout::MAX_INTEGER_LEN`].
    IntegerLength(u8),
    /// The nanosecond within the millisecond is not in 0..=999,999.
    NanoOfMilli(i32),
    /// Values nest deeper than [`crate::layout::MAX_DEPTH`].
    TooDeep,
    /// Bytes are left after the last value.
    TrailingBytes(usize),
    /// Text in a slot of eight bytes that is said to have more than seven.
    InlineLength(u8),
    /// A map whose arrays of keys and of values differ in length.
    MapLengths {
        /// How many keys there are.
        keys: usize,
        /// How many values there are.
        values: usize,
    },
    /// Values of a binary row lie on top of each other.
    Overlap,
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.position, self.kind)
    }
}

impl fmt::Display for BlockErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, left } => write!(f, "{needed} bytes are needed but {left} are left"),
            Self::UnknownOp(op) => write!(f, "{op} is no operation"),
            Self::UnknownEncoding(encoding) => write!(f, "{encoding} is no encoding of rows"),
            Self::UnknownTag(tag) => write!(f, "{tag} is no tag of a value"),
            Self::IntegerLength(n) => {
                write!(f, "an integer of {n} bytes, not 1 to {}", crate::layout::MAX_INTEGER_LEN)
            }
            Self::NanoOfMilli(nano) => {
                write!(
                    f,
                    "{nano} as nanosecond of a millisecond, not 0 to {}",
                    crate::layout::MAX_NANO_OF_MILLI
                )
            }
            Self::TooDeep => write!(f, "values nest deeper than {}", crate::layout::MAX_DEPTH),
            Self::TrailingBytes(n) => write!(f, "{n} bytes are left after the last value"),
            Self::InlineLength(n) => write!(f, "{n} bytes of text in a slot for 7"),
            Self::MapLengths { keys, values } => write!(f, "a map of {keys} keys and {values} values"),
            Self::Overlap => f.write_str("values lie on top of each other"),
        }
    }
}

impl std::error::Error for BlockError {}
