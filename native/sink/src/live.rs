//! What is alive in this copy of the library, counted so that tests can assert that all of it ends at zero.
//!
//! These are the only statics of the crate; they hold numbers, never a job's state.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

static SESSIONS: AtomicI64 = AtomicI64::new(0);
static THREADS: AtomicI64 = AtomicI64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// Sessions opened and not yet dropped.
pub fn sessions() -> i64 {
    SESSIONS.load(Relaxed)
}

/// Flusher threads running.
pub fn threads() -> i64 {
    THREADS.load(Relaxed)
}

/// Bytes of chunks mapped, in use or pooled.
pub fn bytes() -> i64 {
    BYTES.load(Relaxed)
}

/// Counts one unit of something for as long as it lives.
#[derive(Debug)]
pub(crate) struct Alive {
    what: &'static AtomicI64,
    amount: i64,
}

impl Alive {
    pub(crate) fn session() -> Self {
        Self::count(&SESSIONS, 1)
    }

    pub(crate) fn thread() -> Self {
        Self::count(&THREADS, 1)
    }

    pub(crate) fn bytes(amount: usize) -> Self {
        Self::count(&BYTES, amount as i64)
    }

    fn count(what: &'static AtomicI64, amount: i64) -> Self {
        what.fetch_add(amount, Relaxed);
        Self { what, amount }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.what.fetch_sub(self.amount, Relaxed);
    }
}
