//! Reads row blocks, as the Java side writes them, out of byte slices.
//!
//! A *row block* is a run of *frames*; a frame is one row of one table. [`frames`] walks a block,
//! [`Cursor`] reads the tagged values of a frame whose encoding is [`Encoding::Slots`], [`binary`]
//! reads the rows of Flink that come as [`Encoding::Binary`], and
//! [`Pairs`] reads the key-value encoding in which configuration crosses the JNI boundary.
//!
//! Everything here treats its input as untrusted: every read is bounds-checked, a malformed block
//! is a [`BlockError`], and neither decoding nor failing to decode allocates or panics.
//!
//! ```
//! use starrocks_row::{frames, Encoding, Op};
//!
//! // One frame: 5 bytes of payload, table 0, upsert, raw text.
//! let block = b"\x05\0\0\0\0\0\0\x01{\"a\"}";
//! let frame = frames(block).next().unwrap().unwrap();
//! assert_eq!((frame.table, frame.op, frame.encoding), (0, Op::Upsert, Encoding::Raw));
//! assert_eq!(frame.payload, b"{\"a\"}");
//! assert_eq!((frame.start, frame.end), (0, 13));
//! ```

pub mod binary;
#[cfg(any(test, feature = "writer"))]
mod binary_writer;
mod block;
mod cursor;
mod error;
pub mod layout;
pub mod pairs;
mod tagged;
mod value;
#[cfg(any(test, feature = "writer"))]
pub mod writer;

pub use block::{Encoding, Frame, Frames, Op, frames};
pub use cursor::Cursor;
pub use error::{BlockError, BlockErrorKind};
pub use pairs::{Pairs, PairsError};
pub use tagged::ValueWriter;
pub use value::{Integer, Value};
