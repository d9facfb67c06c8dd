//! What happened in the background, kept until the owner of the session asks.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Events kept at most; beyond it new ones are dropped and counted.
const CAPACITY: usize = 1024;

/// How grave a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// For those who look for something.
    Debug = 1,
    /// Worth knowing.
    Info = 2,
    /// Went on, but someone should look.
    Warn = 3,
    /// The session has failed.
    Error = 4,
}

/// A load that ended. Times in milliseconds are the server's own; -1 where it did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadEvent {
    /// Whether the rows are loaded.
    pub ok: bool,
    /// Rows of the batch.
    pub rows: i64,
    /// Bytes of the batch.
    pub bytes: i64,
    /// From the first try to the end.
    pub total_ns: i64,
    /// The deciding try alone.
    pub last_try_ns: i64,
    /// Tries after the first.
    pub retries: i32,
    /// `LoadTimeMs`, plan time, `ReadDataTimeMs`, `WriteDataTimeMs`, `CommitAndPublishTimeMs`.
    pub server_ms: [i64; 5],
}

/// Something the owner of the session may want to log or count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line for the log.
    Log(Level, String),
    /// A load ended.
    Load(LoadEvent),
}

impl Event {
    /// Appends the event's record: a type byte (1 log, 2 load), then its fields, little-endian.
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Log(level, text) => {
                out.extend_from_slice(&[1, *level as u8]);
                out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Self::Load(load) => {
                out.extend_from_slice(&[2, u8::from(load.ok)]);
                for value in [load.rows, load.bytes, load.total_ns, load.last_try_ns] {
                    out.extend_from_slice(&value.to_le_bytes());
                }
                out.extend_from_slice(&load.retries.to_le_bytes());
                for value in load.server_ms {
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
        }
    }
}

/// The events not yet asked for. Any thread may use it.
#[derive(Debug, Default)]
pub struct Events(Mutex<VecDeque<Event>>);

impl Events {
    /// Keeps an event; `false` when there is no room and it was dropped.
    pub fn push(&self, event: Event) -> bool {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = events.len() < CAPACITY;
        if room {
            events.push_back(event);
        }
        room
    }

    /// All events since the last call, as records one behind the other; `None` when there are none.
    pub fn drain(&self) -> Option<Vec<u8>> {
        let events = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if events.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        events.iter().for_each(|event| event.encode(&mut out));
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_drained_in_order_and_once() {
        let events = Events::default();
        assert_eq!(events.drain(), None);
        events.push(Event::Log(Level::Warn, "hé".into()));
        events.push(Event::Load(LoadEvent {
            ok: true,
            rows: 1,
            bytes: 2,
            total_ns: 3,
            last_try_ns: 4,
            retries: 5,
            server_ms: [6, 7, 8, 9, -1],
        }));
        let bytes = events.drain().unwrap();
        assert_eq!(&bytes[..9], &[1, 3, 3, 0, 0, 0, b'h', 0xc3, 0xa9]);
        assert_eq!(bytes.len(), 9 + 2 + 4 * 8 + 4 + 5 * 8);
        assert_eq!(&bytes[bytes.len() - 8..], &(-1i64).to_le_bytes());
        assert_eq!(events.drain(), None);
    }

    #[test]
    fn what_nobody_drains_is_bounded() {
        let events = Events::default();
        let kept = (0..CAPACITY + 7).filter(|_| events.push(Event::Log(Level::Info, String::new()))).count();
        assert_eq!(kept, CAPACITY);
    }
}
