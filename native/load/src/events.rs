//! What a load reports while it runs.

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// For developers.
    Debug = 1,
    /// Worth knowing, nothing to do.
    Info = 2,
    /// Something went wrong that was or may be put right.
    Warn = 3,
    /// Something went wrong for good.
    Error = 4,
}

/// Receives what happens during a load, on the thread that runs the load. Calls must return quickly.
///
/// Texts never hold credentials; they may quote the server.
pub trait Events: Sync {
    /// A line for the log.
    fn log(&self, level: Level, text: &str);

    /// The load is about to be tried again, under the same label: called once per further try, before its pause.
    fn retrying(&self) {}
}

/// Drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    fn log(&self, _level: Level, _text: &str) {}
}
