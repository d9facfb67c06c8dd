//! The one error of the sink, which crosses the JNI face as one exception.

use std::fmt;

/// What kind of failure it is: a closed list, mirrored by the Java side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// An option or a table description makes no sense.
    Config = 1,
    /// A row can't be written in the chosen format.
    Row = 2,
    /// A row block doesn't hold to its layout.
    Block = 3,
    /// The server refused a load.
    Load = 4,
    /// No server could be reached.
    Connect = 5,
    /// A server didn't answer in time.
    Timeout = 6,
    /// The server refused the credentials.
    Auth = 7,
    /// The table, or what is known of it, doesn't fit.
    Schema = 8,
    /// The session was cancelled.
    Cancelled = 9,
    /// The session is closed.
    Closed = 10,
    /// A row, or what must be held beside it, is larger than the memory bound.
    Memory = 11,
    /// A fault of our own.
    Internal = 12,
    /// Whether rows were loaded can't be found out.
    Undecided = 13,
    /// Rows can't be kept for their checkpoint, or the state of one can't be read.
    State = 14,
}

/// A failure, told so that the reader knows what was being done, to what, why it failed and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkError {
    /// Its kind.
    pub code: Code,
    /// Whether the same may succeed later without a change of input or configuration.
    pub retriable: bool,
    /// Status of the HTTP answer, where there was one.
    pub http_status: Option<u16>,
    /// Label of the load, where it concerns one.
    pub label: Option<String>,
    /// The whole message.
    pub message: String,
}

impl SinkError {
    /// An error that concerns no load and that trying again won't mend.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, retriable: false, http_status: None, label: None, message: message.into() }
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SinkError {}
