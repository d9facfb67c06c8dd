//! Asking again after short pauses that grow, for a limited time.

use std::time::{Duration, Instant};

use crate::cancel::Cancel;

/// Doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// How long at least is waited for what a pause between tries may be much shorter than: giving up here leaves rows in doubt,
/// or throws away what was sent.
pub(crate) const MIN_PATIENCE: Duration = Duration::from_secs(5);

/// A series of pauses.
#[derive(Debug)]
pub(crate) struct Poll {
    started: Instant,
    pause: Duration,
}

impl Poll {
    pub(crate) fn new() -> Self {
        Poll { started: Instant::now(), pause: FIRST_PAUSE }
    }

    /// Time since the first question.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Something was done meanwhile: the next questions come soon again.
    pub(crate) fn hurry(&mut self) {
        self.pause = FIRST_PAUSE;
    }

    /// Waits for the next question; says whether it was cancelled.
    pub(crate) fn wait(&mut self, cancel: &Cancel) -> bool {
        let pause = self.pause;
        self.pause = (pause * 2).min(LAST_PAUSE);
        cancel.wait(pause)
    }
}
