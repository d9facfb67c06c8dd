//! Work that waits for a server which can't be reached, or isn't ready for it.

use std::time::{Duration, Instant};

use crate::counters::{Cell, Counters};

/// Pauses between tries: doubled from this one on, up to the user's pause.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often the log is told.
const TELL: Duration = Duration::from_secs(10);

/// How long something has been waiting; nothing is, at first.
#[derive(Debug, Default)]
pub struct Stall {
    since: Option<Instant>,
    told: Option<Instant>,
    pause: Duration,
}

impl Stall {
    /// Notes a try in vain; gives the pause before the next.
    pub fn begin(&mut self, counters: &Counters, longest_pause: Duration) -> Duration {
        if self.since.is_none() {
            self.since = Some(Instant::now());
            counters.add(Cell::Stalled, 1);
        }
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, longest_pause.max(FIRST_PAUSE));
        self.pause
    }

    /// Ends the waiting; says how long it took, if there was any.
    pub fn end(&mut self, counters: &Counters) -> Option<Duration> {
        let since = self.since.take()?;
        counters.add(Cell::Stalled, -1);
        Some(since.elapsed())
    }

    /// Whether it is time to tell the user of it, for the first time or again.
    pub fn is_to_be_told(&mut self) -> bool {
        let now = Instant::now();
        let due = self.told.is_none_or(|told| now.duration_since(told) >= TELL);
        if due {
            self.told = Some(now);
        }
        due
    }
}
