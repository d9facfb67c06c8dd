//! The one error type of this crate.

use std::fmt;

/// What kind of thing went wrong. The numbers are part of the native interface: Java knows them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// An option, a URL, a label prefix or a header can't be used as given.
    Config = 1,
    /// The server refused the load, or answered something that means the rows are not (all) in.
    Load = 4,
    /// No server could be reached, or the connection broke and nothing of the load was taken.
    Connect = 5,
    /// A server accepted the connection and then did not answer in time.
    Timeout = 6,
    /// Wrong user, password, or missing privilege.
    Auth = 7,
    /// No such database or table, or its description can't be read.
    Schema = 8,
    /// [`Client::shutdown`](crate::Client::shutdown) was called.
    Cancelled = 9,
    /// Whether the rows are in the table can't be found out: the label's state is not to be had, or the label
    /// belongs to a load that is not ours.
    Undecided = 13,
}

/// Why a load, or the reading of a table's description, failed.
///
/// `message` is complete: it says what was being done, to what, why it failed, and where there is something,
/// what the user can do. It never holds a password or an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadError {
    /// The kind of failure.
    pub code: ErrorCode,
    /// Whether the same thing, tried later, may succeed. This crate has then used up its own tries already.
    pub retriable: bool,
    /// The HTTP status of the answer that decided, where there was one.
    pub http_status: Option<u16>,
    /// The label of the load, where there was one. It can be looked up in StarRocks' `information_schema.loads`.
    pub label: Option<String>,
    /// The server's own message, where there was one.
    pub server_message: Option<String>,
    /// The whole story, for a human.
    pub message: String,
}

impl LoadError {
    /// An error with nothing but a code and a message; not retriable.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        LoadError {
            code,
            retriable: false,
            http_status: None,
            label: None,
            server_message: None,
            message: message.into(),
        }
    }

    /// An option that can't be used.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        LoadError::new(ErrorCode::Config, message)
    }

    /// The client was shut down while `doing` was under way.
    pub(crate) fn cancelled(doing: &str, label: Option<&str>) -> Self {
        LoadError {
            label: label.map(str::to_owned),
            ..LoadError::new(ErrorCode::Cancelled, format!("{doing} was cancelled"))
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LoadError {}
